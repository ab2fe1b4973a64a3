"""The shapes that pictures are drawn with. Names of colours are those of `colors.PALETTE`."""

from __future__ import annotations

from typing import Literal

from inventory_lab.html import Value, element, escape, number
from inventory_lab.views.colors import PALETTE, light, stylesheet

Anchor = Literal["start", "middle", "end"]
FONT = "system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
CHARACTER_WIDTH = 0.54
"""The width of an average character of the font, in parts of its size."""


def drawing(width: float, height: float, title: str, description: str, *shapes: str) -> str:
    """A whole picture on a card of its own, so that it can be read on every background."""
    card = box(0.5, 0.5, width - 1, height - 1, "card", "edge", radius=12)
    content = "".join(
        (
            element("title", escape(title)),
            element("desc", escape(description)),
            element("style", stylesheet()),
            card,
            *shapes,
        )
    )
    return element(
        "svg",
        content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
        font_family=FONT,
    )


def paint(fill: str | None = None, stroke: str | None = None) -> dict[str, Value | None]:
    """The attributes of a fill and a stroke: the light colour, and the class that turns it dark.

    >>> paint(fill="white")
    {'fill': '#ffffff', 'stroke': None, 'class_': 'lab-f-white'}
    """
    names = [f"lab-f-{fill}"] if fill in PALETTE else []
    names += [f"lab-s-{stroke}"] if stroke in PALETTE else []
    return {
        "fill": "none" if fill is None else _color(fill),
        "stroke": None if stroke is None else _color(stroke),
        "class_": " ".join(names) or None,
    }


def box(
    x: float, y: float, width: float, height: float, fill: str | None, stroke: str | None = None,
    *, radius: float = 6, thickness: float = 1, dash: str | None = None, tooltip: str = "",
) -> str:  # fmt: skip
    """A rectangle with round corners."""
    return element(
        "rect", _tooltip(tooltip), x=x, y=y, width=width, height=height, rx=radius,
        stroke_width=thickness if stroke else None, stroke_dasharray=dash, **paint(fill, stroke),
    )  # fmt: skip


def text(
    x: float, y: float, value: object, size: float = 14, color: str = "text",
    *, anchor: Anchor = "start", bold: bool = False, tooltip: str = "",
) -> str:  # fmt: skip
    """A line of text whose baseline is at y; nothing for an empty one."""
    return "" if value == "" else element(
        "text", escape(value) + _tooltip(tooltip), x=x, y=y, font_size=size,
        text_anchor=None if anchor == "start" else anchor,
        font_weight=600 if bold else None, **paint(color),
    )  # fmt: skip


def path(
    data: str, stroke: str | None, thickness: float = 2, *, fill: str | None = None,
    dash: str | None = None, tooltip: str = "",
) -> str:  # fmt: skip
    """A path."""
    return element(
        "path", _tooltip(tooltip), d=data, stroke_width=thickness, stroke_dasharray=dash,
        stroke_linecap="round", stroke_linejoin="round", **paint(fill, stroke),
    )  # fmt: skip


def circle(
    x: float, y: float, radius: float, fill: str, stroke: str | None = None, tooltip: str = ""
) -> str:
    """A circle."""
    return element("circle", _tooltip(tooltip), cx=x, cy=y, r=radius, **paint(fill, stroke))


def group(*shapes: str, opacity: float | None = None, tooltip: str = "") -> str:
    """Shapes that belong together."""
    value = None if opacity is None else f"{opacity:.2f}"
    return element("g", _tooltip(tooltip) + "".join(shapes), opacity=value)


def arrow_head(x: float, y: float, toward: str, color: str) -> str:
    """The head of an arrow whose tip is at x, y; `toward` is right, left, up or down."""
    along = {"right": (-1, 0), "left": (1, 0), "down": (0, -1), "up": (0, 1)}[toward]
    back_x, back_y = x + 11 * along[0], y + 11 * along[1]
    side_x, side_y = 6 * along[1], 6 * along[0]
    corners = f"{point(back_x + side_x, back_y + side_y)}L{point(back_x - side_x, back_y - side_y)}"
    return path(f"M{point(x, y)}L{corners}Z", color, 1, fill=color)


def point(x: float, y: float) -> str:
    """Coordinates in a path."""
    return f"{number(x)} {number(y)}"


def fitted(value: str, width: float, size: float) -> str:
    """The text, its middle left out when it is wider than `width`.

    >>> fitted("e-commerce-streaming-of-the-shop", 140, 14)
    'e-commerc…the-shop'
    """
    room = int(width / (size * CHARACTER_WIDTH))
    if len(value) <= room:
        return value
    return f"{value[: room // 2]}…{value[len(value) - (room - room // 2 - 1) :]}"


def plural(count: int, noun: str) -> str:
    """The count with its noun.

    >>> plural(1, "record"), plural(1200, "batch")
    ('1 record', '1,200 batches')
    """
    ending = "" if count == 1 else "es" if noun.endswith(("ch", "sh", "x")) else "s"
    if count != 1 and noun.endswith("ry"):
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{ending}"


def _color(name: str) -> str:
    return light(name) if name in PALETTE else name


def _tooltip(value: str) -> str:
    return element("title", escape(value)) if value else ""
