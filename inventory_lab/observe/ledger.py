"""What became of every record of the stream: the records are processed again, in the same order.

The stream is folded with the function's own `apply`. The fold leaves out the records that the function
did not process: those in the dead letters, and those that no watermark has reached. Within a shard the
order is the stream's. Of a product that moved to another shard, the records of the parent shard come
first, except for the runs of late records that the function's log reports.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from inventory_lab.domain.inventory import (
    KEPT_WATERMARKS,
    Item,
    Outcome,
    Record,
    Verdict,
    apply,
)
from inventory_lab.observe.reports import LateRun


class Fate(StrEnum):
    """What became of a record; `earlier` means that a snapshot already contains it."""

    APPLIED = "applied"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    DEAD_LETTER = "dead letter"
    PENDING = "pending"
    EARLIER = "earlier"


@dataclass(frozen=True, slots=True)
class Entry:
    """One record with its fate; `outcome` is None when it was not processed. `is_repeat` marks a record that
    was given up and whose event had been processed before: processed or not, it changes nothing.
    """

    record: Record
    fate: Fate
    outcome: Outcome | None = None
    is_repeat: bool = False


class Ranges:
    """Ranges of sequence numbers, by shard; a record that lies in one of them is `in` the ranges."""

    def __init__(self, ranges: Iterable[tuple[str, int, int]]) -> None:
        by_shard: dict[str, list[tuple[int, int]]] = {}
        for shard_id, first, last in ranges:
            by_shard.setdefault(shard_id, []).append((first, last))
        self._by_shard = {shard: _joined(ranges) for shard, ranges in by_shard.items()}

    def __contains__(self, record: Record) -> bool:
        return self.hold(record.shard_id, record.sequence_number)

    def hold(self, shard_id: str, number: int) -> bool:
        """Whether a sequence number of a shard lies in one of the ranges.

        >>> Ranges([("shardId-000000000000", 3, 5)]).hold("shardId-000000000000", 4)
        True
        """
        ranges = self._by_shard.get(shard_id, [])
        at = bisect_right(ranges, number, key=lambda bounds: bounds[0])
        return at > 0 and number <= ranges[at - 1][1]


@dataclass(slots=True)
class Ledger:
    """Enters records and keeps the items that they make.

    - `is_processed`: whether the function has processed a record.
    - `is_given_up`: whether the pipe gave a record up before it was processed.
    - `late`: by product, the runs of records that were not processed shard by shard.
    - `start`: the items to begin with.
    """

    is_processed: Callable[[Record], bool]
    is_given_up: Callable[[Record], bool]
    late: Mapping[str, Sequence[LateRun]] = field(default_factory=dict)
    start: Mapping[str, Item] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)

    def enter(self, records: Iterable[Record]) -> Iterator[Entry]:
        """Each record with its fate, in the order of `records`; those of products in `late` come last."""
        late_records: dict[str, list[Record]] = {}
        for record in records:
            if record.partition_key in self.late:
                late_records.setdefault(record.partition_key, []).append(record)
            else:
                yield self._entry(record)
        for key, of_product in late_records.items():
            yield from map(self._entry, in_processing_order(of_product, self.late[key]))

    def _entry(self, record: Record) -> Entry:
        key = record.partition_key
        if processed_by(self.start.get(key), record):
            return Entry(record, Fate.EARLIER)
        item = self.items.get(key) or self.start.get(key)
        if self.is_given_up(record):
            is_repeat = apply(item, record).verdict is Verdict.DUPLICATE
            return Entry(record, Fate.DEAD_LETTER, is_repeat=is_repeat)
        if not self.is_processed(record):
            return Entry(record, Fate.PENDING)
        outcome = apply(item, record)
        self.items[key] = outcome.item
        return Entry(record, _FATES[outcome.verdict], outcome)


def processed_by(item: Item | None, record: Record) -> bool:
    """True when the item's watermarks have reached the record."""
    if item is None:
        return False
    if record.shard_id in item.watermarks:
        return record.sequence_number <= item.watermarks[record.shard_id]
    # An item keeps the watermarks of its last shards only: a record older than all of them was processed.
    kept = item.watermarks.values()
    return len(kept) == KEPT_WATERMARKS and record.sequence_number < min(kept)


def in_processing_order(records: Sequence[Record], runs: Sequence[LateRun]) -> Iterator[Record]:
    """The records of one product in the order in which they were processed.

    A run that was logged and then not committed was processed again later. So when several runs name a
    record, the run with the highest version counts.
    """
    runs = sorted(runs, key=lambda run: run.version)
    late = {r.record_id: at for at, run in enumerate(runs) for r in records if _holds(run, r)}
    remaining = sorted(records, key=lambda r: (r.shard_id, r.sequence_number))
    for at, run in enumerate(runs):
        before = [r for r in remaining if r.record_id not in late and _comes_before(r, run)]
        next_records = before + [r for r in remaining if late.get(r.record_id) == at]
        yield from next_records
        entered = {r.record_id for r in next_records}
        remaining = [r for r in remaining if r.record_id not in entered]
    yield from remaining


def _holds(run: LateRun, record: Record) -> bool:
    return record.shard_id == run.shard_id and run.first <= record.sequence_number <= run.last


def _comes_before(record: Record, run: LateRun) -> bool:
    if record.shard_id <= run.shard_id:
        return record.shard_id < run.shard_id or record.sequence_number < run.first
    return record.sequence_number <= run.after.get(record.shard_id, -1)


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ranges in order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return joined


_FATES = {
    Verdict.APPLIED: Fate.APPLIED,
    Verdict.REJECTED: Fate.REJECTED,
    Verdict.DUPLICATE: Fate.DUPLICATE,
}
