"""Reading a Kinesis stream in batches, for pipes and for event source mappings alike."""
