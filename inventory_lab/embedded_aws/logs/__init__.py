"""CloudWatch Logs on the lab's clock."""
