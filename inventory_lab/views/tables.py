"""Tables worth reading: the inventory with bars, records side by side, failed records with payloads.

They take a lab, or a DataFrame that it gave and that you filtered or sorted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Protocol

from inventory_lab.html import cell, element, escape, marked_cell, table
from inventory_lab.settings import Settings
from inventory_lab.views.colors import series
from inventory_lab.views.html_view import HtmlView
from inventory_lab.views.observed import StoredRecord, by_shard, records_of

if TYPE_CHECKING:
    import pandas as pd

ROWS = 50
"""The most rows that a table shows; below it says how many more there are."""


class HasInventory(Protocol):
    """The part of a lab that shows its inventory."""

    settings: Settings

    def inventory(self) -> pd.DataFrame: ...  # noqa: D102


class HasRecords(Protocol):
    """A lab, as far as its records go."""

    def records(self) -> pd.DataFrame: ...  # noqa: D102


class HasFailedRecords(Protocol):
    """A lab, as far as its failed records go."""

    def rejected(self) -> pd.DataFrame: ...  # noqa: D102
    def dead_letters(self) -> pd.DataFrame: ...  # noqa: D102


def inventory_table(
    source: HasInventory | pd.DataFrame, high: int | None = None, low: int | None = None
) -> HtmlView:
    """The inventory with a bar for each quantity; a quantity beyond a threshold says so.

    `source` is a lab, or rows of `lab.inventory()`. `high` and `low` are in pieces; the thresholds of
    the lab's settings apply when you leave them out.

    >>> _ = lab.settle(lab.publish(ProductAdded("Table", 50)))
    >>> inventory_table(lab.inventory().loc[["Table"]])
    Table: 50
    """
    frame: pd.DataFrame = source if hasattr(source, "columns") else source.inventory()
    settings = getattr(source, "settings", Settings())
    limits = (
        settings.high_stock if high is None else high,
        settings.low_stock if low is None else low,
    )
    rows = [(str(p), int(q)) for p, q in zip(frame.index, frame["quantity"], strict=True)]
    return stock_table(rows, *limits)


def stock_table(rows: Sequence[tuple[str, int]], high: int, low: int) -> HtmlView:
    """Products and their pieces with a bar for each; a quantity beyond a threshold says so.

    >>> stock_table([("Table", 5)], high=100, low=10)
    Table: 5  ▼ low: below 10
    """
    most = max((quantity for _, quantity in rows), default=1) or 1
    cells = [_stock_row(product, quantity, most, high, low) for product, quantity in rows[:ROWS]]
    html = table(("product", "pieces", "", ""), cells) + _more(len(rows))
    lines = [f"{p}: {q}{_level_words(q, high, low)}" for p, q in rows[:ROWS]]
    return HtmlView(html, "\n".join(lines) or "no active products")


def records_table(source: HasRecords | pd.DataFrame) -> HtmlView:
    """The records of the stream, a column for each shard, oldest first, coloured by product.

    `source` is a lab, or rows of `lab.records()`.

    >>> records_table(lab.records().head(0))
    the stream holds no records
    """
    records = records_of(source if hasattr(source, "columns") else source.records())
    lanes = by_shard(records)
    fills = series([record.product for record in records])
    longest = max((len(lane) for lane in lanes.values()), default=0)
    rows = [
        [_record_cell(record, fills) for record in row]
        for row in list(zip_longest(*lanes.values()))[:ROWS]
    ]
    html = table([f"shard {shard}" for shard in lanes], rows) + _more(longest)
    lines = [
        f"shard {s}: {', '.join(_record_text(r) for r in lane[:ROWS])}" for s, lane in lanes.items()
    ]
    return HtmlView(html, "\n".join(lines) or "the stream holds no records")


def failed_records_table(source: HasFailedRecords | pd.DataFrame) -> HtmlView:
    """Failed records with the reason, and the payload as readable JSON.

    `source` is a lab (then both its rejected records and its dead letters), or rows of
    `lab.rejected()` or `lab.dead_letters()`.

    >>> _ = lab.settle(lab.publish(QuantityChanged("Ghost", 1)))
    >>> failed_records_table(lab.rejected().query("partition_key == 'Ghost'").head(1))  # doctest: +ELLIPSIS
    UnknownProduct: Ghost ...
    """
    frames = [source] if hasattr(source, "columns") else [source.rejected(), source.dead_letters()]
    rows = [row for frame in frames for row in _failed(frame)]
    cells = [_failed_cells(*row) for row in rows[:ROWS]]
    header = ("reason", "partition key", "sequence", "what it says")
    lines = [
        f"{reason}: {key} {_readable(payload, None)}" for reason, key, _, payload in rows[:ROWS]
    ]
    return HtmlView(
        table(header, cells) + _more(len(rows)), "\n".join(lines) or "no failed records"
    )


def _stock_row(product: str, quantity: int, most: int, high: int, low: int) -> list[str]:
    words, color = _level(quantity, high, low)
    bar = element(
        "div", "&#8203;", style=f"background:{color};height:12px;border-radius:3px;"
        f"width:{max(100 * quantity / most, 0):.1f}%",
    )  # fmt: skip
    return [
        cell(product),
        cell(quantity, style="text-align:right"),
        marked_cell(element("div", bar, style="width:220px;line-height:12px")),
        marked_cell(f"<b>{escape(words)}</b>" if words else ""),
    ]


def _level(quantity: int, high: int, low: int) -> tuple[str, str]:
    """The sign and word of a quantity beyond a threshold, and the colour of its bar."""
    if quantity < low:
        return f"▼ low: below {low}", "#d55e00"
    return (f"▲ high: above {high}", "#cc79a7") if quantity > high else ("", "#56b4e9")


def _level_words(quantity: int, high: int, low: int) -> str:
    words, _ = _level(quantity, high, low)
    return f"  {words}" if words else ""


def _record_cell(record: StoredRecord | None, fills: dict[str, str]) -> str:
    if record is None:
        return cell("")
    style = f"border-left:6px solid {fills[record.product]}"
    change = f"<b>{escape(record.change)}</b>"
    hover = element(
        "span", f"{escape(record.product)} {change}", title=f"sequence number {record.sequence}"
    )
    return marked_cell(hover, style=style)


def _record_text(record: StoredRecord) -> str:
    return f"{record.product} {record.change}"


def _failed(frame: pd.DataFrame) -> Iterator[tuple[str, str, str, bytes | None]]:
    columns = ("reason", "partition_key", "sequence", "payload")
    yield from zip(*(frame[name] for name in columns), strict=True)


def _failed_cells(reason: str, key: str, sequence: str, payload: bytes | None) -> Sequence[str]:
    style = "margin:0;white-space:pre-wrap;text-align:left"
    shown = element("pre", escape(_readable(payload, 2)), style=style)
    return [cell(reason), cell(key), cell(sequence), marked_cell(shown)]


def _readable(payload: bytes | None, indent: int | None) -> str:
    """The payload as JSON, else as text with what is not text escaped."""
    if payload is None:
        return "(the stream no longer holds it)"
    try:
        return json.dumps(json.loads(payload), indent=indent, ensure_ascii=False)
    except (ValueError, RecursionError):
        return payload.decode("utf-8", errors="backslashreplace")


def _more(count: int) -> str:
    return f"<p>and {count - ROWS:,} more rows</p>" if count > ROWS else ""
