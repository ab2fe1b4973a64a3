"""The Kinesis data stream that carries the events."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from inventory_lab.resources.account import TAGS, Account, tags_of, unless_missing
from inventory_lab.resources.deletion import until_gone

_MISSING = ("ResourceNotFoundException",)
MOST_TAGS = 50
"""https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListTagsForStream.html"""


def ensure(account: Account) -> str:
    """The stream's ARN; made with `settings.shards` shards when it is missing."""
    kinesis, name = account.client("kinesis"), account.settings.name("stream")
    if describe(account) is None:
        shards = account.settings.shards
        kinesis.create_stream(StreamName=name, ShardCount=shards, Tags=TAGS)
        kinesis.get_waiter("stream_exists").wait(StreamName=name)
        kinesis.add_tags_to_stream(StreamName=name, Tags=TAGS)  # some emulators drop the first
    return account.stream_arn()


def describe(account: Account) -> dict[str, Any] | None:
    """DescribeStreamSummary's description, or None when there is no stream."""
    call = account.client("kinesis").describe_stream_summary
    answer = unless_missing(_MISSING, call, StreamName=account.settings.name("stream"))
    return None if answer is None else dict(answer["StreamDescriptionSummary"])


def tags(account: Account) -> dict[str, str] | None:
    """The stream's tags, or None when there is no stream."""
    call, name = account.client("kinesis").list_tags_for_stream, account.settings.name("stream")
    answer = unless_missing(_MISSING, call, StreamName=name, Limit=MOST_TAGS)
    return None if answer is None else tags_of(answer["Tags"])


def delete(account: Account, sleep: Callable[[float], None] = time.sleep) -> None:
    """Delete the stream with its records and consumers, and wait until it is gone. Raises
    StillDeleting.
    """
    name = account.settings.name("stream")
    request = {"StreamName": name, "EnforceConsumerDeletion": True}
    call = partial(account.client("kinesis").delete_stream, **request)
    until_gone(name, lambda: _state(account), call, (*_MISSING, "ResourceInUseException"), sleep)


def _state(account: Account) -> str | None:
    stream = describe(account)
    return None if stream is None else str(stream["StreamStatus"])
