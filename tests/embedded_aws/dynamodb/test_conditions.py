"""Conditions of DynamoDB are read as bare moto reads them, but once."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.models import MockAWS
from moto.dynamodb.comparisons import ConditionExpressionParser

from inventory_lab.embedded_aws.dynamodb.patches.conditions import parsed_once
from tests.embedded_aws.test_performance import table

CONDITIONS: list[dict[str, Any]] = [
    {"ConditionExpression": "attribute_not_exists(stock)"},
    {
        "ConditionExpression": "stock = :old AND (attribute_exists(#t) OR stock IN (:old, :other))",
        "ExpressionAttributeNames": {"#t": "type"},
        "ExpressionAttributeValues": {":old": {"N": "1"}, ":other": {"N": "2"}},
    },
    {
        "ConditionExpression": "stock BETWEEN :old AND :other",
        "ExpressionAttributeValues": {":old": {"N": "1"}, ":other": {"N": "2"}},
    },
    {
        "ConditionExpression": "stock BETWEEN :old AND :other",
        "ExpressionAttributeValues": {":old": {"N": "2"}, ":other": {"N": "3"}},
    },
    *(
        {
            "ConditionExpression": "NOT (size(#t) > :old) AND contains(#t, :text)",
            "ExpressionAttributeNames": {"#t": name},
            "ExpressionAttributeValues": {":old": {"N": "9"}, ":text": {"S": "Ph"}},
        }
        for name in ("product_id", "type", "product_id")
    ),
    {"ConditionExpression": "stock = :new", "ExpressionAttributeValues": {":old": {"N": "1"}}},
    {"ConditionExpression": "stock = :old", "ExpressionAttributeValues": {":old": {"N": "1"}}},
    {"ConditionExpression": "stock = :old", "ExpressionAttributeValues": {":old": {"S": "1"}}},
    {
        "ConditionExpression": "stock = :old",
        "ExpressionAttributeValues": {":old": {"N": "1"}, ":unused": {"N": "1"}},
    },
    {
        "ConditionExpression": "((stock = :old))",
        "ExpressionAttributeValues": {":old": {"N": "1"}},
    },
    {"ConditionExpression": "stock = = :old", "ExpressionAttributeValues": {":old": {"N": "1"}}},
    {"ConditionExpression": "stock ? 1"},
]


def outcomes() -> list[Any]:
    """What each condition answers, twice, before and after an item exists."""
    mock = MockAWS()
    mock.start()
    try:
        dynamodb = table()
        return [outcome(dynamodb, c) for _ in range(2) for c in CONDITIONS for _ in range(2)]
    finally:
        mock.stop()


def outcome(dynamodb: Any, condition: dict[str, Any]) -> Any:
    item = {"product_id": {"S": "Phone"}, "stock": {"N": "1"}}
    try:
        dynamodb.put_item(TableName="t", Item=item, **condition)
    except ClientError as exc:
        return exc.response["Error"]
    except (ValueError, KeyError) as exc:
        return repr(exc)
    return "stored"


def test_a_condition_that_is_parsed_once_decides_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    parse = ConditionExpressionParser.parse
    before = outcomes()
    monkeypatch.setattr(ConditionExpressionParser, "parse", parsed_once(parse))
    assert outcomes() == before
