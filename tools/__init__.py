"""What keeps the course's notebooks as they are: stored runs, solutions, the index, the address."""
