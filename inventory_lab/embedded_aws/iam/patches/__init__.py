"""The IAM gate and the permissions boundaries of users, on moto."""
