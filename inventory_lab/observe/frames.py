"""What was observed, as pandas tables. pandas is imported when the first table is made.

A sequence number has 56 digits: the column `sequence` shows the last ones, `record_id` (shard id, colon,
sequence number) has them all and names the record wherever the row goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from inventory_lab.domain.inventory import Item, Record, Status
from inventory_lab.domain.timestamps import rfc_3339
from inventory_lab.observe.failed_records import FailedRecord
from inventory_lab.observe.history import Line
from inventory_lab.observe.reconcile import DRIFT_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

SHOWN_DIGITS = 8
ALERT_COLUMNS = ("alert", "product_id", "quantity_before", "quantity", "threshold", "text")
EXECUTION_COLUMNS = (
    "at", "pipe", "shard", "first", "last", "records", "attempt", "outcome", "failed", "error",
)  # fmt: skip
RECORD_COLUMNS = ("shard_id", "sequence", "partition_key", "arrived_at", "data", "record_id")
REJECTED_COLUMNS = (
    "reason", "partition_key", "detail", "sequence", "event_id", "payload", "record_id",
)  # fmt: skip
FAILED_RECORD_COLUMNS = (
    "reason", "sequence", "partition_key", "event_id", "state", "payload", "record_id",
)  # fmt: skip
HISTORY_COLUMNS = (
    "sequence", "occurred_at", "event", "amount", "outcome", "reason", "stock", "event_id",
    "record_id",
)  # fmt: skip
_RECORD_ID = re.compile(r"[A-Za-z0-9_.-]+:[0-9]+")


def inventory(items: Iterable[Item]) -> pd.DataFrame:
    """Active products: index product_id; quantity, updated_at, version."""
    rows = [(i.product_id, i.quantity, i.updated_at, i.version) for i in items if _is_active(i)]
    frame = table_of(sorted(rows), ("product_id", "quantity", "updated_at", "version"))
    return frame.set_index("product_id")


def records(stored: Iterable[Record]) -> pd.DataFrame:
    """Stored records: shard_id, sequence, partition_key, arrived_at, data (as text), record_id."""
    rows = [
        (
            r.shard_id, shown(r.sequence_number), r.partition_key, _time(r.arrived_at),
            _text(r.data), r.record_id,
        )
        for r in stored
    ]  # fmt: skip
    return table_of(rows, RECORD_COLUMNS)


def alerts(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Stock alerts as the inbox received them."""
    return table_of([tuple(row.get(c) for c in ALERT_COLUMNS) for row in rows], ALERT_COLUMNS)


def executions(log: Iterable[Any]) -> pd.DataFrame:
    """Executions of pipes, oldest first; sequence numbers by their last digits."""
    rows = [
        (
            f"{e.at:%H:%M:%S}", e.pipe, e.shard_id[-SHOWN_DIGITS:], _shown(e.first), _shown(e.last),
            e.records, e.attempt, e.outcome, e.failed, e.error,
        )
        for e in log
    ]  # fmt: skip
    return table_of(rows, EXECUTION_COLUMNS)


def _shown(sequence_number: int | None) -> str | None:
    return None if sequence_number is None else shown(sequence_number)


def history(lines: Iterable[Line]) -> pd.DataFrame:
    """A product's events with outcome and reason, `stock` being the pieces after each."""
    rows = [
        (
            shown(line.record.sequence_number), line.event.occurred_at if line.event else "",
            line.event.event_type if line.event else "malformed", line.amount, line.fate.value,
            line.reason, line.stock, line.event.event_id if line.event else "",
            line.record.record_id,
        )
        for line in lines
    ]  # fmt: skip
    return table_of(rows, HISTORY_COLUMNS)


def dead_letters(failed_records: Iterable[FailedRecord]) -> pd.DataFrame:
    """Records that the pipe gave up; `payload` in bytes, None when the stream no longer holds it."""
    rows = [
        (
            x.reason, shown(x.sequence_number), x.partition_key, x.event_id, x.state, x.payload,
            x.record_id,
        )
        for x in failed_records
    ]  # fmt: skip
    return table_of(rows, FAILED_RECORD_COLUMNS)


def rejected(rejections: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rejected records with their reason; `payload` is the bytes that were kept."""
    rows = [
        (
            r["reason"], r["partition_key"], r["detail"], shown(int(r["sequence_number"])),
            r["event_id"], r["payload"], f"{r['shard_id']}:{r['sequence_number']}",
        )
        for r in rejections
    ]  # fmt: skip
    return table_of(rows, REJECTED_COLUMNS)


def record_ids(rows: pd.DataFrame | Iterable[str]) -> list[str]:
    """The record ids in a frame (its column or index `record_id`) or in any iterable of them.

    Raises TypeError for anything else.
    """
    values = _record_ids(rows)
    if not all(isinstance(value, str) and _RECORD_ID.fullmatch(value) for value in values):
        raise TypeError(
            "redrive() takes rows of lab.dead_letters() or lab.rejected() with their column "
            "'record_id', or a list of record ids"
        )
    return values


def _record_ids(rows: Any) -> list[Any]:
    if hasattr(rows, "columns"):
        in_index = rows.reset_index() if rows.index.name == "record_id" else rows
        return list(in_index["record_id"]) if "record_id" in in_index else [None]
    return [None] if isinstance(rows, str) or not isinstance(rows, Iterable) else list(rows)


def drift(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Products that differ from what the stream says; empty when the counts are exact."""
    return table_of([tuple(row[c] for c in DRIFT_COLUMNS) for row in rows], DRIFT_COLUMNS)


def deletions(deleted: Iterable[Any]) -> pd.DataFrame:
    """What a teardown did, in its order: kind, name, outcome."""
    rows = [(d.kind, d.name, d.outcome) for d in deleted]
    return table_of(rows, ("kind", "name", "outcome"))


def shown(sequence_number: int) -> str:
    """The last digits of a sequence number, which tell records of one lab apart."""
    return f"…{str(sequence_number)[-SHOWN_DIGITS:]}"


def table_of(rows: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> pd.DataFrame:
    """A DataFrame of the rows."""
    import pandas

    return pandas.DataFrame(rows, columns=list(columns))


def _is_active(item: Item) -> bool:
    return item.status is Status.ACTIVE


def _time(seconds: float) -> str:
    return rfc_3339(datetime.fromtimestamp(seconds, UTC))


def _text(data: bytes) -> str:
    try:
        return json.dumps(json.loads(data), ensure_ascii=False)
    except (ValueError, RecursionError):
        return data.decode("utf-8", errors="backslashreplace")
