"""Kinesis operations that moto lacks or answers differently."""
