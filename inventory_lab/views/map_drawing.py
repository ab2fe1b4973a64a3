"""Draws the map of the pipeline: where each part is, and the way of each arrow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inventory_lab.views.icons import badge, icon, step
from inventory_lab.views.map_table import SIGNS, access_table, because
from inventory_lab.views.picture import Picture, Tooltip
from inventory_lab.views.pipeline_map import Arrow, Part, PipelineMap
from inventory_lab.views.svg import (
    Anchor,
    arrow_head,
    box,
    drawing,
    fitted,
    group,
    path,
    text,
)

WIDTH, HEIGHT = 960, 478
BOX_WIDTH, BOX_HEIGHT = 170, 98
_COLUMNS, _ROWS = (20, 270, 520, 770), (58, 208, 358)
_CELLS = {
    "producer": (0, 0), "stream": (0, 1), "mapping": (1, 0), "pipe": (1, 1), "dead_letter_queue": (1, 2),
    "function": (2, 1), "topic": (2, 0), "rejected_queue": (2, 2), "alerts_queue": (3, 0), "table": (3, 1),
    "build": (3, 2),
}  # fmt: skip
_STEPS = (("producer", "stream"), ("stream", "pipe"), ("pipe", "function"), ("function", "table"))
"""The way from an event to a count, numbered on the static map."""
TITLE, TITLE_NOW = "How an event becomes a stock count", "The pipeline now"
COLORS = {"allowed": "allowed", "denied": "denied", "not known": "unknown"}
DIMMED = 0.42


@dataclass(frozen=True, slots=True)
class _Route:
    """The way of an arrow: its path, its tip and direction, where its badge and its words go."""

    data: str
    tip: tuple[float, float, str]
    badge: tuple[float, float]
    label: tuple[float, float, Anchor]
    counters: tuple[float, float, Anchor]


_ROUTES = {
    ("producer", "stream"): _Route(
        "M80 156V197", (80, 208, "down"), (80, 180), (98, 177, "start"), (98, 195, "start")
    ),
    ("stream", "mapping"): _Route(
        "M190 222H212V107H259", (270, 107, "right"), (212, 166), (228, 177, "start"), (228, 195, "start")
    ),
    ("mapping", "function"): _Route(
        "M440 107H480V224H509", (520, 224, "right"), (480, 166), (496, 177, "start"), (496, 195, "start")
    ),
    ("mapping", "dead_letter_queue"): _Route(
        "M440 136H453V402H451", (440, 402, "left"), (453, 338), (467, 327, "start"), (467, 345, "start")
    ),
    ("stream", "pipe"): _Route(
        "M190 262H259", (270, 262, "right"), (226, 262), (230, 246, "middle"), (230, 290, "middle")
    ),
    ("pipe", "function"): _Route(
        "M440 262H509", (520, 262, "right"), (476, 262), (480, 248, "middle"), (480, 290, "middle")
    ),
    ("pipe", "dead_letter_queue"): _Route(
        "M330 306V347", (330, 358, "down"), (330, 330), (348, 327, "start"), (348, 345, "start")
    ),
    ("function", "table"): _Route(
        "M690 262H759", (770, 262, "right"), (726, 262), (730, 246, "middle"), (730, 290, "middle")
    ),
    ("function", "topic"): _Route(
        "M580 208V167", (580, 156, "up"), (580, 185), (598, 181, "start"), (598, 199, "start")
    ),
    ("topic", "alerts_queue"): _Route(
        "M690 107H759", (770, 107, "right"), (726, 107), (730, 92, "middle"), (730, 135, "middle")
    ),
    ("function", "rejected_queue"): _Route(
        "M572 306V347", (572, 358, "down"), (572, 330), (588, 327, "start"), (588, 345, "start")
    ),
    ("build", "function"): _Route(
        "M855 358V324H682V317", (682, 306, "up"), (855, 341), (838, 345, "end"), (694, 340, "start")
    ),
}  # fmt: skip


def draw_map(pipeline: PipelineMap, highlight: frozenset[str] = frozenset()) -> Picture:
    """The map as a picture; the parts in `highlight` are lit and the others recede."""
    title = TITLE_NOW if pipeline.living else TITLE
    arrows = [_arrow(pipeline, arrow, highlight) for arrow in pipeline.arrows]
    parts = [_part(part, highlight) for part in pipeline.parts]
    svg = drawing(
        WIDTH, HEIGHT, title, describe(pipeline), text(20, 36, title, 20, bold=True),
        _legend(pipeline), *arrows, *parts,
    )  # fmt: skip
    below = access_table(pipeline) if pipeline.living else ""
    tooltips = tuple(_tooltips(pipeline))
    return Picture(svg, WIDTH, HEIGHT, title, describe(pipeline), tooltips, below)


def describe(pipeline: PipelineMap) -> str:
    """The map in sentences, for those who do not see it."""
    titles = {part.key: part.title for part in pipeline.parts}
    calls = (
        f"{titles[a.source]} to {titles[a.target]}: {a.label}{_spoken(a)}" for a in pipeline.arrows
    )
    missing = [part.title for part in pipeline.parts if part.exists is False]
    tail = f" Missing: {', '.join(missing)}." if missing else ""
    return f"{'; '.join(calls)}.{tail}"


def _spoken(arrow: Arrow) -> str:
    facts = [arrow.answer, *arrow.counters]
    return f" ({', '.join(fact for fact in facts if fact)})" if any(facts) else ""


def _place(key: str) -> tuple[float, float]:
    column, row = _CELLS[key]
    return _COLUMNS[column], _ROWS[row]


def _part(part: Part, highlight: frozenset[str]) -> str:
    x, y = _place(part.key)
    lit = part.key in highlight
    fill, edge = ("lit", "lit_edge") if lit else ("box", "line")
    missing = part.exists is False
    frame = box(
        x, y, BOX_WIDTH, BOX_HEIGHT, "card" if missing and not lit else fill, edge, radius=9,
        thickness=3 if lit else 1.5, dash="6 5" if missing else None,
    )  # fmt: skip
    words = (
        text(x + 33, y + 24, part.title, 13.5, bold=True),
        text(x + 10, y + 50, part.purpose, 13, "text"),
        text(x + 10, y + 70, fitted(part.name, BOX_WIDTH - 18, 13), 13, "soft"),
        text(x + 10, y + 88, fitted(_status(part), BOX_WIDTH - 18, 13), 13, "soft"),
    )
    inside = group(icon(part.key, x + 7, y + 8), *words, opacity=0.6 if missing else None)
    return group(frame, inside, opacity=DIMMED if highlight and not lit else None)


def _status(part: Part) -> str:
    if part.exists is False:
        return "does not exist yet"
    return ", ".join(filter(None, (part.state, *part.notes)))


def _arrow(pipeline: PipelineMap, arrow: Arrow, highlight: frozenset[str]) -> str:
    route, is_step = _ROUTES[arrow.source, arrow.target], (arrow.source, arrow.target) in _STEPS
    color = COLORS[arrow.answer] if arrow.answer else "line"
    shapes = [
        path(
            route.data,
            color,
            4 if is_step else 2,
            dash="6 5" if _is_missing(pipeline, arrow) else None,
        ),
        arrow_head(*route.tip, color),
        text(*route.label[:2], arrow.label, 13, "text", anchor=route.label[2]),
    ]
    if arrow.answer:
        shapes.append(badge(arrow.answer, *route.badge, color))
    elif not pipeline.living and is_step:
        number = _STEPS.index((arrow.source, arrow.target)) + 1
        shapes.append(step(number, *route.badge, "text"))
    x, y, anchor = route.counters
    lines = [line for counter in arrow.counters for line in _lines(counter, anchor)]
    shapes += [
        text(x, y + 16 * n, line, 13, "soft", anchor=anchor, bold=True)
        for n, line in enumerate(lines)
    ]
    touched = {arrow.source, arrow.target} & highlight
    return group(*shapes, opacity=DIMMED if highlight and not touched else None)


def _lines(counter: str, anchor: Anchor) -> list[str]:
    """A counter in one line, or under a short arrow in two: the number and what it counts."""
    return counter.split(" ", 1) if anchor == "middle" else [counter]


def _is_missing(pipeline: PipelineMap, arrow: Arrow) -> bool:
    ends = (pipeline.part(arrow.source).exists, pipeline.part(arrow.target).exists)
    if not pipeline.living:
        return "mapping" in (arrow.source, arrow.target)
    return arrow.exists is False or False in ends


def _legend(pipeline: PipelineMap) -> str:
    x, y = _COLUMNS[0], _ROWS[2]
    if not pipeline.living:
        lines = ("Follow the numbers 1 to 4.", "Each arrow is a call to AWS", "that IAM allows or denies.",
                 "Dashed: an alternative.")  # fmt: skip
        return group(*(text(x, y + 24 + 20 * n, line, 13, "soft") for n, line in enumerate(lines)))
    rows = [
        badge(answer, x + 10, y + 10 + 24 * n, COLORS[answer])
        + text(x + 28, y + 15 + 24 * n, words, 13, "soft")
        for n, (answer, words) in enumerate(
            (
                ("allowed", "IAM allows the call"),
                ("denied", "IAM denies it"),
                ("not known", "IAM cannot tell"),
            )
        )
    ]
    dashed = path(f"M{x} {y + 84}h22", "line", 2.5, dash="6 5")
    return group(*rows, dashed, text(x + 28, y + 89, "does not exist yet", 13, "soft"))


def _tooltips(pipeline: PipelineMap) -> Iterator[Tooltip]:
    for part in pipeline.parts:
        x, y = _place(part.key)
        facts = (part.title, part.purpose, part.name, _status(part))
        yield Tooltip(x, y, BOX_WIDTH, BOX_HEIGHT, "\n".join(filter(None, facts)))
    for arrow in pipeline.arrows:
        lines = [
            f"{SIGNS[a.answer]}: {a.action} by {a.principal}\n{because(a)}" for a in arrow.access
        ]
        if lines:
            x, y = _ROUTES[arrow.source, arrow.target].badge
            yield Tooltip(x - 18, y - 18, 36, 36, "\n".join(lines))
