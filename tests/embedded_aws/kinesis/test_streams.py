"""Each check runs on the lab, on the lab's repairs behind moto's own HTTP server, and, as an expected
failure, on bare moto: one that passes there tells that moto no longer needs the repair."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from hashlib import md5
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from inventory_lab import Lab, ProductAdded, QuantityChanged, connect
from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.kinesis.patches import streams
from inventory_lab.embedded_aws.kinesis.patches.shards import StoredRecord
from inventory_lab.embedded_aws.patching import applied
from tests.bare_moto import bare_moto, models_read_once
from tests.sampling import examples

STREAM = "e-commerce-streaming"
LAST_HASH_KEY = str(2**128 - 1)
FIRST, SECOND = "shardId-000000000000", "shardId-000000000001"
THIRD, FOURTH = "shardId-000000000002", "shardId-000000000003"
HOUR, DAY = 3600, 24 * 3600


@contextmanager
def lab_kinesis() -> Iterator[Any]:
    with connect() as lab:
        yield with_a_stream(lab)


def with_a_stream(lab: Lab) -> Any:
    """A client of root's, once there is a stream: without the roles and policies of a build."""
    kinesis = lab.session("root").client("kinesis")
    kinesis.create_stream(StreamName=STREAM, ShardCount=2)
    return kinesis


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """moto's own HTTP server, on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@contextmanager
def served_kinesis(address: str) -> Iterator[Any]:
    """The repairs, for a client that knows nothing of the lab."""
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    with models_read_once():
        kinesis = boto3.client("kinesis", endpoint_url=address, region_name="us-east-1", **keys)
    with applied(streams.patches(LabClock())):
        kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        yield kinesis
        for name in kinesis.list_streams()["StreamNames"]:
            kinesis.delete_stream(StreamName=name)
    kinesis.close()


@contextmanager
def bare_kinesis() -> Iterator[Any]:
    with bare_moto():
        client().create_stream(StreamName=STREAM, ShardCount=2)
        yield client()


@cache
def client() -> Any:
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    return boto3.client("kinesis", region_name="us-east-1", **keys)


@pytest.fixture(
    params=[
        lab_kinesis,
        pytest.param(served_kinesis, marks=pytest.mark.socket),
        pytest.param(bare_kinesis, marks=pytest.mark.xfail(reason="bare moto")),
    ]
)
def kinesis(request: pytest.FixtureRequest) -> Iterator[Any]:
    place: Callable[..., Any] = request.param
    needed = [request.getfixturevalue("address")] if place is served_kinesis else []
    with place(*needed) as client:
        yield client


@pytest.fixture(params=[lab_kinesis, bare_kinesis])
def either(request: pytest.FixtureRequest) -> Iterator[Any]:
    """For rules that moto keeps too: they must stay kept."""
    place: Callable[[], Any] = request.param
    with place() as client:
        yield client


def refusal(call: Callable[..., Any], **parameters: Any) -> str:
    """Code and text of an error, which has to come with status 400."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    return f"{answer['Error']['Code']}: {answer['Error']['Message']}"


