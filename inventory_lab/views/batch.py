"""One batch, and what became of each of its records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inventory_lab.views.colors import series
from inventory_lab.views.observed import (
    BatchExecution,
    ObservableLab,
    StoredRecord,
    by_shard,
    executions_of,
    records_of,
    span,
)
from inventory_lab.views.picture import Picture
from inventory_lab.views.svg import arrow_head, box, drawing, fitted, path, plural, text

WIDTH = 860
SHOWN = 14
_TOP, _ROW = 92, 40
_SIGNS = {
    "applied": ("✓", "allowed"), "rejected": ("✕", "denied"), "duplicate": ("=", "unknown"),
    "dead letter": ("✕", "denied"), "pending": ("…", "unknown"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """A record of a batch: what became of it, why, and the stock after it."""

    record: StoredRecord
    outcome: str
    reason: str = ""
    stock: int | None = None


@dataclass(frozen=True, slots=True)
class BatchStory:
    """An execution with the outcomes of its first records; `left_out` is how many more it had."""

    execution: BatchExecution
    outcomes: tuple[RecordOutcome, ...]
    left_out: int = 0


def draw_batch(lab: ObservableLab, execution: int = -1) -> Picture:
    """One batch of `lab.pipe_log()`, by default the last, and what has become of each of its records.

    `execution` is the place of its row. Raises IndexError when the log has no such row.

    >>> _ = lab.settle(lab.publish(ProductAdded("Tent", 3)))
    >>> draw_batch(lab).svg[:4]
    '<svg'
    """
    executions = executions_of(lab)
    if not -len(executions) <= execution < len(executions):
        raise IndexError(
            f"the pipe's log has {plural(len(executions), 'execution')}, none at {execution}"
        )
    return batch_picture(_story(lab, executions[execution]))


def batch_picture(story: BatchStory) -> Picture:
    """A batch as a picture."""
    count, e = max(len(story.outcomes), 1), story.execution
    height = _TOP + _ROW * count + (34 if story.left_out else 14)
    title = f"A batch of {plural(e.records, 'record')}, attempt {e.attempt}: {e.outcome}"
    fills = series([outcome.record.product for outcome in story.outcomes])
    rows = [_row(o, _TOP + _ROW * n, fills) for n, o in enumerate(story.outcomes)]
    more = f"and {plural(story.left_out, 'more record')}" if story.left_out else ""
    svg = drawing(
        WIDTH, height, title, describe(story), text(20, 36, title, 18, bold=True),
        text(20, 60, fitted(f"Shard {e.shard}, at {e.at}. {e.error}", WIDTH - 40, 13), 13, "soft"),
        text(20, 82, "record", 13, "soft"), text(330, 82, "what has become of it", 13, "soft"),
        text(700, 82, "stock after it", 13, "soft"), *rows,
        text(20, height - 14, more, 13, "soft"),
    )  # fmt: skip
    return Picture(svg, WIDTH, height, title, describe(story))


def describe(story: BatchStory) -> str:
    """The batch in sentences."""
    parts = [
        f"{o.record.product} {o.record.change}: {o.outcome}{f' ({o.reason})' if o.reason else ''}"
        for o in story.outcomes
    ]
    more = f"; and {plural(story.left_out, 'more record')}" if story.left_out else ""
    return f"{'; '.join(parts) or 'The stream no longer holds its records'}{more}."


def _story(lab: ObservableLab, execution: BatchExecution) -> BatchStory:
    lane = by_shard(records_of(lab.records())).get(execution.shard, [])
    places = span(lane, execution)
    shown = [lane[place] for place in places[:SHOWN]]
    known = _lines(lab, {record.product for record in shown})
    outcomes = tuple(
        RecordOutcome(record, *known.get(record.sequence, ("pending",))) for record in shown
    )
    return BatchStory(execution, outcomes, len(places) - len(shown))


def _lines(lab: ObservableLab, products: Iterable[str]) -> Mapping[str, tuple[str, str, int]]:
    """Outcome, reason and stock of the records of these products, by the end of the sequence number."""
    known = {}
    for product in sorted(products):
        frame = lab.history(product)
        columns = (frame[name] for name in ("sequence", "outcome", "reason", "stock"))
        for sequence, outcome, reason, stock in zip(*columns, strict=True):
            known[sequence] = (str(outcome), str(reason), int(stock))
    return known


def _row(outcome: RecordOutcome, y: float, fills: Mapping[str, str]) -> str:
    record = outcome.record
    sign, color = _SIGNS.get(outcome.outcome, ("?", "unknown"))
    words = outcome.outcome + (f": {outcome.reason}" if outcome.reason else "")
    stock = "" if outcome.stock is None or outcome.outcome != "applied" else str(outcome.stock)
    return "".join(
        (
            box(20, y, 210, 32, fills[record.product], "ink", thickness=0.5),
            text(30, y + 21, fitted(record.product, 110, 14), 14, "ink"),
            text(220, y + 21, record.change, 14, "ink", anchor="end", bold=True),
            path(f"M236 {y + 16}H300", color, 2.5),
            arrow_head(312, y + 16, "right", color),
            text(330, y + 21, sign, 16, color, bold=True),
            text(354, y + 21, fitted(words, 320, 14), 14),
            text(700, y + 21, stock, 14, bold=True),
        )
    )
