"""The shards of a stream and the records in them, as AWS keeps them where moto 5.2.5 does not.

| | |
|---|---|
| supported | 56-digit sequence numbers, unique and growing in a stream; a put in O(1), a read in O(log n + k) of at most 10,000 records and 10 MiB; records that expire are let go; a closed shard keeps its records and has an ending sequence number |
| differs | records expire when the shard is next read after the clock has moved; AWS deletes them within minutes |
"""

from __future__ import annotations

from base64 import b64decode
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from operator import attrgetter
from typing import Any

from moto.kinesis import models

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.kinesis.limits import ShardLimits

RECORDS_PER_READ = 10_000
BYTES_PER_READ = 10 * 1024 * 1024
"""https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html"""

_number = attrgetter("sequence_number")


class Sequencer:
    """Makes sequence numbers: 49, milliseconds, a running number of the stream, which continues when
    the stream is deleted and created again. What happens in one stream changes no number in another.
    """

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._running = count(1)
        self._streams: dict[str, Sequencer] = {}

    def of(self, stream_name: str) -> Sequencer:
        """The sequencer of one stream."""
        return self._streams.setdefault(stream_name, Sequencer(self._clock))

    def next(self) -> int:
        """A number of 56 digits, larger than all before it."""
        milliseconds = int(self._clock.timestamp() * 1000)
        return 49 * 10**54 + milliseconds * 10**41 + next(self._running)


@dataclass(frozen=True, slots=True)
class Rules:
    """What all shards of a lab share; `limited` shards have the limits of AWS for each second."""

    clock: LabClock
    sequencer: Sequencer
    limited: bool

    def of(self, stream_name: str) -> Rules:
        """The rules for the shards of one stream, with sequence numbers of its own."""
        return replace(self, sequencer=self.sequencer.of(stream_name))


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record in a shard. moto's own are never let go: it keeps a list of all instances."""

    partition_key: str
    data: bytes
    sequence_number: int
    arrived: datetime

    def size(self) -> int:
        """The bytes that count for all limits: the data and the partition key."""
        return len(self.data) + len(self.partition_key.encode())

    def to_json(self) -> dict[str, Any]:
        """The record as GetRecords shows it."""
        return {
            "Data": self.data,
            "PartitionKey": self.partition_key,
            "SequenceNumber": str(self.sequence_number),
            "ApproximateArrivalTimestamp": self.arrived,
        }


class LabShard(models.Shard):
    """A shard whose records lie in one list, in order of their sequence numbers."""

    def __init__(self, rules: Rules, number: int, hashes: tuple[int, int], *parents: str) -> None:
        super().__init__(number, *hashes, *parents)
        self.log: list[StoredRecord] = []
        self._limits = ShardLimits() if rules.limited else None
        self.opened_at = rules.clock.timestamp()
        self.closed_at: float | None = None
        self.parents = parents
        self.first_number = self.last_number = rules.sequencer.next()
        self._rules = rules

    def admits(self, size: int) -> bool:
        """True when a record of that size can be written now, which is counted."""
        return self._limits is None or self._limits.write(self._rules.clock.timestamp(), size)

    def may_be_read(self) -> bool:
        """True when a GetRecords is answered now."""
        return self._limits is None or self._limits.may_read(self._rules.clock.timestamp())

    def put_record(self, partition_key: str, data: str, _: str = "") -> str:
        """Store a record (its data as base64); its sequence number."""
        self.last_number = self._rules.sequencer.next()
        arrived = self._rules.clock.now()
        self.log.append(StoredRecord(partition_key, b64decode(data), self.last_number, arrived))
        return str(self.last_number)

    def read(self, after: int, limit: int) -> tuple[list[StoredRecord], int]:
        """The records after a sequence number, and by how many milliseconds reading is behind now.

        MillisBehindLatest is 0 when the newest record is among them.
        """
        now, start = self._rules.clock.timestamp(), bisect_right(self.log, after, key=_number)
        page = _within_bytes(self.log[start : start + limit])
        if self._limits:
            self._limits.read(now, sum(record.size() for record in page))
        if start + len(page) == len(self.log):
            return page, 0
        return page, round((now - _arrival(page[-1])) * 1000)

    def has_ended_at(self, after: int) -> bool:
        """True when the shard is closed and has no record after that sequence number."""
        return not self.is_open and (not self.log or self.log[-1].sequence_number <= after)

    def holds(self, number: int) -> bool:
        """True when the record with that sequence number is here."""
        index = bisect_left(self.log, number, key=_number)
        return index < len(self.log) and self.log[index].sequence_number == number

    def number_before(self, moment: float) -> int:
        """The number just before the first record that arrived at or after a time."""
        index = bisect_left(self.log, moment, key=_arrival)
        return self.log[index - 1].sequence_number if index else 0

    def close(self) -> None:
        """Take no more records; the ending sequence number is larger than all of them."""
        self.is_open = False
        self.closed_at = self._rules.clock.timestamp()
        self.last_number = self._rules.sequencer.next()

    def expire(self, horizon: float) -> None:
        """Let go of the records that arrived before the horizon."""
        if self.log and _arrival(self.log[0]) < horizon:
            del self.log[: bisect_left(self.log, horizon, key=_arrival)]

    def has_expired(self, horizon: float) -> bool:
        """True when the shard was closed before the horizon: then all its records have expired.

        https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html
        """
        return self.closed_at is not None and self.closed_at < horizon

    def get_min_sequence_number(self) -> int:
        """The number at which the shard began."""
        return self.first_number

    def get_max_sequence_number(self) -> int:
        """The ending sequence number of a closed shard; of an open shard, the newest number."""
        return self.last_number

    def hash_key_range(self) -> dict[str, str]:
        """HashKeyRange as the API shows it."""
        return {
            "StartingHashKey": str(self.starting_hash),
            "EndingHashKey": str(self.ending_hash),
        }


def size_of(data: str, partition_key: str) -> int:
    """The bytes that a record will have whose data is still in base64."""
    return len(data) * 3 // 4 - data.count("=", -2) + len(partition_key.encode())


def _arrival(record: StoredRecord) -> float:
    return record.arrived.timestamp()


def _within_bytes(records: list[StoredRecord]) -> list[StoredRecord]:
    """The records up to the limit of one read, one at least."""
    room = BYTES_PER_READ
    for position, record in enumerate(records):
        room -= record.size()
        if room < 0 and position:
            return records[:position]
    return records
