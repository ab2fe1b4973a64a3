"""Small pieces of HTML and SVG. Imports nothing of the package."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

Value = str | int | float
CELL_STYLE = "text-align:left;padding:4px 10px;vertical-align:top"


def escape(value: object) -> str:
    """The value as text that may be put into HTML or SVG, quotes included.

    >>> escape('a < "b"')
    'a &lt; &quot;b&quot;'
    """
    return html.escape(str(value))


def number(value: float) -> str:
    """The number with at most one digit after the point, so that the same picture is the same bytes.

    >>> number(2.0), number(1 / 3), number(-0.04)
    ('2', '0.3', '0')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def element(tag: str, content: str = "", **attributes: Value | None) -> str:
    """An element around markup. An underscore in an attribute's name stands for a hyphen, one at its
    end is dropped (`class_`), and an attribute of None is left out.

    >>> element("line", x1=0, stroke_width=2.0)
    '<line x1="0" stroke-width="2"/>'
    >>> element("p", escape("1 < 2"), class_="note")
    '<p class="note">1 &lt; 2</p>'
    """
    parts = (
        f' {name.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    opening = f"<{tag}{''.join(parts)}"
    return f"{opening}>{content}</{tag}>" if content else f"{opening}/>"


def cell(value: object, tag: str = "td", style: str = "") -> str:
    """A cell of a table that shows the value as text."""
    return marked_cell(escape(value), tag, style)


def marked_cell(markup: str, tag: str = "td", style: str = "") -> str:
    """A cell of a table around markup."""
    return f'<{tag} style="{";".join(filter(None, (CELL_STYLE, style)))}">{markup}</{tag}>'


def table(header: Sequence[str], rows: Iterable[Iterable[str]], caption: str = "") -> str:
    """A table of cells (see `cell` and `marked_cell`) under a row of headings.

    >>> table(["product"], [[cell("Phone")]]).count("<tr>")
    2
    """
    head = f"<tr>{''.join(cell(name, 'th') for name in header)}</tr>"
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    title = f'<caption style="text-align:left">{escape(caption)}</caption>' if caption else ""
    return f"<table>{title}<thead>{head}</thead><tbody>{body}</tbody></table>"


def _attribute(value: Value) -> str:
    return escape(value) if isinstance(value, str) else number(value)
