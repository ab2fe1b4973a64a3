"""CloudWatch: the metrics of what the other services do, and alarms on one of them."""
