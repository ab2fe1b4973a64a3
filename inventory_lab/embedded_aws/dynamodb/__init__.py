"""DynamoDB: time to live, updates that fail, and conditions that cannot be read."""
