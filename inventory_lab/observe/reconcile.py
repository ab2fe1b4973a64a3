"""Is the table what the stream says? Fold the stream again and compare.

Each product is folded up to the table's watermarks and without what was given up; what was published
and not processed yet is pending, not drift. The counts of what was applied come from the function's
reports: another way, or the sum would prove nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.domain.identity import identity_of, is_known_by_id
from inventory_lab.domain.inventory import Item, Outcome, Record, Status
from inventory_lab.html import cell, element, escape, table
from inventory_lab.observe.differences import first_difference
from inventory_lab.observe.ledger import Entry, Fate
from inventory_lab.observe.pipeline_state import REJECTIONS_KEPT, MissingFromStream, PipelineState

if TYPE_CHECKING:
    import pandas as pd

DRIFT_COLUMNS = (
    "product_id", "expected_status", "table_status", "expected_quantity", "table_quantity",
    "expected_applied", "table_applied", "first_difference",
)  # fmt: skip
BROKEN = "broken"
"""The status of an item that cannot be read."""
SHOWN_ROWS = 10
NAMED_PRODUCTS = 3
"""How many of the products with expired records a sentence names."""
UNEVEN = "published is not the sum of applied, rejected, duplicates, dead letters and pending"

UNREPORTED = "the function's log has no report of"
"""Begins the problem that more was processed than the function reported."""
PENDING_TOO_LONG = 900
"""Seconds after which a pending record on AWS is a problem."""
_PENDING = (
    "{0} records are pending, the oldest for {1:.0f} minutes: the reader is stopped or behind, a filter keeps "
    "them back, or their dead letters have expired"
)

Read = Callable[[], Iterable[Record]]


@dataclass(frozen=True, slots=True, repr=False)
class Reconciliation:
    """The function's own counts beside what the stream says; `drift` is empty when they agree.

    `drift` is a DataFrame with one row for each product that differs: status, quantity and number of
    applied events, expected and in the table, and the first event after which they differ.
    `missing_rejections` names records
    (shard:sequence number) that were rejected and are not in the rejected queue, `lost` those that
    the pipe has passed and nobody has processed, `applied_twice` the ids of events that were applied
    again after the function had forgotten them. `cut` says why the beginning is missing, if it is:
    then nothing can be said about the table as a whole without a snapshot.

    `oldest_pending` is how many seconds ago the oldest pending record arrived, on AWS, where nothing
    tells whether it will still be processed: after a quarter of an hour it is a problem.

    `expired` names the products of which this lab has published records that expired in the stream before
    anything processed them. What another program published and what expired so leaves no trace, neither
    here nor in settle(). So do not stop a pipe for as long as the stream's retention. An event that a
    filter of the pipe drops counts as lost.
    """

    published: int
    applied: int
    rejected: int
    duplicates: int
    dead_letters: int
    pending: int
    drift: pd.DataFrame
    missing_rejections: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    applied_twice: tuple[str, ...] = ()
    cut: str = ""
    oldest_pending: float = 0
    expired: tuple[str, ...] = ()

    @property
    def conserved(self) -> bool:
        """Published = applied + rejected + duplicates + dead_letters + pending."""
        accounted = self.applied + self.rejected + self.duplicates + self.dead_letters
        return self.published == accounted + self.pending

    @property
    def exact(self) -> bool:
        """No drift, nothing missing or applied twice, every published record accounted for."""
        return not self.problems

    def counts(self) -> dict[str, int]:
        """What was published, and what became of it."""
        return {
            "published": self.published,
            "applied": self.applied,
            "rejected": self.rejected,
            "duplicates": self.duplicates,
            "dead letters": self.dead_letters,
            "pending": self.pending,
        }

    @property
    def problems(self) -> list[str]:
        """Why it is not exact, a sentence each; empty when it is."""
        if self.cut:
            sentence = f"{self.cut}; compare with a snapshot: reconcile(since=snapshot)"
            return [sentence, *self._expired()]
        counted = (
            (len(self.drift), "product differs", "products differ", "from the stream"),
            (len(self.missing_rejections), "rejected record is", "rejected records are",
             "missing from the rejected queue"),
            (len(self.lost), "record was", "records were",
             "delivered to the function and left no trace in the table"),
            (len(self.applied_twice), "event was", "events were", "applied twice"),
        )  # fmt: skip
        sentences = [f"{n} {one if n == 1 else many} {what}" for n, one, many, what in counted if n]
        sentences += self._expired()
        if self.oldest_pending > PENDING_TOO_LONG:
            sentences.append(_PENDING.format(self.pending, self.oldest_pending / 60))
        if self.conserved:
            return sentences
        return [*sentences, UNEVEN if sentences else self._imbalance()]

    def _expired(self) -> list[str]:
        if not self.expired:
            return []
        products = "1 product" if len(self.expired) == 1 else f"{len(self.expired)} products"
        named = ", ".join(f"{product_id:.60}" for product_id in self.expired[:NAMED_PRODUCTS])
        return [
            f"records of {products} expired in the stream before anything processed them ({named}"
            f"{', …' if len(self.expired) > NAMED_PRODUCTS else ''}): publish them again"
        ]

    def _imbalance(self) -> str:
        """Why the sum is uneven when everything else agrees."""
        missing = self._unreported
        if missing < 0:
            return UNEVEN
        records = "1 record that was" if missing == 1 else f"{missing} records that were"
        return (
            f"{UNREPORTED} {records} processed: AWS stopped an invocation before its report, or "
            "rebuild() applied them"
        )

    @property
    def is_incomplete(self) -> bool:
        """Whether what is missing may still be on its way: a line of the log, a message of a queue."""
        differs = self.cut or len(self.drift) or self.applied_twice or self._unreported < 0
        return not self.exact and not differs

    @property
    def _unreported(self) -> int:
        """How many records were published and are in no count; negative when the counts are more."""
        return 2 * self.published - sum(self.counts().values())

    def __repr__(self) -> str:
        (published, count), *parts = self.counts().items()
        law = f"{published} {count} = " + " + ".join(f"{name} {n}" for name, n in parts)
        return f"{law}\n" + ("exact" if self.exact else f"NOT EXACT: {'; '.join(self.problems)}")

    def _repr_html_(self) -> str:
        names = ("published", *(f"{sign} {name}" for sign, name in self._signed_names()))
        counts = table(names, [[cell(count) for count in self.counts().values()]])
        if self.exact:
            return f"{counts}<p>✓ exact: the table is what the stream says</p>"
        problems = "".join(element("li", escape(problem)) for problem in self.problems)
        return f"{counts}<p>✗ not exact</p><ul>{problems}</ul>{self._drift_html()}"

    def _signed_names(self) -> Iterator[tuple[str, str]]:
        return zip("=++++", list(self.counts())[1:], strict=True)

    def _drift_html(self) -> str:
        if not len(self.drift):
            return ""
        drift = self.drift.head(SHOWN_ROWS).to_dict("records")
        rows = [
            [
                cell(row["product_id"]), cell(_spelled(row, "expected")), cell(_spelled(row, "table")),
                cell(row["first_difference"]),
            ]
            for row in drift
        ]  # fmt: skip
        hidden = len(self.drift) - SHOWN_ROWS
        more = element("p", f"… and {hidden} more in .drift") if hidden > 0 else ""
        names = ("product", "the stream says", "the table has", "first difference")
        return table(names, rows) + more


def _spelled(row: Mapping[str, Any], side: str) -> str:
    """One side of a row of the drift, in words."""
    if row[f"{side}_status"] == BROKEN:
        return "an item that cannot be read"
    quantity, applied = int(row[f"{side}_quantity"]), int(row[f"{side}_applied"])
    events = "1 event" if applied == 1 else f"{applied} events"
    return f"{row[f'{side}_status']}, quantity {quantity}, {events} applied"


@dataclass(slots=True)
class FoldedStream:
    """The result of folding the stream once: the items, and what became of the records."""

    missing_from_stream: MissingFromStream
    items: Mapping[str, Item] = field(default_factory=dict)
    counts: Counter[Fate] = field(default_factory=Counter)
    rejected: list[Outcome] = field(default_factory=list)
    pending: list[Record] = field(default_factory=list)
    applied_twice: list[str] = field(default_factory=list)
    given_up_repeats: int = 0
    _applied: set[tuple[Any, ...]] = field(default_factory=set)

    def note(self, entry: Entry) -> None:
        """Count an entry, and keep its record or outcome when a check needs it."""
        self.missing_from_stream.note(entry.record)
        self.counts[entry.fate] += 1
        self.given_up_repeats += entry.is_repeat
        if entry.fate is Fate.PENDING:
            self.pending.append(entry.record)
        elif entry.fate is Fate.REJECTED and entry.outcome:
            self.rejected.append(entry.outcome)
        elif entry.fate is Fate.APPLIED:
            self._note_applied(entry)

    def _note_applied(self, entry: Entry) -> None:
        event = entry.outcome.event if entry.outcome else None
        if event is None:
            return
        identities = {identity_of(event)}
        if is_known_by_id(event):
            identities.add((event.product_id, event.event_id))
        if identities & self._applied:
            self.applied_twice.append(event.event_id)
        self._applied |= identities

    @property
    def open(self) -> int:
        """The records that nobody processed: pending, lost or given up."""
        return len(self.pending) + self.counts[Fate.DEAD_LETTER]

    def count_repeats(self, accounted: int) -> None:
        """Let a repeated event that was processed before it was given up count as a duplicate.

        The stream cannot tell, because it changes nothing either way; the function's reports can: they have
        counted so many records more than the others.
        """
        surplus = accounted + self.open - self.published
        processed = max(0, min(surplus, self.given_up_repeats))
        self.counts[Fate.DEAD_LETTER] -= processed
        self.counts[Fate.DUPLICATE] += processed

    @property
    def published(self) -> int:
        """The records that the stream holds, after the snapshot if there is one."""
        return self.counts.total() - self.counts[Fate.EARLIER]


def fold(pipeline: PipelineState, records: Iterable[Record]) -> FoldedStream:
    """Fold the records, in one pass."""
    ledger, folded = pipeline.ledger(), FoldedStream(pipeline.missing_from_stream())
    for entry in ledger.enter(records):
        folded.note(entry)
    folded.items = pipeline.expected(ledger.items)
    return folded


def accounted(pipeline: PipelineState) -> int:
    """How many records the function says it has processed, after the snapshot if there is one."""
    counts = counted(pipeline)
    return counts["applied"] + counts["rejected"] + counts["duplicates"]


def counted(pipeline: PipelineState) -> dict[str, int]:
    """The function's own counts, after the snapshot if there is one."""
    before = pipeline.since.counts
    return {name: count - before.get(name, 0) for name, count in pipeline.reports.totals.items()}


