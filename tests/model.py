"""The rules of the contract, written a second time in plain dictionaries, without `domain/`.

It knows nothing of how an item remembers: it keeps every fact that it has seen, without a limit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

Key = tuple[Any, ...]


def model_stock(stored: Iterable[tuple[str, bytes]]) -> tuple[dict[str, int], dict[str, int]]:
    """What (partition key, data) pairs in stored order leave: the stock of each active product, and
    how many were applied, rejected and repeated. Takes well-formed events.
    """
    stock: dict[str, int] = {}
    facts: set[Key] = set()
    counts = {"applied": 0, "rejected": 0, "duplicates": 0}
    for key, data in stored:
        event = json.loads(data)
        names = _names(event)
        if key == event["product_id"] and names & facts:
            counts["duplicates"] += 1
        elif key == event["product_id"]:
            applied = _change(stock, event)
            counts["applied" if applied else "rejected"] += 1
            facts |= {name for name in names if applied or len(name) == 3}
        else:
            counts["rejected"] += 1
    return stock, counts


def _names(event: dict[str, Any]) -> set[Key]:
    """By what a fact is known: its number in its source; and its id, unless the source is its own."""
    product, source = event["product_id"], event.get("source")
    numbered: set[Key] = set() if source is None else {(product, source, event["sequence"])}
    if source is None or "/lab.publish" in source:
        numbered.add((product, event["event_id"]))
    return numbered


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
