"""Lab time: it moves only when the lab moves it, so every run has the same times.

These follow lab time: the arrival of Kinesis records and everything that depends on it (batching
windows, sequence numbers, tombstones), their retention, shard iterators and limits, the time to live of
DynamoDB items, the pauses of botocore between retries, the time-out of a function, the retries of
asynchronous invocations, log events, the time of events on a bus, the sessions of assumed roles, and the
visibility, delay and retention of SQS messages. Lab time also passes in `pump()` and when a handler
sleeps. The rest of moto uses real time: SNS and IAM.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from inventory_lab.turns import uninterrupted

LAB_EPOCH = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class LabClock:
    """A clock that moves only when `advance` is called, and never back."""

    def __init__(self, start: datetime = LAB_EPOCH) -> None:
        self._now = start
        self.before_advance: list[Callable[[datetime], None]] = []
        """Called with the new time before the clock moves."""

    def now(self) -> datetime:
        """The lab's time, in UTC."""
        return self._now

    def timestamp(self) -> float:
        """The lab's time in epoch seconds."""
        return self._now.timestamp()

    @uninterrupted
    def advance(self, seconds: float) -> None:
        """Let `seconds` pass. Raises ValueError for a negative number."""
        if seconds < 0:
            raise ValueError(f"time cannot go back ({seconds} s)")
        later = self._now + timedelta(seconds=seconds)
        for observe in self.before_advance:
            observe(later)
        self._now = later


def zulu(moment: datetime, precision: str = "milliseconds") -> str:
    """A moment in UTC as AWS writes it in messages.

    >>> zulu(LAB_EPOCH, "seconds")
    '2026-01-05T09:00:00Z'
    """
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
