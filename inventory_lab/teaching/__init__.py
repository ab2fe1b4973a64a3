"""What a notebook teaches with: checks, the real files, what is deployed, and the versions.

All of it prints plain text that is the same in every run, so that a stored output can be compared.
"""
