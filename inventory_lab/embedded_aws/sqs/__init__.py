"""SQS deliveries that ask the queue's policy."""
