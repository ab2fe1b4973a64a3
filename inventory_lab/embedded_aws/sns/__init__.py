"""SNS subscriptions and what they need to be confirmed."""
