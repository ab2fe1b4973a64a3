"""Reading the shards of a stream with the clients of a consumer, parents before children. Free of moto."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.faults import Faults
from inventory_lab.embedded_aws.polling.consumer import Consumer
from inventory_lab.embedded_aws.polling.lanes import Lane, ShardReader
from inventory_lab.embedded_aws.polling.records import to_event
from inventory_lab.embedded_aws.polling.report import Round

RECORDS_PER_READ = 10_000


class StreamReader:
    """Reads each shard of one stream once a round, and knows how far it has come."""

    def __init__(self, clock: LabClock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._shards: dict[str, ShardReader] = {}
        self._first_shards: set[str] = set()

    def readable(self, consumer: Consumer) -> list[ShardReader]:
        """The shards that may be read by now."""
        shards = _listed(consumer)
        self._first_shards = self._first_shards or {shard["ShardId"] for shard in shards}
        for shard in shards:
            shard_id = shard["ShardId"]
            if shard_id not in self._shards and self._may_be_read(shard, shards):
                self._shards[shard_id] = self._begin(shard_id, consumer)
        return list(self._shards.values())

    def read(self, shard: ShardReader, consumer: Consumer, done: Round) -> None:
        """Put what is new in the shard into its lanes, except what the filters drop."""
        waiting = sum(len(lane.waiting) for lane in shard.lanes)
        if shard.iterator is None or waiting >= RECORDS_PER_READ:
            return
        source = consumer.source
        shard.use_lanes(source.parallel)
        answer = _records(shard, consumer)
        shard.iterator = answer.get("NextShardIterator")
        for record in answer["Records"]:
            event = to_event(record, shard.shard_id, source.stream_arn, source.role_arn)
            if source.filters.keeps(event):
                shard.lane_of(event).waiting.append(event)
            else:
                done.filtered += 1
            shard.last_read = int(record["SequenceNumber"])

    def passed(self, shard_id: str, sequence_number: int) -> bool:
        """True when the record, and all before it in its shard, is delivered or given up."""
        shard = self._shards.get(shard_id)
        return shard is not None and shard.passed(sequence_number)

    def age_of_the_oldest(self) -> int:
        """The age in milliseconds of the oldest record that is not passed."""
        arrivals = (
            event["approximateArrivalTimestamp"]
            for shard in self._shards.values()
            for event in shard.open_events()
        )
        now = self._clock.timestamp()
        return round((now - min(arrivals, default=now)) * 1000)

    def _begin(self, shard_id: str, consumer: Consumer) -> ShardReader:
        source, first = consumer.source, shard_id in self._first_shards
        start = source.start if first else {"ShardIteratorType": "TRIM_HORIZON"}
        lanes = [Lane() for _ in range(source.parallel)]
        shard = ShardReader(shard_id, None, start, lanes)
        shard.iterator = _iterator(shard, consumer)
        if start["ShardIteratorType"] == "LATEST":  # should it have to be renewed
            now = self._clock.now()
            shard.start = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": now}
        return shard

    def _may_be_read(self, shard: Mapping[str, Any], shards: list[dict[str, Any]]) -> bool:
        """Parents come first, as the order of a product's events demands."""
        existing = {s["ShardId"] for s in shards}
        parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")} & existing
        drained = all(p in self._shards and self._shards[p].drained() for p in parents)
        return drained or self._faults.reads_child_early(shard["ShardId"])


def _listed(consumer: Consumer) -> list[dict[str, Any]]:
    shards: list[dict[str, Any]] = []
    request: dict[str, Any] = {"StreamARN": consumer.source.stream_arn}
    while request:
        answer = consumer.clients.kinesis.list_shards(**request)
        shards += answer["Shards"]
        request = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}
    return shards


def _iterator(shard: ShardReader, consumer: Consumer) -> str:
    """Where the shard is to be read on, from its start when nothing of it was read."""
    position = dict(shard.start)
    if shard.last_read >= 0:
        number = str(shard.last_read)
        position = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": number}
    answer = consumer.clients.kinesis.get_shard_iterator(
        StreamARN=consumer.source.stream_arn, ShardId=shard.shard_id, **position
    )
    return str(answer["ShardIterator"])


def _records(shard: ShardReader, consumer: Consumer) -> Any:
    """GetRecords' answer; an iterator that has expired is renewed, and a shard that no longer exists has ended."""
    read = consumer.clients.kinesis.get_records
    try:
        return read(ShardIterator=shard.iterator, Limit=RECORDS_PER_READ)
    except ClientError as exc:
        code = exc.response["Error"]["Code"]
        if code == "ResourceNotFoundException" and "Shard " in str(exc):
            return {"Records": []}
        if code != "ExpiredIteratorException":
            raise
    return read(ShardIterator=_iterator(shard, consumer), Limit=RECORDS_PER_READ)
