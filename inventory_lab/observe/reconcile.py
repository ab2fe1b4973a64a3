"""Is the table what the stream says? Fold the stream again and compare.

The stream is folded with the function's own `apply`, each product up to the table's watermarks and
without the ranges in the dead letters. What was published and not judged yet is pending, not drift.
The counts of what was applied come from the function's reports: another way, or the sum would prove
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inventory_lab.domain.inventory import (
    KEPT_WATERMARKS,
    Item,
    Record,
    Status,
    Verdict,
    apply,
    digest,
)

DRIFT_COLUMNS = (
    "product_id", "expected_status", "found_status", "expected_quantity", "found_quantity",
    "expected_applied", "found_applied",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the stream says: the items by partition key, and what became of each record."""

    items: Mapping[str, Item]
    counts: Mapping[str, int]
    rejected: frozenset[str] = field(default_factory=frozenset)
    pending: Sequence[Record] = ()
    applied_twice: Sequence[str] = ()

    @property
    def published(self) -> int:
        """All records the stream holds."""
        return sum(self.counts.values())


def expect(
    records: Iterable[Record],
    found: Mapping[str, Item],
    ranges: Sequence[Mapping[str, Any]],
    watermarked: bool = True,
) -> Expectation:
    """Fold the records up to the watermarks of the items found, without the dead-lettered ranges.

    All records count as judged when the function is one that keeps no watermarks.
    """
    items: dict[str, Item] = {}
    counts: Counter[str] = Counter()
    rejected: set[str] = set()
    pending: list[Record] = []
    applied: set[tuple[str, bytes]] = set()
    applied_twice: list[str] = []
    lost = _Ranges(ranges)
    for record in records:
        if lost.hold(record):
            counts["dead_lettered"] += 1
        elif watermarked and not _is_judged(record, found.get(record.partition_key)):
            counts["pending"] += 1
            pending.append(record)
        else:
            outcome = apply(items.get(record.partition_key), record)
            items[record.partition_key] = outcome.item
            counts[outcome.verdict] += 1
            if outcome.verdict is Verdict.REJECTED:
                rejected.add(record.event_id)
            elif outcome.verdict is Verdict.APPLIED and outcome.event:
                fact = record.partition_key, digest(outcome.event.event_id)
                applied_twice += [outcome.event.event_id] if fact in applied else []
                applied.add(fact)
    return Expectation(items, counts, frozenset(rejected), pending, applied_twice)


def drift(expected: Mapping[str, Item], found: Mapping[str, Item]) -> list[dict[str, Any]]:
    """One row a product whose status, quantity or number of applied events differs."""
    keys = sorted(expected.keys() | found.keys())
    pairs = [(key, expected.get(key) or Item(key), found.get(key) or Item(key)) for key in keys]
    return [_row(key, want, have) for key, want, have in pairs if _facts(want) != _facts(have)]


def simple_drift(expected: Mapping[str, Item], found: Mapping[str, Item]) -> list[dict[str, Any]]:
    """Like drift, for a function that deletes removed products and counts nothing."""
    active = {k: Item(k, i.status, i.quantity) for k, i in expected.items() if _is_active(i)}
    standing = {k: Item(k, i.status, i.quantity) for k, i in found.items() if _is_active(i)}
    return drift(active, standing)


def _is_active(item: Item) -> bool:
    return item.status is Status.ACTIVE


def _facts(item: Item) -> tuple[Status, int, int]:
    return item.status, item.quantity, item.applied_count


def _row(key: str, want: Item, have: Item) -> dict[str, Any]:
    return {
        "product_id": key,
        "expected_status": want.status.value,
        "found_status": have.status.value,
        "expected_quantity": want.quantity,
        "found_quantity": have.quantity,
        "expected_applied": want.applied_count,
        "found_applied": have.applied_count,
    }


def _is_judged(record: Record, found: Item | None) -> bool:
    if found is None:
        return False
    if record.shard_id in found.watermarks:
        return record.sequence_number <= found.watermarks[record.shard_id]
    # An item keeps the watermarks of its last shards only: an older shard without one was judged.
    return len(found.watermarks) == KEPT_WATERMARKS and record.shard_id < min(found.watermarks)


class _Ranges:
    """The dead-lettered ranges, by shard."""

    def __init__(self, ranges: Iterable[Mapping[str, Any]]) -> None:
        self._by_shard: dict[str, list[tuple[int, int]]] = {}
        for info in ranges:
            bounds = int(info["startSequenceNumber"]), int(info["endSequenceNumber"])
            self._by_shard.setdefault(info["shardId"], []).append(bounds)

    def hold(self, record: Record) -> bool:
        """True when the record lies in a range."""
        ranges = self._by_shard.get(record.shard_id, ())
        return any(first <= record.sequence_number <= last for first, last in ranges)
