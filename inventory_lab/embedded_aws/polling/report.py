"""What a pipe did: the sum of a round, and each execution. Free of moto."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime


@dataclass(slots=True)
class Round:
    """What one round did: records taken up and filtered out, invocations, how many of them failed or
    were retries, bisects, records given up; the age in milliseconds of the oldest record that is not
    passed (0 when none waits); why the last call failed; the faults that struck, if a plan is on.
    """

    records: int = 0
    filtered: int = 0
    invocations: int = 0
    failures: int = 0
    retries: int = 0
    bisects: int = 0
    dead_lettered: int = 0
    iterator_age_ms: int = 0
    error: str = ""
    faults: list[str] = field(default_factory=list)

    def add(self, other: Round) -> None:
        """Count another round in."""
        for name in (f.name for f in fields(self)):
            if name not in ("error", "iterator_age_ms"):
                setattr(self, name, getattr(self, name) + getattr(other, name))
        self.iterator_age_ms = max(self.iterator_age_ms, other.iterator_age_ms)
        self.error = other.error or self.error


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution of a pipe: a batch that was handed to the function, or given up.

    `outcome` is delivered, partly failed, failed, bisected, dead letter or dropped.
    """

    at: datetime
    pipe: str
    shard_id: str
    first: int
    last: int
    records: int
    attempt: int
    outcome: str
    failed: int
    error: str
