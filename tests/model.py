"""The rules of the contract, written a second time in plain dictionaries, without `domain/`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def model_stock(stored: Iterable[tuple[str, bytes]]) -> tuple[dict[str, int], dict[str, int]]:
    """What (partition key, data) pairs in stored order leave: the stock of each active product, and
    how many were applied, rejected and repeated. Takes well-formed events of one short run: it
    remembers every event id, where the table remembers the last 64.
    """
    stock: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    counts = {"applied": 0, "rejected": 0, "duplicates": 0}
    for key, data in stored:
        event = json.loads(data)
        if (key, event["event_id"]) in seen:
            counts["duplicates"] += 1
        elif key == event["product_id"] and _change(stock, event):
            seen.add((key, event["event_id"]))
            counts["applied"] += 1
        else:
            counts["rejected"] += 1
    return stock, counts


def _change(stock: dict[str, int], event: dict[str, Any]) -> bool:
    product, kind = event["product_id"], event["event_type"]
    if kind == "product_added" and product not in stock:
        stock[product] = event["quantity"]
    elif kind == "product_removed" and product in stock:
        del stock[product]
    elif (
        kind == "quantity_changed"
        and stock.get(product, 0) + event["delta"] >= 0
        and product in stock
    ):
        stock[product] += event["delta"]
    else:
        return False
    return True
