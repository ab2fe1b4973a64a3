"""What a function writes, as Lambda hands it to CloudWatch Logs.

| | AWS | the lab |
|---|---|---|
| supported: START, END, REPORT | around every invocation | the same lines |
| supported: print, stderr | an event a line | the same |
| supported: logging | `[INFO]`, time, request id and message, by tabs; WARNING and above at first | the same |
| supported: one stream an environment | yes | yes, written with the role's credentials |
| differs: Duration, Init Duration | measured | lab time, so that every run reports the same |
| differs: Max Memory Used | measured | always 60 MB |
| differs: INIT_START, JSON format | there | not there |
"""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.turns import belongs_to_an_invocation

MEMORY_USED_MB = 60
EVENT_BYTES = 256 * 1024 - 26
BATCH_BYTES, BATCH_EVENTS = 2**20, 10_000
"""What PutLogEvents takes; each event counts 26 bytes more than its text."""

Event = dict[str, Any]


class Output(io.TextIOBase):
    """Standard output and error of an environment: each line is an event, at the lab's time."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.is_over: Callable[[], bool] = lambda: False
        """Whether the handler's time has run out: what it writes then is dropped."""
        self._begun = ""
        self._events: list[Event] = []

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As in Lambda."""
        return "utf-8"

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Take text; what has no line end yet waits for it."""
        if not self.is_over():
            self._take(text)
        return len(text)

    def record(self, text: str) -> None:
        """Take what a logger wrote as one event."""
        if not self.is_over():
            self.entry(text)

    def entry(self, text: str) -> None:
        """Take a text of Lambda's own as one event, however many lines it has."""
        if self._begun:
            self._take("\n")
        self._add(text)

    def taken(self) -> list[Event]:
        """The events since the last time."""
        if self._begun:
            self._take("\n")
        events, self._events = self._events, []
        return events

    def _take(self, text: str) -> None:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._add(line)

    def _add(self, text: str) -> None:
        if text:
            milliseconds = int(self.now().timestamp() * 1000)
            self._events += [{"timestamp": milliseconds, "message": part} for part in _parts(text)]


class _OfInvocation(io.TextIOBase):
    """What the threads of an invocation write goes to its output; the rest where it went before."""

    def __init__(self, output: Output, before: Any) -> None:
        self._output = output
        self._before = before

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As in Lambda."""
        return self._output.encoding

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Write to the output of the thread."""
        written: int = self._of_thread().write(text)
        return written

    def flush(self) -> None:
        """Flush what was there before; the output of an invocation needs no flush."""
        if self._of_thread() is not self._output:
            self._before.flush()

    def _of_thread(self) -> Any:
        return self._output if belongs_to_an_invocation() else self._before


def of_invocation(output: Output, before: Any) -> io.TextIOBase:
    """A standard output that takes what the threads of the running invocation write; what another thread
    writes goes where it went `before`.
    """
    return _OfInvocation(output, before)


class LogHandler(logging.Handler):
    """The handler that Lambda puts on the root logger."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self.request_id = ""
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record as one event."""
        now = stamp(self._output.now())
        text = f"[{record.levelname}]\t{now}\t{self.request_id}\t{self.format(record)}"
        self._output.record(text)


class RootLogger:
    """The root logger of an environment: its handlers and its level, which Lambda leaves at WARNING."""

    def __init__(self, output: Output) -> None:
        self.handler = LogHandler(output)
        self._handlers: list[logging.Handler] = [self.handler]
        self._level = logging.WARNING

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """While open, it is this process's root logger."""
        root = logging.getLogger()
        handlers, level = root.handlers, root.level
        self._put(self._handlers, self._level)
        try:
            yield
        finally:
            self._handlers, self._level = root.handlers, root.level
            self._put(handlers, level)

    def _put(self, handlers: list[logging.Handler], level: int) -> None:
        root = logging.getLogger()
        root.handlers = handlers
        if root.level != level:
            root.setLevel(level)


def stamp(moment: datetime) -> str:
    """A time as log lines have it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def report(
    request_id: str, duration: float, memory: int, init: float | None = None, status: str = ""
) -> str:
    """The REPORT line; durations in milliseconds, `init` only at a cold start."""
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration:.2f} ms",
        f"Billed Duration: {max(1, math.ceil(duration + (init or 0)))} ms",
        f"Memory Size: {memory} MB",
        f"Max Memory Used: {MEMORY_USED_MB} MB",
    ]
    fields += [] if init is None else [f"Init Duration: {init:.2f} ms"]
    return "\t".join(fields + ([status] if status else []))


class LogStream:
    """One stream of a function's log group, written with the function's own credentials.

    As on AWS, a function whose role may not write logs has no log; it runs nevertheless.
    """

    def __init__(self, logs: Any, group: str, name: str) -> None:
        self.group, self.name = group, name
        self._logs = logs
        with _access():
            self._make()

    def put(self, events: list[Event]) -> None:
        """Write the events; a log group that was deleted is created again."""
        with _access():
            for batch in _batches(events):
                self._put(batch)

    def _put(self, events: list[Event]) -> None:
        request = {"logGroupName": self.group, "logStreamName": self.name, "logEvents": events}
        try:
            self._logs.put_log_events(**request)
        except self._logs.exceptions.ResourceNotFoundException:
            self._make()
            self._logs.put_log_events(**request)

    def _make(self) -> None:
        """Create the stream, and before it the group where there is none: a role that may not create
        groups writes to one that exists.
        """
        request = {"logGroupName": self.group, "logStreamName": self.name}
        with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            try:
                self._logs.create_log_stream(**request)
            except self._logs.exceptions.ResourceNotFoundException:
                self._logs.create_log_group(logGroupName=self.group)
                self._logs.create_log_stream(**request)


@contextmanager
def _access() -> Iterator[None]:
    try:
        yield
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "AccessDeniedException":
            raise


def _parts(text: str) -> Iterator[str]:
    """The text, cut where it is longer than an event may be."""
    if len(text) * 4 <= EVENT_BYTES:
        yield text
        return
    data = text.encode(errors="replace")
    while data:
        part = data[:EVENT_BYTES].decode(errors="ignore")  # no half character at its end
        yield part
        data = data[len(part.encode()) :]


def _batches(events: list[Event]) -> Iterator[list[Event]]:
    batch: list[Event] = []
    room = BATCH_BYTES
    for event in events:
        size = len(event["message"].encode(errors="replace")) + 26
        if batch and (size > room or len(batch) == BATCH_EVENTS):
            yield batch
            batch, room = [], BATCH_BYTES
        batch.append(event)
        room -= size
    if batch:
        yield batch
