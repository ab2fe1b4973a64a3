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
