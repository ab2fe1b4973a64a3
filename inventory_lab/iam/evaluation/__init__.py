"""How IAM decides, without any I/O: documents, patterns, conditions, decisions and their messages."""
