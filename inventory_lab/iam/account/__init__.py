"""Reads the policies of an account through boto3 clients, and evaluates calls with them."""