def shards(kinesis: Any, **more: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = kinesis.list_shards(StreamName=STREAM, **more)["Shards"]
    return listed


def ids(listed: list[dict[str, Any]]) -> list[str]:
    return [shard["ShardId"] for shard in listed]


def ranges(listed: list[dict[str, Any]]) -> list[tuple[int, int]]:
    keys = [shard["HashKeyRange"] for shard in listed]
    return sorted((int(k["StartingHashKey"]), int(k["EndingHashKey"])) for k in keys)


def summary(kinesis: Any) -> dict[str, Any]:
    answer: dict[str, Any] = kinesis.describe_stream_summary(StreamName=STREAM)
    described: dict[str, Any] = answer["StreamDescriptionSummary"]
    return described


def split(kinesis: Any, shard: str = FIRST, key: int = 2**126) -> None:
    kinesis.split_shard(StreamName=STREAM, ShardToSplit=shard, NewStartingHashKey=str(key))


def merge(kinesis: Any, shard: str = FIRST, adjacent: str = SECOND) -> None:
    kinesis.merge_shards(StreamName=STREAM, ShardToMerge=shard, AdjacentShardToMerge=adjacent)


def scale(kinesis: Any, target: int) -> dict[str, Any]:
    answer: dict[str, Any] = kinesis.update_shard_count(
        StreamName=STREAM, TargetShardCount=target, ScalingType="UNIFORM_SCALING"
    )
    return answer


def put(kinesis: Any, key: str, hash_key: str | None = None) -> dict[str, Any]:
    more = {"ExplicitHashKey": hash_key} if hash_key else {}
    answer: dict[str, Any] = kinesis.put_record(
        StreamName=STREAM, PartitionKey=key, Data=b"x", **more
    )
    return answer


def iterator(kinesis: Any, shard: str, kind: str = "TRIM_HORIZON", **more: Any) -> str:
    answer = kinesis.get_shard_iterator(
        StreamName=STREAM, ShardId=shard, ShardIteratorType=kind, **more
    )
    shard_iterator: str = answer["ShardIterator"]
    return shard_iterator


def read(kinesis: Any, shard: str, kind: str = "TRIM_HORIZON", **more: Any) -> dict[str, Any]:
    shard_iterator = iterator(kinesis, shard, kind, **more)
    answer: dict[str, Any] = kinesis.get_records(ShardIterator=shard_iterator)
    return answer


def numbers(answer: dict[str, Any]) -> list[str]:
    return [record["SequenceNumber"] for record in answer["Records"]]


@pytest.fixture
def clocked(lab: Lab) -> Any:
    """A client of the lab's stream; the test moves the lab's clock."""
    return with_a_stream(lab)


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


def test_records_of_another_stream_change_no_sequence_number(lab: Lab) -> None:
    """So what somebody tries in a stream beside it does not change what a notebook prints."""
    kinesis = lab.session("root").client("kinesis")
    numbers = []
    for neighbours in (0, 5):
        kinesis.create_stream(StreamName=f"ours-{neighbours}", ShardCount=1)
        kinesis.create_stream(StreamName=f"theirs-{neighbours}", ShardCount=1)
        for _ in range(neighbours):
            kinesis.put_record(StreamName=f"theirs-{neighbours}", PartitionKey="a", Data=b"")
        answer = kinesis.put_record(StreamName=f"ours-{neighbours}", PartitionKey="a", Data=b"")
        numbers.append(answer["SequenceNumber"])
    assert numbers[0] == numbers[1]


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
    kinesis, shard = with_a_stream(lab), "shardId-000000000000"
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


def test_records_arrive_at_lab_time_and_reading_reports_how_far_behind_it_is(lab: Lab) -> None:
    kinesis, shard = with_a_stream(lab), "shardId-000000000000"
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
    kinesis, data = with_a_stream(lab), b"x" * 1_000_000
    for _ in range(12):
        kinesis.put_record(StreamName=STREAM, PartitionKey="a", Data=data, ExplicitHashKey="7")
    answer = read(kinesis, "shardId-000000000000")
    assert len(answer["Records"]) == 10
    rest = kinesis.get_records(ShardIterator=answer["NextShardIterator"])
    assert len(rest["Records"]) == 2


def test_three_even_shards_have_the_ranges_that_aws_shows(either: Any) -> None:
    either.create_stream(StreamName="three", ShardCount=3)
    listed = either.list_shards(StreamName="three")["Shards"]
    third = 113427455640312821154458202477256070485
    assert ranges(listed) == [
        (0, third - 1),
        (third, 2 * third - 1),
        (2 * third, 2**128 - 1),
    ]


def test_a_record_goes_to_the_shard_whose_range_holds_the_md5_of_its_key(either: Any) -> None:
    for key in ("Phone", "Watch", "Oven", "Lamp", "é"):
        hashed = int(md5(key.encode(), usedforsecurity=False).hexdigest(), 16)
        assert put(either, key)["ShardId"] == (FIRST if hashed < 2**127 else SECOND)


def test_a_hash_key_beyond_the_last_is_refused(kinesis: Any) -> None:
    text = refusal(
        kinesis.put_record,
        StreamName=STREAM,
        PartitionKey="Phone",
        Data=b"x",
        ExplicitHashKey=str(2**128),
    )
    assert text == (
        "InvalidArgumentException: Invalid ExplicitHashKey. ExplicitHashKey must be in the range: "
        f"[0, 2^128-1]. Specified value was {2**128}"
    )


def test_a_hash_key_that_is_not_a_number_is_refused(kinesis: Any) -> None:
    text = refusal(
        kinesis.put_record,
        StreamName=STREAM,
        PartitionKey="Phone",
        Data=b"x",
        ExplicitHashKey="007",
    )
    assert "Value '007' at 'explicitHashKey' failed to satisfy constraint" in text


def test_a_partition_key_has_at_most_256_characters(kinesis: Any) -> None:
    put(kinesis, "é" * 256)
    text = refusal(kinesis.put_record, StreamName=STREAM, PartitionKey="k" * 257, Data=b"x")
    assert text.startswith("ValidationException: ")
    assert text.endswith("Member must have length less than or equal to 256")


def test_a_record_needs_a_partition_key(kinesis: Any) -> None:
    records = [{"PartitionKey": "Phone", "Data": b"x"}, {"Data": b"x"}]
    text = refusal(kinesis.put_records, StreamName=STREAM, Records=records)
    assert "Value null at 'records.2.member.partitionKey' failed" in text
    assert not any(read(kinesis, shard)["Records"] for shard in (FIRST, SECOND))


def test_a_call_takes_at_most_500_records(either: Any) -> None:
    records = [{"PartitionKey": "k", "Data": b"x"}] * 501
    assert either.put_records(StreamName=STREAM, Records=records[1:])["FailedRecordCount"] == 0
    text = refusal(either.put_records, StreamName=STREAM, Records=records)
    assert text.startswith("ValidationException: ")


def test_a_call_takes_at_most_ten_mebibytes(kinesis: Any) -> None:
    full = [{"PartitionKey": "k", "Data": b"x" * (1024 * 1024 - 1)}] * 10
    answer = kinesis.put_records(StreamName=STREAM, Records=full)
    assert [set(entry) for entry in answer["Records"]] == [{"SequenceNumber", "ShardId"}] * 10
    text = refusal(
        kinesis.put_records,
        StreamName=STREAM,
        Records=[*full, {"PartitionKey": "k", "Data": b""}],
    )
    assert text == "InvalidArgumentException: Records size exceeds 10 MB limit"


def test_data_and_key_of_a_record_are_one_mebibyte_together(kinesis: Any) -> None:
    largest = b"x" * (1024 * 1024 - 2)
    kinesis.put_record(StreamName=STREAM, PartitionKey="é", Data=largest)
    text = refusal(kinesis.put_record, StreamName=STREAM, PartitionKey="é!", Data=largest)
    assert text.endswith(
        "Value at 'data' failed to satisfy constraint: "
        "Member must have length less than or equal to 1048576"
    )


def test_the_largest_record_can_be_set_for_a_stream(kinesis: Any) -> None:
    arn = summary(kinesis)["StreamARN"]
    assert summary(kinesis)["MaxRecordSizeInKiB"] == 1024
    kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=10_240)
    kinesis.put_record(StreamName=STREAM, PartitionKey="k", Data=b"x" * 9_000_000)
    assert summary(kinesis)["MaxRecordSizeInKiB"] == 10_240
    text = refusal(kinesis.update_max_record_size, StreamARN=arn, MaxRecordSizeInKiB=10_241)
    assert "Value '10241' at 'maxRecordSizeInKiB'" in text


