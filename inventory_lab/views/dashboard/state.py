"""What a dashboard knows: pure, and bounded however long it runs."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from inventory_lab.domain.inventory import Item, Record, Status
from inventory_lab.observe.ledger import processed_by

SECONDS_KEPT = 60
LATENCIES_KEPT = 1_000
BATCHES_IN_FLIGHT = 300
MESSAGES_KEPT = 5
RATE_SECONDS = 10

Outcome = Literal["waiting", "applied", "rejected", "given up"]
Arrived = Callable[[str, str, int], bool]
"""Whether the table has processed a product's record: product, shard and sequence number."""


@dataclass(frozen=True, slots=True)
class Second:
    """A second of lab time: its end in epoch seconds, the records that were published and processed."""

    at: float
    published: int
    processed: int


@dataclass(frozen=True, slots=True)
class InFlight:
    """Events that were published together: when, how many, and each product's last sequence number."""

    at: float
    count: int
    positions: Mapping[str, Mapping[str, int]]

    def has_arrived(self, arrived: Arrived) -> bool:
        """Whether all of them are in the table."""
        return all(
            arrived(product, shard, number)
            for product, shards in self.positions.items()
            for shard, number in shards.items()
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """An event that a person sent, and what became of it."""

    product: str
    change: str
    shard: str
    number: int
    outcome: Outcome = "waiting"
    detail: str = ""

    @property
    def record_id(self) -> str:
        """Shard id, colon, sequence number."""
        return f"{self.shard}:{self.number}"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error and when it was seen last, in epoch seconds."""

    at: float
    error: str


@dataclass(slots=True)
class State:
    """Numbers for the panels; `at` is the lab time in epoch seconds. Every buffer has a maximum length."""

    at: float = 0.0
    items: Mapping[str, Item] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    stored: int = 0
    dead_letter_messages: int = 0
    oldest_waiting_ms: int = 0
    sent: Sent | None = None
    seconds: deque[Second] = field(default_factory=lambda: deque(maxlen=SECONDS_KEPT))
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))
    in_flight: deque[InFlight] = field(default_factory=lambda: deque(maxlen=BATCHES_IN_FLIGHT))
    problems: deque[Problem] = field(default_factory=lambda: deque(maxlen=MESSAGES_KEPT))
    faults: deque[str] = field(default_factory=lambda: deque(maxlen=MESSAGES_KEPT))

    @property
    def stock(self) -> dict[str, int]:
        """The pieces of each active product, by name."""
        active = (item for item in self.items.values() if item.status is Status.ACTIVE)
        return {i.product_id: i.quantity for i in sorted(active, key=lambda i: i.product_id)}

    @property
    def recent_problems(self) -> list[Problem]:
        """The problems of the last minute, the newest first."""
        return [problem for problem in self.problems if problem.at >= self.at - SECONDS_KEPT]

    @property
    def processed(self) -> int:
        """How many records the function has reported, redelivered ones included."""
        names = ("applied", "rejected", "duplicates", "redelivered")
        return sum(self.totals.get(name, 0) for name in names)

    def published(self, positions: Mapping[str, Mapping[str, int]], count: int) -> None:
        """Take note of events that were published now."""
        if count:
            self.in_flight.append(InFlight(self.at, count, positions))

    def table_was_read(self, items: Mapping[str, Item], arrived: Arrived) -> None:
        """Take note of the table as it is now: what has arrived in it has a latency."""
        self.items = items
        open_batches = []
        for batch in self.in_flight:
            if batch.has_arrived(arrived):
                self.latencies.extend([self.at - batch.at] * min(batch.count, LATENCIES_KEPT))
            else:
                open_batches.append(batch)
        self.in_flight = deque(open_batches, maxlen=BATCHES_IN_FLIGHT)

    def failed(self, error: str) -> None:
        """Take note of an error; one that repeats is kept once, with its last time."""
        if not error:
            return
        if self.problems and self.problems[0].error == error:
            self.problems.popleft()
        self.problems.appendleft(Problem(self.at, error))

    def rate(self, measure: Callable[[Second], int]) -> float:
        """Records a second over the last ten seconds of lab time."""
        last = list(self.seconds)[-RATE_SECONDS:]
        return sum(map(measure, last)) / len(last) if last else 0.0

    def latency(self, share: float) -> float | None:
        """The latency in seconds that this share of the last 1,000 events kept; None before the first."""
        return percentile(self.latencies, share)


def by_watermark(items: Mapping[str, Item]) -> Arrived:
    """What has arrived by the watermarks of the table's items, which the function "fold" writes."""

    def arrived(product: str, shard: str, number: int) -> bool:
        return processed_by(items.get(product), Record(shard, number, product, b"", 0))

    return arrived


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed; None of nothing.

    >>> percentile([4, 1, 3, 2], 0.5), percentile([4, 1, 3, 2], 0.99)
    (2, 4)
    """
    ordered: Sequence[float] = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1] if ordered else None
