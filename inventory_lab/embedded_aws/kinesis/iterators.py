"""Shard iterators: where they start, and that they live for five minutes of lab time.

| | |
|---|---|
| supported | TRIM_HORIZON, LATEST, AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER, AT_TIMESTAMP; expiry; a sequence number of another shard or of a deleted stream is refused |
| differs | the text inside is legible; a number of another shard whose record has expired is taken |

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from inventory_lab.embedded_aws.kinesis.patches import errors

LIFE_MILLISECONDS = 300_000
BY_NUMBER = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")
BY_PLACE = ("TRIM_HORIZON", "LATEST")
KINDS = (*BY_NUMBER, *BY_PLACE, "AT_TIMESTAMP")


@dataclass(frozen=True, slots=True)
class Position:
    """A position in a shard: after a sequence number; `made_at` is when the iterator was made (ms)."""

    stream: str
    shard_id: str
    after: int
    made_at: int

    def encode(self) -> str:
        """The iterator."""
        text = f"{self.stream}:{self.shard_id}:{self.after}:{self.made_at}"
        return b64encode(text.encode()).decode()

    @classmethod
    def decode(cls, iterator: str, now: float) -> Position:
        """The position of an iterator. Raises InvalidArgumentException, ExpiredIteratorException."""
        try:
            stream, shard_id, after, made_at = (
                b64decode(iterator, validate=True).decode().split(":")
            )
            position = cls(stream, shard_id, int(after), int(made_at))
        except (binascii.Error, ValueError) as exc:
            raise errors.invalid_argument("Invalid ShardIterator.") from exc
        if milliseconds(now) - position.made_at > LIFE_MILLISECONDS:
            raise errors.expired_iterator(
                f"Iterator expired. The iterator was created at time {_shown(position.made_at)} "
                f"while right now it is {_shown(milliseconds(now))} which is further in the future "
                f"than the tolerated delay of {LIFE_MILLISECONDS} milliseconds."
            )
        return position


def start(stream: Any, shard: Any, kind: str, number: str | None, moment: Any, now: float) -> int:
    """The sequence number after which such an iterator reads. Raises InvalidArgumentException."""
    if kind not in KINDS:
        shown = ", ".join(KINDS)
        raise errors.malformed("shardIteratorType", kind, f"satisfy enum value set: [{shown}]")
    if kind == "AT_TIMESTAMP":
        return int(shard.number_before(_moment(moment, now)))
    if (kind in BY_NUMBER) != bool(number):
        raise errors.invalid_argument(
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
            "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
            f"Request specified {kind} and {'also a' if number else 'no'} StartingSequenceNumber."
        )
    if number:
        return _from_number(stream, shard, number) - (kind == "AT_SEQUENCE_NUMBER")
    return 0 if kind == "TRIM_HORIZON" else int(shard.last_number)


def milliseconds(seconds: float) -> int:
    """Epoch milliseconds."""
    return round(seconds * 1000)


def _from_number(stream: Any, shard: Any, number: str) -> int:
    for other in stream.shards.values():
        if other is not shard and number.isdecimal() and other.holds(int(number)):
            raise errors.invalid_argument(
                f"Invalid StartingSequenceNumber. It encodes {other.shard_id}, "
                f"while it was used in a call to a shard with {shard.shard_id}"
            )
    if not number.isdecimal() or int(number) < shard.first_number:
        raise errors.invalid_argument(
            f"StartingSequenceNumber {number} used in GetShardIterator on shard {shard.shard_id} "
            f"in stream {stream.stream_name} under account {stream.account_id} is invalid because "
            "it did not come from this stream."
        )
    return int(number)


def _moment(timestamp: Any, now: float) -> float:
    if timestamp is None:
        raise errors.invalid_argument(
            "Must either specify timestamp parameter for iterator of type AT_TIMESTAMP. "
            "Current request has no timestamp parameter."
        )
    moment = (
        float(timestamp) if isinstance(timestamp, (int, float)) else _in_utc(timestamp).timestamp()
    )
    if milliseconds(moment) > milliseconds(now):
        raise errors.invalid_argument(
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
            f"timestampInMillis: {milliseconds(moment)}, "
            f"currentTimestampInMillis: {milliseconds(now)}"
        )
    return moment


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _shown(made_at: int) -> str:
    return datetime.fromtimestamp(made_at / 1000, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
