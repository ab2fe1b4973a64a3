"""The shards of the stream as lanes, their records as blocks, and how far the pipe has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inventory_lab.views.colors import series
from inventory_lab.views.observed import (
    DONE,
    BatchExecution,
    ObservableLab,
    StoredRecord,
    by_shard,
    executions_of,
    records_of,
    span,
)
from inventory_lab.views.picture import Picture
from inventory_lab.views.svg import Anchor, box, drawing, fitted, path, plural, text

WIDTH = 860
SHOWN = 8
_LEFT, _STEP, _BLOCK = 136, 89, 80
_TOP, _LANE = 92, 96
TITLE = "Records in their shards"


@dataclass(frozen=True, slots=True)
class Lane:
    """A shard: its records, oldest first, and how many of them the reader is done with (None: unknown).
    `earlier` is how many records came before these; `reader` is "pipe" or "mapping".
    """

    shard: str
    records: tuple[StoredRecord, ...]
    position: int | None
    earlier: int = 0
    reader: str = "pipe"

    @property
    def count(self) -> int:
        """How many records the shard has had."""
        return self.earlier + len(self.records)


def draw_shards(lab: ObservableLab) -> Picture:
    """The shards of the lab's stream with their records, coloured by product, and the reader's position.

    The reader is the pipe, or the mapping of a lab without a pipe. `lab.records()` has all records; a
    lane shows the eight round the reader's position.

    >>> draw_shards(lab).svg[:4]
    '<svg'
    """
    reader = "pipe" if lab.settings.has_pipe else "mapping"
    return shards_picture(lanes_of(records_of(lab.records()), executions_of(lab), reader))


def lanes_of(
    records: Sequence[StoredRecord], executions: Sequence[BatchExecution], reader: str = "pipe"
) -> list[Lane]:
    """A lane for each shard that has records."""
    return [
        Lane(
            shard,
            tuple(lane),
            _position(lane, [e for e in executions if e.shard == shard], reader),
            reader=reader,
        )
        for shard, lane in by_shard(records).items()
    ]


def shards_picture(lanes: Sequence[Lane]) -> Picture:
    """Lanes as a picture."""
    height = _TOP + _LANE * max(len(lanes), 1) + 6
    fills = series([record.product for lane in lanes for record in lane.records])
    shapes = [_lane(lane, _TOP + _LANE * n, fills) for n, lane in enumerate(lanes)]
    if not lanes:
        shapes.append(text(20, _TOP + 20, "The stream holds no records.", 14, "soft"))
    svg = drawing(
        WIDTH, height, TITLE, describe(lanes), text(20, 36, TITLE, 18, bold=True),
        text(20, 60, "Each block is a record, the oldest on the left. The partition key, here the product, decides the shard.", 13, "soft"),
        *shapes,
    )  # fmt: skip
    return Picture(svg, WIDTH, height, TITLE, describe(lanes))


def describe(lanes: Sequence[Lane]) -> str:
    """The lanes in sentences."""
    if not lanes:
        return "The stream holds no records."
    return " ".join(
        f"Shard {lane.shard}: {plural(lane.count, 'record')}{_progress(lane)}." for lane in lanes
    )


def _progress(lane: Lane) -> str:
    if lane.position is None:
        return ""
    passed, waiting = lane.earlier + lane.position, len(lane.records) - lane.position
    return f", {passed} passed by the {lane.reader}, {waiting} waiting"


def _position(
    lane: Sequence[StoredRecord], executions: Sequence[BatchExecution], reader: str
) -> int | None:
    """How many records from the beginning of the shard the reader has passed without a gap."""
    if not executions:
        return None
    passed = {place for e in executions for place in _passed(lane, e, reader)}
    return next((place for place in range(len(lane)) if place not in passed), len(lane))


def _passed(lane: Sequence[StoredRecord], execution: BatchExecution, reader: str) -> range:
    """The places of the records that an execution was the last for. A mapping tries a partly failed batch
    again from its first failed record; a pipe sends again what failed, wherever it is in the batch.
    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
    """
    places = span(lane, execution)
    if execution.outcome == "partly failed" and reader == "mapping":
        return places[: max(len(places) - execution.failed, 0)]
    return places if execution.outcome in DONE else range(0)


def _lane(lane: Lane, y: float, fills: dict[str, str]) -> str:
    count, position = len(lane.records), lane.position
    middle = count if position is None else position
    start = max(0, min(middle - SHOWN // 2 - 1, count - SHOWN))
    shown = list(enumerate(lane.records))[start : start + SHOWN]
    words = [
        text(20, y + 22, f"shard {lane.shard}", 14, bold=True),
        text(20, y + 41, plural(lane.count, "record"), 13, "soft"),
    ]
    if len(shown) < lane.count:
        first = lane.earlier + start + 1
        words.append(text(20, y + 59, f"here {first} to {first + len(shown) - 1}", 13, "soft"))
    track = box(_LEFT - 8, y, WIDTH - _LEFT - 6, 52, "faint", radius=8)
    blocks = [
        _block(
            record, _LEFT + _STEP * n, y + 4, fills, waiting=position is None or place >= position
        )
        for n, (place, record) in enumerate(shown)
    ]
    marker = "" if position is None else _marker(lane, _LEFT + _STEP * (position - start) - 4.5, y)
    return track + "".join(blocks) + "".join(words) + marker


def _block(
    record: StoredRecord, x: float, y: float, fills: dict[str, str], *, waiting: bool
) -> str:
    hover = f"{record.product} {record.change}, sequence number {record.sequence}"
    fill = fills[record.product]
    return (
        box(x, y, _BLOCK, 44, fill, "ink", thickness=2 if waiting else 0.5,
            dash="4 3" if waiting else None, tooltip=hover)
        + text(x + _BLOCK / 2, y + 19, fitted(record.product, _BLOCK - 6, 13), 13, "ink", anchor="middle")
        + text(x + _BLOCK / 2, y + 36, fitted(record.change, _BLOCK - 4, 13), 13, "ink", anchor="middle", bold=True)
    )  # fmt: skip


def _marker(lane: Lane, x: float, y: float) -> str:
    """Where the reader reads next."""
    near_end = x > WIDTH - 250
    side: tuple[float, Anchor] = (-8, "end") if near_end else (8, "start")
    words = f"the {lane.reader} has passed up to here"
    label = text(x + side[0], y + 76, words, 13, "text", anchor=side[1], bold=True)
    return path(f"M{x} {y - 4}V{y + 80}", "text", 3) + label