def test_a_stream_is_made_with_its_tags_and_its_largest_record(kinesis: Any) -> None:
    kinesis.create_stream(
        StreamName="tagged", ShardCount=1, Tags={"team": "stock"}, MaxRecordSizeInKiB=2048
    )
    assert kinesis.list_tags_for_stream(StreamName="tagged")["Tags"] == [
        {"Key": "team", "Value": "stock"}
    ]
    described = kinesis.describe_stream_summary(StreamName="tagged")["StreamDescriptionSummary"]
    assert described["MaxRecordSizeInKiB"] == 2048


def test_a_read_of_more_than_10000_records_is_refused(kinesis: Any) -> None:
    shard_iterator = iterator(kinesis, FIRST)
    assert kinesis.get_records(ShardIterator=shard_iterator, Limit=10_000)["Records"] == []
    text = refusal(kinesis.get_records, ShardIterator=shard_iterator, Limit=10_001)
    assert text.startswith("InvalidArgumentException: ")


def test_an_iterator_that_kinesis_did_not_give_is_refused(kinesis: Any) -> None:
    for made_up in ("no iterator", "bm8gaXRlcmF0b3I=", "YTpiOmM6ZA=="):
        text = refusal(kinesis.get_records, ShardIterator=made_up)
        assert text == "InvalidArgumentException: Invalid ShardIterator."


def test_a_position_and_a_sequence_number_exclude_each_other(kinesis: Any) -> None:
    number = put(kinesis, "a", "7")["SequenceNumber"]
    where = {"StreamName": STREAM, "ShardId": FIRST}
    text = refusal(
        kinesis.get_shard_iterator,
        ShardIteratorType="LATEST",
        StartingSequenceNumber=number,
        **where,
    )
    assert text.endswith("Request specified LATEST and also a StartingSequenceNumber.")
    text = refusal(kinesis.get_shard_iterator, ShardIteratorType="AT_SEQUENCE_NUMBER", **where)
    assert text.endswith("Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber.")
    text = refusal(kinesis.get_shard_iterator, ShardIteratorType="AT_TIMESTAMP", **where)
    assert text.endswith("Current request has no timestamp parameter.")
    text = refusal(kinesis.get_shard_iterator, ShardIteratorType="MIDDLE", **where)
    assert "Value 'MIDDLE' at 'shardIteratorType'" in text


def test_a_sequence_number_of_another_shard_is_refused(kinesis: Any) -> None:
    number = put(kinesis, "a", LAST_HASH_KEY)["SequenceNumber"]
    text = refusal(
        kinesis.get_shard_iterator,
        StreamName=STREAM,
        ShardId=FIRST,
        ShardIteratorType="AFTER_SEQUENCE_NUMBER",
        StartingSequenceNumber=number,
    )
    assert text == (
        f"InvalidArgumentException: Invalid StartingSequenceNumber. It encodes {SECOND}, "
        f"while it was used in a call to a shard with {FIRST}"
    )


def test_a_sequence_number_of_a_deleted_stream_is_refused(kinesis: Any) -> None:
    number = put(kinesis, "a", "7")["SequenceNumber"]
    kinesis.delete_stream(StreamName=STREAM)
    kinesis.create_stream(StreamName=STREAM, ShardCount=2)
    text = refusal(
        kinesis.get_shard_iterator,
        StreamName=STREAM,
        ShardId=FIRST,
        ShardIteratorType="AFTER_SEQUENCE_NUMBER",
        StartingSequenceNumber=number,
    )
    assert text.endswith("is invalid because it did not come from this stream.")


