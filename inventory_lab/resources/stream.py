"""The Kinesis data stream that carries the events."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.exceptions import SettingNotApplied
from inventory_lab.resources.account import Account, tags_of, unless_missing
from inventory_lab.resources.deletion import until_gone
from inventory_lab.resources.ownership import refuse_foreign
from inventory_lab.resources.stable import until_stable
from inventory_lab.warn import warn

_MISSING = ("ResourceNotFoundException",)
MOST_TAGS = 50
"""https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListTagsForStream.html"""


_TRANSITIONAL = ("CREATING", "UPDATING", "DELETING")
_NOT_SCALED = ("LimitExceededException", "ValidationException")
"""Too many changes in a day, or a stream on demand, which has no number of shards."""


def ensure(account: Account, sleep: Callable[[float], None] = time.sleep) -> str:
    """The stream's ARN, active and with `settings.shards` open shards; created when it is missing.

    Warns SettingNotApplied when AWS does not change the number of shards now. Raises NotTheLabs and
    StillChanging.
    """
    name = account.settings.name("stream")
    if _stable(account, sleep) is None:
        kinesis, shards = account.client("kinesis"), account.settings.shards
        kinesis.create_stream(StreamName=name, ShardCount=shards, Tags=account.tags)
        _stable(account, sleep)
        kinesis.add_tags_to_stream(
            StreamName=name, Tags=account.tags
        )  # some emulators drop the first
    refuse_foreign(account, "stream", name, tags(account))
    _scale(account, sleep)
    _encrypt(account, sleep)
    return account.stream_arn()


def _encrypt(account: Account, sleep: Callable[[float], None]) -> None:
    """Encrypt the stream with the key that AWS manages for Kinesis, when the settings ask for it:
    https://docs.aws.amazon.com/streams/latest/dev/server-side-encryption.html
    """
    stream = describe(account) if account.settings.encryption else None
    if stream is not None and stream.get("EncryptionType", "NONE") == "NONE":
        account.client("kinesis").start_stream_encryption(
            StreamName=account.settings.name("stream"),
            EncryptionType="KMS",
            KeyId="alias/aws/kinesis",
        )
        _stable(account, sleep)


def _scale(account: Account, sleep: Callable[[float], None]) -> None:
    """Bring the stream to the number of shards of the settings, at most doubled or halved at a time:
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
    """
    shards = account.settings.shards
    while (existing := _open_shards(account)) != shards:
        target = min(max(shards, (existing + 1) // 2), existing * 2)
        try:
            account.client("kinesis").update_shard_count(
                StreamName=account.settings.name("stream"),
                TargetShardCount=target,
                ScalingType="UNIFORM_SCALING",
            )
        except ClientError as exc:
            if exc.response["Error"]["Code"] not in _NOT_SCALED:
                raise
            warn(SettingNotApplied("shards", shards, existing, str(exc)))
            return
        _stable(account, sleep)


def _open_shards(account: Account) -> int:
    stream = describe(account)
    return account.settings.shards if stream is None else int(stream["OpenShardCount"])


def _stable(account: Account, sleep: Callable[[float], None]) -> str | None:
    name = account.settings.name("stream")
    return until_stable(name, partial(_state, account), _TRANSITIONAL, sleep)


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
