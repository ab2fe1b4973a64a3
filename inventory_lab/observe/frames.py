"""What was observed, as pandas tables. pandas is imported when the first table is made.

A sequence number has 56 digits: tables show the last ones, `.attrs["sequence_numbers"]` holds all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from inventory_lab.domain.inventory import Item, Record, Status
from inventory_lab.observe.reconcile import DRIFT_COLUMNS

SHOWN_DIGITS = 8
ALERT_COLUMNS = ("alert", "product_id", "quantity_before", "quantity", "threshold", "text")
EXECUTION_COLUMNS = (
    "at", "pipe", "shard", "first", "last", "records", "attempt", "outcome", "failed", "error",
)  # fmt: skip
REJECTED_COLUMNS = ("reason", "partition_key", "detail", "event_id", "payload")


def inventory(items: Iterable[Item]) -> Any:
    """Active products: index product_id; quantity, updated_at, version."""
    rows = [(i.product_id, i.quantity, i.updated_at, i.version) for i in items if _is_active(i)]
    frame = _frame(sorted(rows), ("product_id", "quantity", "updated_at", "version"))
    return frame.set_index("product_id")


def records(found: Iterable[Record]) -> Any:
    """Stored records: shard_id, sequence, partition_key, arrived_at, data (as text)."""
    found = list(found)
    rows = [
        (r.shard_id, shown(r.sequence_number), r.partition_key, _time(r.arrived_at), _text(r.data))
        for r in found
    ]
    frame = _frame(rows, ("shard_id", "sequence", "partition_key", "arrived_at", "data"))
    frame.attrs["sequence_numbers"] = [str(r.sequence_number) for r in found]
    return frame


def alerts(rows: Sequence[dict[str, Any]]) -> Any:
    """Stock alerts as the inbox received them."""
    return _frame([tuple(row.get(c) for c in ALERT_COLUMNS) for row in rows], ALERT_COLUMNS)


def executions(found: Iterable[Any]) -> Any:
    """Executions of pipes, oldest first; sequence numbers by their last digits."""
    rows = [
        (
            f"{e.at:%H:%M:%S}", e.pipe, e.shard_id[-SHOWN_DIGITS:], shown(e.first), shown(e.last),
            e.records, e.attempt, e.outcome, e.failed, e.error,
        )
        for e in found
    ]  # fmt: skip
    return _frame(rows, EXECUTION_COLUMNS)


def rejected(rows: Sequence[dict[str, Any]]) -> Any:
    """Rejected records with their reason; `payload` is the bytes that were kept."""
    frame = _frame([tuple(row[c] for c in REJECTED_COLUMNS) for row in rows], REJECTED_COLUMNS)
    frame.insert(3, "sequence", [shown(int(row["sequence_number"])) for row in rows])
    frame.attrs["sequence_numbers"] = [row["sequence_number"] for row in rows]
    return frame


def drift(rows: Sequence[dict[str, Any]]) -> Any:
    """Products that differ from what the stream says; empty when the counts are exact."""
    return _frame([tuple(row.values()) for row in rows], DRIFT_COLUMNS)


def deletions(found: Iterable[Any]) -> Any:
    """What a teardown did, in its order: kind, name, outcome."""
    rows = [(d.kind, d.name, d.outcome) for d in found]
    return _frame(rows, ("kind", "name", "outcome"))


def shown(sequence_number: int) -> str:
    """The last digits of a sequence number, which tell records of one lab apart."""
    return f"…{str(sequence_number)[-SHOWN_DIGITS:]}"


def _frame(rows: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> Any:
    import pandas

    return pandas.DataFrame(rows, columns=list(columns))


def _is_active(item: Item) -> bool:
    return item.status is Status.ACTIVE


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def _text(data: bytes) -> str:
    try:
        return json.dumps(json.loads(data), ensure_ascii=False)
    except (ValueError, RecursionError):
        return data.decode("utf-8", errors="backslashreplace")