def reconcile(
    pipeline: PipelineState,
    read: Read,
    frame: Callable[[list[dict[str, Any]]], pd.DataFrame],
    expired: tuple[str, ...] = (),
) -> Reconciliation:
    """Compare the table with the stream that `read` returns; `frame` makes a DataFrame of the drift, and
    `expired` names products with records that nothing can read any more.
    """
    folded, counts = fold(pipeline, read()), counted(pipeline)
    folded.count_repeats(accounted(pipeline))
    lost = [r for r in folded.pending if pipeline.passed(r.shard_id, r.sequence_number)]
    missing = missing_rejections(pipeline, folded) if pipeline.watermarked else ()
    return Reconciliation(
        published=folded.published,
        applied=counts["applied"],
        rejected=counts["rejected"],
        duplicates=counts["duplicates"],
        dead_letters=folded.counts[Fate.DEAD_LETTER],
        pending=len(folded.pending) - len(lost),
        drift=frame(drift(pipeline, folded.items, read)),
        missing_rejections=tuple(sorted(outcome.record.record_id for outcome in missing)),
        lost=tuple(record.record_id for record in lost),
        applied_twice=tuple(folded.applied_twice),
        cut=pipeline.cut(
            accounted(pipeline) + folded.open, folded.published, folded.missing_from_stream
        ),
        oldest_pending=_oldest_pending(pipeline, folded.pending),
        expired=expired,
    )


