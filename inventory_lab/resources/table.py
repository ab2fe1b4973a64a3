"""The DynamoDB table of current stock: on demand, keyed by product, tombstones expire."""

from __future__ import annotations

from typing import Any

from inventory_lab.resources.account import TAGS, Account, unless_missing

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
    return account.arn("dynamodb", f"table/{name}")


def describe(account: Account) -> dict[str, Any] | None:
    """DescribeTable's description, or None when there is no table."""
    call = account.client("dynamodb").describe_table
    answer = unless_missing(_MISSING, call, TableName=account.settings.name("table"))
    return None if answer is None else dict(answer["Table"])


def delete(account: Account) -> None:
    """Delete the table with all its items."""
    call = account.client("dynamodb").delete_table
    unless_missing(_MISSING, call, TableName=account.settings.name("table"))