def test_a_shard_that_does_not_exist_cannot_be_read(either: Any) -> None:
    text = refusal(
        either.get_shard_iterator,
        StreamName=STREAM,
        ShardId=FOURTH,
        ShardIteratorType="LATEST",
    )
    assert text == (
        f"ResourceNotFoundException: Shard {FOURTH} in stream {STREAM} "
        "under account 123456789012 does not exist"
    )


def test_an_iterator_expires_when_it_was_not_used_for_five_minutes(lab: Lab, clocked: Any) -> None:
    put(clocked, "a", "7")
    old = iterator(clocked, FIRST)
    lab.clock.advance(300)
    following = clocked.get_records(ShardIterator=old)["NextShardIterator"]
    lab.clock.advance(0.001)
    assert refusal(clocked.get_records, ShardIterator=old) == (
        "ExpiredIteratorException: Iterator expired. The iterator was created at time "
        "Mon Jan 05 09:00:00 UTC 2026 while right now it is Mon Jan 05 09:05:00 UTC 2026 "
        "which is further in the future than the tolerated delay of 300000 milliseconds."
    )
    assert clocked.get_records(ShardIterator=following)["Records"] == []


def test_reading_goes_on_after_the_last_record_when_an_iterator_has_expired(
    lab: Lab, clocked: Any
) -> None:
    last = put(clocked, "a", "7")["SequenceNumber"]
    lab.clock.advance(HOUR)
    later = put(clocked, "a", "7")["SequenceNumber"]
    after = {"StartingSequenceNumber": last}
    assert numbers(read(clocked, FIRST, "AFTER_SEQUENCE_NUMBER", **after)) == [later]
    lab.clock.advance(DAY - 1)
    assert numbers(read(clocked, FIRST, "AFTER_SEQUENCE_NUMBER", **after)) == [later]


def test_reading_cannot_start_in_the_future(lab: Lab, clocked: Any) -> None:
    text = refusal(
        clocked.get_shard_iterator,
        StreamName=STREAM,
        ShardId=FIRST,
        ShardIteratorType="AT_TIMESTAMP",
        Timestamp=lab.clock.now() + timedelta(seconds=1),
    )
    assert text == (
        "InvalidArgumentException: The timestampInMillis parameter cannot be greater than the "
        "currentTimestampInMillis. timestampInMillis: 1767603601000, "
        "currentTimestampInMillis: 1767603600000"
    )


def test_records_can_be_read_for_24_hours(lab: Lab, clocked: Any) -> None:
    put(clocked, "a", "7")
    lab.clock.advance(DAY / 2)
    young = put(clocked, "a", "7")["SequenceNumber"]
    lab.clock.advance(DAY / 2)
    assert len(read(clocked, FIRST)["Records"]) == 2
    lab.clock.advance(1)
    assert numbers(read(clocked, FIRST)) == [young]
    at = {"Timestamp": lab.clock.now() - timedelta(days=30)}
    assert numbers(read(clocked, FIRST, "AT_TIMESTAMP", **at)) == [young]
    lab.clock.advance(DAY)
    answer = read(clocked, FIRST)
    assert answer["Records"] == []
    assert answer["MillisBehindLatest"] == 0


def test_a_reader_goes_on_behind_records_that_expired_before_it_came(
    lab: Lab, clocked: Any
) -> None:
    put(clocked, "a", "7")
    lab.clock.advance(DAY)
    waiting = iterator(clocked, FIRST)
    young = put(clocked, "a", "7")["SequenceNumber"]
    lab.clock.advance(1)
    assert numbers(clocked.get_records(ShardIterator=waiting)) == [young]


def test_a_longer_retention_keeps_records_but_brings_none_back(lab: Lab, clocked: Any) -> None:
    put(clocked, "a", "7")
    lab.clock.advance(2 * HOUR)
    kept = put(clocked, "a", "7")["SequenceNumber"]
    lab.clock.advance(23 * HOUR)
    clocked.increase_stream_retention_period(StreamName=STREAM, RetentionPeriodHours=48)
    assert numbers(read(clocked, FIRST)) == [kept]
    lab.clock.advance(25 * HOUR)
    assert numbers(read(clocked, FIRST)) == [kept]
    lab.clock.advance(1)
    assert numbers(read(clocked, FIRST)) == []


def test_a_shorter_retention_lets_go_of_records_at_once(lab: Lab, clocked: Any) -> None:
    clocked.increase_stream_retention_period(StreamName=STREAM, RetentionPeriodHours=8760)
    put(clocked, "a", "7")
    lab.clock.advance(25 * HOUR)
    young = put(clocked, "a", "7")["SequenceNumber"]
    assert len(read(clocked, FIRST)["Records"]) == 2
    clocked.decrease_stream_retention_period(StreamName=STREAM, RetentionPeriodHours=24)
    assert numbers(read(clocked, FIRST)) == [young]


