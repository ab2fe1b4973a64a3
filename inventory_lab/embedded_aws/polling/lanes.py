"""How far a shard has been read and delivered: its lanes, and the batches in them. Free of moto."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any

from inventory_lab.embedded_aws.polling.records import Event


@dataclass(slots=True)
class Batch:
    """Records that are delivered together.

    `failures` counts the tries that use up a retry, `tries` all of them; `whole` is False when a record
    between the first and the last was delivered on its own; `response` is of the last try.
    """

    events: list[Event]
    failures: int = 0
    whole: bool = True
    tries: int = 0
    response: Mapping[str, Any] = field(default_factory=dict)

    def part(self, events: Sequence[Event]) -> Batch:
        """A batch of some of its records, with the same past."""
        whole = self.whole and self.is_run(events)
        return Batch(list(events), self.failures, whole, self.tries, self.response)

    def is_run(self, events: Sequence[Event]) -> bool:
        """Whether these of its records follow one another without a gap."""
        at = self.events.index(events[0])
        return self.events[at : at + len(events)] == list(events)


@dataclass(slots=True)
class Lane:
    """Records of one shard in order: read and waiting for a batch, then in a batch that is under way
    until it is delivered or given up.
    """

    waiting: deque[Event] = field(default_factory=deque)
    under_way: deque[Batch] = field(default_factory=deque)

    def first_open(self) -> Event | None:
        """The oldest record that is not passed."""
        if self.under_way:
            firsts = (batch.events[0] for batch in self.under_way)
            return min(firsts, key=lambda event: int(event["sequenceNumber"]))
        return self.waiting[0] if self.waiting else None


@dataclass(slots=True)
class ShardReader:
    """How far one shard has been read and delivered; `iterator` is None at the end of the shard."""

    shard_id: str
    iterator: str | None
    start: Mapping[str, Any]
    lanes: list[Lane]
    last_read: int = -1

    def open_events(self) -> list[Event]:
        """The oldest record of each lane that is not passed."""
        return [event for lane in self.lanes if (event := lane.first_open()) is not None]

    def drained(self) -> bool:
        """True when the shard has ended and everything in it was delivered or given up."""
        return self.iterator is None and not self.open_events()

    def passed(self, sequence_number: int) -> bool:
        """True when the record, and all before it, is delivered or in the dead letters."""
        numbers = (int(event["sequenceNumber"]) for event in self.open_events())
        return sequence_number < min(numbers, default=self.last_read + 1)

    def use_lanes(self, count: int) -> None:
        """Have that many lanes, as soon as nothing is waiting or under way in those there are."""
        if len(self.lanes) != count and not self.open_events():
            self.lanes = [Lane() for _ in range(count)]

    def lane_of(self, event: Event) -> Lane:
        """The lane in which all records of this key travel."""
        if len(self.lanes) == 1:
            return self.lanes[0]
        key = md5(event["partitionKey"].encode(), usedforsecurity=False).digest()
        return self.lanes[int.from_bytes(key) % len(self.lanes)]
