"""What a storm says: in a terminal, in a notebook, in an assertion."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inventory_lab.testing.schedule import Schedule


SHOWN = 6
"""Records of a schedule that a report prints."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one schedule ended; `problem` is empty when the state is the expected one."""

    problem: str = ""
    struck: tuple[str, ...] = ()
    log: str = ""
    stuck: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """A schedule that failed, and the smallest one that still does."""

    schedule: Schedule
    outcome: Outcome
    smallest: Schedule
    after: Outcome


@dataclass(frozen=True, slots=True)
class StormReport:
    """The result of a storm; true when every schedule left the expected state."""

    handler: str
    schedules: int
    seed: int
    reader: str
    failure: Failure | None = None

    def __bool__(self) -> bool:
        return self.passed

    @property
    def passed(self) -> bool:
        """Whether every schedule left the expected state."""
        return self.failure is None

    def __str__(self) -> str:
        return "\n".join([self._headline(), *(f"  {name}: {text}" for name, text in self.rows())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th>"
            f"<td style='text-align:left'>{escape(text)}</td></tr>"
            for name, text in self.rows()
        )
        return f"<b>{escape(self._headline())}</b><table>{rows}</table>"

    def rows(self) -> list[tuple[str, str]]:
        """The facts of a failure, by name; none when there is none."""
        if self.failure is None:
            return []
        failure = self.failure
        small, after = failure.smallest, failure.after
        facts = [
            ("problem", after.problem),
            ("faults that struck", "; ".join([*after.struck, *_repeats(small)]) or "none"),
            ("last error in the log", after.log),
            ("smallest schedule", _described(small)),
            ("records", _records(small)),
            ("first seen as", failure.outcome.problem),
            ("play it again", f"the same call with seed={failure.schedule.seed}, schedules=1"),
        ]
        return [(name, text) for name, text in facts if text]

    def _headline(self) -> str:
        if self.failure is None:
            last = self.seed + self.schedules - 1
            return (
                f"{self.handler} behind a {self.reader}: passed {self.schedules} schedules, "
                f"seeds {self.seed} to {last}"
            )
        return (
            f"{self.handler} behind a {self.reader}: FAILED with seed {self.failure.schedule.seed}, "
            f"schedule {self.schedules}"
        )


def _repeats(schedule: Schedule) -> list[str]:
    count = len(schedule.repeats)
    return [f"{count} records were published twice"] if count else []


def _described(schedule: Schedule) -> str:
    faults = (
        ", ".join(f"{name} {value:g}" for name, value in schedule.likely.items()) or "no faults"
    )
    twice = f" and {len(schedule.repeats)} of them again" if schedule.repeats else ""
    return (
        f"{len(schedule.records)} records{twice} in batches of {schedule.batch_size}, {faults}, "
        f"each at most {schedule.at_most} times"
    )


def _records(schedule: Schedule) -> str:
    texts = [record.data.decode(errors="backslashreplace") for record in schedule.records]
    return "\n    ".join(
        texts[:SHOWN] + [f"… and {len(texts) - SHOWN} more"] * (len(texts) > SHOWN)
    )
