"""Every item of the inventory table."""

from __future__ import annotations

from collections.abc import Iterator

from inventory_lab.domain.inventory import Item
from inventory_lab.function.store import to_item
from inventory_lab.resources.account import Account


def items(account: Account) -> Iterator[Item]:
    """All items, read consistently: active products, tombstones and placeholders."""
    pages = (
        account.client("dynamodb").get_paginator("scan").paginate(
            TableName=account.settings.name("table"), ConsistentRead=True
        )
    )  # fmt: skip
    for page in pages:
        yield from (to_item(attributes) for attributes in page["Items"])
