"""EventBridge rules and the deliveries they make."""
