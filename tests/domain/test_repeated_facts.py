"""Long schedules of one product against a model that remembers everything.

In each: records of several sources, calls stored twice, whole sources published again, a shard that was
split and whose child is read before it, batches delivered again, and dead letters sent again late.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from inventory_lab.domain.events import InventoryEvent, ProductAdded, QuantityChanged, encode_event
from inventory_lab.domain.identity import Identity, identity_of
from inventory_lab.domain.inventory import Item, Reason, Record, Status, Verdict, fold
from inventory_lab.domain.memory import decode, encode
from tests.model import model_stock

AT = "2026-01-05T09:00:00Z"
SHARDS = ("shardId-000000000000", "shardId-000000000002")
ADDED = ProductAdded("Phone", 500, occurred_at=AT, source="2025-01-01T00:00:00Z/start", sequence=1)


@dataclass
class Stream:
    """Two shards, the second one a child of the first; records in the order in which they are stored."""

    records: list[Record] = field(default_factory=list)

    def put(self, event: InventoryEvent, shard: int) -> None:
        number = len(self.records) + 1
        data = encode_event(event)
        self.records.append(Record(SHARDS[shard], number, "Phone", data, 0))


def source_of(day: int) -> str:
    return f"2026-{1 + day // 28:02d}-{1 + day % 28:02d}T09:00:00Z/till"


def facts(chance: random.Random, sources: int, count: int) -> list[InventoryEvent]:
    """Numbered facts, of each source in order; some of them sell more than there is."""
    last = dict.fromkeys(map(source_of, range(sources)), 0)
    made = []
    for _ in range(count):
        source = chance.choice(list(last))
        last[source] += 1
        delta = chance.choice([-900, -9, -1, 1, 4, 40])
        event_id = f"{source}-{last[source]}"
        made.append(
            QuantityChanged(
                "Phone", delta, event_id=event_id, occurred_at=AT, source=source,
                sequence=last[source],
            )
        )  # fmt: skip
    return made


def stored(chance: random.Random, events: list[InventoryEvent]) -> Stream:
    """The events as two publishers in turn put them: calls stored twice, a resumption in any order."""
    stream = Stream()
    stream.put(ADDED, 0)
    calls = list(_calls(chance, events))
    if chance.random() < 0.5:
        middle = len(calls) // 2  # the second half first
        calls = calls[middle:] + calls[:middle]
    for position, call in enumerate(calls):
        shard = int(position > len(calls) // 2)
        for _ in range(chance.choice([1, 1, 1, 2])):
            for event in call:
                stream.put(event, shard)
    for event in chance.sample(events, len(events) // 2):  # and published again, in any order
        stream.put(event, 1)
    return stream


def _calls(chance: random.Random, events: list[InventoryEvent]) -> Iterator[list[InventoryEvent]]:
    at = 0
    while at < len(events):
        size = chance.randint(1, 30)
        yield events[at : at + size]
        at += size


def deliveries(chance: random.Random, stream: Stream) -> Iterator[list[Record]]:
    """Batches of each shard in its order, each of them once or twice; the shards in any order."""
    left = {shard: [r for r in stream.records if r.shard_id == shard] for shard in SHARDS}
    yield [left[SHARDS[0]].pop(0)]  # the product is there before the rest
    while any(left.values()):
        shard = chance.choice([shard for shard in left if left[shard]])
        size = chance.randint(1, 40)
        batch, left[shard] = left[shard][:size], left[shard][size:]
        for _ in range(chance.choice([1, 1, 2])):
            yield batch


class Run:
    """What the fold made of the deliveries, record by record."""

    def __init__(self, batches: Iterator[list[Record]], chance: random.Random) -> None:
        self.item: Item | None = None
        self.processed: list[tuple[str, bytes]] = []
        self.given_up: list[Record] = []
        self.verdicts: dict[Identity, list[str]] = {}
        for batch in batches:
            first = self.item is None
            dead = [r for r in batch if not first and chance.random() < 0.005]
            self.given_up += [r for r in dead if not self._knows(r)]
            self.process([r for r in batch if r not in dead])

    def process(self, batch: list[Record]) -> None:
        for outcome in fold(self.item, batch):
            self.item = outcome.item
            if outcome.reason is Reason.REDELIVERED_RECORD or outcome.event is None:
                continue
            said = outcome.reason or outcome.verdict
            self.verdicts.setdefault(identity_of(outcome.event), []).append(said)
            if outcome.reason is not Reason.TOO_OLD_TO_TELL:
                self.processed.append((outcome.record.partition_key, outcome.record.data))
        if self.item is not None:  # stored and read between two batches
            self.item = replace(self.item, memory=decode(encode(self.item.memory)))

    def _knows(self, record: Record) -> bool:
        marks = self.item.watermarks if self.item else {}
        return record.sequence_number <= marks.get(record.shard_id, -1)


@pytest.mark.parametrize("seed", range(30))
def test_after_any_schedule_each_fact_was_processed_once_or_nobody_could_tell(seed: int) -> None:
    chance = random.Random(seed)
    sources = chance.choice([1, 2, 5, 12, 15, 40])
    events = facts(chance, sources, chance.randint(300, 900))
    stream = stored(chance, events)
    run = Run(deliveries(chance, stream), chance)
    late = len(stream.records)
    for dead in run.given_up:  # dead letters, sent again unchanged, in any number
        for _ in range(chance.randint(1, 3)):
            late += 1
            run.process([replace(dead, shard_id=SHARDS[1], sequence_number=late)])
    unsure = 0
    for event in events:
        said = run.verdicts[identity_of(event)]
        processed = [
            s for s in said if s not in ("duplicate", Reason.REPEATED_EVENT, Reason.TOO_OLD_TO_TELL)
        ]
        assert len(processed) <= 1
        assert processed or Reason.TOO_OLD_TO_TELL in said
        if Reason.REPEATED_EVENT in said:
            assert processed
        unsure += Reason.TOO_OLD_TO_TELL in said
    stock, _ = model_stock(run.processed)
    assert run.item is not None
    assert (run.item.status, run.item.quantity) == (Status.ACTIVE, stock["Phone"])
    if sources <= 15 and all(len(n.ranges) <= 16 for n in run.item.memory.sources.values()):
        assert unsure == 0


def test_the_schedules_meet_what_they_are_for() -> None:
    met: set[str] = set()
    for seed in range(20):
        chance = random.Random(seed)
        events = facts(chance, chance.choice([1, 2, 5, 12, 15, 40]), chance.randint(300, 900))
        run = Run(deliveries(chance, stored(chance, events)), chance)
        met |= {said for verdicts in run.verdicts.values() for said in verdicts}
        met |= {"given up"} if run.given_up else set()
    assert met >= {Verdict.APPLIED, Reason.INSUFFICIENT_STOCK, Reason.REPEATED_EVENT, Reason.TOO_OLD_TO_TELL, "given up"}  # fmt: skip