def test_a_retention_out_of_range_is_refused_by_name_and_by_arn(kinesis: Any) -> None:
    arn = summary(kinesis)["StreamARN"]
    increase = kinesis.increase_stream_retention_period
    decrease = kinesis.decrease_stream_retention_period
    assert refusal(decrease, StreamARN=arn, RetentionPeriodHours=23) == (
        "InvalidArgumentException: Minimum allowed retention period is 24 hours. "
        "Requested retention period (23 hours) is too short."
    )
    assert refusal(increase, StreamARN=arn, RetentionPeriodHours=8761) == (
        "InvalidArgumentException: Maximum allowed retention period is 8760 hours. "
        "Requested retention period (8761 hours) is too long."
    )
    increase(StreamARN=arn, RetentionPeriodHours=48)
    assert refusal(increase, StreamARN=arn, RetentionPeriodHours=47) == (
        f"InvalidArgumentException: Requested retention period (47 hours) for stream {STREAM} can "
        "not be shorter than existing retention period (48 hours). Use DecreaseRetentionPeriod API."
    )
    assert refusal(decrease, StreamARN=arn, RetentionPeriodHours=49) == (
        f"InvalidArgumentException: Requested retention period (49 hours) for stream {STREAM} can "
        "not be longer than existing retention period (48 hours). Use IncreaseRetentionPeriod API."
    )


def test_the_memory_of_expired_records_is_let_go(lab: Lab, clocked: Any) -> None:
    gc.collect()  # records of other labs may have the same number
    number = int(put(clocked, "a", "7")["SequenceNumber"])

    def in_memory() -> bool:
        kept = [thing for thing in gc.get_objects() if isinstance(thing, StoredRecord)]
        return any(record.sequence_number == number for record in kept)

    assert in_memory()
    lab.clock.advance(DAY + 1)
    put(clocked, "b", LAST_HASH_KEY)
    assert not in_memory()


def test_a_closed_shard_disappears_when_the_retention_since_its_end_has_passed(
    lab: Lab, clocked: Any
) -> None:
    put(clocked, "a", "7")
    lab.clock.advance(HOUR)
    split(clocked)
    lab.clock.advance(DAY)
    assert ids(shards(clocked)) == [FIRST, SECOND, THIRD, FOURTH]
    assert read(clocked, FIRST)["Records"] == []
    waiting = iterator(clocked, FIRST)
    lab.clock.advance(1)
    assert ids(shards(clocked)) == [SECOND, THIRD, FOURTH]
    assert shards(clocked)[1]["ParentShardId"] == FIRST
    text = refusal(clocked.get_records, ShardIterator=waiting)
    assert text.startswith(f"ResourceNotFoundException: Shard {FIRST} in stream {STREAM}")


def test_an_open_shard_stays_when_all_its_records_have_expired(lab: Lab, clocked: Any) -> None:
    put(clocked, "a", "7")
    lab.clock.advance(10 * DAY)
    assert ids(shards(clocked)) == [FIRST, SECOND]
    assert put(clocked, "a", "7")["ShardId"] == FIRST


def test_the_end_of_a_split_shard_names_its_children(kinesis: Any) -> None:
    put(kinesis, "a", "7")
    split(kinesis)
    answer = read(kinesis, FIRST)
    assert len(answer["Records"]) == 1
    assert "NextShardIterator" not in answer
    assert answer["ChildShards"] == [
        {
            "ShardId": THIRD,
            "ParentShards": [FIRST],
            "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": str(2**126 - 1)},
        },
        {
            "ShardId": FOURTH,
            "ParentShards": [FIRST],
            "HashKeyRange": {"StartingHashKey": str(2**126), "EndingHashKey": str(2**127 - 1)},
        },
    ]


def test_the_end_of_merged_shards_names_their_child(kinesis: Any) -> None:
    merge(kinesis)
    for parent in (FIRST, SECOND):
        (child,) = read(kinesis, parent)["ChildShards"]
        assert child["ShardId"] == THIRD
        assert child["ParentShards"] == [FIRST, SECOND]


def test_before_its_end_a_closed_shard_names_no_children(kinesis: Any) -> None:
    put(kinesis, "a", "7")
    put(kinesis, "a", "7")
    split(kinesis)
    answer = kinesis.get_records(ShardIterator=iterator(kinesis, FIRST), Limit=1)
    assert "ChildShards" not in answer
    answer = kinesis.get_records(ShardIterator=answer["NextShardIterator"], Limit=1)
    assert len(answer["ChildShards"]) == 2


def test_a_closed_shard_has_an_ending_sequence_number_after_its_records(kinesis: Any) -> None:
    number = put(kinesis, "a", "7")["SequenceNumber"]
    split(kinesis)
    parent, untouched, *children = [shard["SequenceNumberRange"] for shard in shards(kinesis)]
    assert int(parent["EndingSequenceNumber"]) > int(number)
    assert "EndingSequenceNumber" not in untouched
    for child in children:
        assert int(child["StartingSequenceNumber"]) > int(parent["EndingSequenceNumber"])


