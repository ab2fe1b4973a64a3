"""boto3 clients for a Lambda function, with time-outs so short that one hung call cannot use all its time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from botocore.config import Config

if TYPE_CHECKING:
    from botocore.client import BaseClient

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 1, 2, 2
"""botocore's own defaults are 60 s to connect and 60 s to read, which is the function's whole
time-out. With these values a call ends after 7 s at the most: two attempts of 3 s each, and up to a
second in between. https://docs.aws.amazon.com/botocore/latest/reference/config.html"""
LONGEST_CALL_MILLISECONDS = 7_000


def config(connections: int = 10) -> Config:
    """The configuration of every client; `connections` is the number of threads that share a client.

    >>> config().read_timeout
    2
    """
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        tcp_keepalive=True,
        max_pool_connections=max(10, connections),
    )


@cache
def client(service: str, connections: int = 10) -> BaseClient:
    """A low-level client, created once in an execution environment."""
    import boto3

    return boto3.client(service, config=config(connections))
