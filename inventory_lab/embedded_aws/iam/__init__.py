"""The IAM gate between boto3 and moto, and the IAM operations that moto lacks."""
