"""The fold: how one stored record changes one product's item. Pure and total.

A record is tested in this order. The first test that holds decides:

1. Its sequence number is at or below the shard's watermark: a redelivered record, a duplicate.
2. It is not an event: rejected.
3. Its partition key is not the event's product: rejected. The memory is neither asked nor changed.
4. The memory holds its fact: a duplicate. The memory cannot tell: rejected as TooOldToTell.
5. The product's state does not allow it: rejected. Otherwise it is applied. Either way the memory
   holds the fact from now on.

Each item keeps the watermarks of the last four shards that its product was in, and the memory of
`memory.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from inventory_lab.domain.errors import MalformedEvent
from inventory_lab.domain.events import (
    InventoryEvent,
    ProductAdded,
    ProductRemoved,
    QuantityChanged,
    parse_event,
)
from inventory_lab.domain.memory import EMPTY, Memory, Recall

KEPT_WATERMARKS = 4


class Status(StrEnum):
    """What the item knows of its product; `unknown` is a placeholder that only holds watermarks."""

    ACTIVE = "active"
    REMOVED = "removed"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """What became of one record."""

    APPLIED = "applied"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"


class Reason(StrEnum):
    """Why a record was not applied."""

    MALFORMED_EVENT = "MalformedEvent"
    PARTITION_KEY_MISMATCH = "PartitionKeyMismatch"
    PRODUCT_ALREADY_EXISTS = "ProductAlreadyExists"
    UNKNOWN_PRODUCT = "UnknownProduct"
    INSUFFICIENT_STOCK = "InsufficientStock"
    TOO_OLD_TO_TELL = "TooOldToTell"
    REDELIVERED_RECORD = "RedeliveredRecord"
    REPEATED_EVENT = "RepeatedEvent"


_REMEMBERED = {
    Reason.PRODUCT_ALREADY_EXISTS,
    Reason.UNKNOWN_PRODUCT,
    Reason.INSUFFICIENT_STOCK,
}
_MISMATCH = "the partition key is not the product_id, so the order of its events is not kept"
_TOO_OLD = "the item no longer knows whether it has processed this event; redrive it, which asks the stream"


class Alert(StrEnum):
    """Which stock threshold was crossed."""

    HIGH = "high"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Stock above `high` or below `low` pieces is worth an alert when it gets there."""

    high: int
    low: int


@dataclass(frozen=True, slots=True)
class Record:
    """One stored Kinesis record; `arrived_at` in epoch seconds."""

    shard_id: str
    sequence_number: int
    partition_key: str
    data: bytes
    arrived_at: float

    @property
    def record_id(self) -> str:
        """Shard id, colon, sequence number: what Lambda and EventBridge Pipes call `eventID`."""
        return f"{self.shard_id}:{self.sequence_number}"


@dataclass(frozen=True, slots=True)
class Item:
    """The state of one product, keyed like its records by partition key; `quantity` is 0 unless active,
    `writer` is who wrote it last. `high_stock` and `low_stock` are the product's own thresholds, which
    the fold leaves alone.
    """

    product_id: str
    status: Status = Status.UNKNOWN
    quantity: int = 0
    watermarks: Mapping[str, int] = field(default_factory=dict)
    memory: Memory = EMPTY
    applied_count: int = 0
    version: int = 0
    updated_at: str = ""
    writer: str = ""
    high_stock: int | None = None
    low_stock: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one record and the item after it; `event` is None when it was not parsed."""

    verdict: Verdict
    record: Record
    before: Item
    item: Item
    event: InventoryEvent | None = None
    reason: Reason | None = None
    detail: str = ""


def apply(item: Item | None, record: Record) -> Outcome:
    """The outcome of one record on the item of its partition key (None: no item yet).

    Never raises: what cannot be applied is a duplicate or rejected, with its reason.
    """
    before = item or Item(record.partition_key)
    if record.sequence_number <= before.watermarks.get(record.shard_id, -1):
        return Outcome(
            Verdict.DUPLICATE, record, before, before, reason=Reason.REDELIVERED_RECORD,
            detail="this record was processed before",
        )  # fmt: skip
    watermarks = _advanced(before.watermarks, record)
    try:
        event = parse_event(record.data)
    except MalformedEvent as exc:
        processed = replace(before, watermarks=watermarks)
        return Outcome(
            Verdict.REJECTED, record, before, processed, None, Reason.MALFORMED_EVENT, str(exc)
        )
    verdict, reason, detail = _decide(before, record, event)
    if verdict is Verdict.APPLIED:
        after = _applied(before, event, watermarks)
    elif verdict is Verdict.REJECTED and reason in _REMEMBERED:
        memory = before.memory.with_processed(event, applied=False)
        after = replace(before, watermarks=watermarks, memory=memory)
    else:
        after = replace(before, watermarks=watermarks)
    return Outcome(verdict, record, before, after, event, reason, detail)


def fold(item: Item | None, records: Iterable[Record]) -> list[Outcome]:
    """The outcomes of one partition key's records, in order, each on the item the last one left."""
    outcomes: list[Outcome] = []
    for record in records:
        outcome = apply(item, record)
        item = outcome.item
        outcomes.append(outcome)
    return outcomes


