"""The plans of a workshop in notebooks/README.md, whose minutes are those that the notebooks state:
`python -m tools.plans` writes them and prints what a room costs on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inventory_lab.resources.cost import per_hour
from inventory_lab.settings import Settings
from inventory_lab.teaching.exercises import registry
from tools import course, index

LEARNERS = 30
PER_MILLION = {"record put": 0.014, "request of the pipe": 0.40, "invocation": 0.20, "write": 0.625}
"""US dollars in us-east-1; the pages are in notebook 15."""
MARKED = r"(?<=<!-- plan {name}: begin -->\n).*?(?=<!-- plan {name}: end -->)"


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a plan: a notebook, without some of its exercises, or something else that takes minutes."""

    what: str
    minutes: int = 0
    notebook: str = ""
    without: tuple[str, ...] = ()


def lesson(number: str, *without: str) -> Step:
    """A notebook by its number; the exercises `without` stay open."""
    return Step("", notebook=number, without=without)


def pause(minutes: int) -> Step:
    """A break."""
    return Step("break", minutes)


MORNING = 9 * 60
CORE = (
    Step("the problem, the picture, the setup on every machine", 10),
    lesson("00"), lesson("01"), pause(15), lesson("02"), lesson("03"), lesson("04"),
    Step("lunch", 60),
    lesson("05"), lesson("06"), pause(15), lesson("07"), lesson("08"), pause(10), lesson("09"),
    Step("questions; on AWS, `lab.teardown()` in every lab", 15),
)  # fmt: skip
SECOND_DAY = (
    Step("the first day once more: the quizzes of 04, 06 and 09", 15),
    lesson("10"), lesson("11"), pause(15), lesson("12"), lesson("13"), lesson("14"),
    Step("lunch", 60),
    lesson("15"), Step("deploy, look and tear down on the account, shown by the instructor", 20),
    pause(15), lesson("16"), Step("capstones shown and discussed; questions", 30),
)  # fmt: skip
SHORT = (
    Step("the setup on every machine", 5),
    lesson("00"),
    lesson("06", "06/create_pipe_role"),
    lesson("09", "09/subscribe_queue"),
    Step("questions", 5),
)
PLANS: Mapping[str, tuple[int, tuple[Step, ...]]] = {
    "90 minutes": (0, SHORT), "first day": (MORNING, CORE), "second day": (MORNING, SECOND_DAY),
}  # fmt: skip
"""Each plan's beginning, in minutes after midnight, and its steps."""


def timed(start: int, steps: tuple[Step, ...]) -> Iterator[tuple[int, int, str]]:
    """The beginning, the minutes and the text of each step."""
    entries = {e.number: e for e in map(index.entry, course.notebooks())}
    for step in steps:
        minutes, text = step.minutes, step.what
        if step.notebook:
            entry = entries[step.notebook]
            minutes = entry.minutes - sum(registry.find(name).minutes for name in step.without)
            left = [f"`{name.rpartition('/')[2]}`" for name in step.without]
            open_ = f", with {' and '.join(left)} left open" if left else ""
            text = f"[{entry.number} {entry.title}]({entry.file}){open_}"
        yield start, minutes, text
        start += minutes


def table(start: int, steps: tuple[Step, ...]) -> str:
    """A plan as a table, with its end."""
    rows = list(timed(start, steps))
    lines = [f"| {_clock(at)} | {minutes} | {text} |" for at, minutes, text in rows]
    end = start + sum(minutes for _, minutes, _ in rows)
    head = ["| from | minutes | what |", "|---|---:|---|"]
    return "\n".join([*head, *lines, f"| {_clock(end)} | | the end |", ""])


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


def with_plans(text: str) -> str:
    """The text of notebooks/README.md with the plans as the notebooks have them now."""
    for name, (start, steps) in PLANS.items():
        marked, new = re.compile(MARKED.format(name=name), re.DOTALL), table(start, steps)
        text = marked.sub(lambda _, new=new: new, text)
    return text


def costs(learners: int, settings: Settings | None = None) -> str:
    """What a room of learners costs on AWS: by the hour, and by what they send."""
    settings = settings or Settings()
    shards, hourly = learners * settings.shards, learners * per_hour(settings)
    used = ", ".join(f"{what} {price}" for what, price in PER_MILLION.items())
    return "\n".join(
        [
            f"{learners} learners: {shards} shards, {hourly:.2f} USD an hour until the clean-up",
            f"a weekend forgotten (64 hours): {64 * hourly:.2f} USD",
            f"at most {sum(PER_MILLION.values()):.2f} USD for a million events ({used})",
        ]
    )


def main() -> None:
    """Write the plans, and print what a room costs."""
    text = index.README.read_text(encoding="utf-8")
    index.README.write_text(with_plans(text), encoding="utf-8", newline="\n")
    print(costs(LEARNERS))


if __name__ == "__main__":
    main()
