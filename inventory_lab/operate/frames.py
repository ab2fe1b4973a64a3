"""What an operator did, as pandas tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from inventory_lab.observe.frames import shown, table_of
from inventory_lab.observe.history import Line
from inventory_lab.operate.rebuild import Rewritten
from inventory_lab.operate.redrive import Redriven

if TYPE_CHECKING:
    import pandas as pd

REDRIVEN_COLUMNS = (
    "sequence", "partition_key", "event_id", "done", "outcome", "reason", "record_id",
)  # fmt: skip
REBUILT_COLUMNS = (
    "product_id", "status_before", "status", "quantity_before", "quantity", "applied_count",
)  # fmt: skip


def redriven(prepared: Iterable[tuple[Redriven, Line | None]]) -> pd.DataFrame:
    """What was done about each failed record, and what became of the record that was sent."""
    rows = [
        (
            shown(r.failed.sequence_number), r.failed.partition_key, r.event_id, r.done,
            line.fate.value if line else "", line.reason if line else "", r.failed.record_id,
        )
        for r, line in prepared
    ]  # fmt: skip
    return table_of(rows, REDRIVEN_COLUMNS)


def rebuilt(written: Iterable[Rewritten]) -> pd.DataFrame:
    """The items that a rebuild has written: index product_id, what they were and what they are."""
    rows = [
        (
            w.product_id, w.before.status.value if w.before else "", w.after.status.value,
            w.before.quantity if w.before else None, w.after.quantity, w.after.applied_count,
        )
        for w in written
    ]  # fmt: skip
    return table_of(rows, REBUILT_COLUMNS).set_index("product_id")
