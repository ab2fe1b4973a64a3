"""The log of a build, written to CloudWatch Logs with the credentials of the build's role."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from inventory_lab.resources.account import unless_missing

_EXISTS = ("ResourceAlreadyExistsException",)
MOST_EVENTS = 1_000
LONGEST_LINE = 10_000
"""Characters; what a line has more is cut."""


class BuildLog:
    """The log stream of one build; lines are buffered until flush()."""

    def __init__(self, logs: Any, group: str, stream: str, now: Callable[[], datetime]) -> None:
        self._logs = logs
        self._names = {"logGroupName": group, "logStreamName": stream}
        self._now = now
        self._events: list[dict[str, Any]] = []

    def open(self) -> None:
        """Create the log group, when it is missing, and the log stream. Raises ClientError."""
        group = self._names["logGroupName"]
        unless_missing(_EXISTS, self._logs.create_log_group, logGroupName=group)
        unless_missing(_EXISTS, self._logs.create_log_stream, **self._names)

    def note(self, text: str) -> None:
        """A line of CodeBuild itself, with its time."""
        self.write([f"[Container] {self._now():%Y/%m/%d %H:%M:%S} {text}"])

    def write(self, lines: Iterable[str]) -> None:
        """Lines that a command printed. CloudWatch Logs stores no empty ones."""
        milliseconds = int(self._now().timestamp() * 1000)
        self._events += [
            {"timestamp": milliseconds, "message": line[:LONGEST_LINE]} for line in lines if line
        ]

    def flush(self) -> None:
        """Send what was written since. Raises ClientError."""
        while self._events:
            batch, self._events = self._events[:MOST_EVENTS], self._events[MOST_EVENTS:]
            self._logs.put_log_events(**self._names, logEvents=batch)
