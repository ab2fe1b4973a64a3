"""Sizes and units of DynamoDB.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from inventory_lab import connect
from inventory_lab.embedded_aws.dynamodb.capacity import read_units, value_bytes, write_units

PAGE = {"TableName": "orders", "ReturnConsumedCapacity": "TOTAL"}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": ""}, 0), ({"S": "größe"}, 7), ({"N": "0"}, 2), ({"N": "100"}, 2), ({"N": "123"}, 3),
        ({"N": "-123"}, 4), ({"N": "1" * 38}, 20), ({"B": b"abc"}, 3), ({"B": "YWJj"}, 3),
        ({"NULL": True}, 1), ({"BOOL": False}, 1), ({"SS": ["a", "bc"]}, 3), ({"NS": ["1", "22"]}, 4),
        ({"L": []}, 3), ({"L": [{"S": "ab"}, {"N": "1"}]}, 9), ({"M": {"id": {"S": "a"}}}, 7),
    ],
)  # fmt: skip
def test_the_size_of_a_value(value: dict[str, Any], size: int) -> None:
    assert value_bytes(value) == size


@pytest.mark.parametrize(
    ("size", "consistent", "units"),
    [(0, True, 1), (4096, True, 1), (4097, True, 2), (4097, False, 1), (1, False, 0.5)],
)
def test_a_read_unit_is_4_kib_read_consistently(size: int, consistent: bool, units: float) -> None:
    assert read_units(size, consistent) == units


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1024, 1), (1025, 2), (10_240, 10)])
def test_a_write_unit_is_1_kib(size: int, units: float) -> None:
    assert write_units(size) == units


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    """A table of five items of 3 KB."""
    with connect() as lab:
        client = lab.session("root").client("dynamodb")
        client.create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for number in range(5):
            item = {"id": {"S": str(number)}, "note": {"S": "x" * 3_000}, "n": {"N": str(number)}}
            client.put_item(TableName="orders", Item=item)
        yield client


def test_a_scan_reads_all_items_that_its_filter_drops(dynamodb: Any) -> None:
    condition = {"FilterExpression": "n > :n", "ExpressionAttributeValues": {":n": {"N": "3"}}}
    page = dynamodb.scan(**PAGE, **condition, ProjectionExpression="id")
    assert (page["Count"], page["ConsumedCapacity"]["CapacityUnits"]) == (1, 2.0)


def test_each_page_of_a_scan_costs_what_it_reads(dynamodb: Any) -> None:
    first = dynamodb.scan(**PAGE, Limit=3)
    second = dynamodb.scan(**PAGE, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert [page["ConsumedCapacity"]["CapacityUnits"] for page in (first, second)] == [1.5, 1.0]


def test_an_update_costs_by_the_larger_of_the_item_before_and_after(dynamodb: Any) -> None:
    request = {**PAGE, "Key": {"id": {"S": "9"}}}
    values = {"ExpressionAttributeValues": {":note": {"S": "x" * 2_000}}}
    grown = dynamodb.update_item(**request, UpdateExpression="SET note = :note", **values)
    shrunk = dynamodb.update_item(**request, UpdateExpression="REMOVE note")
    units = [answer["ConsumedCapacity"]["CapacityUnits"] for answer in (grown, shrunk)]
    dynamodb.delete_item(TableName="orders", Key=request["Key"])
    assert units == [2.0, 2.0]


def test_without_the_request_nothing_is_reported(dynamodb: Any) -> None:
    key = {"TableName": "orders", "Key": {"id": {"S": "8"}}}
    change = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    assert "ConsumedCapacity" not in dynamodb.update_item(**key, **change)
    assert "ConsumedCapacity" not in dynamodb.delete_item(**key)


def test_a_read_of_an_item_that_does_not_exist_costs_the_least(dynamodb: Any) -> None:
    answer = dynamodb.get_item(**PAGE, Key={"id": {"S": "none"}})
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 0.5
