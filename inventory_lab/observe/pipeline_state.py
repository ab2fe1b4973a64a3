"""What the table, the queues and the function's log say, beside the stream itself."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from inventory_lab.domain.identity import Identity, identity_of
from inventory_lab.domain.inventory import Item, Record, Status
from inventory_lab.domain.memory import Recall
from inventory_lab.exceptions import NotBuilt
from inventory_lab.observe import queues, reports, stream, table
from inventory_lab.observe.ledger import Ledger, Ranges, processed_by
from inventory_lab.observe.queues import Pointer
from inventory_lab.observe.snapshot import Snapshot
from inventory_lab.observe.stream import event_in
from inventory_lab.resources import stream as stream_resource
from inventory_lab.resources.account import Account

REJECTIONS_KEPT = timedelta(days=14)
"""The retention of the lab's queues, the longest that SQS has:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""


@dataclass(frozen=True, slots=True)
class PipelineState:
    """The pipeline as it was read at one time.

    - `kept`: the records (shard:sequence number) in the rejected queue.
    - `effects`: the records of the dead letters that the function had processed nevertheless.
    - `since`: the snapshot where the fold begins.
    - `pointers`: the dead letters, each with those of its records that the stream still has.
    - `stream`: the answer of DescribeStreamSummary.
    - `passed`: whether the pipe has delivered a record or given it up; None when AWS does not say.
    """

    contents: table.Contents
    pointers: Mapping[Pointer, list[Record]]
    rejected: queues.RejectedQueue
    kept: frozenset[str]
    effects: frozenset[str]
    reports: reports.Reports
    stream: Mapping[str, Any]
    now: datetime
    since: Snapshot
    watermarked: bool
    passed: Callable[[str, int], bool | None]
    given_up: Ranges

    def ledger(self, is_processed: Callable[[Record], bool] | None = None) -> Ledger:
        """A new ledger. It processes the records that the function has processed, or those that
        `is_processed` accepts.
        """
        return Ledger(
            is_processed=is_processed or self.is_processed,
            is_given_up=self.is_given_up,
            late=self.reports.late,
            start=self.since.items,
        )

    def is_processed(self, record: Record) -> bool:
        """Whether the function has processed the record, by the watermarks of the product's item."""
        if not self.watermarked:
            return True
        return processed_by(self.contents.memory(record.partition_key), record)

    def processed_up_to(self, product_id: str, shard_id: str) -> int:
        """The last number of a shard that the product's item has processed, as the table says, or as the
        snapshot did before the table deleted a tombstone; -1 for none.
        """
        items = (self.contents.items.get(product_id), self.since.items.get(product_id))
        return max(item.watermarks.get(shard_id, -1) if item else -1 for item in items)

    def is_given_up(self, record: Record) -> bool:
        """Whether the pipe gave the record up and the function had not processed it before."""
        return record in self.given_up and record.record_id not in self.effects

    def horizon(self) -> datetime:
        """Records that arrived before this time are gone from the stream."""
        hours: int = self.stream["RetentionPeriodHours"]
        return self.now - timedelta(hours=hours)

    def expected(self, folded: Mapping[str, Item]) -> dict[str, Item]:
        """The items that the table should have: those of the fold, and those of the snapshot without
        the tombstones and placeholders that have expired.
        """
        now, items = self.now.timestamp(), self.contents.items
        kept = {
            key: item
            for key, item in self.since.items.items()
            if key in items or item.status is Status.ACTIVE or not self.since.has_expired(key, now)
        }
        return kept | dict(folded)

    def missing_from_stream(self) -> MissingFromStream:
        """The records that the stream must have if it has not lost its beginning."""
        marks = (
            _marks(self.contents.items) - _marks(self.since.items) if self.watermarked else set()
        )
        batch_starts = {b.begin for b in self.reports.batch_starts if b.at >= self.since.taken_at}
        return MissingFromStream(marks, batch_starts)

    def cut(self, processed: int, in_stream: int, missing_from_stream: MissingFromStream) -> str:
        """Why the stream lacks its beginning; "" when nothing shows that it does.

        It lacks it when the table knows of records older than all records of the stream, or when the
        function has processed more records than the stream can account for. The cause is the
        stream's retention, or that the stream was deleted and created again:
        https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html
        """
        forgotten = missing_from_stream.forgotten()
        if not forgotten and (processed <= in_stream or not missing_from_stream.batch_starts):
            return ""
        made = self.stream["StreamCreationTimestamp"]
        began = self.since.taken_at or self.reports.first_report_at
        if began is not None and made.timestamp() > began:
            return (
                f"the stream was created at {_time(made)}, after the function had begun to process"
            )
        if self.horizon() > made:
            hours = self.stream["RetentionPeriodHours"]
            return f"the stream keeps {hours} hours: what arrived before {_time(self.horizon())} is gone"
        return "the table was made from records that the stream does not have" if forgotten else ""


