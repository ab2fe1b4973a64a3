"""Checks of the patches of DynamoDB."""

from __future__ import annotations

from typing import Any

from tests.embedded_aws.patch_checks import Aws, check, outcome

LONG_PAST = {"N": "1760000000"}


@check("ConditionExpressionParser.parse", "ValidationException")
def a_condition_that_cannot_be_read(aws: Aws) -> str:
    dynamodb = _table(aws)
    condition = {"ConditionExpression": "id =< :a", "ExpressionAttributeValues": {":a": {"S": "x"}}}
    return outcome(lambda: dynamodb.put_item(TableName=aws.name, Item=_key(), **condition))


@check("UpdateExpressionExecutor.execute", {"id": {"S": "a"}, "stock": {"N": "1"}})
def an_item_after_an_update_that_made_it_too_large(aws: Aws) -> Any:
    dynamodb = _table(aws)
    dynamodb.put_item(TableName=aws.name, Item=_key() | {"stock": {"N": "1"}})
    values = {":two": {"N": "2"}, ":large": {"S": "x" * 500_000}}
    update = "SET stock = :two, note = :large"
    request = {"UpdateExpression": update, "ExpressionAttributeValues": values}
    outcome(lambda: dynamodb.update_item(TableName=aws.name, Key=_key(), **request))
    return dynamodb.get_item(TableName=aws.name, Key=_key())["Item"]


@check("Table.get_item", None)
def an_expired_item_by_its_key(aws: Aws) -> Any:
    return _expired(aws).get_item(TableName=aws.name, Key=_key()).get("Item")


@check("Table.all_items", 0)
def expired_items_of_a_scan(aws: Aws) -> Any:
    return _expired(aws).scan(TableName=aws.name)["Count"]


@check("Table.has_idx_items", 0)
def expired_items_of_an_index(aws: Aws) -> Any:
    return _expired(aws).scan(TableName=aws.name, IndexName="by_shop")["Count"]


@check("DynamoDBBackend.update_time_to_live", "ValidationException")
def time_to_live_that_is_enabled_twice(aws: Aws) -> str:
    specification = {"Enabled": True, "AttributeName": "expires_at"}
    request = {"TableName": aws.name, "TimeToLiveSpecification": specification}
    return outcome(lambda: _table(aws).update_time_to_live(**request))


@check("OpLessThan.expr", 0)
def a_string_below_a_number(aws: Aws) -> Any:
    return _matching(aws, "stock < :n", {":n": {"N": "5"}})


@check("OpLessThanOrEqual.expr", 0)
def a_string_up_to_a_number(aws: Aws) -> Any:
    return _matching(aws, "stock <= :n", {":n": {"N": "5"}})


@check("OpGreaterThan.expr", 0)
def a_string_above_a_number(aws: Aws) -> Any:
    return _matching(aws, "stock > :n", {":n": {"N": "5"}})


@check("OpGreaterThanOrEqual.expr", 0)
def a_string_from_a_number_on(aws: Aws) -> Any:
    return _matching(aws, "stock >= :n", {":n": {"N": "5"}})


@check("FuncBetween.expr", 0)
def a_string_between_numbers(aws: Aws) -> Any:
    return _matching(aws, "stock BETWEEN :n AND :m", {":n": {"N": "5"}, ":m": {"N": "9"}})


@check("DynamoHandler.get_item", 2.0)
def units_of_a_large_item(aws: Aws) -> Any:
    return _units(_large(aws).get_item(**_reported(aws), Key=_key(), ConsistentRead=True))


@check("DynamoHandler.query", 2.0)
def units_of_a_query(aws: Aws) -> Any:
    condition = {
        "KeyConditionExpression": "id = :i",
        "ExpressionAttributeValues": {":i": {"S": "a"}},
    }
    return _units(_large(aws).query(**_reported(aws), **condition, ConsistentRead=True))


@check("DynamoHandler.scan", 2.0)
def units_of_a_scan(aws: Aws) -> Any:
    return _units(_large(aws).scan(**_reported(aws), ConsistentRead=True))


@check("Table.query", 2.0)
def units_of_a_query_whose_filter_drops_the_item(aws: Aws) -> Any:
    values = {":i": {"S": "a"}, ":x": {"S": "x"}}
    condition = {"KeyConditionExpression": "id = :i", "FilterExpression": "stock = :x"}
    request = (
        _reported(aws) | condition | {"ExpressionAttributeValues": values, "ConsistentRead": True}
    )
    return _units(_large(aws).query(**request))


@check("Table.scan", 2.0)
def units_of_a_scan_whose_filter_drops_the_item(aws: Aws) -> Any:
    condition = {"FilterExpression": "stock = :x", "ExpressionAttributeValues": {":x": {"S": "x"}}}
    return _units(_large(aws).scan(**_reported(aws), **condition, ConsistentRead=True))


@check("DynamoHandler.put_item", 6.0)
def units_of_a_large_item_that_is_put(aws: Aws) -> Any:
    return _units(_table(aws).put_item(**_reported(aws), Item=_key() | LARGE))


@check("DynamoHandler.update_item", 6.0)
def units_of_an_update_that_makes_an_item_small(aws: Aws) -> Any:
    change = {"UpdateExpression": "REMOVE note"}
    return _units(_large(aws).update_item(**_reported(aws), Key=_key(), **change))


@check("DynamoHandler.delete_item", 6.0)
def units_of_a_large_item_that_is_deleted(aws: Aws) -> Any:
    return _units(_large(aws).delete_item(**_reported(aws), Key=_key()))


LARGE = {"note": {"S": "x" * 6_000}}


def _large(aws: Aws) -> Any:
    dynamodb = _table(aws)
    dynamodb.put_item(TableName=aws.name, Item=_key() | LARGE)
    return dynamodb


def _reported(aws: Aws) -> dict[str, Any]:
    return {"TableName": aws.name, "ReturnConsumedCapacity": "TOTAL"}


def _units(answer: dict[str, Any]) -> float | None:
    capacity = answer.get("ConsumedCapacity", {})
    return capacity.get("CapacityUnits")  # type: ignore[no-any-return]


def _matching(aws: Aws, expression: str, values: dict[str, Any]) -> Any:
    """How many items a filter lets through, or the error's name; the item's stock is a string."""
    dynamodb = _table(aws)
    dynamodb.put_item(TableName=aws.name, Item=_key() | {"stock": {"S": "many"}})
    request = {"FilterExpression": expression, "ExpressionAttributeValues": values}
    try:
        return dynamodb.scan(TableName=aws.name, **request)["Count"]
    except TypeError as exc:
        return type(exc).__name__


def _key() -> dict[str, Any]:
    return {"id": {"S": "a"}}


def _expired(aws: Aws) -> Any:
    dynamodb = _table(aws)
    item = _key() | {"shop": {"S": "berlin"}, "expires_at": LONG_PAST}
    dynamodb.put_item(TableName=aws.name, Item=item)
    return dynamodb


def _table(aws: Aws) -> Any:
    dynamodb = aws.client("dynamodb")
    names = ("id", "shop")
    dynamodb.create_table(
        TableName=aws.name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_shop",
                "KeySchema": [{"AttributeName": "shop", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    specification = {"Enabled": True, "AttributeName": "expires_at"}
    dynamodb.update_time_to_live(TableName=aws.name, TimeToLiveSpecification=specification)
    return dynamodb