def _oldest_pending(pipeline: PipelineState, pending: Iterable[Record]) -> float:
    """Seconds since the oldest of these records arrived of which nothing tells whether it was passed."""
    unknown = (r for r in pending if pipeline.passed(r.shard_id, r.sequence_number) is None)
    now = pipeline.now.timestamp()
    return now - min((record.arrived_at for record in unknown), default=now)


def missing_rejections(pipeline: PipelineState, folded: FoldedStream) -> Iterator[Outcome]:
    """The rejections that are not in the queue, though it keeps messages that long."""
    oldest = (pipeline.now - REJECTIONS_KEPT).timestamp()
    for outcome in folded.rejected:
        record = outcome.record
        if record.record_id not in pipeline.kept and record.arrived_at >= oldest:
            yield outcome


def drift(
    pipeline: PipelineState, expected: Mapping[str, Item], read: Read
) -> list[dict[str, Any]]:
    """One row a product whose status, quantity or number of applied events differs.

    When there are any, the stream is read once more, for the first event in which they differ.
    """
    items = pipeline.contents.items
    compared = _facts if pipeline.watermarked else _simple_facts
    keys = sorted(expected.keys() | items.keys() | pipeline.contents.broken.keys())
    rows = [
        _row(pipeline, key, expected.get(key) or Item(key))
        for key in keys
        if key in pipeline.contents.broken
        or compared(expected.get(key) or Item(key)) != compared(items.get(key) or Item(key))
    ]
    if rows:
        _add_first_differences(pipeline, rows, read())
    return rows


