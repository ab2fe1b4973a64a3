"""Kinesis: shards, iterators, limits and resharding as AWS has them."""
