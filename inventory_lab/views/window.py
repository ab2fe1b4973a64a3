"""The batching window: when records arrived, and when the pipe closed each batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inventory_lab.html import number
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
from inventory_lab.views.svg import box, circle, drawing, path, plural, text

WIDTH = 860
SHOWN = 8
_LEFT, _RIGHT, _TOP, _ROW = 110, 610, 96, 44


@dataclass(frozen=True, slots=True)
class ClosedBatch:
    """A batch: when its records arrived and when it went to the function, in epoch seconds."""

    shard: str
    arrivals: tuple[float, ...]
    sent_at: float

    @property
    def waited(self) -> float:
        """How long the oldest record waited, in seconds."""
        return self.sent_at - self.arrivals[0]


def draw_window(lab: ObservableLab) -> Picture:
    """The last batches of the lab's pipe on a line of time, with the arrival of each record.

    A mark shows when the batch went to the function, because it was full or its window had passed.

    >>> draw_window(lab).svg[:4]
    '<svg'
    """
    settings = lab.settings
    batches = closed_batches(by_shard(records_of(lab.records())), executions_of(lab))
    return window_picture(batches, settings.batch_size, settings.batch_window_seconds)


def closed_batches(
    lanes: dict[str, list[StoredRecord]], executions: Sequence[BatchExecution]
) -> list[ClosedBatch]:
    """The batches of the executions that were a first attempt, in their order."""
    batches = []
    for execution in executions:
        lane = lanes.get(execution.shard, [])
        arrivals = tuple(lane[place].arrived_at for place in span(lane, execution))
        if execution.attempt == 1 and len(arrivals) == execution.records:
            batches.append(
                ClosedBatch(execution.shard, arrivals, _moment(execution.at, arrivals[-1]))
            )
    return batches


def window_picture(batches: Sequence[ClosedBatch], size: int, seconds: int) -> Picture:
    """Batches as a picture; `size` in records and `seconds` are the pipe's limits."""
    title = f"A batch closes at {plural(size, 'record')} or after {plural(seconds, 'second')}"
    shown = list(batches)[-SHOWN:]
    height = _TOP + _ROW * max(len(shown), 1) + 12
    begin = min((b.arrivals[0] for b in shown), default=0.0)
    end = max((b.sent_at for b in shown), default=1.0)
    rows = [
        _row(b, _TOP + _ROW * n, begin, max(end - begin, 1), size, seconds)
        for n, b in enumerate(shown)
    ]
    description = describe(shown, size, seconds)
    svg = drawing(
        WIDTH, height, title, description, text(20, 36, title, 18, bold=True),
        text(20, 60, "Each dot is a record that arrived, or several at once; the bar ends when the batch went to the function.",
             13, "soft"),
        text(_LEFT, 84, f"{_clock(begin)}" if shown else "No batch has been sent.", 13, "soft"),
        text(_RIGHT, 84, _clock(end) if shown else "", 13, "soft", anchor="end"), *rows,
    )  # fmt: skip
    return Picture(svg, WIDTH, height, title, description)


def describe(batches: Sequence[ClosedBatch], size: int, seconds: int) -> str:
    """The batches in sentences."""
    parts = [
        f"Shard {b.shard}: {plural(len(b.arrivals), 'record')}, {_why(b, size, seconds)}."
        for b in batches
    ]
    return " ".join(parts) or "No batch has been sent."


def _why(batch: ClosedBatch, size: int, seconds: int) -> str:
    waited = f"after {number(batch.waited)} s"
    if len(batch.arrivals) >= size:
        return f"full {waited}"
    return f"window over {waited}" if batch.waited >= seconds else f"closed {waited}"


def _row(batch: ClosedBatch, y: float, begin: float, length: float, size: int, seconds: int) -> str:
    def x(moment: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (moment - begin) / length

    first, sent = x(batch.arrivals[0]), x(batch.sent_at)
    bar = box(first - 8, y, max(sent - first + 16, 16), 26, "faint", "line", radius=13)
    dots = "".join(_dot(x(moment), y + 13, n) for moment, n in Counter(batch.arrivals).items())
    sent_mark = path(f"M{number(sent + 8)} {y - 3}v32", "allowed", 3)
    return (
        text(20, y + 18, f"shard {batch.shard}", 13, "soft")
        + bar + dots + sent_mark
        + text(_RIGHT + 22, y + 11, plural(len(batch.arrivals), "record"), 13, bold=True)
        + text(_RIGHT + 22, y + 28, _why(batch, size, seconds), 13, "soft")
    )  # fmt: skip


def _dot(x: float, y: float, count: int) -> str:
    """The records that arrived at one moment; a number says how many when there are several."""
    if count == 1:
        return circle(x, y, 4.5, "blue")
    return circle(x, y, 10, "blue") + text(
        x, y + 4.5, count, 12.5, "white", anchor="middle", bold=True
    )


def _moment(clock: str, after: float) -> float:
    """The time of day as epoch seconds: the first such moment that is not before `after`'s second."""
    arrived = datetime.fromtimestamp(after, UTC).replace(microsecond=0)
    hour, minute, second = (int(part) for part in clock[-8:].split(":"))
    moment = arrived.replace(hour=hour, minute=minute, second=second)
    return (moment if moment >= arrived else moment + timedelta(days=1)).timestamp()


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}"
