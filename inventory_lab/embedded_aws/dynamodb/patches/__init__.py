"""DynamoDB operations that moto lacks or answers differently."""
