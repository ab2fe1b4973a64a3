"""Kinesis streams as AWS keeps them, where moto 5.2.5 does not.

| | moto | AWS, and the lab |
|---|---|---|
| sequence numbers | 1, 2, 3 in every shard | 56 digits, unique in the stream, growing in time, over a re-created stream too |
| a put, a read | walk all numbers of the shard | O(1); O(log n + k), at most 10,000 records and 10 MiB |
| hash key 2^128 - 1 | in no shard | in the last shard |
| split, merge | move and renumber the records; puts still go to the parent | the parent closes and keeps its records; its iterators end, with ChildShards |
| UpdateShardCount | any number; halves shards, whatever their size | at most double, at least half; equal shards |
| records | kept | expire by RetentionPeriodHours and the lab's clock; TRIM_HORIZON moves, closed shards disappear |
| a shard iterator | never expires; one requested with StreamARN cannot be read without it | is enough by itself; expires after 5 minutes |
| MillisBehindLatest | from the record to the newest | from the last record returned to now; 0 when caught up |
| size of a call, a record | 5 MiB; 1 MiB, PutRecord any | 10 MiB; MaxRecordSizeInKiB of the stream |
| a shard's throughput | unlimited | limited with `Settings(shard_limits=True)`, see `limits.py` |

| | |
|---|---|
| supported | all of the above; PROVISIONED and ON_DEMAND, which starts with 4 shards; two changes of mode in 24 h |
| differs | a stream is ACTIVE at once; PutRecords stores in the order of the request; an ON_DEMAND stream does not grow; encryption and metrics as moto has them |
| refused | RecordDistributionStrategy AUTO; SubscribeToShard (moto has none) |

Retention: https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html
Modes: https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
`tests/embedded_aws/kinesis/test_streams.py` runs the same tests on bare moto.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import md5
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
from moto.core.exceptions import JsonRESTError
from moto.kinesis import models

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.kinesis import iterators as shard_iterators
from inventory_lab.embedded_aws.kinesis import resharding
from inventory_lab.embedded_aws.kinesis.iterators import Position
from inventory_lab.embedded_aws.kinesis.patches import errors
from inventory_lab.embedded_aws.kinesis.patches import operations as stream_calls
from inventory_lab.embedded_aws.kinesis.patches.shards import (
    RECORDS_PER_READ,
    LabShard,
    Rules,
    Sequencer,
    size_of,
)
from inventory_lab.embedded_aws.patching import Patch, gap, hook

RECORDS_PER_CALL = 500
BYTES_PER_CALL = 10 * 1024 * 1024
"""https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""
MODE_CHANGES = 2
DAY_SECONDS = 24 * 3600
_HASH_KEY = re.compile("0|[1-9][0-9]{0,38}")


