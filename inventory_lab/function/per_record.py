"""The simple design, for comparison: one UpdateItem ADD for each record, and DeleteItem for a removal.

It is easy to read, and it counts correctly until a record is delivered twice, a sale exceeds the stock,
or a removed product is sold. It does not remember what it has applied.
"""

from __future__ import annotations

from typing import Any

from inventory_lab.domain.errors import MalformedEvent
from inventory_lab.domain.events import (
    InventoryEvent,
    ProductAdded,
    ProductRemoved,
    QuantityChanged,
    parse_event,
)
from inventory_lab.domain.inventory import Record, Thresholds, crossing
from inventory_lab.function.batch import log_report, read_batch, required, whole_number
from inventory_lab.function.clients import client
from inventory_lab.function.context import LambdaContext


def handle(event: object, context: LambdaContext | None) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda entry point: applies every record on its own, in the order of the batch."""
    batch = read_batch(event)
    records = batch.records
    applied = sum(_apply(record) for record in records)
    log_report({"records": len(records), "applied": applied, "rejected": len(records) - applied})
    return batch.failures([])


def _apply(record: Record) -> bool:
    """False for a record that is not an event; the simple design skips it."""
    try:
        event = parse_event(record.data)
    except MalformedEvent as problem:
        print(f"skipped {record.record_id}: {problem}")
        return False
    if isinstance(event, ProductRemoved):
        client("dynamodb").delete_item(
            TableName=required("TABLE_NAME"), Key={"product_id": {"S": event.product_id}}
        )
    else:
        _add(event)
    return True


def _add(event: InventoryEvent) -> None:
    change = _change(event)
    answer = client("dynamodb").update_item(
        TableName=required("TABLE_NAME"),
        Key={"product_id": {"S": event.product_id}},
        UpdateExpression="ADD quantity :change SET updated_at = :at",
        ExpressionAttributeValues={":change": {"N": str(change)}, ":at": {"S": event.occurred_at}},
        ReturnValues="UPDATED_NEW",
    )
    stock = int(answer["Attributes"]["quantity"]["N"])
    thresholds = Thresholds(high=whole_number("HIGH_STOCK"), low=whole_number("LOW_STOCK"))
    if alert := crossing(stock - change, stock, thresholds):
        client("sns").publish(
            TopicArn=required("ALERT_TOPIC_ARN"),
            Message=f"{alert.capitalize()} stock of {event.product_id}: {stock} pieces",
        )


def _change(event: InventoryEvent) -> int:
    if isinstance(event, ProductAdded):
        return event.quantity
    return event.delta if isinstance(event, QuantityChanged) else 0
