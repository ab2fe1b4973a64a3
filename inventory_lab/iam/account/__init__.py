"""Reads the policies of an account through the clients it is given, and evaluates calls with them."""
