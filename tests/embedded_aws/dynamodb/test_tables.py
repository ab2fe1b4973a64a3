"""Items of DynamoDB go when the lab's clock has passed their time to live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends

from inventory_lab import Lab, ProductAdded, ProductRemoved, connect
from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.dynamodb.patches import tables
from inventory_lab.embedded_aws.patching import applied
from tests.bare_moto import bare_moto

TABLE = "sessions"
HOUR = 3600
YEAR = 365 * 24 * HOUR
LONG_PAST = 1_500_000_000 + 8 * YEAR
"""In July 2025: before lab time and before real time, less than five years ago."""


def make(dynamodb: Any) -> Any:
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[
            {"AttributeName": "user", "KeyType": "HASH"},
            {"AttributeName": "page", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("user", "page", "shop")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_shop",
                "KeySchema": [{"AttributeName": "shop", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"},
    )
    enable(dynamodb, True)
    return dynamodb


def enable(dynamodb: Any, enabled: bool) -> None:
    dynamodb.update_time_to_live(
        TableName=TABLE,
        TimeToLiveSpecification={"Enabled": enabled, "AttributeName": "expires_at"},
    )


@contextmanager
def lab_dynamodb() -> Iterator[Any]:
    with connect() as lab:
        yield make(lab.session("root").client("dynamodb"))


@contextmanager
def bare_dynamodb() -> Iterator[Any]:
    with bare_moto():
        yield make(boto3.client("dynamodb", region_name="us-east-1"))


@pytest.fixture(
    params=[lab_dynamodb, pytest.param(bare_dynamodb, marks=pytest.mark.xfail(reason="bare moto"))]
)
def dynamodb(request: pytest.FixtureRequest) -> Iterator[Any]:
    place: Callable[[], Any] = request.param
    with place() as client:
        yield client


@pytest.fixture
def clocked(lab: Lab) -> Any:
    """A client of the lab's; the test moves the lab's clock."""
    return make(lab.session("root").client("dynamodb"))


def key(page: str) -> dict[str, Any]:
    return {"user": {"S": "anna"}, "page": {"S": page}}


def put(dynamodb: Any, page: str, expires_at: Any) -> None:
    item = key(page) | {"shop": {"S": "berlin"}, "expires_at": expires_at}
    dynamodb.put_item(TableName=TABLE, Item=item)


def put_both(dynamodb: Any) -> None:
    """An item that has expired, and one that never will."""
    put(dynamodb, "old", {"N": str(LONG_PAST)})
    put(dynamodb, "young", {"N": "99999999999"})


def pages(answer: dict[str, Any]) -> list[str]:
    return [item["page"]["S"] for item in answer["Items"]]


def get(dynamodb: Any, page: str) -> Any:
    return dynamodb.get_item(TableName=TABLE, Key=key(page)).get("Item")


def test_get_item_does_not_find_an_expired_item(dynamodb: Any) -> None:
    put_both(dynamodb)
    assert get(dynamodb, "old") is None
    assert get(dynamodb, "young") is not None


def test_get_item_still_projects(clocked: Any) -> None:
    put_both(clocked)
    answer = clocked.get_item(TableName=TABLE, Key=key("young"), ProjectionExpression="shop")
    assert answer["Item"] == {"shop": {"S": "berlin"}}


def test_batch_get_item_does_not_find_an_expired_item(dynamodb: Any) -> None:
    put_both(dynamodb)
    asked = {TABLE: {"Keys": [key("old"), key("young")]}}
    answer = dynamodb.batch_get_item(RequestItems=asked)
    assert [item["page"]["S"] for item in answer["Responses"][TABLE]] == ["young"]
    assert answer["UnprocessedKeys"] == {}


def test_query_does_not_find_an_expired_item(dynamodb: Any) -> None:
    put_both(dynamodb)
    values = {":u": {"S": "anna"}}
    answer = dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="#u = :u",
        ExpressionAttributeNames={"#u": "user"},
        ExpressionAttributeValues=values,
    )
    assert pages(answer) == ["young"]


def test_a_query_on_an_index_does_not_find_an_expired_item(dynamodb: Any) -> None:
    put_both(dynamodb)
    answer = dynamodb.query(
        TableName=TABLE,
        IndexName="by_shop",
        KeyConditionExpression="shop = :s",
        ExpressionAttributeValues={":s": {"S": "berlin"}},
    )
    assert pages(answer) == ["young"]


@pytest.mark.parametrize("index", [{}, {"IndexName": "by_shop"}])
def test_scan_does_not_find_an_expired_item(dynamodb: Any, index: dict[str, str]) -> None:
    put_both(dynamodb)
    answer = dynamodb.scan(TableName=TABLE, **index)
    assert pages(answer) == ["young"]
    assert answer["Count"] == answer["ScannedCount"] == 1


def test_a_statement_does_not_find_an_expired_item(dynamodb: Any) -> None:
    put_both(dynamodb)
    answer = dynamodb.execute_statement(Statement='SELECT * FROM "sessions"')
    assert pages(answer) == ["young"]


def test_a_conditional_put_takes_an_expired_item_for_absent(dynamodb: Any) -> None:
    put_both(dynamodb)
    dynamodb.put_item(
        TableName=TABLE, Item=key("old"), ConditionExpression="attribute_not_exists(page)"
    )
    with pytest.raises(ClientError, match="The conditional request failed"):
        dynamodb.put_item(
            TableName=TABLE, Item=key("young"), ConditionExpression="attribute_not_exists(page)"
        )


def test_an_update_starts_from_nothing_when_the_item_has_expired(dynamodb: Any) -> None:
    put_both(dynamodb)
    answer = dynamodb.update_item(
        TableName=TABLE,
        Key=key("old"),
        UpdateExpression="ADD visits :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="ALL_NEW",
    )
    assert answer["Attributes"] == key("old") | {"visits": {"N": "1"}}


def test_a_conditional_update_or_delete_of_an_expired_item_fails(dynamodb: Any) -> None:
    put_both(dynamodb)
    condition = {
        "ConditionExpression": "attribute_exists(page)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with pytest.raises(ClientError) as caught:
        dynamodb.update_item(
            TableName=TABLE, Key=key("old"), UpdateExpression="REMOVE shop", **condition
        )
    assert "Item" not in caught.value.response
    with pytest.raises(ClientError, match="The conditional request failed"):
        dynamodb.delete_item(TableName=TABLE, Key=key("old"), **condition)


def test_a_delete_of_an_expired_item_returns_nothing_old(dynamodb: Any) -> None:
    put_both(dynamodb)
    answer = dynamodb.delete_item(TableName=TABLE, Key=key("old"), ReturnValues="ALL_OLD")
    assert "Attributes" not in answer


def test_a_transaction_takes_an_expired_item_for_absent(dynamodb: Any) -> None:
    put_both(dynamodb)
    check = {
        "TableName": TABLE,
        "Key": key("old"),
        "ConditionExpression": "attribute_not_exists(page)",
    }
    dynamodb.transact_write_items(TransactItems=[{"ConditionCheck": check}])


def test_an_item_goes_when_the_clock_is_past_its_time_and_not_before(
    lab: Lab, clocked: Any
) -> None:
    put(clocked, "soon", {"N": str(int(lab.clock.timestamp()) + 60)})
    lab.clock.advance(60)
    assert get(clocked, "soon") is not None
    lab.clock.advance(0.001)
    assert get(clocked, "soon") is None


def test_a_time_with_a_fraction_or_an_exponent_counts(lab: Lab, clocked: Any) -> None:
    put(clocked, "fraction", {"N": str(Decimal(lab.clock.timestamp()) + Decimal("0.5"))})
    put(clocked, "exponent", {"N": "1.7676E9"})
    assert pages(clocked.scan(TableName=TABLE)) == ["fraction"]
    lab.clock.advance(1)
    assert pages(clocked.scan(TableName=TABLE)) == []


@pytest.mark.parametrize(
    "value", [{"S": str(LONG_PAST)}, {"L": [{"N": "1"}]}, {"NULL": True}, {"NS": ["1"]}]
)
def test_an_attribute_of_another_type_is_ignored(clocked: Any, value: Any) -> None:
    put(clocked, "kept", value)
    assert get(clocked, "kept") is not None
    assert pages(clocked.scan(TableName=TABLE)) == ["kept"]


def test_a_time_more_than_five_years_back_is_ignored(lab: Lab, clocked: Any) -> None:
    five_years_back = int(lab.clock.timestamp()) - 5 * YEAR
    put(clocked, "milliseconds-by-mistake", {"N": str(five_years_back - 1)})
    put(clocked, "gone", {"N": str(five_years_back)})
    assert pages(clocked.scan(TableName=TABLE)) == ["milliseconds-by-mistake"]


def test_without_time_to_live_items_stay(lab: Lab, clocked: Any) -> None:
    lab.clock.advance(HOUR)
    enable(clocked, False)
    put_both(clocked)
    assert get(clocked, "old") is not None
    assert pages(clocked.scan(TableName=TABLE)) == ["old", "young"]
    lab.clock.advance(HOUR)
    enable(clocked, True)
    assert pages(clocked.scan(TableName=TABLE)) == ["young"]


@pytest.mark.parametrize(
    ("specification", "problem"),
    [
        ((True, "expires_at"), "TimeToLive is already enabled"),
        ((True, "until"), "TimeToLive is active on a different AttributeName"),
        ((False, "expires_at"), "modified multiple times within a fixed interval"),
    ],
)
def test_time_to_live_is_not_changed_twice_in_an_hour(
    specification: tuple[bool, str], problem: str, clocked: Any
) -> None:
    enabled, attribute = specification
    with pytest.raises(ClientError, match=problem):
        clocked.update_time_to_live(
            TableName=TABLE,
            TimeToLiveSpecification={"Enabled": enabled, "AttributeName": attribute},
        )


def test_disabled_time_to_live_is_not_disabled(lab: Lab, clocked: Any) -> None:
    lab.clock.advance(HOUR)
    enable(clocked, False)
    with pytest.raises(ClientError, match="TimeToLive is already disabled"):
        enable(clocked, False)


def test_an_expired_item_is_really_deleted(lab: Lab, clocked: Any) -> None:
    put_both(clocked)
    assert clocked.describe_table(TableName=TABLE)["Table"]["ItemCount"] == 2
    clocked.scan(TableName=TABLE)
    assert clocked.describe_table(TableName=TABLE)["Table"]["ItemCount"] == 1


def test_the_deletion_shows_in_the_stream_of_the_table_once() -> None:
    with applied(tables.patches(LabClock())), bare_dynamodb() as dynamodb:
        put_both(dynamodb)
        dynamodb.scan(TableName=TABLE)
        get(dynamodb, "old")
        table = dynamodb_backends["123456789012"]["us-east-1"].tables[TABLE]
        records = [entry.to_json() for entry in table.stream_shard.items]
    assert [record["eventName"] for record in records] == ["INSERT", "INSERT", "REMOVE"]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("visits + :n <= :n", "Syntax error; .*starting at:\\+ :n <= :n"),
        ("visits =< :n", "Syntax error"),
        ("attribute_not_exists page", "Syntax error"),
        ("visits <= :n AND", "Syntax error"),
        ("visits <= :most", ":most is used in it and not defined"),
        ("#visits <= :n", "#visits is used in it and not defined"),
    ],
)
def test_a_condition_that_cannot_be_read_is_refused_and_changes_nothing(
    dynamodb: Any, condition: str, message: str
) -> None:
    request = {
        "TableName": TABLE,
        "Key": key("young"),
        "ExpressionAttributeValues": {":n": {"N": "1"}},
    }
    dynamodb.update_item(UpdateExpression="SET visits = :n", **request)
    with pytest.raises(ClientError, match=message) as caught:
        dynamodb.update_item(
            UpdateExpression="ADD visits :n", ConditionExpression=condition, **request
        )
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert get(dynamodb, "young")["visits"] == {"N": "1"}


KEY = {"user": {"S": "ana"}, "page": {"S": "/"}}


@pytest.mark.parametrize(
    "condition", [{}, {"ConditionExpression": "attribute_not_exists(n) OR n < :n"}]
)
@pytest.mark.parametrize("text", ["--3", "NaN", "Infinity", "1_000", ""])
def test_a_text_that_is_not_a_number_is_refused_and_changes_nothing(
    clocked: Any, condition: dict[str, str], text: str
) -> None:
    request = {"TableName": TABLE, "Key": KEY, "UpdateExpression": "ADD n :n", **condition}
    with pytest.raises(ClientError, match=f"to a numeric value: {text}$") as raised:
        clocked.update_item(**request, ExpressionAttributeValues={":n": {"N": text}})
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    clocked.update_item(**request, ExpressionAttributeValues={":n": {"N": "-3"}})
    assert clocked.get_item(TableName=TABLE, Key=KEY)["Item"]["n"] == {"N": "-3"}


@pytest.mark.parametrize("operation", ["get_item", "update_item", "delete_item"])
def test_a_key_of_another_type_is_refused(clocked: Any, operation: str) -> None:
    for user in ({"N": "7"}, {"M": {"S": {"S": "ana"}}}):
        with pytest.raises(ClientError, match="The provided key element does not match the schema"):
            getattr(clocked, operation)(TableName=TABLE, Key=KEY | {"user": user})


def test_a_removed_product_leaves_the_table_after_its_tombstone_days(built: Lab) -> None:
    built.settle(built.publish([ProductAdded("Phone", 1), ProductRemoved("Phone")]))
    scan = built.session("root").client("dynamodb").scan
    days = built.settings.tombstone_days * 24 * 3600
    built.clock.advance(days - 60)
    assert scan(TableName="inventory")["Count"] == 1
    built.clock.advance(120)
    assert scan(TableName="inventory")["Count"] == 0