def test_a_closed_shard_cannot_be_split_or_merged_again(kinesis: Any) -> None:
    split(kinesis)
    text = refusal(split, kinesis=kinesis)
    assert text == (
        f"InvalidArgumentException: Shard {FIRST} in stream {STREAM} under account 123456789012 "
        "has already been merged or split, and thus is not eligible for merging or splitting."
    )
    assert "has already been merged or split" in refusal(merge, kinesis=kinesis)
    assert ids(shards(kinesis)) == [FIRST, SECOND, THIRD, FOURTH]


@pytest.mark.parametrize("key", [0, 1, 2**127 - 1, 2**127, 2**128 - 1])
def test_a_shard_is_split_between_its_ends_only(kinesis: Any, key: int) -> None:
    text = refusal(split, kinesis=kinesis, key=key)
    assert text == (
        f"InvalidArgumentException: NewStartingHashKey {key} used in SplitShard() on shard {FIRST} "
        f"in stream {STREAM} under account 123456789012 is not both greater than one plus the "
        f"shard's StartingHashKey 0 and less than the shard's EndingHashKey {2**127 - 1}."
    )


def test_only_neighbours_are_merged_and_the_lower_is_named_first(kinesis: Any) -> None:
    split(kinesis)
    for pair in [(SECOND, FOURTH), (THIRD, SECOND)]:
        assert refusal(merge, kinesis=kinesis, shard=pair[0], adjacent=pair[1]) == (
            f"InvalidArgumentException: Shards {pair[0]} and {pair[1]} in stream {STREAM} under "
            "account 123456789012 are not an adjacent pair of shards eligible for merging"
        )
    merge(kinesis, FOURTH, SECOND)
    assert ranges(shards(kinesis, ShardFilter={"Type": "AT_LATEST"})) == [
        (0, 2**126 - 1),
        (2**126, 2**128 - 1),
    ]


@pytest.mark.parametrize("target", [1, 2, 3, 4])
def test_uniform_scaling_makes_equal_shards(lab: Lab, clocked: Any, target: int) -> None:
    put(clocked, "a", "7")
    split(clocked, key=1000)
    merge(clocked, FOURTH, SECOND)
    answer = scale(clocked, target)
    assert answer["CurrentShardCount"] == 2
    assert answer["TargetShardCount"] == target
    clocked.create_stream(StreamName="even", ShardCount=target)
    listed = shards(clocked, ShardFilter={"Type": "AT_LATEST"})
    assert ranges(listed) == ranges(clocked.list_shards(StreamName="even")["Shards"])
    assert summary(clocked)["OpenShardCount"] == target
    assert len(read(clocked, FIRST)["Records"]) == 1


def test_scaling_moves_a_border_by_a_single_key(kinesis: Any) -> None:
    merge(kinesis)
    split(kinesis, THIRD, 2**127 + 1)
    scale(kinesis, 2)
    listed = shards(kinesis, ShardFilter={"Type": "AT_LATEST"})
    assert ranges(listed) == [(0, 2**127 - 1), (2**127, 2**128 - 1)]


def test_doubling_splits_every_shard_and_halving_merges_the_pairs(kinesis: Any) -> None:
    scale(kinesis, 4)
    children = shards(kinesis)[2:]
    assert [shard["ParentShardId"] for shard in children] == [FIRST, FIRST, SECOND, SECOND]
    scale(kinesis, 2)
    merged = shards(kinesis)[6:]
    assert [(s["ParentShardId"], s["AdjacentParentShardId"]) for s in merged] == [
        (THIRD, FOURTH),
        ("shardId-000000000004", "shardId-000000000005"),
    ]
    assert put(kinesis, "a", LAST_HASH_KEY)["ShardId"] == "shardId-000000000007"


def test_scaling_goes_to_at_most_double_and_at_least_half(kinesis: Any) -> None:
    assert refusal(scale, kinesis=kinesis, target=5) == (
        "LimitExceededException: UpdateShardCount cannot scale up over double your current open "
        "shard count. Current open shard count: 2 Target shard count: 5"
    )
    scale(kinesis, 3)
    assert refusal(scale, kinesis=kinesis, target=1) == (
        "LimitExceededException: UpdateShardCount cannot scale down below half your current open "
        "shard count. Current open shard count: 3 Target shard count: 1"
    )


def test_a_stream_is_scaled_ten_times_in_24_hours(lab: Lab, clocked: Any) -> None:
    for target in (4, 2) * 5:
        scale(clocked, target)
    first = lab.clock.now()
    assert refusal(scale, kinesis=clocked, target=4).startswith("LimitExceededException: ")
    lab.clock.advance(DAY - (lab.clock.now() - first).total_seconds())
    scale(clocked, 4)


def test_scaling_by_arn_answers_with_name_and_arn(kinesis: Any) -> None:
    arn = summary(kinesis)["StreamARN"]
    answer = kinesis.update_shard_count(
        StreamARN=arn, TargetShardCount=4, ScalingType="UNIFORM_SCALING"
    )
    assert (answer["StreamName"], answer["StreamARN"]) == (STREAM, arn)