@dataclass(slots=True)
class MissingFromStream:
    """Records that the table or the log names and the stream has not shown yet.

    `marks` (product, shard, sequence number) come from the watermarks of items. `batch_starts` (shard,
    sequence number) are the first records of batches; None stands for a batch whose report does not
    name it.
    """

    marks: set[tuple[str, str, int]]
    batch_starts: set[tuple[str, int] | None]
    _oldest: dict[str, int] = field(default_factory=dict)

    def note(self, record: Record) -> None:
        """The stream has this record, so it is not missing."""
        shard_id, number = record.shard_id, record.sequence_number
        self.marks.discard((record.partition_key, shard_id, number))
        self.batch_starts.discard((shard_id, number))
        self._oldest[shard_id] = min(number, self._oldest.get(shard_id, number))

    def forgotten(self) -> bool:
        """Whether a watermark lies before the oldest record that the stream has of its shard."""
        return any(
            shard_id not in self._oldest or number < self._oldest[shard_id]
            for _, shard_id, number in self.marks
        )


def _marks(items: Mapping[str, Item]) -> set[tuple[str, str, int]]:
    return {
        (key, shard_id, number)
        for key, item in items.items()
        for shard_id, number in item.watermarks.items()
    }


def read_state(
    account: Account,
    now: datetime,
    passed: Callable[[str, int], bool | None],
    since: Snapshot | None = None,
) -> PipelineState:
    """Read the table, the queues, the log and the stream's summary. Raises NotBuilt."""
    contents, summary = table.read(account), stream_resource.describe(account)
    if summary is None:
        raise NotBuilt("stream", account.settings.name("stream"))
    pointers = _records_in(account, queues.pointers(account))
    rejected = queues.rejected_queue(account)
    kept = frozenset(f"{r['shard_id']}:{r['sequence_number']}" for r in rejected.rejections)
    log_reports = reports.read(account)
    given_up = [(p.shard_id, p.first, p.last) for p in pointers]
    given_up += [
        _range_of(r) for r, origin in rejected.sent_again.items() if origin == queues.DEAD_LETTERS
    ]
    return PipelineState(
        contents=contents,
        pointers=pointers,
        rejected=rejected,
        kept=kept,
        effects=_effects(account, chain.from_iterable(pointers.values()), log_reports, contents),
        reports=log_reports,
        stream=summary,
        now=now,
        since=since or Snapshot(),
        watermarked=account.settings.handler == "fold",
        passed=passed,
        given_up=Ranges(given_up),
    )


def _effects(
    account: Account,
    given_up: Iterable[Record],
    log_reports: reports.Reports,
    contents: table.Contents,
) -> frozenset[str]:
    """The records (shard:sequence number) of the dead letters that were processed nevertheless.

    A record was processed when it is the item's watermark, when it was in a batch that the function
    reports, or when the item remembers its event and no other record has that event. A message in the
    rejected queue proves nothing: it is sent before the commit, which may fail.
    """
    proved: set[str] = set()
    remembered: dict[str, Identity] = {}
    records = list(given_up)
    in_batches = _in_batches(account, records, log_reports.processed)
    for record in records:
        key = record.partition_key
        item = contents.items.get(key)
        last = item.watermarks.get(record.shard_id) if item else None
        if last == record.sequence_number or record.record_id in in_batches:
            proved.add(record.record_id)
        elif fact := _remembered_fact(record, item):
            remembered[record.record_id] = fact
    if remembered:
        copies = _copies(account, {fact[0] for fact in remembered.values()})
        proved.update(record for record, fact in remembered.items() if copies[fact] == 1)
    return frozenset(proved)


