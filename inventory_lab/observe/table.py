"""Every item of the inventory table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.domain.errors import BrokenItem
from inventory_lab.domain.inventory import Item
from inventory_lab.exceptions import NotBuilt
from inventory_lab.function.store import to_item
from inventory_lab.resources.account import Account


@dataclass(frozen=True, slots=True)
class Contents:
    """The table's items by product id; in `broken` the attributes of those that cannot be read, with
    the error that says why.
    """

    items: dict[str, Item] = field(default_factory=dict)
    broken: dict[str, tuple[Mapping[str, Any], BrokenItem]] = field(default_factory=dict)


def read(account: Account) -> Contents:
    """All items, read consistently: active products, tombstones, placeholders, and broken ones.

    Raises NotBuilt.
    """
    found = Contents()
    try:
        for attributes in _scan(account):
            _sort_in(found, attributes)
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise NotBuilt("table", account.settings.name("table")) from exc
    return found


def _sort_in(found: Contents, attributes: Mapping[str, Any]) -> None:
    try:
        item = to_item(attributes)
    except BrokenItem as exc:
        found.broken[exc.product_id] = attributes, exc
    else:
        found.items[item.product_id] = item


def _scan(account: Account) -> Iterator[Mapping[str, Any]]:
    pages = (
        account.client("dynamodb").get_paginator("scan").paginate(
            TableName=account.settings.name("table"), ConsistentRead=True
        )
    )  # fmt: skip
    for page in pages:
        yield from page["Items"]
