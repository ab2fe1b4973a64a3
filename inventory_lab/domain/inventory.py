"""The fold: how one stored record changes one product's item. Pure and total.

A record is tested in this order. The first test that is true decides:

1. Its sequence number is at or below the shard's watermark: a redelivered record, a duplicate.
2. It is not an event: rejected.
3. Its partition key is not the event's product: rejected. The memory is not read or changed.
4. The memory contains its fact: a duplicate. The memory cannot decide: rejected as TooOldToTell.
5. The product's state does not allow it: rejected. Otherwise it is applied. In both cases the memory
   contains the fact from now on.

Each item keeps the watermarks of the last four shards that its product was in, and the memory of
`memory.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

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
    """The status of a product; the item of an `unknown` product is a placeholder for its watermarks."""

    ACTIVE = "active"
    REMOVED = "removed"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """The result of processing one record."""

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


_MISMATCH = "the partition key is not the product_id, so the order of its events is not kept"
_TOO_OLD = "the item no longer knows whether it has processed this event; redrive it: that reads the stream to find out"


class Alert(StrEnum):
    """Which stock threshold was crossed."""

    HIGH = "high"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """An alert is sent when the stock rises above `high` or falls below `low` pieces."""

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
    """The state of one product; its key is the partition key of the product's records.

    `quantity` is 0 unless the product is active. `writer` is the name of the last writer. `high_stock`
    and `low_stock` are the product's own thresholds; the fold does not change them.
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


class Stock(NamedTuple):
    """The status and the quantity of a product after an event."""

    status: Status
    quantity: int


class Objection(NamedTuple):
    """Why the state of a product does not allow an event."""

    reason: Reason
    detail: str


Rule: TypeAlias = Callable[[Item, Any], Stock | Objection]
"""Returns what an event of one kind does to a product. It is pure, and called only for new facts."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one record, and the item before and after it; `event` is None if it was not parsed."""

    verdict: Verdict
    record: Record
    before: Item
    item: Item
    event: InventoryEvent | None = None
    reason: Reason | None = None
    detail: str = ""


