"""What was observed, as pandas tables. pandas is imported when the first table is made.

A sequence number has 56 digits: tables show the last ones, `.attrs["sequence_numbers"]` holds all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from inventory_lab.domain.inventory import Item, Record, Status
from inventory_lab.observe.failed_records import FailedRecord
from inventory_lab.observe.history import Line
from inventory_lab.observe.reconcile import DRIFT_COLUMNS

SHOWN_DIGITS = 8
ALERT_COLUMNS = ("alert", "product_id", "quantity_before", "quantity", "threshold", "text")
EXECUTION_COLUMNS = (
    "at", "pipe", "shard", "first", "last", "records", "attempt", "outcome", "failed", "error",
)  # fmt: skip
REJECTED_COLUMNS = ("reason", "partition_key", "detail", "event_id", "payload")
FAILED_RECORD_COLUMNS = ("reason", "sequence", "partition_key", "event_id", "state", "payload")
HISTORY_COLUMNS = (
    "sequence", "occurred_at", "event", "amount", "outcome", "reason", "stock", "event_id",
)  # fmt: skip
FAILED_RECORDS = "failed records"
"""Names, in `.attrs`, the failed records of a frame by its index, which a part of the frame keeps."""


def inventory(items: Iterable[Item]) -> Any:
    """Active products: index product_id; quantity, updated_at, version."""
    rows = [(i.product_id, i.quantity, i.updated_at, i.version) for i in items if _is_active(i)]
    frame = table_of(sorted(rows), ("product_id", "quantity", "updated_at", "version"))
    return frame.set_index("product_id")


def records(found: Iterable[Record]) -> Any:
    """Stored records: shard_id, sequence, partition_key, arrived_at, data (as text)."""
    found = list(found)
    rows = [
        (r.shard_id, shown(r.sequence_number), r.partition_key, _time(r.arrived_at), _text(r.data))
        for r in found
    ]
    frame = table_of(rows, ("shard_id", "sequence", "partition_key", "arrived_at", "data"))
    frame.attrs["sequence_numbers"] = [str(r.sequence_number) for r in found]
    return frame


def alerts(rows: Sequence[dict[str, Any]]) -> Any:
    """Stock alerts as the inbox received them."""
    return table_of([tuple(row.get(c) for c in ALERT_COLUMNS) for row in rows], ALERT_COLUMNS)


def executions(found: Iterable[Any]) -> Any:
    """Executions of pipes, oldest first; sequence numbers by their last digits."""
    rows = [
        (
            f"{e.at:%H:%M:%S}", e.pipe, e.shard_id[-SHOWN_DIGITS:], shown(e.first), shown(e.last),
            e.records, e.attempt, e.outcome, e.failed, e.error,
        )
        for e in found
    ]  # fmt: skip
    return table_of(rows, EXECUTION_COLUMNS)


def history(lines: Iterable[Line]) -> Any:
    """A product's events with outcome and reason, `stock` being the pieces after each."""
    lines = list(lines)
    rows = [
        (
            shown(line.record.sequence_number), line.event.occurred_at if line.event else "",
            line.event.event_type if line.event else "malformed", line.amount, line.fate.value,
            line.reason, line.stock, line.event.event_id if line.event else "",
        )
        for line in lines
    ]  # fmt: skip
    frame = table_of(rows, HISTORY_COLUMNS)
    frame.attrs["sequence_numbers"] = [str(line.record.sequence_number) for line in lines]
    frame.attrs["shard_ids"] = [line.record.shard_id for line in lines]
    return frame


def dead_letters(failed_records: Iterable[FailedRecord]) -> Any:
    """Records that the pipe gave up; `payload` in bytes, None when the stream holds it no more."""
    failed_records = list(failed_records)
    rows = [
        (x.reason, shown(x.sequence_number), x.partition_key, x.event_id, x.state, x.payload)
        for x in failed_records
    ]
    frame = table_of(rows, FAILED_RECORD_COLUMNS)
    frame.attrs["sequence_numbers"] = [str(failed.sequence_number) for failed in failed_records]
    frame.attrs[FAILED_RECORDS] = _FailedRecords(enumerate(failed_records))
    return frame


def failed_records_of(frame: Any) -> list[FailedRecord]:
    """The failed records that a frame of dead letters or rejections, or a part of one, shows, each once.

    Raises TypeError for anything else, and for rows that were numbered anew.
    """
    failed_records = getattr(frame, "attrs", {}).get(FAILED_RECORDS)
    if failed_records is None:
        raise TypeError("give lab.dead_letters(), lab.rejected(), or some of their rows")
    found = [failed_records.get(label) for label in frame.index]
    for name, value in (("sequence", _sequence), ("partition_key", _key)):
        shows = list(frame[name]) if name in frame else [value(x) for x in found if x]
        if shows != [x and value(x) for x in found]:
            raise TypeError(
                "these rows were numbered anew: choose rows without changing their index"
            )
    return list({id(failed): failed for failed in found}.values())


def _sequence(failed: FailedRecord) -> str:
    return shown(failed.sequence_number)


def _key(failed: FailedRecord) -> str:
    return failed.partition_key


class _FailedRecords(dict[int, "FailedRecord"]):
    """Letters by row; one of them serves all parts of a frame, as pandas copies what is in attrs."""

    def __deepcopy__(self, memo: object) -> _FailedRecords:
        return self


def rejected(rows: Sequence[dict[str, Any]], failed_records: Iterable[FailedRecord]) -> Any:
    """Rejected records with their reason; `payload` is the bytes that were kept."""
    frame = table_of([tuple(row[c] for c in REJECTED_COLUMNS) for row in rows], REJECTED_COLUMNS)
    frame.insert(3, "sequence", [shown(int(row["sequence_number"])) for row in rows])
    frame.attrs["sequence_numbers"] = [row["sequence_number"] for row in rows]
    frame.attrs[FAILED_RECORDS] = _FailedRecords(enumerate(failed_records))
    return frame


def drift(rows: Sequence[dict[str, Any]]) -> Any:
    """Products that differ from what the stream says; empty when the counts are exact."""
    return table_of([tuple(row[c] for c in DRIFT_COLUMNS) for row in rows], DRIFT_COLUMNS)


def deletions(found: Iterable[Any]) -> Any:
    """What a teardown did, in its order: kind, name, outcome."""
    rows = [(d.kind, d.name, d.outcome) for d in found]
    return table_of(rows, ("kind", "name", "outcome"))


def shown(sequence_number: int) -> str:
    """The last digits of a sequence number, which tell records of one lab apart."""
    return f"…{str(sequence_number)[-SHOWN_DIGITS:]}"


def table_of(rows: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> Any:
    """A DataFrame of the rows."""
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
