"""A small sign for each kind of part, drawn in a square of 24."""

from __future__ import annotations

from inventory_lab.html import element, number
from inventory_lab.views.svg import box, circle, path, text

_LINES = {
    "producer": ("M5 7h2l2 8h8l2-6H8", "M10 18.5h.1", "M16 18.5h.1"),
    "stream": ("M4 8c3-3 5 3 8 0s5 3 8 0", "M4 12.5c3-3 5 3 8 0s5 3 8 0", "M4 17c3-3 5 3 8 0s5 3 8 0"),
    "mapping": ("M5 12h12", "M13 8l4 4-4 4", "M5 7v10", "M20 7v10"),
    "pipe": ("M5 9h14v6H5z", "M5 7v10", "M19 7v10", "M9 12h6"),
    "function": ("M8 5h2.5l6 14h2", "M12.5 10.5L7 19"),
    "table": ("M6 7c0-3 12-3 12 0s-12 3-12 0", "M6 7v10c0 3 12 3 12 0V7", "M6 12c0 3 12 3 12 0"),
    "topic": ("M7 16c2-2 0-9 5-9s3 7 5 9z", "M11 19h2", "M12 5v1.5"),
    "queue": ("M5 8h9v8H5z", "M17 8v8", "M20 8v8"),
    "build": ("M8 8l-4 4 4 4", "M16 8l4 4-4 4", "M13.5 6l-3 12"),
}  # fmt: skip
_FILLS = {
    "producer": "slate", "stream": "purple", "mapping": "brown", "pipe": "red", "function": "brown",
    "table": "blue", "topic": "red", "queue": "slate", "build": "teal",
}  # fmt: skip


def icon(kind: str, x: float, y: float) -> str:
    """The sign of a kind of part on its tile, whose upper left corner is at x, y."""
    name = "queue" if kind.endswith("queue") else kind
    lines = "".join(path(data, "white", 1.8) for data in _LINES[name])
    tile = box(0, 0, 24, 24, _FILLS[name])
    return element("g", tile + lines, transform=f"translate({number(x)} {number(y)}) scale(0.9)")


def badge(answer: str, x: float, y: float, color: str, tooltip: str = "") -> str:
    """IAM's answer as a sign: a tick, a cross or a question mark in a circle."""
    signs = {
        "allowed": f"M{number(x - 4.5)} {number(y)}l3 3.5 6-7",
        "denied": f"M{number(x - 4)} {number(y - 4)}l8 8m0-8l-8 8",
        "not known": f"M{number(x - 3)} {number(y - 3)}c0-4 6-4 6 0 0 2-3 2-3 4.5m0 3v.1",
    }
    sign = path(signs[answer], "card", 2.2)
    return circle(x, y, 10, color, tooltip=tooltip) + sign


def step(count: int, x: float, y: float, color: str) -> str:
    """The number of a step in a circle."""
    return circle(x, y, 10, color) + text(x, y + 4.5, count, 13, "card", anchor="middle", bold=True)
