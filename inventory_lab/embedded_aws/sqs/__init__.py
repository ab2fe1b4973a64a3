"""SQS queues by lab time."""