def _facts(item: Item) -> tuple[Status, int, int]:
    return item.status, item.quantity, item.applied_count


def _simple_facts(item: Item) -> tuple[bool, int]:
    """For a function that deletes removed products and counts nothing."""
    active = item.status is Status.ACTIVE
    return active, item.quantity if active else 0


def _row(pipeline: PipelineState, key: str, expected: Item) -> dict[str, Any]:
    item = pipeline.contents.items.get(key) or Item(key)
    broken = key in pipeline.contents.broken
    return {
        "product_id": key,
        "expected_status": expected.status.value,
        "table_status": BROKEN if broken else item.status.value,
        "expected_quantity": expected.quantity,
        "table_quantity": None if broken else item.quantity,
        "expected_applied": expected.applied_count,
        "table_applied": None if broken else item.applied_count,
    }


def _add_first_differences(
    pipeline: PipelineState, rows: list[dict[str, Any]], records: Iterable[Record]
) -> None:
    """Add to each row the first event after which the table differs."""
    drifting = {row["product_id"] for row in rows}
    applied: dict[str, list[InventoryEvent]] = {key: [] for key in drifting}
    named: dict[str, list[InventoryEvent]] = {key: [] for key in drifting}
    of_drifting = (record for record in records if record.partition_key in drifting)
    for entry in pipeline.ledger().enter(of_drifting):
        if entry.outcome is not None and entry.outcome.event is not None:
            key, event = entry.record.partition_key, entry.outcome.event
            named[key].append(event)
            if entry.fate is Fate.APPLIED:
                applied[key].append(event)
    for row in rows:
        key = row["product_id"]
        if key in pipeline.contents.broken:
            row["first_difference"] = pipeline.contents.broken[key].problem.problem
        elif not pipeline.watermarked:
            row["first_difference"] = "the simple design remembers no events"
        else:
            item = pipeline.contents.items.get(key)
            row["first_difference"] = first_difference(applied[key], named[key], item)
