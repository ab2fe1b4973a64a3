"""The invocations of several functions beside each other: what each received, when, and what failed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from inventory_lab.views.picture import Picture
from inventory_lab.views.svg import box, drawing, fitted, path, plural, text

WIDTH = 860
TITLE = "What each function was invoked with"
SHOWN = 8
"""Columns of a picture; of more the last ones are drawn."""
MARK = "EVENT "
"""How a line of a function's log begins that names an event which it received."""
_LEFT, _STEP, _BLOCK = 162, 86, 80
_TOP, _LANE, _LINES = 98, 98, 3


class LogsClient(Protocol):
    """A boto3 client of CloudWatch Logs."""

    def filter_log_events(self, **request: object) -> Mapping[str, Any]: ...  # noqa: D102


@dataclass(slots=True)
class Invocation:
    """One invocation of a function: `second` is in epoch seconds; `events` are the texts that its log
    names, `records` their number; `failed` says that the function raised an error.
    """

    second: int
    events: list[str] = field(default_factory=list)
    records: int = 0
    failed: bool = False


def draw_invocations(logs: LogsClient, *functions: str, since: datetime | None = None) -> Picture:
    """A lane for each function with its invocations, read from its log in CloudWatch Logs.

    A function names what it receives by printing lines that begin with `EVENT `. `since` leaves out
    what was before. A function that has no log yet gets an empty lane.

    >>> draw_invocations(lab.session("root").client("logs"), "update-inventory").svg[:4]
    '<svg'
    """
    return invocations_picture({name: read_invocations(logs, name, since) for name in functions})


def read_invocations(
    logs: LogsClient, function: str, since: datetime | None = None
) -> list[Invocation]:
    """The invocations in a function's log, the oldest first.

    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """
    streams: defaultdict[str, list[Invocation]] = defaultdict(list)
    for event in _log_events(logs, function, since):
        _read_line(event["message"], event["timestamp"] // 1000, streams[event["logStreamName"]])
    return sorted(
        (i for invocations in streams.values() for i in invocations), key=lambda i: i.second
    )


def _log_events(
    logs: LogsClient, function: str, since: datetime | None
) -> Iterator[Mapping[str, Any]]:
    from botocore.exceptions import ClientError

    request: dict[str, Any] = {"logGroupName": f"/aws/lambda/{function}"}
    if since is not None:
        request["startTime"] = int(since.timestamp() * 1000)
    while True:
        try:
            answer = logs.filter_log_events(**request)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return
        yield from answer.get("events", [])
        if not answer.get("nextToken"):
            return
        request["nextToken"] = answer["nextToken"]


def _read_line(line: str, second: int, invocations: list[Invocation]) -> None:
    """Add what a line says to the last invocation of its log stream, or begin a new one."""
    if line.startswith("START RequestId"):
        invocations.append(Invocation(second))
    elif not invocations:
        return
    elif line.startswith(MARK):
        invocations[-1].events.append(line.removeprefix(MARK).strip())
        invocations[-1].records += 1
    elif line.startswith("[ERROR]") or "Task timed out" in line:
        invocations[-1].failed = True
    elif line.startswith('{"report":"batch"'):
        invocations[-1].records += int(json.loads(line).get("records", 0))


def invocations_picture(lanes: Mapping[str, Sequence[Invocation]]) -> Picture:
    """Lanes of invocations as a picture; each second has as many columns as its busiest function needs."""
    columns = _columns(lanes)
    shown = columns[-SHOWN:]
    height = _TOP + _LANE * max(len(lanes), 1) + 4
    rows = [
        _lane(name, invocations, _TOP + _LANE * n, shown)
        for n, (name, invocations) in enumerate(lanes.items())
    ]
    says = describe(lanes)
    svg = drawing(
        WIDTH, height, TITLE, says, text(20, 36, TITLE, 18, bold=True),
        text(20, 60, "Each block is one invocation: ✓ succeeded, ✕ failed. Below the sign are the events.", 13, "soft"),
        *_seconds(shown, columns, height), *rows,
    )  # fmt: skip
    return Picture(svg, WIDTH, height, TITLE, says)


def describe(lanes: Mapping[str, Sequence[Invocation]]) -> str:
    """The lanes in sentences."""
    if not any(lanes.values()):
        return "No function was invoked."
    return " ".join(f"{name}: {_story(invocations)}." for name, invocations in lanes.items())


def _story(invocations: Sequence[Invocation]) -> str:
    if not invocations:
        return "not invoked"
    failed = sum(invocation.failed for invocation in invocations)
    return plural(len(invocations), "invocation") + (f", {failed} failed" if failed else "")


Column = tuple[int, int]
"""A second, and a number of an invocation in it."""


def _columns(lanes: Mapping[str, Sequence[Invocation]]) -> list[Column]:
    return sorted({column for invocations in lanes.values() for column in _placed(invocations)})


def _placed(invocations: Sequence[Invocation]) -> dict[Column, Invocation]:
    """The invocations by their columns."""
    placed: dict[Column, Invocation] = {}
    for invocation in invocations:
        number = sum(second == invocation.second for second, _ in placed)
        placed[invocation.second, number] = invocation
    return placed


def _seconds(shown: Sequence[Column], columns: Sequence[Column], height: float) -> Iterator[str]:
    """The time above the first column of each second, counted from the first invocation of all."""
    for place, (second, number) in enumerate(shown):
        if number == 0 or place == 0:
            x = _LEFT + _STEP * place
            yield text(x, _TOP - 12, f"+{second - columns[0][0]} s", 13, "soft")
            yield path(f"M{x - 3} {_TOP - 8}V{height - 10}", "edge", 1)


def _lane(name: str, invocations: Sequence[Invocation], y: float, shown: Sequence[Column]) -> str:
    placed = _placed(invocations)
    words = text(20, y + 22, fitted(name, _LEFT - 30, 14), 14, bold=True)
    words += text(20, y + 42, plural(len(invocations), "invocation"), 13, "soft")
    return words + "".join(
        _block(placed[column], _LEFT + _STEP * place, y)
        for place, column in enumerate(shown)
        if column in placed
    )


def _block(invocation: Invocation, x: float, y: float) -> str:
    color, sign = ("denied", "✕") if invocation.failed else ("allowed", "✓")
    lines = _lines(invocation)
    shape = box(x, y, _BLOCK, 88, "box", color, thickness=2, tooltip=", ".join(invocation.events))
    words = [
        text(x + 6, y + 37 + 17 * n, fitted(line, _BLOCK - 8, 12.5), 12.5)
        for n, line in enumerate(lines)
    ]
    return shape + text(x + 6, y + 18, sign, 15, color, bold=True) + "".join(words)


def _lines(invocation: Invocation) -> list[str]:
    """At most three lines: the events, or how many there are."""
    if not invocation.events:
        return [plural(invocation.records, "record")] if invocation.records else []
    if len(invocation.events) <= _LINES:
        return invocation.events
    return [
        *invocation.events[: _LINES - 1],
        f"and {len(invocation.events) - _LINES + 1} more",
    ]
