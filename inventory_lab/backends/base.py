"""What a lab needs of the place where it runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from inventory_lab.html import cell, table

if TYPE_CHECKING:
    import boto3

    from inventory_lab.builds.runner import BuildAgent
    from inventory_lab.embedded_aws.faults import FaultPlan, Faults
    from inventory_lab.iam.account.evaluator import PolicyEvaluator
    from inventory_lab.resources.account import Account

T = TypeVar("T")

POLL_SECONDS = 1.0
"""A pipe polls a shard about once a second, so that much time passes in a round."""


@dataclass(frozen=True, slots=True, repr=False)
class Round:
    """What happened in one pump(): counts of everything that reads the stream.

    `records` were read and `filtered` left out by a filter; of `invocations` some were `failures` or
    `retries`; `bisects` are batches that were split in two; `dead_letters` counts records given up.
    `iterator_age_ms` is the age of the oldest record that was not delivered yet, 0 when there is
    none. `error` is the last error, `faults` are those that a FaultPlan injected. On a real account
    AWS does not report any of this to the lab: `observed` is False.

    >>> Round(records=3, invocations=1)
    Round(records=3, invocations=1)
    >>> Round(observed=False)
    Round(on AWS the pipes run by themselves)
    """

    records: int = 0
    filtered: int = 0
    invocations: int = 0
    failures: int = 0
    retries: int = 0
    bisects: int = 0
    dead_letters: int = 0
    iterator_age_ms: int = 0
    error: str = ""
    faults: list[str] = field(default_factory=list)
    observed: bool = True

    def __repr__(self) -> str:
        if not self.observed:
            return "Round(on AWS the pipes run by themselves)"
        return f"Round({', '.join(f'{name}={value!r}' for name, value in self._facts().items())})"

    def _repr_html_(self) -> str:
        if not self.observed:
            return "<p>On AWS the pipes run by themselves.</p>"
        facts = self._facts()
        return table(list(facts), [[cell(value) for value in facts.values()]])

    def _facts(self) -> dict[str, object]:
        """What is not zero or empty, and the records in any case."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "observed"}
        return {name: value for name, value in values.items() if value or name == "records"}


class Execution(Protocol):
    """One execution of a pipe or an event source mapping: a batch and what became of it."""

    @property
    def at(self) -> datetime:
        """When it was, in lab time."""

    @property
    def pipe(self) -> str:
        """The name of the pipe."""

    @property
    def shard_id(self) -> str:
        """The shard that the batch is from."""

    @property
    def first(self) -> int:
        """The sequence number of its first record."""

    @property
    def last(self) -> int:
        """The sequence number of its last record."""

    @property
    def records(self) -> int:
        """How many records it has."""

    @property
    def attempt(self) -> int:
        """1 for the first delivery, 2 for the first retry."""

    @property
    def outcome(self) -> str:
        """Delivered, partly failed, failed, bisected, dead letter or dropped."""

    @property
    def failed(self) -> int:
        """How many of its records failed."""

    @property
    def error(self) -> str:
        """Why it failed; empty when it did not."""


class Clock(Protocol):
    """The time of a lab."""

    def now(self) -> datetime:
        """The time now, in UTC."""

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""


class Backend(Protocol):
    """The embedded AWS, or a real account."""

    embedded: bool
    """True for the embedded AWS, whose clock can be turned and whose faults can be planned."""

    @property
    def clock(self) -> Clock:
        """The time of the lab."""

    @property
    def evaluator(self) -> PolicyEvaluator:
        """Decides access as AWS does, by the policies of the account."""

    def admin_account(self) -> Account:
        """The account as the admin sees it."""

    def session(self, principal: str) -> boto3.Session:
        """A session of the principal. Raises PrincipalNotAvailable."""

    def revoke_producer(self) -> None:
        """Delete the producer's key that the backend created, if it still exists."""

    def pump(self) -> Round:
        """Let a second pass, in which everything that reads the stream reads and delivers once."""

    def still_open(self, positions: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
        """Those of `positions` (product → shard → sequence number) not passed."""

    def unknown_progress(self) -> str:
        """Why still_open() cannot tell when records are processed; empty when it can."""

    @property
    def publish_patience(self) -> float:
        """Seconds that publish() goes on while Kinesis refuses records, at least."""

    def spreading_codes(self) -> Collection[str]:
        """Errors that a call of the producer gets while AWS spreads its new key and policy."""

    def passed(self, shard_id: str, sequence_number: int) -> bool | None:
        """Whether every reader of the stream has delivered the record, or given it up; None when that
        is not known.
        """

    def executions(self) -> Sequence[Execution]:
        """What the pipes did, oldest first. Raises LocalOnly on a real account."""

    def faults(self, plan: FaultPlan) -> AbstractContextManager[Faults]:
        """Inside, the faults of a plan strike. Raises LocalOnly on a real account."""

    def take_build(self, build_id: str) -> BuildAgent | None:
        """The agent of a queued build, which the lab then runs; None on a real account, where CodeBuild
        runs it. Raises BuildNotQueued.
        """

    def run(self, work: Callable[[str], T], values: Iterable[str]) -> Iterable[T]:
        """The results of independent work: as map() gives them, on a real account some at a time."""

    def close(self) -> None:
        """End what the backend started."""
