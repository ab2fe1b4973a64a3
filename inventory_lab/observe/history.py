"""The ledger of a product: every event with its outcome and the stock after it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from inventory_lab.domain.events import (
    InventoryEvent,
    ProductAdded,
    QuantityChanged,
)
from inventory_lab.domain.inventory import Item, Record
from inventory_lab.observe.ledger import Entry, Fate
from inventory_lab.observe.pipeline_state import PipelineState
from inventory_lab.observe.stream import event_in


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a product. `stock` is the quantity after it, 0 when the product is not active."""

    record: Record
    fate: Fate
    event: InventoryEvent | None
    reason: str
    detail: str
    stock: int

    @property
    def amount(self) -> str:
        """The quantity of an added product, or the change with its sign; empty for everything else."""
        if isinstance(self.event, ProductAdded):
            return str(self.event.quantity)
        return f"{self.event.delta:+d}" if isinstance(self.event, QuantityChanged) else ""


def lines(
    pipeline: PipelineState, records: Iterable[Record], product_ids: Collection[str]
) -> Iterator[Line]:
    """The records of these products; those of one product in the order in which they were processed."""
    ledger = pipeline.ledger()
    chosen = (record for record in records if record.partition_key in product_ids)
    for entry in ledger.enter(chosen):
        if entry.fate is not Fate.EARLIER:
            key = entry.record.partition_key
            yield _line(entry, ledger.items.get(key) or pipeline.since.items.get(key) or Item(key))


def _line(entry: Entry, item: Item) -> Line:
    outcome = entry.outcome
    return Line(
        record=entry.record,
        fate=entry.fate,
        event=outcome.event if outcome else event_in(entry.record),
        reason=outcome.reason.value if outcome and outcome.reason else "",
        detail=outcome.detail if outcome else "",
        stock=item.quantity,
    )
