"""S3 buckets and who owns them."""
