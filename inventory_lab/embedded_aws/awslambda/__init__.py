"""Lambda: the deployed zip, run in this process with the role's credentials."""
