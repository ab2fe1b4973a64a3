"""A bisect as a tree: a failing batch is halved until the record that fails it is alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inventory_lab.views.observed import (
    BatchExecution,
    ObservableLab,
    StoredRecord,
    by_shard,
    executions_of,
    records_of,
    span,
)
from inventory_lab.views.picture import Picture
from inventory_lab.views.svg import box, drawing, fitted, path, plural, text

TITLE = "A failing batch is halved until the bad record is alone"
NOTHING = "The pipe has not bisected a batch."
_LEAF, _LEVEL, _TOP = 136, 104, 84
_NODE_HEIGHT = 62
SIGNS = {
    "delivered": ("✓", "allowed"), "dead letter": ("✕", "denied"), "dropped": ("✕", "denied"),
    "bisected": ("✂", "line"), "failed": ("↻", "unknown"), "partly failed": ("↻", "unknown"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """Records of a shard that were delivered together: the places of the first and the last, the
    outcomes of their executions in order, and the halves they were split into.
    """

    first: int
    last: int
    outcomes: tuple[str, ...]
    halves: tuple[Node, ...] = ()
    label: str = ""

    @property
    def size(self) -> int:
        """How many records it has."""
        return self.last - self.first + 1

    def leaves(self) -> int:
        """How many nodes of its tree have no halves."""
        return sum(half.leaves() for half in self.halves) or 1

    def depth(self) -> int:
        """How many levels its tree has."""
        return 1 + max((half.depth() for half in self.halves), default=0)


def draw_bisect(lab: ObservableLab, shard: str = "") -> Picture:
    """The last batch that the pipe split in halves, as a tree with the outcome of every part.

    `shard` is the end of a shard id, such as "0001", when only that shard counts.

    >>> draw_bisect(lab).svg[:4]
    '<svg'
    """
    lanes = by_shard(records_of(lab.records()))
    executions = [e for e in executions_of(lab) if e.shard.endswith(shard)]
    return bisect_picture(last_bisect(lanes, executions))


def last_bisect(
    lanes: dict[str, list[StoredRecord]], executions: Sequence[BatchExecution]
) -> Node | None:
    """The tree of the last batch that was bisected; None when there was none."""
    for shard in dict.fromkeys(e.shard for e in reversed(executions) if e.outcome == "bisected"):
        lane = lanes.get(shard, [])
        runs = [(span(lane, e), e) for e in executions if e.shard == shard]
        split = [places for places, e in runs if e.outcome == "bisected" and len(places)]
        if split:
            last = split[-1]
            root = max((p for p in split if _within(last, p)), key=len)
            return _node(root, runs, lane)
    return None


def bisect_picture(root: Node | None) -> Picture:
    """A tree of halves as a picture."""
    if root is None:
        svg = drawing(600, 90, TITLE, NOTHING, text(20, 50, NOTHING, 15))
        return Picture(svg, 600, 90, TITLE, NOTHING)
    width = max(640, 40 + _LEAF * root.leaves())
    height = _TOP + _LEVEL * root.depth() - _LEVEL + _NODE_HEIGHT + 20
    shapes = list(_tree(root, (width - _LEAF * root.leaves()) / 2, _TOP))
    svg = drawing(
        width, height, TITLE, describe(root), text(20, 36, TITLE, 18, bold=True),
        text(20, 60, "✓ delivered   ✂ split in two   ↻ tried again   ✕ given up to the dead letters",
             13, "soft"), *shapes,
    )  # fmt: skip
    return Picture(svg, width, height, TITLE, describe(root))


def describe(node: Node) -> str:
    """The tree in sentences."""
    own = f"{plural(node.size, 'record')}{f' ({node.label})' if node.label else ''}: {', then '.join(node.outcomes)}."
    return " ".join((own, *(describe(half) for half in node.halves)))


def _node(
    places: range, runs: Sequence[tuple[range, BatchExecution]], lane: Sequence[StoredRecord]
) -> Node:
    inside = [(p, e) for p, e in runs if len(p) and _within(p, places) and p != places]
    own = tuple(e.outcome for p, e in runs if p == places)
    largest: list[range] = []
    for bounds in sorted({(p.start, p.stop) for p, _ in inside}, key=lambda p: (p[0] - p[1], p[0])):
        part = range(*bounds)
        if not any(_within(part, other) for other in largest):
            largest.append(part)
    halves = [_node(p, inside, lane) for p in sorted(largest, key=lambda p: p.start)]
    only = lane[places.start] if len(places) == 1 else None
    label = f"{only.product} {only.change}" if only else ""
    return Node(
        places.start, places.stop - 1, own, tuple(halves) if "bisected" in own else (), label
    )


def _within(inner: range, outer: range) -> bool:
    return outer.start <= inner.start and inner.stop <= outer.stop


def _tree(node: Node, left: float, y: float) -> Iterator[str]:
    x = left + _LEAF * node.leaves() / 2
    start = left
    for half in node.halves:
        middle = start + _LEAF * half.leaves() / 2
        yield path(
            f"M{x:.1f} {y + _NODE_HEIGHT}C{x:.1f} {y + 84} {middle:.1f} {y + 84} {middle:.1f} {y + _LEVEL}",
            "line",
            2,
        )
        yield from _tree(half, start, y + _LEVEL)
        start += _LEAF * half.leaves()
    yield _drawn(node, x, y)


def _drawn(node: Node, x: float, y: float) -> str:
    sign, color = SIGNS.get(node.outcomes[-1] if node.outcomes else "", ("?", "unknown"))
    words = _counted(node.outcomes)
    bad = color == "denied"
    return "".join(
        (
            box(x - 64, y, 128, _NODE_HEIGHT, "box", color, radius=8, thickness=3 if bad else 2,
                tooltip=f"{plural(node.size, 'record')}: {', then '.join(node.outcomes)}"),
            text(x - 54, y + 22, sign, 15, color, bold=True),
            text(x - 36, y + 22, plural(node.size, "record"), 13, bold=True),
            text(x, y + 40, fitted(node.label, 122, 13), 13, anchor="middle"),
            text(x, y + (56 if node.label else 46), fitted(words, 122, 13), 13, "soft", anchor="middle"),
        )
    )  # fmt: skip


def _counted(outcomes: Sequence[str]) -> str:
    """The last outcome, and how many attempts came before it."""
    if len(outcomes) < 2:
        return "".join(outcomes)
    return f"{outcomes[-1]} ({len(outcomes)}×)"