class LabStream(models.Stream):
    """A stream of shards that open, close, and expire with their records."""

    rules: Rules
    stream_mode: dict[str, str]

    def __init__(
        self, stream_name: str, shard_count: int | None, stream_mode: Any, *more: Any, **rest: Any
    ) -> None:
        if (stream_mode or {}).get("StreamMode") == "ON_DEMAND" and shard_count:
            raise errors.invalid_argument("ShardCount is not expected when StreamMode=ON_DEMAND")
        self.max_record_bytes = 1024 * 1024
        self._changes: list[tuple[str, float]] = []
        self._expired_at: tuple[float, int] | None = None
        self._opened = 0
        super().__init__(stream_name, shard_count, stream_mode, *more, **rest)

    def init_shards(self, shard_count: int | None) -> None:
        """Open this number of equal shards. Raises ValidationException without a number."""
        if not shard_count:
            raise errors.malformed("shardCount", shard_count, "not be null")
        for hashes in resharding.even_ranges(shard_count):
            self.open_shard(hashes)

    def open_shard(self, hashes: tuple[int, int], *parents: str) -> LabShard:
        """A new shard of that range, with the next number of this stream."""
        shard = LabShard(self.rules.of(self.stream_name), self._opened, hashes, *parents)
        self._opened += 1
        self.shards[shard.shard_id] = shard
        self._routes: list[LabShard] | None = None
        return shard

    def open_shards(self) -> list[LabShard]:
        """Those that take records, in order of their hash key ranges."""
        if self._routes is None:
            open_shards = [shard for shard in self.shards.values() if shard.is_open]
            self._routes = sorted(open_shards, key=lambda shard: shard.starting_hash)
        return list(self._routes)

    def is_on_demand(self) -> bool:
        """True in on-demand mode."""
        return bool(self.stream_mode.get("StreamMode") == "ON_DEMAND")

    def expire(self) -> None:
        """Let go of the records that are older than the retention period, and of the closed shards
        that ended before it.
        """
        now, hours = self.rules.clock.timestamp(), self.retention_period_hours
        if self._expired_at == (now, hours):
            return
        self._expired_at = now, hours
        horizon = now - hours * 3600
        for shard in list(self.shards.values()):
            shard.expire(horizon)
            if shard.has_expired(horizon):
                del self.shards[shard.shard_id]

    def count_change(self, operation: str, most: int) -> None:
        """Note a change that a stream may have only a number of times in 24 h. Raises LimitExceededException."""
        now = self.rules.clock.timestamp()
        self._changes = [(o, at) for o, at in self._changes if now - at < DAY_SECONDS]
        if sum(o == operation for o, _ in self._changes) >= most:
            raise errors.limit_exceeded(
                f"Rate exceeded for stream {self.stream_name} under account {self.account_id}: "
                f"{operation} can be called {most} times in 24 hours."
            )
        self._changes.append((operation, now))

    def change_mode(self, mode: dict[str, str]) -> None:
        """Set the capacity mode; the shards stay. Raises LimitExceededException."""
        if mode != self.stream_mode:
            self.count_change("UpdateStreamMode", MODE_CHANGES)
            self.stream_mode = mode

    def get_shard_for_key(self, partition_key: str, explicit_hash_key: str) -> LabShard:
        """The open shard whose range contains the hash key.

        MD5 of the partition key, or the explicit one:
        https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html
        """
        if explicit_hash_key:
            key = int(explicit_hash_key)
        else:
            key = int.from_bytes(md5(partition_key.encode(), usedforsecurity=False).digest())
        shard: LabShard = resharding.shard_for(self._routes or self.open_shards(), key)
        return shard

    def check_records(self, records: Sequence[dict[str, Any]]) -> int:
        """Their bytes. Raises what AWS refuses a whole call with, before anything is stored."""
        if len(records) > RECORDS_PER_CALL:
            raise errors.too_long("records", RECORDS_PER_CALL)
        members = [f"records.{position}.member." for position in range(1, len(records) + 1)]
        size = sum(map(self.check_record, records, members))
        if size > BYTES_PER_CALL:
            raise errors.invalid_argument("Records size exceeds 10 MB limit")
        return size

    def check_record(self, record: dict[str, Any], member: str = "") -> int:
        """Its bytes. Raises ValidationException, InvalidArgumentException."""
        key, hash_key = record.get("PartitionKey"), record.get("ExplicitHashKey")
        if not key:
            raise errors.malformed(f"{member}partitionKey", key, "not be null")
        if len(key) > 256:
            constraint = "have length less than or equal to 256"
            raise errors.malformed(f"{member}partitionKey", key, constraint)
        if hash_key and not _HASH_KEY.fullmatch(hash_key):
            constraint = r"satisfy regular expression pattern: 0|([1-9]\d{0,38})"
            raise errors.malformed(f"{member}explicitHashKey", hash_key, constraint)
        if hash_key and int(hash_key) >= resharding.HASH_KEYS:
            raise errors.invalid_argument(
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
                f"Specified value was {hash_key}"
            )
        size = size_of(record.get("Data") or "", key)
        if size > self.max_record_bytes:
            raise errors.too_long(f"{member}data", self.max_record_bytes)
        return size

    def put_entry(self, record: dict[str, Any]) -> dict[str, Any]:
        """Store a record that was checked: its shard and number, or the error of this record alone."""
        key, hash_key = record["PartitionKey"], record.get("ExplicitHashKey") or ""
        try:
            number, shard_id = self.put_record(key, hash_key, record["Data"])
        except JsonRESTError as exc:
            return {"ErrorCode": exc.error_type, "ErrorMessage": exc.message}
        return {"SequenceNumber": number, "ShardId": shard_id}

    def put_record(self, partition_key: str, explicit_hash_key: str, data: str) -> tuple[str, str]:
        """Store a record; its sequence number and shard. Raises
        ProvisionedThroughputExceededException.
        """
        shard = self.get_shard_for_key(partition_key, explicit_hash_key)
        if self.rules.limited and not shard.admits(size_of(data, partition_key)):
            raise errors.throttled(shard.shard_id, self.stream_name, self.account_id)
        return shard.put_record(partition_key, data), shard.shard_id

    def iterator(self, shard_id: str, kind: str, number: str | None, moment: Any) -> str:
        """A shard iterator. Raises InvalidArgumentException."""
        now = self.rules.clock.timestamp()
        after = shard_iterators.start(self, self.shards[shard_id], kind, number, moment, now)
        made_at = shard_iterators.milliseconds(now)
        return Position(self.stream_name, shard_id, after, made_at).encode()

    def read(self, position: Position, limit: int | None) -> dict[str, Any]:
        """GetRecords' answer. Raises ProvisionedThroughputExceededException.

        At the end of a closed shard it names the ChildShards instead of a next iterator.
        """
        shard: LabShard = self.shards[position.shard_id]
        if not shard.may_be_read():
            raise errors.throttled(shard.shard_id, self.stream_name, self.account_id)
        page, behind = shard.read(position.after, limit or RECORDS_PER_READ)
        after = page[-1].sequence_number if page else position.after
        records = [record.to_json() for record in page]
        answer: dict[str, Any] = {"Records": records, "MillisBehindLatest": behind}
        if shard.has_ended_at(after):
            return answer | {"ChildShards": self._children(shard)}
        made_at = shard_iterators.milliseconds(self.rules.clock.timestamp())
        following = Position(self.stream_name, shard.shard_id, after, made_at)
        return answer | {"NextShardIterator": following.encode()}

    def split_shard(self, shard_to_split: str, new_starting_hash_key: str) -> None:
        """See resharding.split."""
        resharding.split(self, self.shards[shard_to_split], int(new_starting_hash_key))

    def merge_shards(self, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
        """See resharding.merge."""
        resharding.merge(self, self.shards[shard_to_merge], self.shards[adjacent_shard_to_merge])

    def update_shard_count(self, target_shard_count: int) -> None:
        """See resharding.scale."""
        resharding.scale(self, target_shard_count)

    def to_json_summary(self) -> dict[str, Any]:
        """DescribeStreamSummary's answer."""
        answer: dict[str, Any] = super().to_json_summary()
        answer["StreamDescriptionSummary"] |= {
            "OpenShardCount": len(self.open_shards()),
            "ConsumerCount": len(self.consumers),
            "MaxRecordSizeInKiB": self.max_record_bytes // 1024,
        }
        return answer

    def _children(self, parent: LabShard) -> list[dict[str, Any]]:
        return [
            {
                "ShardId": shard.shard_id,
                "ParentShards": list(shard.parents),
                "HashKeyRange": shard.hash_key_range(),
            }
            for shard in self.shards.values()
            if parent.shard_id in shard.parents
        ]


def patches(clock: LabClock, limited: bool = False) -> list[Patch]:
    """Patches that make every stream a LabStream on this clock; `limited` shards have AWS's limits."""
    rules = Rules(clock, Sequencer(clock), limited)
    return [
        gap(
            models,
            "Stream",
            "(stream_name, shard_count, stream_mode, retention_period_hours, account_id, "
            "region_name)",
            "sequence numbers, hash key ranges, splitting, merging and limits as on AWS",
            type("LabStream", (LabStream,), {"rules": rules}),
        ),
        hook(
            models,
            "utcnow",
            "()",
            "a stream is created at the lab's time",
            lambda: clock.now().replace(tzinfo=None),
        ),
        hook(
            botocore.endpoint,
            "time",
            "module",
            "limits follow the lab's clock, so botocore waits by moving it",
            SimpleNamespace(sleep=clock.advance),
        ),
        *stream_calls.patches(clock),
    ]
