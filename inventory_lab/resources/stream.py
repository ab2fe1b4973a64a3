"""The Kinesis data stream that carries the events."""

from __future__ import annotations

from typing import Any

from inventory_lab.resources.account import TAGS, Account, unless_missing

_MISSING = ("ResourceNotFoundException",)


def ensure(account: Account) -> str:
    """The stream's ARN; made with `settings.shards` shards when it is missing."""
    kinesis, name = account.client("kinesis"), account.settings.name("stream")
    if describe(account) is None:
        kinesis.create_stream(StreamName=name, ShardCount=account.settings.shards)
        kinesis.get_waiter("stream_exists").wait(StreamName=name)
        kinesis.add_tags_to_stream(StreamName=name, Tags=TAGS)
    return account.stream_arn()


def describe(account: Account) -> dict[str, Any] | None:
    """DescribeStreamSummary's description, or None when there is no stream."""
    call = account.client("kinesis").describe_stream_summary
    answer = unless_missing(_MISSING, call, StreamName=account.settings.name("stream"))
    return None if answer is None else dict(answer["StreamDescriptionSummary"])


def delete(account: Account) -> None:
    """Delete the stream with all its records."""
    call = account.client("kinesis").delete_stream
    name = account.settings.name("stream")
    unless_missing(_MISSING, call, StreamName=name, EnforceConsumerDeletion=True)
