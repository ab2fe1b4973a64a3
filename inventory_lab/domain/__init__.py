"""What an inventory event means, without any I/O: the contract of an event and the fold."""
