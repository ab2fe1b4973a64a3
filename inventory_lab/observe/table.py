"""Every item of the inventory table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.domain.errors import BrokenItem
from inventory_lab.domain.inventory import Item
from inventory_lab.exceptions import NotBuilt
from inventory_lab.function.store import to_item
from inventory_lab.resources.account import Account


@dataclass(frozen=True, slots=True)
class Broken:
    """An item that cannot be read: its attributes, the problem, and the watermarks if those can be read."""

    attributes: Mapping[str, Any]
    problem: BrokenItem
    watermarks: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Contents:
    """The table's items by product id: `items`, and `broken` for those that cannot be read. `expires` is
    the `expires_at` of the items that have one, in epoch seconds.
    """

    items: dict[str, Item] = field(default_factory=dict)
    broken: dict[str, Broken] = field(default_factory=dict)
    expires: dict[str, int] = field(default_factory=dict)

    def memory(self, product_id: str) -> Item | None:
        """The item; for a broken one an item that has only its watermarks; None when there is neither."""
        if product_id in self.broken:
            return Item(product_id, watermarks=self.broken[product_id].watermarks)
        return self.items.get(product_id)


def read(account: Account) -> Contents:
    """All items, read consistently: active products, tombstones, placeholders, and broken ones.

    Raises NotBuilt.
    """
    contents = Contents()
    try:
        for attributes in _scan(account):
            _sort_in(contents, attributes)
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise NotBuilt("table", account.settings.name("table")) from exc
    return contents


def _sort_in(contents: Contents, attributes: Mapping[str, Any]) -> None:
    try:
        item = to_item(attributes)
    except BrokenItem as exc:
        contents.broken[exc.product_id] = Broken(attributes, exc, _watermarks(attributes))
    else:
        contents.items[item.product_id] = item
        if "N" in attributes.get("expires_at", {}):
            contents.expires[item.product_id] = int(Decimal(attributes["expires_at"]["N"]))


def _watermarks(attributes: Mapping[str, Any]) -> Mapping[str, int]:
    names = ("product_id", "watermarks")
    try:
        return to_item({n: attributes[n] for n in names if n in attributes}).watermarks
    except BrokenItem:
        return {}


def _scan(account: Account) -> Iterator[Mapping[str, Any]]:
    pages = (
        account.client("dynamodb").get_paginator("scan").paginate(
            TableName=account.settings.name("table"), ConsistentRead=True
        )
    )  # fmt: skip
    for page in pages:
        yield from page["Items"]
