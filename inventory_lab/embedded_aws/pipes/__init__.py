"""EventBridge Pipes: definition, poller, filters, dead letters."""
