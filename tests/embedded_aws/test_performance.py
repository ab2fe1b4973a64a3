"""The quicker roads through moto give the answers of the slow ones."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

import boto3
import moto.core.responses
import pytest
from botocore import parsers
from botocore.exceptions import ClientError
from moto.core.models import MockAWS
from moto.core.request import Request
from moto.dynamodb.parsing.validators import UpdateExpressionValidator
from moto.sns.models import Subscription
from moto.sqs.responses import SQSResponse

from inventory_lab.embedded_aws import performance as speed
from inventory_lab.embedded_aws.patching import applied

UPDATES: list[dict[str, Any]] = [
    {"UpdateExpression": "SET stock = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}},
    {"UpdateExpression": "SET stock = :a", "ExpressionAttributeValues": {":a": {"S": "text"}}},
    {
        "UpdateExpression": "SET #s = :a, stock = :b REMOVE old",
        "ExpressionAttributeNames": {"#s": "status"},
        "ExpressionAttributeValues": {":a": {"S": "active"}, ":b": {"M": {"x": {"N": "1"}}}},
    },
    {
        "UpdateExpression": "ADD number_ :a SET stock = :b",
        "ExpressionAttributeValues": {":a": {"N": "5"}, ":b": {"B": b"bytes"}},
    },
    {"UpdateExpression": "ADD stock :a", "ExpressionAttributeValues": {":a": {"N": "5"}}},
    {"UpdateExpression": "ADD number_ :a", "ExpressionAttributeValues": {":a": {"S": "5"}}},
    {
        "UpdateExpression": "SET number_ = number_ + :a",
        "ExpressionAttributeValues": {":a": {"N": "5"}},
    },
    {"UpdateExpression": "SET status = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}},
    {"UpdateExpression": "SET product_id = :a", "ExpressionAttributeValues": {":a": {"S": "x"}}},
    {
        "UpdateExpression": "SET stock = :a, stock = :a",
        "ExpressionAttributeValues": {":a": {"N": "1"}},
    },
    {"UpdateExpression": "SET stock = :missing", "ExpressionAttributeValues": {":a": {"N": "1"}}},
    {"UpdateExpression": "SET stock.x = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}},
    {"UpdateExpression": "REMOVE stock, number_"},
    {"UpdateExpression": "DELETE tags :a", "ExpressionAttributeValues": {":a": {"SS": ["x"]}}},
    {"UpdateExpression": "SET stock = "},
    {"UpdateExpression": "SET indexed = :a", "ExpressionAttributeValues": {":a": {"S": "ok"}}},
    {"UpdateExpression": "SET indexed = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}},
]


def table() -> Any:
    dynamodb = boto3.client("dynamodb", region_name="us-east-1")
    dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "product_id", "AttributeType": "S"},
            {"AttributeName": "indexed", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_indexed",
                "KeySchema": [{"AttributeName": "indexed", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


def faster() -> AbstractContextManager[None]:
    return applied(speed.patches())


def answers(context: Callable[[], Any]) -> list[Any]:
    """What every update answers and leaves, each made twice in a row on two items."""
    collected: list[Any] = []
    mock = MockAWS()
    mock.start()
    try:
        with context():
            dynamodb = table()
            for update in UPDATES:
                collected += [answer(dynamodb, key, update) for key in ("Phone", "Phone", "Watch")]
            pages = dynamodb.scan(TableName="t")["Items"]
            collected.append(sorted(pages, key=lambda item: str(item["product_id"])))
    finally:
        mock.stop()
    return collected


def answer(dynamodb: Any, key: str, update: dict[str, Any]) -> Any:
    try:
        given = dynamodb.update_item(
            TableName="t", Key={"product_id": {"S": key}}, ReturnValues="ALL_NEW", **update
        )
    except ClientError as exc:
        return exc.response["Error"]
    return given["Attributes"]


def test_updates_answer_and_leave_what_bare_moto_does() -> None:
    assert answers(faster) == answers(nullcontext)


@pytest.mark.parametrize(("context", "remembered"), [(faster, True), (nullcontext, False)])
def test_an_expression_that_passed_is_not_validated_again(
    context: Callable[[], Any], remembered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    validated: list[Any] = []
    validate = UpdateExpressionValidator.validate
    monkeypatch.setattr(
        UpdateExpressionValidator, "validate", lambda self: validated.append(1) or validate(self)
    )
    mock = MockAWS()
    mock.start()
    try:
        with context():
            dynamodb = table()
            counts = []
            for _ in range(3):
                answer(dynamodb, "Phone", UPDATES[0])
                counts.append(len(validated))
    finally:
        mock.stop()
    assert (counts == [1, 1, 1]) is remembered


@pytest.mark.parametrize("context", [faster, nullcontext])
def test_a_queue_still_counts_its_messages_when_asked(context: Callable[[], Any]) -> None:
    mock = MockAWS()
    mock.start()
    try:
        with context():
            sqs = boto3.client("sqs", region_name="us-east-1")
            url = sqs.create_queue(QueueName="q")["QueueUrl"]
            for text in "abc":
                sqs.send_message(QueueUrl=url, MessageBody=text)
            sqs.receive_message(QueueUrl=url)
            counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    finally:
        mock.stop()
    assert counts["ApproximateNumberOfMessages"] == "2"
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_the_operations_of_a_service_are_those_that_moto_lists() -> None:
    listed = moto.core.responses.method_names_from_class(SQSResponse)
    with faster():
        assert moto.core.responses.method_names_from_class(SQSResponse) == listed
        assert "send_message" in listed


def test_all_subscriptions_sign_with_one_key_of_2048_bits() -> None:
    topic = SimpleNamespace(arn="arn:aws:sns:us-east-1:123456789012:alerts")
    with faster():
        one, other = (Subscription("123456789012", topic, "e", "sqs") for _ in range(2))
        assert one.private_key() is other.private_key()
        assert one.private_key().key_size == 2048
    assert one.private_key() is not other.private_key()


@pytest.mark.parametrize("letters", [399_000, 404_900, 405_100])
def test_the_limit_of_an_item_is_where_bare_moto_has_it(letters: int) -> None:
    def store(context: Callable[[], Any]) -> Any:
        mock = MockAWS()
        mock.start()
        try:
            with context():
                dynamodb = table()
                text = {"S": "é" * (letters // 2)}
                values = {":a": text, ":b": {"M": {"x": {"S": "y" * 80}}}}
                update = {
                    "UpdateExpression": "SET stock = :a, nested = :b",
                    "ExpressionAttributeValues": values,
                }
                return answer(dynamodb, "Phone", update)
        finally:
            mock.stop()

    assert store(faster) == store(nullcontext)


def test_the_times_of_an_answer_are_those_that_botocore_works_out() -> None:
    parser = parsers.JSONParser()
    seconds = [
        0,
        1.5,
        1_767_603_601.25,
        1_774_749_600,
        1_793_502_000.5,
        -1,
        1e15,
        "2026-01-05",
        None,
    ]
    bare = [_time(parser, value) for value in seconds]
    with faster():
        assert [_time(parser, value) for value in seconds] == bare


def _time(parser: Any, value: Any) -> Any:
    try:
        moment = parser._handle_timestamp(None, value)
    except (ValueError, TypeError, OverflowError) as exc:
        return type(exc)
    return moment, moment.utcoffset(), moment.fold, moment.tzinfo


def test_the_records_of_a_stream_are_read_as_bare_botocore_reads_them() -> None:
    def read(context: Callable[[], Any]) -> Any:
        mock = MockAWS()
        mock.start()
        try:
            with context():
                kinesis = boto3.client("kinesis", region_name="us-east-1")
                kinesis.create_stream(StreamName="s", ShardCount=1)
                for data in (b"", b"\x00\xff", "Café".encode()):
                    kinesis.put_record(StreamName="s", PartitionKey="é", Data=data)
                shard = {"StreamName": "s", "ShardId": "shardId-000000000000"}
                iterator = kinesis.get_shard_iterator(**shard, ShardIteratorType="TRIM_HORIZON")
                records = kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
                return [{**r, "ApproximateArrivalTimestamp": None} for r in records]
        finally:
            mock.stop()

    assert read(faster) == read(nullcontext)


REQUESTS: list[tuple[str, str, dict[str, Any], Any]] = [
    ("POST", "https://kinesis.us-east-1.amazonaws.com/", {"X-Amz-Target": "a", "Content-Type": "x"}, b"{}"),
    ("POST", "https://sqs.us-east-1.amazonaws.com/", {"X-Amz-Date": b"now", "Content-Length": "9"}, b"a"),
    ("POST", "https://sns.us-east-1.amazonaws.com/", {"transfer-encoding": "chunked"}, b""),
    ("POST", "https://lambda.us-east-1.amazonaws.com/a%20b/c?d=e%2F&f", {"User-Agent": "u"}, b"\xff"),
    ("POST", "http://localhost:8000/x//y", {"x-amz-meta-a_b": "1"}, b"x"),
    ("POST", "https://iam.amazonaws.com/", {"Host": "elsewhere"}, "text"),
    ("GET", "https://s3.amazonaws.com/b?k", {"Range": "bytes=0-1"}, None),
]  # fmt: skip


def environ_of(request: tuple[str, str, dict[str, Any], Any]) -> dict[str, Any]:
    built = Request.from_primitives(*request)
    environ = dict(built.environ, **{"wsgi.input": built.get_data(), "wsgi.errors": None})
    return {key: value for key, value in environ.items() if not key.startswith("werkzeug.")}


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request[1])
def test_a_request_is_what_moto_builds(request_: tuple[str, str, dict[str, Any], Any]) -> None:
    expected = environ_of(request_)
    with applied(speed.patches()):
        assert environ_of(request_) == expected
        assert environ_of(request_) == expected  # and so is the next one
