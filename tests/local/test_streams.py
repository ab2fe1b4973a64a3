"""Each check runs on the lab and, as an expected failure, on bare moto: one that passes there tells
that moto no longer needs the repair."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto.core.models import MockAWS

from inventory_lab import Lab, connect

STREAM = "e-commerce-streaming"
LAST_HASH_KEY = str(2**128 - 1)


@contextmanager
def lab_kinesis() -> Iterator[Any]:
    with connect() as lab:
        lab.build(through="stream")
        yield lab.session("root").client("kinesis")


@contextmanager
def bare_kinesis() -> Iterator[Any]:
    mock = MockAWS()
    mock.start()
    try:
        kinesis = boto3.client("kinesis", region_name="us-east-1")
        kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        yield kinesis
    finally:
        mock.stop()


@pytest.fixture(
    params=[lab_kinesis, pytest.param(bare_kinesis, marks=pytest.mark.xfail(reason="bare moto"))]
)
def kinesis(request: pytest.FixtureRequest) -> Iterator[Any]:
    place: Callable[[], Any] = request.param
    with place() as client:
        yield client


def put(kinesis: Any, key: str, hash_key: str | None = None) -> dict[str, Any]:
    more = {"ExplicitHashKey": hash_key} if hash_key else {}
    answer: dict[str, Any] = kinesis.put_record(
        StreamName=STREAM, PartitionKey=key, Data=b"x", **more
    )
    return answer


def read(kinesis: Any, shard: str, kind: str = "TRIM_HORIZON", **more: Any) -> dict[str, Any]:
    iterator = kinesis.get_shard_iterator(
        StreamName=STREAM, ShardId=shard, ShardIteratorType=kind, **more
    )
    answer: dict[str, Any] = kinesis.get_records(ShardIterator=iterator["ShardIterator"])
    return answer


def test_sequence_numbers_have_56_digits_and_are_unique_in_the_stream(kinesis: Any) -> None:
    numbers = [put(kinesis, f"key-{n}")["SequenceNumber"] for n in range(20)]
    assert {len(number) for number in numbers} == {56}
    assert sorted(map(int, numbers)) == list(map(int, numbers))
    assert len(set(numbers)) == 20


def test_sequence_numbers_grow_over_a_recreated_stream(kinesis: Any) -> None:
    before = int(put(kinesis, "Phone")["SequenceNumber"])
    kinesis.delete_stream(StreamName=STREAM)
    kinesis.create_stream(StreamName=STREAM, ShardCount=2)
    assert int(put(kinesis, "Phone")["SequenceNumber"]) > before


def test_the_last_hash_key_belongs_to_the_last_shard(kinesis: Any) -> None:
    assert put(kinesis, "Phone", LAST_HASH_KEY)["ShardId"] == "shardId-000000000001"


def test_an_iterator_asked_for_by_arn_can_be_read(kinesis: Any) -> None:
    shard = put(kinesis, "Phone")["ShardId"]
    arn = kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"][
        "StreamARN"
    ]
    iterator = kinesis.get_shard_iterator(
        StreamARN=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert len(kinesis.get_records(ShardIterator=iterator)["Records"]) == 1


def test_a_split_parent_keeps_its_records_and_new_ones_go_to_its_children(kinesis: Any) -> None:
    parent = "shardId-000000000000"
    before = put(kinesis, "a", "7")["SequenceNumber"]
    kinesis.split_shard(StreamName=STREAM, ShardToSplit=parent, NewStartingHashKey=str(2**126))
    assert put(kinesis, "a", "7")["ShardId"] == "shardId-000000000002"
    answer = read(kinesis, parent)
    assert [record["SequenceNumber"] for record in answer["Records"]] == [before]
    assert "NextShardIterator" not in answer


def test_merged_parents_keep_their_records(kinesis: Any) -> None:
    put(kinesis, "a", "7")
    kinesis.merge_shards(
        StreamName=STREAM,
        ShardToMerge="shardId-000000000000",
        AdjacentShardToMerge="shardId-000000000001",
    )
    assert put(kinesis, "a", "7")["ShardId"] == "shardId-000000000002"
    assert len(read(kinesis, "shardId-000000000000")["Records"]) == 1
    assert len(read(kinesis, "shardId-000000000002")["Records"]) == 1


def test_reading_starts_where_the_iterator_says(lab: Lab) -> None:
    lab.build(through="stream")
    kinesis, shard = lab.session("root").client("kinesis"), "shardId-000000000000"
    numbers, times = [], []
    for _ in range(4):
        numbers.append(put(kinesis, "a", "7")["SequenceNumber"])
        times.append(lab.clock.now())
        lab.clock.advance(10)

    def found(kind: str, **more: Any) -> list[str]:
        return [r["SequenceNumber"] for r in read(kinesis, shard, kind, **more)["Records"]]

    assert found("TRIM_HORIZON") == numbers
    assert found("LATEST") == []
    assert found("AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2]) == numbers[2:]
    assert found("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2]) == numbers[3:]
    assert found("AT_TIMESTAMP", Timestamp=times[1]) == numbers[1:]
    assert found("AT_TIMESTAMP", Timestamp=times[1] + timedelta(seconds=1)) == numbers[2:]
    assert found("AT_TIMESTAMP", Timestamp=times[0] - timedelta(days=1)) == numbers


def test_records_arrive_at_lab_time_and_reading_tells_how_far_behind_it_is(lab: Lab) -> None:
    lab.build(through="stream")
    kinesis, shard = lab.session("root").client("kinesis"), "shardId-000000000000"
    arrived = lab.clock.now()
    put(kinesis, "a", "7")
    put(kinesis, "a", "7")
    lab.clock.advance(30)
    iterator = kinesis.get_shard_iterator(
        StreamName=STREAM, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    first = kinesis.get_records(ShardIterator=iterator, Limit=1)
    assert first["Records"][0]["ApproximateArrivalTimestamp"] == arrived
    assert first["MillisBehindLatest"] == 30_000
    second = kinesis.get_records(ShardIterator=first["NextShardIterator"])
    assert second["MillisBehindLatest"] == 0


def test_one_read_gives_at_most_ten_mebibytes(lab: Lab) -> None:
    lab.build(through="stream")
    kinesis, data = lab.session("root").client("kinesis"), b"x" * 1_000_000
    for _ in range(12):
        kinesis.put_record(StreamName=STREAM, PartitionKey="a", Data=data, ExplicitHashKey="7")
    answer = read(kinesis, "shardId-000000000000")
    assert len(answer["Records"]) == 10
    rest = kinesis.get_records(ShardIterator=answer["NextShardIterator"])
    assert len(rest["Records"]) == 2
