"""Somebody edits the table by hand."""

from __future__ import annotations

from typing import Any

from inventory_lab import Lab


def damage(lab: Lab, product_id: str, **attributes: Any) -> None:
    """Set attributes of an item, given as DynamoDB has them; without any, delete it."""
    dynamodb, key = lab.session("root").client("dynamodb"), {"product_id": {"S": product_id}}
    if not attributes:
        dynamodb.delete_item(TableName="inventory", Key=key)
        return
    dynamodb.update_item(
        TableName="inventory",
        Key=key,
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        ExpressionAttributeNames={f"#{name}": name for name in attributes},
        ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
    )
