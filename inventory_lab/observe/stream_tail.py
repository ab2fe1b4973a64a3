"""What has come into the stream since it was last read: a count, and the newest records of each shard."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.domain.inventory import Record
from inventory_lab.observe import stream
from inventory_lab.resources.account import Account

GONE = ("ResourceNotFoundException", "InvalidArgumentException")
"""What Kinesis answers when the stream, or the record from which to go on, no longer exists."""


@dataclass(slots=True)
class ShardTail:
    """The newest records of a shard, oldest first; `count` is how many were read, `last` the sequence
    number of the newest one.
    """

    newest: deque[Record]
    count: int = 0
    last: int | None = None

    def add(self, record: Record) -> None:
        """A record that was read."""
        self.newest.append(record)
        self.count += 1
        self.last = record.sequence_number


@dataclass(slots=True)
class StreamTail:
    """Reads a stream piece by piece and keeps `kept` records of each shard, however long it runs."""

    kept: int = 8
    shards: dict[str, ShardTail] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many records were read since the first reading, which begins with the oldest one."""
        return sum(shard.count for shard in self.shards.values())

    def read(self, account: Account) -> int:
        """Read what is new; how many records that is. A stream that was deleted has none, and one that
        was made anew is read from its beginning.
        """
        before = self.count
        try:
            for shard_id in stream.shard_ids(account):
                self._read_shard(account, shard_id)
        except ClientError as exc:
            if exc.response["Error"]["Code"] not in GONE:
                raise
            self.shards.clear()
            return 0
        return self.count - before

    def _read_shard(self, account: Account, shard_id: str) -> None:
        tail = self.shards.setdefault(shard_id, ShardTail(deque(maxlen=self.kept)))
        request: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if tail.last is not None:
            request = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "StartingSequenceNumber": str(tail.last),
            }
        answer = account.client("kinesis").get_shard_iterator(
            StreamName=account.settings.name("stream"), ShardId=shard_id, **request
        )
        for record in stream.read_on(account, shard_id, answer["ShardIterator"]):
            tail.add(record)