def _records_in(account: Account, pointers: Iterable[Pointer]) -> dict[Pointer, list[Record]]:
    """The records that the pointers name and the stream still has; each shard is read once."""
    by_pointer: dict[Pointer, list[Record]] = {pointer: [] for pointer in pointers}
    for shard_id in {pointer.shard_id for pointer in by_pointer}:
        in_shard = [p for p in by_pointer if p.shard_id == shard_id]
        first, last = min(p.first for p in in_shard), max(p.last for p in in_shard)
        ranges = Ranges((shard_id, p.first, p.last) for p in in_shard)
        read = stream.records_between(account, shard_id, first, last)
        records = [record for record in read if record in ranges]
        for at in in_shard:
            by_pointer[at] = records[
                bisect_left(records, at.first, key=_number) : bisect_right(
                    records, at.last, key=_number
                )
            ]
    return by_pointer


def _in_batches(
    account: Account, records: Iterable[Record], batches: Iterable[reports.Batch]
) -> set[str]:
    """The records (shard:sequence number) that one of these batches certainly processed."""
    proved: set[str] = set()
    by_shard: dict[str, list[Record]] = {}
    for record in records:
        by_shard.setdefault(record.shard_id, []).append(record)
    for shard_id, in_shard in by_shard.items():
        in_shard.sort(key=_number)
        near = [b for b in batches if b.shard_id == shard_id and _within(in_shard, b)]
        if not near:
            continue
        near = _with_overlapping(near, batches)
        first, last = min(b.first for b in near), max(b.last for b in near)
        read = stream.records_between(account, shard_id, first, last)
        known = certainly_processed(near, [record.sequence_number for record in read])
        proved.update(r.record_id for r in in_shard if r.sequence_number in known)
    return proved


def _with_overlapping(
    near: list[reports.Batch], batches: Iterable[reports.Batch]
) -> list[reports.Batch]:
    """The batches, and those of their shard that have a part of their range."""
    shard_id = near[0].shard_id
    first, last = min(b.first for b in near), max(b.last for b in near)
    of_shard = (b for b in batches if b.shard_id == shard_id)
    return [b for b in of_shard if b.first <= last and b.last >= first]


def certainly_processed(batches: Iterable[reports.Batch], numbers: list[int]) -> set[int]:
    """The sequence numbers of the records that these batches of a shard processed; `numbers` are those
    of the stream, in order.

    A batch had all records from its first to its last when the stream has as many there. When as many of
    them as came again are known from other batches, the batch processed the others.

    >>> first, again = reports.Batch("s", 1, 3, 3), reports.Batch("s", 2, 4, 3, redelivered=2)
    >>> sorted(certainly_processed([again, first], [1, 2, 3, 4]))
    [1, 2, 3, 4]
    """
    whole = [(batch, inside) for batch in batches if (inside := _inside(batch, numbers))]
    known: set[int] = set()
    while True:
        proved = {
            number
            for batch, inside in whole
            if len(known.intersection(inside)) == batch.redelivered
            for number in inside
        }
        if proved <= known:
            return known
        known |= proved


def _within(records: list[Record], batch: reports.Batch) -> list[Record]:
    """The records, which are in order, from the batch's first to its last."""
    start = bisect_left(records, batch.first, key=_number)
    return records[start : bisect_right(records, batch.last, key=_number)]


def _inside(batch: reports.Batch, numbers: list[int]) -> list[int]:
    """The numbers from the batch's first to its last; none unless they are as many as the batch had."""
    inside = numbers[bisect_left(numbers, batch.first) : bisect_right(numbers, batch.last)]
    begins = inside[:1] == [batch.first]
    return inside if begins and len(inside) == batch.records else []


def _number(record: Record) -> int:
    return record.sequence_number


def _remembered_fact(record: Record, item: Item | None) -> Identity | None:
    """The fact of the record when the item remembers that it was processed."""
    event = event_in(record)
    if event is None or item is None or event.product_id != record.partition_key:
        return None
    return identity_of(event) if item.memory.recall(event) is Recall.PROCESSED else None


def _copies(account: Account, keys: Collection[str]) -> Counter[Identity]:
    """How many records of the stream carry each fact of these products."""
    events = (
        event_in(record) for record in stream.records(account) if record.partition_key in keys
    )
    return Counter(identity_of(event) for event in events if event is not None)


def _range_of(record_id: str) -> tuple[str, int, int]:
    shard_id, _, number = record_id.partition(":")
    return shard_id, int(number), int(number)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
