"""Every record that the stream still has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inventory_lab.domain.errors import MalformedEvent
from inventory_lab.domain.events import InventoryEvent, parse_event
from inventory_lab.domain.inventory import Record
from inventory_lab.resources.account import Account, unless_missing

RECORDS_PER_READ = 10_000


def shard_ids(account: Account) -> list[str]:
    """The shards of the stream, open and closed, oldest first.

    AWS refuses the name of the stream beside a token, which botocore's paginator sends:
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
    """
    list_shards = account.client("kinesis").list_shards
    request = {"StreamName": account.settings.name("stream")}
    shards: list[str] = []
    while request:
        answer = list_shards(**request)
        shards += [shard["ShardId"] for shard in answer["Shards"]]
        request = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}
    return sorted(shards)


def records(account: Account) -> Iterator[Record]:
    """All records from the trim horizon to now: shard by shard, each in its order."""
    for shard_id in shard_ids(account):
        yield from shard_records(account, shard_id)


def shard_records(account: Account, shard_id: str) -> Iterator[Record]:
    """All records of one shard from the trim horizon to now."""
    kinesis, stream = account.client("kinesis"), account.settings.name("stream")
    answer = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )
    yield from read_on(account, shard_id, answer["ShardIterator"])


def read_on(account: Account, shard_id: str, iterator: str | None) -> Iterator[Record]:
    """All records from an iterator to now."""
    kinesis = account.client("kinesis")
    while iterator:
        answer = kinesis.get_records(ShardIterator=iterator, Limit=RECORDS_PER_READ)
        yield from (to_record(shard_id, record) for record in answer["Records"])
        caught_up = answer.get("MillisBehindLatest", 0) == 0
        iterator = None if caught_up else answer.get("NextShardIterator")


def records_between(account: Account, shard_id: str, first: int, last: int) -> Iterator[Record]:
    """The records of a shard from one sequence number to another, as far as the stream still has them.

    There are none when the shard has expired, or when the numbers come from an earlier stream with
    this name.
    """
    kinesis, stream = account.client("kinesis"), account.settings.name("stream")
    answer = unless_missing(
        ("ResourceNotFoundException", "InvalidArgumentException"),
        kinesis.get_shard_iterator,
        StreamName=stream,
        ShardId=shard_id,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        StartingSequenceNumber=str(first),
    )
    for record in read_on(account, shard_id, (answer or {}).get("ShardIterator")):
        if record.sequence_number > last:
            return
        yield record


def to_record(shard_id: str, record: dict[str, Any]) -> Record:
    """The Record that GetRecords describes."""
    return Record(
        shard_id=shard_id,
        sequence_number=int(record["SequenceNumber"]),
        partition_key=record["PartitionKey"],
        data=record["Data"],
        arrived_at=record["ApproximateArrivalTimestamp"].timestamp(),
    )


def event_in(record: Record) -> InventoryEvent | None:
    """The event in a record; None when the data is not an event."""
    try:
        return parse_event(record.data)
    except MalformedEvent:
        return None
