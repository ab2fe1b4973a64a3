"""A batch as the pipe sees it: each attempt to deliver it, and the answer that came back, or did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inventory_lab.views.bisect import SIGNS
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
from inventory_lab.views.svg import (
    CHARACTER_WIDTH,
    arrow_head,
    box,
    drawing,
    fitted,
    path,
    plural,
    text,
)

WIDTH = 760
TITLE = "What the pipe delivers, and the answers it gets"
SHOWN = 6
"""Attempts of a picture; of more the last ones are drawn."""
_PIPE, _FUNCTION, _TOP, _ROW = 130, 630, 128, 88
_MIDDLE = (_PIPE + _FUNCTION) / 2
_ANSWERED = ("delivered", "partly failed")


@dataclass(frozen=True, slots=True)
class Attempts:
    """A record (None: the stream has none of the product), the executions of its batch in their order,
    and the quantity of the product in the table, None without an item.
    """

    product_id: str
    record: StoredRecord | None
    executions: tuple[BatchExecution, ...]
    quantity: int | None


def draw_attempts(lab: ObservableLab, product_id: str) -> Picture:
    """Each delivery of the batch with a product's last record, and the answer that the pipe got.

    Below them is what the table says now.

    >>> _ = lab.settle(lab.publish(ProductAdded("Scale", 3)))
    >>> draw_attempts(lab, "Scale").svg[:4]
    '<svg'
    """
    return attempts_picture(_attempts(lab, product_id))


def attempts_picture(story: Attempts) -> Picture:
    """The attempts as a picture: the pipe and the function, and the messages between them."""
    shown = story.executions[-SHOWN:]
    height = _TOP + _ROW * max(len(shown), 1) + 52
    rows = [_row(story, each, _TOP + _ROW * n) for n, each in enumerate(shown)]
    svg = drawing(
        WIDTH, height, TITLE, describe(story), text(20, 36, TITLE, 18, bold=True),
        text(20, 60, _subtitle(story), 13, "soft"),
        text(_PIPE, 96, "the pipe", 15, anchor="middle", bold=True),
        text(_FUNCTION, 96, "the function", 15, anchor="middle", bold=True),
        *(path(f"M{x} 108V{height - 56}", "edge", 3) for x in (_PIPE, _FUNCTION)), *rows,
        text(20, height - 18, _in_table(story), 15, bold=True),
    )  # fmt: skip
    return Picture(svg, WIDTH, height, TITLE, describe(story))


def describe(story: Attempts) -> str:
    """The attempts in sentences."""
    attempts = [f"Attempt {each.attempt}: {_answer_of(each)}." for each in story.executions]
    return " ".join((f"{_subtitle(story)}.", *attempts, f"{_in_table(story)}."))


def _attempts(lab: ObservableLab, product_id: str) -> Attempts:
    lanes = by_shard(records_of(lab.records()))
    own = [record for lane in lanes.values() for record in lane if record.product == product_id]
    record = max(own, key=lambda each: (each.arrived_at, each.sequence), default=None)
    quantities = lab.inventory()["quantity"]
    quantity = int(quantities[product_id]) if product_id in quantities.index else None
    executions = _of(record, lanes[record.shard], executions_of(lab)) if record else []
    return Attempts(product_id, record, tuple(executions), quantity)


def _of(
    record: StoredRecord, lane: Sequence[StoredRecord], executions: Sequence[BatchExecution]
) -> list[BatchExecution]:
    """The executions that had the record."""
    place = lane.index(record)
    return [each for each in executions if each.shard == record.shard and place in span(lane, each)]


def _subtitle(story: Attempts) -> str:
    if story.record is None:
        return f"The stream has no record of {fitted(story.product_id, 300, 13)}"
    more = f", the last {SHOWN} are drawn" if len(story.executions) > SHOWN else ""
    return f"Shard {story.record.shard}, {plural(len(story.executions), 'execution')}{more}"


def _in_table(story: Attempts) -> str:
    quantity = "no item" if story.quantity is None else f"{story.quantity:,}"
    return f"In the table now: {quantity} ({fitted(story.product_id, 300, 15)})"


def _row(story: Attempts, execution: BatchExecution, y: float) -> str:
    """A batch on its way to the function, and the answer below it."""
    return _batch(story, execution, y) + _answer(execution, y + 44)


def _batch(story: Attempts, execution: BatchExecution, y: float) -> str:
    change = f"{story.product_id}: {story.record.change}" if story.record else ""
    words = fitted(change + (f" and {n} more" if (n := execution.records - 1) else ""), 340, 14)
    width = _width(words)
    return "".join(
        (
            text(20, y + 5, f"attempt {execution.attempt}", 13, "soft"),
            path(f"M{_PIPE + 6} {y}H{_FUNCTION - 18}", "line", 2.5),
            arrow_head(_FUNCTION - 6, y, "right", "line"),
            box(_MIDDLE - width / 2, y - 14, width, 28, "box", "line", radius=8),
            text(_MIDDLE, y + 5, words, 14, anchor="middle", bold=True),
        )
    )


def _answer(execution: BatchExecution, y: float) -> str:
    """An arrow back to the pipe; one that ends half way when there was no good answer."""
    came = execution.outcome in _ANSWERED
    sign, color = SIGNS[execution.outcome] if came else ("✕", "denied")
    words = fitted(f"{sign} {_answer_of(execution)}", 400, 14)
    width = _width(words)
    end = _PIPE + 18 if came else _MIDDLE
    return "".join(
        (
            path(f"M{_FUNCTION - 6} {y}H{end}", color, 2.5, dash="6 5"),
            arrow_head(_PIPE + 6, y, "left", color) if came else "",
            box(_MIDDLE - width / 2, y - 13, width, 26, "card"),
            text(_MIDDLE, y + 5, words, 14, color, anchor="middle", bold=True),
        )
    )


def _width(words: str) -> float:
    """The width of a box round a line of text."""
    return round(len(words) * 14 * CHARACTER_WIDTH) + 24


def _answer_of(execution: BatchExecution) -> str:
    """What the pipe knows about an attempt."""
    error = execution.error.rstrip(": ")
    return f"{execution.outcome}: {error}" if error else execution.outcome
