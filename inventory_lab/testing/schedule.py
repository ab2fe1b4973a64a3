"""A schedule: which records are published when, and which faults strike. One seed, one schedule."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from inventory_lab.embedded_aws.faults import FAULTS, FaultPlan
from inventory_lab.exceptions import WrongSetting
from inventory_lab.producer.publisher import RawRecord
from inventory_lab.testing.scenario import Scenario

BEYOND_AWS = ("child_before_parent", "poison")
"""Left out unless asked for: AWS reads a parent shard first, and poison needs a handler that
answers it without failing, which is a question of its own."""
STORM_FAULTS = tuple(fault for fault in FAULTS if fault not in BEYOND_AWS)
LIKELY = (0.0, 0.0, 0.05, 0.2, 0.5)
SELDOM = 0.05
"""The highest probability of a reshard: splitting shards in every round does not test a handler."""
PUBLISHED_TWICE = 0.1


@dataclass(frozen=True, slots=True)
class Part:
    """Records that are published together, and how many rounds the pipeline has before the next."""

    records: tuple[RawRecord, ...]
    rounds: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that a run depends on; the same schedule gives the same run."""

    seed: int
    parts: tuple[Part, ...]
    repeats: tuple[RawRecord, ...] = ()
    likely: dict[str, float] = field(default_factory=dict)
    at_most: int = 1
    batch_size: int = 10
    batch_window_seconds: int = 0

    @property
    def records(self) -> tuple[RawRecord, ...]:
        """All records, in the order in which they are published for the first time."""
        return tuple(record for part in self.parts for record in part.records)

    @property
    def plan(self) -> FaultPlan:
        """The faults of this schedule."""
        return FaultPlan(seed=self.seed, at_most=self.at_most, **self.likely)

    def with_records(self, records: Sequence[RawRecord]) -> Schedule:
        """The same schedule with fewer records: each stays in its part."""
        kept, parts = list(records), []
        for part in self.parts:
            here = tuple(record for record in part.records if _taken(kept, record))
            parts.append(replace(part, records=here))
        repeats = tuple(record for record in self.repeats if record in records)
        return replace(self, parts=tuple(parts), repeats=repeats)

    def calm(self) -> Schedule:
        """The same records, each published once, with no faults."""
        return replace(self, likely={}, repeats=())

    def with_faults(self, likely: dict[str, float], at_most: int) -> Schedule:
        """The same records under other faults."""
        return replace(self, likely=likely, at_most=at_most)


def schedule_of(
    seed: int, scenario: Scenario, events: int, faults: Sequence[str] = STORM_FAULTS
) -> Schedule:
    """The schedule of a seed. Raises WrongSetting for a fault that does not exist, or a scenario without records."""
    for fault in faults:
        if fault not in FAULTS:
            raise WrongSetting("faults", fault, f"one of {', '.join(FAULTS)}")
    chance = random.Random(seed)
    likely = {fault: chance.choice(LIKELY) for fault in faults}
    if "reshard" in likely:
        likely["reshard"] = min(likely["reshard"], SELDOM)
    records = scenario.records(chance, events)
    return Schedule(
        seed=seed,
        parts=tuple(_parts(chance, records)),
        repeats=tuple(_repeats(chance, records, scenario)),
        likely={fault: chances for fault, chances in likely.items() if chances},
        at_most=chance.choice((1, 2, 5)),
        batch_size=chance.choice((1, 3, 7, 20, 100)),
        batch_window_seconds=chance.choice((0, 1)),
    )


def _repeats(
    chance: random.Random, records: list[RawRecord], scenario: Scenario
) -> list[RawRecord]:
    """Records that are published again at the end, as a producer does that lost an answer."""
    again = [record for record in records if chance.random() < PUBLISHED_TWICE]
    return [] if scenario.identity is None else again


def _parts(chance: random.Random, records: list[RawRecord]) -> list[Part]:
    cuts = sorted(chance.randint(1, max(len(records), 1)) for _ in range(chance.randint(0, 3)))
    bounds = [0, *cuts, len(records)]
    return [
        Part(tuple(records[first:last]), chance.randint(0, 3))
        for first, last in pairwise(bounds)
        if first < last
    ]


def _taken(kept: list[RawRecord], record: RawRecord) -> bool:
    if record in kept:
        kept.remove(record)
        return True
    return False
