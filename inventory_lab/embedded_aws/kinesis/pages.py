"""The NextToken of ListShards, and the stream of a token or of a shard iterator.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, NamedTuple


class ShardPage(NamedTuple):
    """Where a page of ListShards begins: its stream, its filter, and the last shard before it.

    >>> page = ShardPage("orders", {"Type": "AT_LATEST"}, "shardId-000000000001")
    >>> ShardPage.decode(page.encode()) == page
    True
    """

    stream: str
    shard_filter: dict[str, Any]
    after: str

    def encode(self) -> str:
        """The token."""
        return base64.b64encode(json.dumps(self).encode()).decode()

    @classmethod
    def decode(cls, token: str) -> ShardPage:
        """The page of a token. Raises ValueError for a string that is not a token."""
        try:
            stream, shard_filter, after = json.loads(base64.b64decode(token, validate=True))
        except (binascii.Error, ValueError, TypeError, RecursionError) as exc:
            raise ValueError(token) from exc
        if not (isinstance(stream, str) and isinstance(shard_filter, dict)):
            raise ValueError(token)
        return cls(stream, shard_filter, str(after))


def stream_of_token(token: str) -> str:
    """The stream that a NextToken of ListShards continues; '' for a string that is not a token.

    >>> stream_of_token(ShardPage("orders", {}, "").encode()), stream_of_token("?")
    ('orders', '')
    """
    try:
        return ShardPage.decode(token).stream
    except ValueError:
        return ""


def stream_of_iterator(iterator: str) -> str:
    """The stream that a shard iterator reads; '' for a string that is not an iterator."""
    try:
        return base64.decodebytes(iterator.encode()).decode().partition(":")[0]
    except ValueError:
        return ""
