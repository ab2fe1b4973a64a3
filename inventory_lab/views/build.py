"""A build as a row of phases: which ran, which failed, and whether the function has its code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from inventory_lab.views.picture import Picture
from inventory_lab.views.svg import arrow_head, box, drawing, fitted, path, text

PHASES = ("DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS")
"""The phases in which a commit can fail."""
WIDTH, HEIGHT = 960, 206
_TOP, _STEP, _BOX, _TALL = 76, 133, 117, 58
_MARKS = {"SUCCEEDED": ("✓ ran", "allowed"), "": ("did not run", "soft")}


class ObservedPhase(Protocol):
    """A phase: its name, CodeBuild's word for how it ended, and why it failed."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def status(self) -> str: ...  # noqa: D102

    @property
    def message(self) -> str: ...  # noqa: D102


class ObservedBuild(Protocol):
    """A build as run_build() reports it."""

    @property
    def status(self) -> str: ...  # noqa: D102

    @property
    def branch(self) -> str: ...  # noqa: D102

    @property
    def phases(self) -> Sequence[ObservedPhase]: ...  # noqa: D102

    @property
    def deployed(self) -> str: ...  # noqa: D102


def draw_build(report: ObservedBuild) -> Picture:
    """The phases of a build in a row, each with how it ended; `report` is what run_build() returned.

    >>> from inventory_lab.builds.report import BuildReport, PhaseReport
    >>> draw_build(BuildReport("orders:1", "main", "FAILED", (PhaseReport("BUILD", "FAILED"),), {}))
    A build of the branch main: FAILED. BUILD failed. Nothing is deployed by this call.
    """
    title = f"A build of the branch {report.branch}"
    description = _describe(report)
    svg = drawing(
        WIDTH, HEIGHT, title, description, text(20, 36, title, 18, bold=True), *_shapes(report)
    )
    return Picture(svg, WIDTH, HEIGHT, title, description)


def _describe(report: ObservedBuild) -> str:
    failed = [phase.name for phase in report.phases if phase.status not in ("SUCCEEDED", "")]
    why = f" {', '.join(failed)} failed." if failed else ""
    deployed = (
        "The function has its code." if report.deployed else "Nothing is deployed by this call."
    )
    return f"{report.status}.{why} {deployed}"


def _shapes(report: ObservedBuild) -> Iterator[str]:
    statuses = {phase.name: phase.status for phase in report.phases}
    middle = _TOP + _TALL / 2
    for number, name in enumerate((*PHASES, "")):
        x = 20.0 + number * _STEP
        if name:
            yield from _phase(x, name, statuses.get(name, ""))
            yield path(f"M{x + _BOX} {middle}H{x + _STEP - 9}", "line", 2)
            yield arrow_head(x + _STEP, middle, "right", "line")
        else:
            yield from _function(x, report.deployed)
    failure = next((p for p in report.phases if p.status not in ("SUCCEEDED", "")), None)
    if failure is not None:
        why = f"{failure.name}: {failure.message}"
        yield text(20, HEIGHT - 20, fitted(why, WIDTH - 60, 13), 13, "soft")


def _phase(x: float, name: str, status: str) -> Iterator[str]:
    word, color = _MARKS.get(status, (f"✕ {status.lower()}", "denied"))
    edge = "line" if status == "" else color
    dash = "5 4" if status == "" else None
    yield box(x, _TOP, _BOX, _TALL, "box", edge, radius=8, thickness=2, dash=dash)
    first, _, second = name.partition("_")
    lines = [first, second] if len(name) > len("POST_BUILD") else [name]
    for number, line in enumerate(lines):
        y = _TOP + 42 - 8 * len(lines) + 16 * number
        yield text(x + _BOX / 2, y, line, 13, anchor="middle", bold=True)
    yield text(x + _BOX / 2, _TOP + _TALL + 20, word, 13, color, anchor="middle", bold=True)


def _function(x: float, deployed: str) -> Iterator[str]:
    fill, edge = ("lit", "lit_edge") if deployed else ("box", "line")
    dash = None if deployed else "5 4"
    yield box(x, _TOP, _BOX, _TALL, fill, edge, radius=8, thickness=2, dash=dash)
    yield text(x + _BOX / 2, _TOP + 34, "function", 14, anchor="middle", bold=True)
    word, color = ("✓ deployed", "allowed") if deployed else ("not deployed", "soft")
    yield text(x + _BOX / 2, _TOP + _TALL + 20, word, 13, color, anchor="middle", bold=True)
