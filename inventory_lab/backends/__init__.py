"""Where a lab runs: an embedded AWS in this process, or a real account."""
