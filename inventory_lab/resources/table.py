"""The DynamoDB table of current stock: on demand, keyed by product, tombstones expire."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from inventory_lab.resources.account import TAGS, Account, tags_of, unless_missing
from inventory_lab.resources.deletion import until_gone

_MISSING = ("ResourceNotFoundException",)


def ensure(account: Account) -> str:
    """The table's ARN; made, with its time-to-live, when it is missing."""
    dynamodb, name = account.client("dynamodb"), account.settings.name("table")
    if describe(account) is None:
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=[{"Key": key, "Value": value} for key, value in TAGS.items()],
        )
        dynamodb.get_waiter("table_exists").wait(TableName=name)
        dynamodb.update_time_to_live(
            TableName=name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
        )
    return _arn(account)


def describe(account: Account) -> dict[str, Any] | None:
    """DescribeTable's description, or None when there is no table."""
    call = account.client("dynamodb").describe_table
    answer = unless_missing(_MISSING, call, TableName=account.settings.name("table"))
    return None if answer is None else dict(answer["Table"])


def tags(account: Account) -> dict[str, str] | None:
    """The table's tags, or None when there is no table."""
    pages = account.client("dynamodb").get_paginator("list_tags_of_resource")
    answer = unless_missing(_MISSING, pages.paginate(ResourceArn=_arn(account)).build_full_result)
    return None if answer is None else tags_of(answer.get("Tags", []))


def delete(account: Account, sleep: Callable[[float], None] = time.sleep) -> None:
    """Delete the table with all its items, and wait until it is gone. Raises StillDeleting."""
    name = account.settings.name("table")
    call = partial(account.client("dynamodb").delete_table, TableName=name)
    until_gone(name, lambda: _state(account), call, (*_MISSING, "ResourceInUseException"), sleep)


def _arn(account: Account) -> str:
    return account.arn("dynamodb", f"table/{account.settings.name('table')}")


def _state(account: Account) -> str | None:
    table = describe(account)
    return None if table is None else str(table["TableStatus"])