def alert_for(outcome: Outcome, thresholds: Thresholds) -> Alert | None:
    """The threshold that an applied event crossed, if any.

    A product that was not active counts as 0 before; one that was removed has no stock to warn about.
    """
    if outcome.verdict is not Verdict.APPLIED or outcome.item.status is not Status.ACTIVE:
        return None
    limits = thresholds_of(outcome.item, thresholds)
    return crossing(outcome.before.quantity, outcome.item.quantity, limits)


def thresholds_of(item: Item, otherwise: Thresholds) -> Thresholds:
    """The product's own thresholds; where it has none, the others."""
    high = otherwise.high if item.high_stock is None else item.high_stock
    low = otherwise.low if item.low_stock is None else item.low_stock
    return Thresholds(high, low)


def crossing(before: int, after: int, thresholds: Thresholds) -> Alert | None:
    """The threshold that lies between two stocks: high when crossed upwards, low downwards."""
    if before <= thresholds.high < after:
        return Alert.HIGH
    if before >= thresholds.low > after:
        return Alert.LOW
    return None


def _decide(
    item: Item, record: Record, event: InventoryEvent
) -> tuple[Verdict, Reason | None, str]:
    if event.product_id != record.partition_key:
        return Verdict.REJECTED, Reason.PARTITION_KEY_MISMATCH, _MISMATCH
    known = item.memory.recall(event)
    if known is Recall.PROCESSED:
        detail = f"event {event.event_id} was processed before"
        return Verdict.DUPLICATE, Reason.REPEATED_EVENT, detail
    if known is Recall.UNSURE:
        return Verdict.REJECTED, Reason.TOO_OLD_TO_TELL, _TOO_OLD
    reason, detail = _objection(item, event)
    return (Verdict.REJECTED if reason else Verdict.APPLIED), reason, detail


def _objection(item: Item, event: InventoryEvent) -> tuple[Reason | None, str]:
    active = item.status is Status.ACTIVE
    if isinstance(event, ProductAdded):
        if active:
            return Reason.PRODUCT_ALREADY_EXISTS, f"it is active with {item.quantity} in stock"
        return None, ""
    if not active:
        return Reason.UNKNOWN_PRODUCT, f"the product is {item.status}, not active"
    if isinstance(event, QuantityChanged) and item.quantity + event.delta < 0:
        return Reason.INSUFFICIENT_STOCK, f"{item.quantity} in stock, the change is {event.delta}"
    return None, ""


def _applied(item: Item, event: InventoryEvent, watermarks: Mapping[str, int]) -> Item:
    status, quantity = Status.ACTIVE, item.quantity
    if isinstance(event, ProductAdded):
        quantity = event.quantity
    elif isinstance(event, ProductRemoved):
        status, quantity = Status.REMOVED, 0
    elif isinstance(event, QuantityChanged):
        quantity += event.delta
    return replace(
        item,
        status=status,
        quantity=quantity,
        watermarks=watermarks,
        memory=item.memory.with_processed(event, applied=True),
        applied_count=item.applied_count + 1,
        updated_at=event.occurred_at,
    )


def _advanced(watermarks: Mapping[str, int], record: Record) -> dict[str, int]:
    if len(watermarks) < KEPT_WATERMARKS or record.shard_id in watermarks:
        return {**watermarks, record.shard_id: record.sequence_number}
    others = dict(watermarks)
    newest = sorted(others, key=others.__getitem__)[-(KEPT_WATERMARKS - 1) :]
    return {shard: others[shard] for shard in newest} | {record.shard_id: record.sequence_number}