def apply(item: Item | None, record: Record) -> Outcome:
    """The outcome of one record for the item of its partition key; `item` is None when there is none.

    It never raises. A record that cannot be applied is a duplicate or is rejected, with a reason.

    >>> from inventory_lab.domain.events import encode_event
    >>> data = encode_event(ProductAdded("Phone", 18, occurred_at="2026-01-05T09:00:00Z"))
    >>> outcome = apply(None, Record("shardId-000000000000", 1, "Phone", data, 0))
    >>> outcome.verdict, outcome.item.quantity
    (<Verdict.APPLIED: 'applied'>, 18)
    >>> apply(outcome.item, outcome.record).reason
    <Reason.REDELIVERED_RECORD: 'RedeliveredRecord'>
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
    if known := _known(before, record, event):
        verdict, reason, detail = known
        after = replace(before, watermarks=watermarks)
        return Outcome(verdict, record, before, after, event, reason, detail)
    return _by_rule(before, record, event, watermarks)


def fold(item: Item | None, records: Iterable[Record]) -> list[Outcome]:
    """The outcomes of one partition key's records, in order; each changes the item of the one before.

    >>> bad = [Record("shardId-000000000000", number, "Phone", b"{", 0) for number in (1, 2)]
    >>> [outcome.reason.value for outcome in fold(None, bad)]
    ['MalformedEvent', 'MalformedEvent']
    """
    outcomes: list[Outcome] = []
    for record in records:
        outcome = apply(item, record)
        item = outcome.item
        outcomes.append(outcome)
    return outcomes


def alert_for(outcome: Outcome, thresholds: Thresholds) -> Alert | None:
    """The threshold that an applied event crossed, if any.

    Before it was added, a product has 0 pieces. A removed product causes no alert.
    """
    if outcome.verdict is not Verdict.APPLIED or outcome.item.status is not Status.ACTIVE:
        return None
    limits = thresholds_of(outcome.item, thresholds)
    return crossing(outcome.before.quantity, outcome.item.quantity, limits)


def thresholds_of(item: Item, otherwise: Thresholds) -> Thresholds:
    """The product's own thresholds; a threshold that it does not have comes from `otherwise`.

    >>> thresholds_of(Item("Phone", low_stock=3), Thresholds(high=1000, low=10))
    Thresholds(high=1000, low=3)
    """
    high = otherwise.high if item.high_stock is None else item.high_stock
    low = otherwise.low if item.low_stock is None else item.low_stock
    return Thresholds(high, low)


def crossing(before: int, after: int, thresholds: Thresholds) -> Alert | None:
    """The threshold between two quantities: high when it is crossed upwards, low when downwards.

    >>> crossing(12, 8, Thresholds(high=1000, low=10))
    <Alert.LOW: 'low'>
    """
    if before <= thresholds.high < after:
        return Alert.HIGH
    if before >= thresholds.low > after:
        return Alert.LOW
    return None


def _known(item: Item, record: Record, event: InventoryEvent) -> tuple[Verdict, Reason, str] | None:
    """The verdict on an event that no rule has to decide; None for a fact that is new to the item."""
    if event.product_id != record.partition_key:
        return Verdict.REJECTED, Reason.PARTITION_KEY_MISMATCH, _MISMATCH
    recall = item.memory.recall(event)
    if recall is Recall.PROCESSED:
        detail = f"event {event.event_id} was processed before"
        return Verdict.DUPLICATE, Reason.REPEATED_EVENT, detail
    if recall is Recall.UNSURE:
        return Verdict.REJECTED, Reason.TOO_OLD_TO_TELL, _TOO_OLD
    return None


def _by_rule(
    item: Item, record: Record, event: InventoryEvent, watermarks: Mapping[str, int]
) -> Outcome:
    """The outcome by the rule for this kind of event; the memory contains the fact from now on."""
    result = RULES[type(event)](item, event)
    if isinstance(result, Objection):
        memory = item.memory.with_processed(event, applied=False)
        after = replace(item, watermarks=watermarks, memory=memory)
        return Outcome(Verdict.REJECTED, record, item, after, event, result.reason, result.detail)
    after = replace(
        item,
        status=result.status,
        quantity=result.quantity,
        watermarks=watermarks,
        memory=item.memory.with_processed(event, applied=True),
        applied_count=item.applied_count + 1,
        updated_at=event.occurred_at,
    )
    return Outcome(Verdict.APPLIED, record, item, after, event)


def _added(item: Item, event: ProductAdded) -> Stock | Objection:
    if item.status is Status.ACTIVE:
        detail = f"it is active with {item.quantity} in stock"
        return Objection(Reason.PRODUCT_ALREADY_EXISTS, detail)
    return Stock(Status.ACTIVE, event.quantity)


def _removed(item: Item, event: ProductRemoved) -> Stock | Objection:  # noqa: ARG001
    return _unknown(item) or Stock(Status.REMOVED, 0)


def _changed(item: Item, event: QuantityChanged) -> Stock | Objection:
    if objection := _unknown(item):
        return objection
    if item.quantity + event.delta < 0:
        detail = f"{item.quantity} in stock, the change is {event.delta}"
        return Objection(Reason.INSUFFICIENT_STOCK, detail)
    return Stock(Status.ACTIVE, item.quantity + event.delta)


def _unknown(item: Item) -> Objection | None:
    if item.status is Status.ACTIVE:
        return None
    return Objection(Reason.UNKNOWN_PRODUCT, f"the product is {item.status}, not active")


RULES: dict[type[InventoryEvent], Rule] = {
    ProductAdded: _added,
    ProductRemoved: _removed,
    QuantityChanged: _changed,
}
"""The rule of each kind of event in `events.KINDS`."""


def _advanced(watermarks: Mapping[str, int], record: Record) -> dict[str, int]:
    if len(watermarks) < KEPT_WATERMARKS or record.shard_id in watermarks:
        return {**watermarks, record.shard_id: record.sequence_number}
    others = dict(watermarks)
    newest = sorted(others, key=others.__getitem__)[-(KEPT_WATERMARKS - 1) :]
    return {shard: others[shard] for shard in newest} | {record.shard_id: record.sequence_number}
