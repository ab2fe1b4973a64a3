"""What a shard takes and gives in a second of lab time, switched on by Settings(shard_limits=True)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from inventory_lab import Lab, Settings, connect, simulate
from inventory_lab.embedded_aws.kinesis.limits import ShardLimits, Window
from inventory_lab.exceptions import WrongSetting

STREAM = "e-commerce-streaming"
FIRST = "shardId-000000000000"
EXCEEDED = "ProvisionedThroughputExceededException"
TEXT = f"Rate exceeded for shard {FIRST} in stream {STREAM} under account 123456789012."
ONE_TRY = Config(retries={"total_max_attempts": 1})
MEBIBYTE = 1024 * 1024


@pytest.fixture
def limited() -> Iterator[Lab]:
    with connect(settings=Settings(shard_limits=True)) as lab:
        lab.build(through="stream")
        yield lab


@pytest.fixture
def kinesis(limited: Lab) -> Any:
    """A client that does not try again."""
    return limited.session("root").client("kinesis", config=ONE_TRY)


def put(kinesis: Any, size: int = 100, hash_key: str = "7") -> Any:
    data = b"x" * (size - 1)
    return kinesis.put_record(
        StreamName=STREAM, PartitionKey="k", Data=data, ExplicitHashKey=hash_key
    )


def put_many(kinesis: Any, count: int, hash_key: str = "7") -> Any:
    record = {"PartitionKey": "k", "Data": b"x", "ExplicitHashKey": hash_key}
    return kinesis.put_records(StreamName=STREAM, Records=[record] * count)


def read(kinesis: Any, shard: str = FIRST) -> Any:
    answer = kinesis.get_shard_iterator(
        StreamName=STREAM, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )
    return kinesis.get_records(ShardIterator=answer["ShardIterator"])


def assert_throttled(caught: pytest.ExceptionInfo[ClientError]) -> None:
    answer = caught.value.response
    assert answer["Error"] == {"Code": EXCEEDED, "Message": TEXT}
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_without_the_setting_a_shard_takes_and_gives_any_amount(lab: Lab) -> None:
    lab.build(through="stream")
    kinesis = lab.session("root").client("kinesis", config=ONE_TRY)
    for _ in range(4):
        assert put_many(kinesis, 500)["FailedRecordCount"] == 0
        put(kinesis, MEBIBYTE)
    assert [len(read(kinesis)["Records"]) for _ in range(6)] == [2004] * 6


def test_a_shard_takes_a_thousand_records_a_second(limited: Lab, kinesis: Any) -> None:
    assert [put_many(kinesis, 500)["FailedRecordCount"] for _ in range(2)] == [0, 0]
    with pytest.raises(ClientError) as caught:
        put(kinesis)
    assert_throttled(caught)
    limited.clock.advance(0.999)
    with pytest.raises(ClientError):
        put(kinesis)
    limited.clock.advance(0.001)
    put(kinesis)


def test_a_shard_takes_a_mebibyte_a_second_with_the_keys(limited: Lab, kinesis: Any) -> None:
    put(kinesis, MEBIBYTE - 100)
    put(kinesis, 100)
    with pytest.raises(ClientError) as caught:
        put(kinesis, 1)
    assert_throttled(caught)
    limited.clock.advance(1)
    put(kinesis, MEBIBYTE)


def test_every_shard_has_its_own_limits(kinesis: Any) -> None:
    put(kinesis, MEBIBYTE)
    put(kinesis, MEBIBYTE, hash_key=str(2**128 - 1))


def test_put_records_answers_200_and_names_the_error_of_every_record_refused(kinesis: Any) -> None:
    put_many(kinesis, 500)
    put_many(kinesis, 499)
    other = {"PartitionKey": "k", "Data": b"x", "ExplicitHashKey": str(2**128 - 1)}
    first = other | {"ExplicitHashKey": "7"}
    answer = kinesis.put_records(StreamName=STREAM, Records=[first, other, first, other])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["FailedRecordCount"] == 1
    stored, refused = {"SequenceNumber", "ShardId"}, {"ErrorCode", "ErrorMessage"}
    assert [set(entry) for entry in answer["Records"]] == [stored, stored, refused, stored]
    assert answer["Records"][2] == {"ErrorCode": EXCEEDED, "ErrorMessage": TEXT}


def test_put_records_answers_200_also_when_every_record_fails(kinesis: Any) -> None:
    put(kinesis, MEBIBYTE)
    assert put_many(kinesis, 3)["FailedRecordCount"] == 3


def test_a_smaller_record_may_still_fit_where_a_larger_one_was_refused(kinesis: Any) -> None:
    put(kinesis, MEBIBYTE - 100)
    with pytest.raises(ClientError):
        put(kinesis, 101)
    put(kinesis, 100)


def test_a_record_larger_than_a_second_is_taken_and_paid_off(limited: Lab, kinesis: Any) -> None:
    arn = limited.account.stream_arn()
    kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=10_240)
    put(kinesis, 4 * MEBIBYTE)
    limited.clock.advance(3.9)
    with pytest.raises(ClientError):
        put(kinesis)
    limited.clock.advance(0.1)
    put(kinesis)


def test_a_shard_answers_five_reads_a_second_of_all_readers(limited: Lab, kinesis: Any) -> None:
    another = limited.session("root").client("kinesis", config=ONE_TRY)
    for reader in (kinesis, another, kinesis, another, kinesis):
        read(reader)
    with pytest.raises(ClientError) as caught:
        read(another)
    assert_throttled(caught)
    read(kinesis, "shardId-000000000001")
    limited.clock.advance(1)
    read(another)


def test_a_shard_gives_two_mebibytes_a_second(limited: Lab, kinesis: Any) -> None:
    put(kinesis, MEBIBYTE)
    for _ in range(2):
        read(kinesis)
    with pytest.raises(ClientError) as caught:
        read(kinesis)
    assert_throttled(caught)


def test_after_a_read_of_ten_mebibytes_a_shard_gives_nothing_for_five_seconds(
    limited: Lab, kinesis: Any
) -> None:
    for _ in range(10):
        put(kinesis, MEBIBYTE)
        limited.clock.advance(1)
    assert len(read(kinesis)["Records"]) == 10
    limited.clock.advance(4.9)
    with pytest.raises(ClientError) as caught:
        read(kinesis)
    assert_throttled(caught)
    limited.clock.advance(0.1)
    read(kinesis)


def test_a_client_that_tries_again_waits_in_lab_time(limited: Lab) -> None:
    kinesis = limited.session("root").client(
        "kinesis", config=Config(retries={"total_max_attempts": 12, "mode": "legacy"})
    )
    before = limited.clock.now()
    put(kinesis, MEBIBYTE)
    put(kinesis, MEBIBYTE)
    assert (limited.clock.now() - before).total_seconds() >= 1


def test_the_publisher_gets_everything_through_and_the_counts_stay_exact() -> None:
    with connect(settings=Settings(shard_limits=True, shards=1)) as lab:
        lab.build()
        receipt = lab.publish(simulate(events=4_000, products=20, seed=7))
        assert receipt.published == 4_000
        assert receipt.sent_again > 0
        assert lab.settle(receipt)
        assert lab.reconcile().exact


AMOUNTS = st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 100)), max_size=60)


@given(steps=AMOUNTS)
def test_no_second_ever_sees_more_than_the_limit(steps: list[tuple[int, int]]) -> None:
    window, now, taken = Window(100), 0.0, []
    for milliseconds, amount in steps:
        now += milliseconds / 1000
        recent = sum(a for at, a in taken if now < at + 1.0)
        assert window.fits(now, amount) == (recent + amount <= 100)
        if window.fits(now, amount):
            window.take(now, amount)
            taken.append((now, amount))


def test_the_setting_is_on_or_off() -> None:
    with pytest.raises(WrongSetting, match="shard_limits"):
        Settings(shard_limits="yes")  # type: ignore[arg-type]


def test_a_refused_record_counts_nothing() -> None:
    limits = ShardLimits()
    assert limits.write(0, MEBIBYTE)
    assert not any(limits.write(0.5, 10) for _ in range(2000))
    assert limits.write(1, 10)
