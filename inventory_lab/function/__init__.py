"""The code that runs inside Lambda: the standard library, boto3 and `inventory_lab.domain`, nothing else."""