def test_an_on_demand_stream_starts_with_four_open_shards(either: Any) -> None:
    mode = {"StreamMode": "ON_DEMAND"}
    either.create_stream(StreamName="on-demand", StreamModeDetails=mode)
    summary = either.describe_stream_summary(StreamName="on-demand")["StreamDescriptionSummary"]
    assert summary["StreamModeDetails"] == mode
    assert len(either.list_shards(StreamName="on-demand")["Shards"]) == 4


def test_a_shard_count_belongs_to_provisioned_streams(kinesis: Any) -> None:
    mode = {"StreamMode": "ON_DEMAND"}
    create = kinesis.create_stream
    text = refusal(create, StreamName="x", ShardCount=1, StreamModeDetails=mode)
    assert text.endswith("ShardCount is not expected when StreamMode=ON_DEMAND")
    text = refusal(create, StreamName="x")
    assert "Value null at 'shardCount'" in text


def test_an_on_demand_stream_is_not_resharded_by_hand(kinesis: Any) -> None:
    kinesis.update_stream_mode(
        StreamARN=summary(kinesis)["StreamARN"], StreamModeDetails={"StreamMode": "ON_DEMAND"}
    )
    for reshard in (split, merge):
        assert refusal(reshard, kinesis=kinesis) == (
            f"ValidationException: Request is invalid. Stream {STREAM} under account "
            "123456789012 is in On-Demand mode."
        )
    assert "is in On-Demand mode" in refusal(scale, kinesis=kinesis, target=4)


