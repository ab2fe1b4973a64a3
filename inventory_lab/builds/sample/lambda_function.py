"""The handler of this repository: the lab's own, and a line in the log for each batch."""

from __future__ import annotations

from typing import Any

from inventory_lab.function.handler import handle as update_inventory


def summary(keys: list[str]) -> str:
    """How many records of how many products a batch has."""
    return f"{len(keys)} records of {len(set(keys))} products"


def handle(event: Any, context: Any) -> dict[str, Any]:
    """The Lambda entry point."""
    records = event if isinstance(event, list) else event["Records"]
    keys = [record["partitionKey"] for record in records if "partitionKey" in record]
    print("summary:", summary(keys))
    return update_inventory(event, context)
