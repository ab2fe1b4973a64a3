"""Kinesis as AWS keeps it, where moto 5.2.5 does not.

| | moto | AWS, and the lab |
|---|---|---|
| sequence numbers | 1, 2, 3 in every shard | 56 digits, unique in the stream, growing in time, over a re-created stream too |
| a put | walks all numbers of the shard | O(1) |
| a read | walks the shard from its beginning | O(log n + k), at most 10,000 records and 10 MiB |
| an iterator asked for by StreamARN | cannot be read without the ARN | stands for itself |
| hash key 2^128 - 1 | in no shard | in the last shard |
| split, merge | moves and renumbers the records; puts still go to the parent | the parent closes and keeps its records; its iterators end |
| MillisBehindLatest | from the record to the newest | from the last record returned to now; 0 when caught up |

Not here yet: retention, iterator expiry, ChildShards, per-shard limits.
`tests/local/test_streams.py` runs the same checks on bare moto and tells when it needs none of this.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from hashlib import md5
from itertools import count
from operator import attrgetter
from typing import Any
from unittest.mock import patch

from moto.kinesis import models
from moto.kinesis.exceptions import InvalidArgumentError

from inventory_lab.local.clock import LabClock

RECORDS_PER_READ = 10_000
BYTES_PER_READ = 10 * 1024 * 1024
"""https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html"""

_number = attrgetter("sequence_number")


class Sequencer:
    """Hands out sequence numbers for every stream of a lab: 49, milliseconds, a running number."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._running = count(1)

    def next(self) -> int:
        """A number of 56 digits, larger than all before it."""
        milliseconds = int(self._clock.timestamp() * 1000)
        return 49 * 10**54 + milliseconds * 10**41 + next(self._running)


class LabShard(models.Shard):
    """A shard whose records lie in one list, in order of their sequence numbers.

    moto's own `records` stays empty, so that its resharding finds nothing to move.
    """

    def __init__(self, sequencer: Sequencer, clock: LabClock, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.log: list[models.Record] = []
        self._sequencer = sequencer
        self._clock = clock
        self._first_number = sequencer.next()

    def put_record(self, partition_key: str, data: str, explicit_hash_key: str) -> str:
        """Store a record (its data as base64); its sequence number."""
        number = self._sequencer.next()
        self.log.append(models.Record(partition_key, data, number, explicit_hash_key))
        return str(number)

    def get_records(
        self, last_sequence_id: str, limit: int | None
    ) -> tuple[list[models.Record], int, int]:
        """The records after a sequence number, the last number given, milliseconds behind."""
        start = bisect_right(self.log, int(last_sequence_id), key=_number)
        page = _within_bytes(self.log[start : start + (limit or RECORDS_PER_READ)])
        if start + len(page) == len(self.log) or not page:
            behind = 0.0
        else:
            behind = self._clock.timestamp() - page[-1].created_at
        last = page[-1].sequence_number if page else int(last_sequence_id)
        return page, last, int(behind * 1000)

    def has_ended_at(self, last_sequence_id: str) -> bool:
        """True when the shard is closed and everything up to its end has been read."""
        return not self.is_open and int(last_sequence_id) >= self.get_max_sequence_number()

    def get_min_sequence_number(self) -> int:
        """The number at which the shard began."""
        return self._first_number

    def get_max_sequence_number(self) -> int:
        """The number of the newest record, or that at which the shard began."""
        return self.log[-1].sequence_number if self.log else self._first_number

    def get_sequence_number_at(self, at_timestamp: Any) -> int:
        """The number just before the first record that arrived at or after the time."""
        moment = (
            at_timestamp if isinstance(at_timestamp, (int, float)) else at_timestamp.timestamp()
        )
        index = bisect_left(self.log, moment, key=attrgetter("created_at"))
        return self.log[index - 1].sequence_number if index else 0


class LabStream(models.Stream):
    """A stream that routes to open shards only, the last hash key included."""

    def get_shard_for_key(self, partition_key: str, explicit_hash_key: str) -> models.Shard | None:
        """The open shard whose hash range holds the key. Raises InvalidArgumentError."""
        if not isinstance(partition_key, str) or len(partition_key) > 256:
            raise InvalidArgumentError("partition_key")
        if explicit_hash_key:
            hashed = int(explicit_hash_key)
        else:
            hashed = int.from_bytes(md5(partition_key.encode(), usedforsecurity=False).digest())
        for shard in self.shards.values():
            if shard.is_open and shard.starting_hash <= hashed <= shard.ending_hash:
                return shard
        raise InvalidArgumentError("explicit_hash_key")


@contextmanager
def installed(clock: LabClock) -> Iterator[None]:
    """While open, every stream that moto makes is a LabStream on this clock."""
    sequencer = Sequencer(clock)
    replaced = {
        "Shard": partial(LabShard, sequencer, clock),
        "Stream": LabStream,
        "utcnow": lambda: clock.now().replace(tzinfo=None),
    }
    with ExitStack() as stack:
        for name, replacement in replaced.items():
            stack.enter_context(patch.object(models, name, replacement))
        for name, repair in (("get_records", _ending), ("get_shard_iterator", _naming)):
            repaired = repair(getattr(models.KinesisBackend, name))
            stack.enter_context(patch.object(models.KinesisBackend, name, repaired))
        yield


def _naming(get_shard_iterator: Any) -> Any:
    """moto's GetShardIterator, which writes the stream's name into the iterator, found by ARN too."""

    def naming(
        self: models.KinesisBackend, stream_arn: str | None, stream_name: str | None, *rest: Any
    ) -> Any:
        name = self.describe_stream(stream_arn, stream_name).stream_name
        return get_shard_iterator(self, stream_arn, name, *rest)

    return naming


def _ending(get_records: Any) -> Any:
    """moto's GetRecords, but without a next iterator at the end of a closed shard."""

    def ending(
        self: models.KinesisBackend, stream_arn: str | None, shard_iterator: str, limit: int | None
    ) -> tuple[str | None, list[models.Record], int]:
        following, records, behind = get_records(self, stream_arn, shard_iterator, limit)
        name, shard_id, last = models.decompose_shard_iterator(following)
        shard = self.describe_stream(stream_arn, name).get_shard(shard_id)
        ended = isinstance(shard, LabShard) and shard.has_ended_at(last)
        return (None if ended else following), records, behind

    return ending


def _within_bytes(records: list[models.Record]) -> list[models.Record]:
    """The records up to the limit of one read, one at least; their data is base64."""
    room = BYTES_PER_READ
    for position, record in enumerate(records):
        room -= len(record.data) * 3 // 4 + len(record.partition_key)
        if room < 0 and position:
            return records[:position]
    return records