def test_a_stream_changes_its_mode_twice_in_24_hours_and_keeps_its_shards(
    lab: Lab, clocked: Any
) -> None:
    arn = summary(clocked)["StreamARN"]

    def change(mode: str) -> None:
        clocked.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": mode})

    change("PROVISIONED")
    change("ON_DEMAND")
    change("PROVISIONED")
    assert refusal(change, mode="ON_DEMAND").startswith("LimitExceededException: ")
    assert summary(clocked)["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert ids(shards(clocked)) == [FIRST, SECOND]
    lab.clock.advance(DAY)
    change("ON_DEMAND")


def test_a_distribution_that_the_lab_does_not_know_is_refused(clocked: Any) -> None:
    text = refusal(
        clocked.create_stream, StreamName="x", ShardCount=1, RecordDistributionStrategy="AUTO"
    )
    assert text.startswith("InvalidArgumentException: ")


def test_shards_are_listed_by_filter(lab: Lab, clocked: Any) -> None:
    before = lab.clock.now()
    lab.clock.advance(60)
    split(clocked)
    at_split = lab.clock.now()

    def listed(kind: str, **more: Any) -> list[str]:
        return ids(shards(clocked, ShardFilter={"Type": kind, **more}))

    everything = [FIRST, SECOND, THIRD, FOURTH]
    assert listed("FROM_TRIM_HORIZON") == everything
    assert listed("AT_TRIM_HORIZON") == [FIRST, SECOND]
    assert listed("AT_LATEST") == [SECOND, THIRD, FOURTH]
    assert listed("AFTER_SHARD_ID", ShardId=SECOND) == [THIRD, FOURTH]
    assert listed("AT_TIMESTAMP", Timestamp=before) == [FIRST, SECOND]
    assert listed("AT_TIMESTAMP", Timestamp=at_split) == [SECOND, THIRD, FOURTH]
    assert listed("FROM_TIMESTAMP", Timestamp=before) == everything
    assert listed("FROM_TIMESTAMP", Timestamp=at_split) == [SECOND, THIRD, FOURTH]
    assert listed("AT_TIMESTAMP", Timestamp=before - timedelta(days=1)) == [FIRST, SECOND]
    text = refusal(shards, kinesis=clocked, ShardFilter={"Type": "SOME"})
    assert "Value 'SOME' at 'shardFilter.type'" in text


def test_shards_are_listed_page_by_page(kinesis: Any) -> None:
    split(kinesis)
    only = {"Type": "AT_LATEST"}
    first = kinesis.list_shards(StreamName=STREAM, MaxResults=2, ShardFilter=only)
    rest = kinesis.list_shards(NextToken=first["NextToken"], MaxResults=2)
    assert [ids(first["Shards"]), ids(rest["Shards"])] == [[SECOND, THIRD], [FOURTH]]
    assert "NextToken" not in rest
    assert ids(shards(kinesis, ExclusiveStartShardId=SECOND)) == [THIRD, FOURTH]
    assert "NextToken is invalid" in refusal(kinesis.list_shards, NextToken="made up")
    both = {"NextToken": first["NextToken"], "StreamName": STREAM}
    assert "cannot be provided together" in refusal(kinesis.list_shards, **both)


def test_a_stream_is_described_page_by_page(kinesis: Any) -> None:
    split(kinesis)
    described = kinesis.describe_stream(StreamName=STREAM, Limit=3)["StreamDescription"]
    assert described["HasMoreShards"]
    assert described["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    pages = kinesis.get_paginator("describe_stream").paginate(StreamName=STREAM, Limit=3)
    shard_ids = [ids(page["StreamDescription"]["Shards"]) for page in pages]
    assert shard_ids == [[FIRST, SECOND, THIRD], [FOURTH]]


class Consumer:
    """Reads a stream as the documentation advises: a child when all its parents have ended."""

    def __init__(self, kinesis: Any) -> None:
        self._kinesis = kinesis
        self._iterators: dict[str, str | None] = {}
        self.records: list[tuple[str, str]] = []

    def round(self, limit: int = 3) -> None:
        for shard in shards(self._kinesis):
            parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")} - {None}
            ended = all(p in self._iterators and self._iterators[p] is None for p in parents)
            if shard["ShardId"] not in self._iterators and ended:
                self._iterators[shard["ShardId"]] = iterator(self._kinesis, shard["ShardId"])
        for shard_id, existing in self._iterators.items():
            if existing:
                answer = self._kinesis.get_records(ShardIterator=existing, Limit=limit)
                self._iterators[shard_id] = answer.get("NextShardIterator")
                self.records += [
                    (record["PartitionKey"], record["SequenceNumber"])
                    for record in answer["Records"]
                ]

    def drain(self) -> None:
        seen = -1
        while seen != (seen := len(self.records) + len(self._iterators)):
            self.round()
            self.round()


def some_open_shard(kinesis: Any, choice: int) -> dict[str, Any]:
    listed = shards(kinesis, ShardFilter={"Type": "AT_LATEST"})
    listed.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
    return listed[choice % len(listed)]


def act(kinesis: Any, clock: LabClock, consumer: Consumer, action: tuple[str, int]) -> Any:
    """What one step of a history does; a put gives back the key and its sequence number."""
    kind, choice = action
    if kind == "put":
        key = f"key-{choice % 7}"
        return key, put(kinesis, key)["SequenceNumber"]
    if kind == "read":
        consumer.round(limit=choice % 4 + 1)
    elif kind == "wait":
        clock.advance(choice % 5)
    elif kind == "scale":
        count = len(shards(kinesis, ShardFilter={"Type": "AT_LATEST"}))
        scale(kinesis, max((count + 1) // 2, min(2 * count, choice + 1)))
    else:
        reshard(kinesis, kind, choice)
    return None


def reshard(kinesis: Any, kind: str, choice: int) -> None:
    shard = some_open_shard(kinesis, choice)
    low = int(shard["HashKeyRange"]["StartingHashKey"])
    high = int(shard["HashKeyRange"]["EndingHashKey"])
    if kind == "split":
        split(kinesis, shard["ShardId"], (low + high) // 2)
        return
    neighbour = some_open_shard(kinesis, choice + 1)
    if int(neighbour["HashKeyRange"]["StartingHashKey"]) == high + 1:
        merge(kinesis, shard["ShardId"], neighbour["ShardId"])


KINDS = st.sampled_from(["put", "put", "put", "put", "read", "wait", "split", "merge"])
HISTORIES = st.tuples(
    st.lists(st.tuples(KINDS, st.integers(0, 1000)), max_size=40),
    st.lists(st.integers(0, 5), max_size=3),
)


@pytest.mark.exhaustive(1)
@settings(max_examples=examples(10, of=40), deadline=None, suppress_health_check=list(HealthCheck))
@given(history=HISTORIES)
def test_every_record_is_read_exactly_once_and_in_the_order_of_its_key(history: Any) -> None:
    actions, scalings = history
    clock = LabClock()
    for number, target in enumerate(scalings):
        actions.insert(min(len(actions), 9 * number), ("scale", target))
    with applied(streams.patches(clock)), bare_kinesis() as kinesis:
        consumer = Consumer(kinesis)
        done = [act(kinesis, clock, consumer, action) for action in actions]
        consumer.drain()
        open_ranges = ranges(shards(kinesis, ShardFilter={"Type": "AT_LATEST"}))
    written = [entry for entry in done if entry]
    assert sorted(consumer.records) == sorted(written)
    for key in {key for key, _ in written}:
        assert [r for r in consumer.records if r[0] == key] == [w for w in written if w[0] == key]
    starts = [start for start, _ in open_ranges]
    assert [0] + [end + 1 for _, end in open_ranges] == [*starts, 2**128]


@pytest.mark.exhaustive(1)
@settings(max_examples=examples(10, of=30), deadline=None, suppress_health_check=list(HealthCheck))
@given(pauses=st.lists(st.integers(0, 8), min_size=1, max_size=25))
def test_exactly_the_records_within_the_retention_can_be_read(pauses: list[int]) -> None:
    clock, written = LabClock(), []
    with applied(streams.patches(clock)), bare_kinesis() as kinesis:
        for hours in pauses:
            written.append((clock.timestamp(), put(kinesis, "a", "7")["SequenceNumber"]))
            clock.advance(hours * HOUR)
        read_numbers = numbers(read(kinesis, FIRST))
    assert read_numbers == [number for at, number in written if clock.timestamp() - at <= DAY]


def test_a_pipe_that_was_idle_for_ten_minutes_goes_on_where_it_was(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("Phone", 5)))
    built.clock.advance(600)
    receipt = built.publish(QuantityChanged("Phone", 2))
    assert built.settle(receipt, timeout=5)
    assert built.inventory().loc["Phone", "quantity"] == 7
