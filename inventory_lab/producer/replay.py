"""Your own stock movements, from a CSV file or a DataFrame, as inventory events."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from inventory_lab.domain.events import (
    LARGEST_QUANTITY,
    LONGEST_PRODUCT_ID,
    InventoryEvent,
    ProductAdded,
    QuantityChanged,
)
from inventory_lab.domain.identity import SESSION
from inventory_lab.domain.timestamps import rfc_3339
from inventory_lab.exceptions import BadRow, BadTable, MalformedEvent

if TYPE_CHECKING:
    import pandas as pd

PRODUCT_NAMES = ("product_id", "product", "sku", "stockcode", "item", "itemid", "article")
CHANGE_NAMES = ("delta", "change", "quantitychange", "stockchange", "movement")
SALES_NAMES = ("quantity", "qty", "sold", "sales", "unitssold", "units")
TIME_NAMES = ("occurred_at", "timestamp", "datetime", "time", "date", "invoicedate", "orderdate")

LONGEST_NAME = 100
"""Of a source's name: an event's `source` has at most 128 characters, with a time before the name."""

DELIMITERS = ",;\t|"
_DATE_LIKE = re.compile(r"\s*(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{2,4})")
_ORDER = {True: " (day first)", False: " (month first)"}
_WHOLE = re.compile(r"[+-]?\d+([.,]0*)?")
_AMBIGUOUS = re.compile(r"[+-]?\d{1,3}([.,]\d{3})+")

_CANNOT_BE_SKIPPED = "; in a table that grows (source=...) every row needs its product, and the first row must be readable"


@dataclass(frozen=True, slots=True)
class Movement:
    """One readable row. `line` is its line in the file, or its number in the DataFrame, from 1. `place`
    is its number among all rows of its product, also those that cannot be read.
    """

    line: int
    place: int
    product_id: str
    delta: int
    occurred_at: str


class Replay:
    """The events of a file or DataFrame, in its order; it can be iterated many times.

    The same rows are the same facts, with the same numbers, however often they are replayed.
    `assumptions` says how the columns are read, `bad_rows` which rows were not used and why. `source`
    is the source in every event.
    """

    def __init__(
        self, name: str, movements: list[Movement], bad_rows: list[BadRow], assumptions: str,
        opening_stock: Mapping[str, int], source: str | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.movements = movements
        self.bad_rows = bad_rows
        self.assumptions = assumptions
        self._opening_stock = opening_stock
        rows = repr((name, movements)).encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(rows).hexdigest()[:16]
        began = movements[0].occurred_at
        self.source = f"{began}/{source or digest}"
        self._label = source or digest
        self._grows = source is not None

    def __repr__(self) -> str:
        bad = f", {len(self.bad_rows)} bad rows left out" if self.bad_rows else ""
        return f"Replay({self.name}: {len(self)} events{bad}; {self.assumptions})"

    def __len__(self) -> int:
        return len(self.movements) + len(self._opening_stock)

    def __iter__(self) -> Iterator[InventoryEvent]:
        unopened = dict(self._opening_stock)
        for movement in self.movements:
            product = movement.product_id
            if product in unopened:
                yield ProductAdded(
                    product,
                    unopened.pop(product),
                    event_id=self._opening_id(movement),
                    occurred_at=self._opening_time(movement),
                    source=self.source,
                    sequence=1,
                )
            yield QuantityChanged(
                product,
                movement.delta,
                event_id=f"{self._label}-row-{movement.line}",
                occurred_at=movement.occurred_at,
                source=self.source,
                sequence=1 + movement.place,
            )

    def _opening_id(self, movement: Movement) -> str:
        """For a file that grows the id does not depend on a row, which may become readable later."""
        return f"{self._label}-opening" if self._grows else f"{self._label}-opening-{movement.line}"

    def _opening_time(self, movement: Movement) -> str:
        return self.movements[0].occurred_at if self._grows else movement.occurred_at


def replay(
    table: str | PathLike[str] | pd.DataFrame,
    product: str | None = None,
    delta: str | None = None,
    time: str | None = None,
    *,
    sold: str | None = None,
    opening_stock: int | Literal["enough"] = "enough",
    day_first: bool | None = None,
    on_bad_row: Literal["skip", "refuse"] = "skip",
    source: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Replay:
    """The events of a CSV file (its path) or a pandas DataFrame of stock movements.

    - `product`, `time`: the names of these columns.
    - `delta` or `sold`: the name of a column of stock changes, or of one of units sold. A sale of 6 is
      a change of -6, and a return of -2 is a change of +2.
    - `opening_stock`: each product is added before its first movement, with this many pieces, or with
      just enough for all its movements.
    - `day_first`: True reads 1/2/2026 as 1 February. By default the dates in the file decide.
    - `on_bad_row`: "skip" lists the row in `bad_rows`, "refuse" raises BadRow.
    - `progress`: is called with the number of rows read so far.

    A column without a name here is recognised by common names: Delta or Change, or else Quantity, Qty or
    Sold, which count sales.

    The rows are numbered in a source of their own, so replaying the same table again changes nothing.
    For a file that grows, name the source yourself, as in `source="sales"`: when the longer file is
    replayed, only its new rows count. Then add rows only at the end (publish() raises EventChanged for
    a row that has changed). Every row needs its product, the first row must be readable, and
    `opening_stock` must be a number.

    Raises BadTable when there is nothing to read, BadRow on the first bad row with "refuse", ValueError
    for a `source` that is not allowed.

    >>> import pandas
    >>> sales = pandas.DataFrame({"Product": ["Phone"], "Sold": [2], "Date": ["2026-01-05"]})
    >>> events = replay(sales)
    >>> events
    Replay(the DataFrame: 2 events; Product is the product, Sold the units sold, Date the time)
    >>> [(type(event).__name__, event.product_id) for event in events]
    [('ProductAdded', 'Phone'), ('QuantityChanged', 'Phone')]
    """
    _check_source(source, opening_stock)
    name, header, rows = _open(table)
    columns = _columns(name, header, product, delta, sold, time)
    cells = list(_cells(rows, columns, progress))
    order = "" if day_first is None else _ORDER[day_first]
    if day_first is None:
        day_first, order = _order_of_dates([str(cell.time) for cell in cells])
    refuses = _refusal(cells, on_bad_row, grows=source is not None)
    movements, bad_rows = _movements(name, cells, columns.sign, day_first, refuses)
    if not movements:
        why = f"; the first bad row: {bad_rows[0]}" if bad_rows else ""
        raise BadTable(name, f"it has no stock movement{why}")
    meaning = "units sold" if columns.sign == -1 else "stock change"
    assumptions = (
        f"{columns.product} is the product, {columns.delta} the {meaning}, "
        f"{columns.time} the time{order}"
    )
    openings = _openings(movements, opening_stock)
    return Replay(name, movements, bad_rows, assumptions, openings, source)


def _check_source(source: str | None, opening_stock: int | Literal["enough"]) -> None:
    if source is None:
        return
    if not isinstance(source, str) or not 1 <= len(source) <= LONGEST_NAME:
        raise ValueError(f"source={source!r:.60}: a source has 1 to {LONGEST_NAME} characters")
    if source.startswith(SESSION):
        raise ValueError(
            f"source={source!r:.60}: {SESSION!r} is the source of publish(); take another"
        )
    if opening_stock == "enough":
        raise ValueError(
            "a table that grows needs opening_stock=N: how much is enough depends on all later rows"
        )


@dataclass(frozen=True, slots=True)
class _Columns:
    product: str
    delta: str
    time: str
    sign: int


@dataclass(frozen=True, slots=True)
class _Cells:
    line: int
    product: Any
    delta: Any
    time: Any


Rows = Iterable[tuple[int, Mapping[str, Any]]]


def _open(source: Any) -> tuple[str, list[str], Rows]:
    if isinstance(source, (str, PathLike)):
        path = Path(fspath(source))
        header, rows = _read_csv(path)
        return path.name, header, rows
    if hasattr(source, "columns") and hasattr(source, "to_dict"):
        header = [str(column) for column in source.columns]
        return "the DataFrame", header, enumerate(_frame_rows(source, header), start=1)
    raise TypeError(f"replay() reads a path or a pandas DataFrame, not {type(source).__name__}")


def _frame_rows(frame: Any, header: list[str]) -> Iterator[Mapping[str, Any]]:
    for values in frame.itertuples(index=False, name=None):
        yield dict(zip(header, values, strict=True))


def _read_csv(path: Path) -> tuple[list[str], Rows]:
    try:
        text = _decode(path.read_bytes())
    except OSError as exc:
        raise BadTable(str(path), f"it cannot be read ({exc.strerror})") from exc
    if not text.strip():
        raise BadTable(path.name, "it is empty")
    lines = io.StringIO(text, newline="")
    first = next(line for line in text.splitlines() if line.strip())
    reader = csv.reader(lines, delimiter=max(DELIMITERS, key=first.count), strict=True)
    rows = _numbered(reader, path.name)
    header = [name.strip() for name in next(rows)[1]]
    return header, ((line, dict(zip(header, row, strict=False))) for line, row in rows)


def _numbered(reader: Any, source: str) -> Iterator[tuple[int, list[str]]]:
    try:
        for values in reader:
            if values:
                yield reader.line_num, values
    except csv.Error as exc:
        raise BadTable(source, f"line {reader.line_num}: {exc}") from exc


def _decode(data: bytes) -> str:
    """The text: UTF-8, UTF-16 with a byte-order mark, or else Windows-1252, as older spreadsheets write."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _columns(
    source: str, header: list[str], product: str | None, delta: str | None, sold: str | None,
    time: str | None,
) -> _Columns:  # fmt: skip
    if delta is None and sold is None:
        amounts = (*CHANGE_NAMES, *SALES_NAMES)
        amount = _column(source, header, None, amounts, "stock change (delta, or sold)")
        sign = -1 if _plain(amount) in SALES_NAMES else 1
    elif delta is not None and sold is not None:
        raise BadTable(source, f"name '{delta}' as delta or '{sold}' as sold, not both")
    else:
        amount = _column(source, header, delta or sold, (), "stock change")
        sign = 1 if delta is not None else -1
    return _Columns(
        product=_column(source, header, product, PRODUCT_NAMES, "product"),
        delta=amount,
        time=_column(source, header, time, TIME_NAMES, "time"),
        sign=sign,
    )


def _column(
    source: str, header: list[str], named_column: str | None, known: tuple[str, ...], role: str
) -> str:
    if named_column is not None:
        if named_column in header:
            return named_column
        raise BadTable(source, f"it has no column '{named_column}'; it has {', '.join(header)}")
    by_plain_name = {_plain(name): name for name in reversed(header)}
    for candidate in known:
        if _plain(candidate) in by_plain_name:
            return by_plain_name[_plain(candidate)]
    raise BadTable(
        source,
        f"which column is the {role}? Name it; the first line has {ascii(', '.join(header))[1:-1][:200]}",
    )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _cells(
    rows: Rows, columns: _Columns, progress: Callable[[int], None] | None
) -> Iterator[_Cells]:
    for count, (line, row) in enumerate(rows, start=1):
        if progress and count % 1_000 == 0:
            progress(count)
        yield _Cells(line, row.get(columns.product), row.get(columns.delta), row.get(columns.time))


def _order_of_dates(texts: Iterable[str]) -> tuple[bool, str]:
    """Whether the day comes first, and the words for it. A first number above 12 is a day; a second
    number above 12 makes the first a month; without either it is a guess.
    """
    dates = [match for text in texts if (match := _DATE_LIKE.match(text))]
    if any(int(match[1]) > 12 for match in dates):
        return True, _ORDER[True]
    if any(int(match[2]) > 12 for match in dates):
        return False, _ORDER[False]
    return True, " (day first, a guess: no date shows the order)" if dates else ""


def _movements(
    name: str,
    cells: list[_Cells],
    sign: int,
    day_first: bool,
    refuse: Callable[[_Cells], str | None],
) -> tuple[list[Movement], list[BadRow]]:
    movements: list[Movement] = []
    bad_rows: list[BadRow] = []
    places: Counter[str] = Counter()
    for cell in cells:
        try:
            product = _product(cell.product)
            places[product] += 1
            movements.append(_movement(cell, product, places[product], sign, day_first))
        except (ValueError, OverflowError, MalformedEvent) as exc:
            refusal = refuse(cell)
            if refusal is not None:
                raise BadRow(name, cell.line, f"{exc}{refusal}") from exc
            bad_rows.append(BadRow(name, cell.line, str(exc)))
    return movements, bad_rows


def _refusal(cells: list[_Cells], on_bad_row: str, grows: bool) -> Callable[[_Cells], str | None]:
    """What to add to the error of a bad row; None when it is not an error. In a file that grows it is an error
    for the first row, whose time names the source, and for a row without a product, which cannot be numbered.
    """

    def refusal(cell: _Cells) -> str | None:
        if grows and (cell is cells[0] or not _is_product(cell.product)):
            return _CANNOT_BE_SKIPPED
        return "" if on_bad_row == "refuse" else None

    return refusal


def _is_product(value: Any) -> bool:
    try:
        return bool(_product(value))
    except ValueError:
        return False


def _movement(cell: _Cells, product: str, place: int, sign: int, day_first: bool) -> Movement:
    """The movement of a row. Raises ValueError with the problem, or MalformedEvent."""
    delta = sign * _quantity(cell.delta)
    event = QuantityChanged(product, delta, occurred_at=_time(cell.time, day_first))
    return Movement(cell.line, place, event.product_id, event.delta, event.occurred_at)


def _product(value: Any) -> str:
    text = "" if _is_missing(value) else str(value).strip()
    if not 1 <= len(text) <= LONGEST_PRODUCT_ID:
        raise ValueError(f"the product {text[:40]!r} has {len(text)} characters, not 1 to 256")
    return text


def _quantity(value: Any) -> int:
    if _is_missing(value):
        raise ValueError("the quantity is missing")
    number = _whole(str(value).strip())
    if number == 0:
        raise ValueError("the quantity is 0: nothing moves")
    if abs(number) > LARGEST_QUANTITY:
        raise ValueError(f"the quantity {number} is beyond {LARGEST_QUANTITY}")
    return number


def _whole(text: str) -> int:
    if _AMBIGUOUS.fullmatch(text):
        raise ValueError(f"the quantity {text!r} may mean thousands or decimals; write it plainly")
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"the quantity {text!r} is not a whole number")
    try:
        return int(Decimal(text.replace(",", ".")))
    except InvalidOperation as exc:
        raise ValueError(f"the quantity {text!r} is not a whole number") from exc


def _time(value: Any, day_first: bool) -> str:
    if _is_missing(value):
        raise ValueError("the time is missing")
    if isinstance(value, datetime):
        return rfc_3339(value)
    if isinstance(value, date):
        return rfc_3339(datetime(value.year, value.month, value.day, tzinfo=UTC))
    return _parsed_time(str(value).strip(), day_first)


@lru_cache(maxsize=4096)
def _parsed_time(text: str, day_first: bool) -> str:
    from dateutil import parser

    match = _DATE_LIKE.match(text)
    if match and int(match[2 if day_first else 1]) > 12:
        raise ValueError(f"the time {text!r} has no such month; dates are read{_ORDER[day_first]}")
    try:
        readings = {
            parser.parse(text, dayfirst=day_first and not re.match(r"\d{4}", text), default=missing)
            for missing in (datetime(2000, 1, 1, tzinfo=UTC), datetime(2001, 2, 2, tzinfo=UTC))
        }
    except (ValueError, OverflowError) as exc:
        raise ValueError(f"the time {text!r} is not a date") from exc
    if len(readings) > 1:
        raise ValueError(f"the time {text!r} does not name a whole date")
    return rfc_3339(readings.pop())


def _is_missing(value: Any) -> bool:
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    try:
        return bool(value != value)  # NaN and NaT
    except TypeError:
        return True  # pandas.NA compares to nothing


def _openings(movements: list[Movement], opening_stock: int | Literal["enough"]) -> dict[str, int]:
    """The stock with which each product is added, in the order of their first movements."""
    balance: dict[str, int] = {}
    lowest: dict[str, int] = {}
    for movement in movements:
        product = movement.product_id
        balance[product] = balance.get(product, 0) + movement.delta
        lowest[product] = min(lowest.get(product, 0), balance[product])
    if opening_stock == "enough":
        return {product: min(-low, LARGEST_QUANTITY) for product, low in lowest.items()}
    return dict.fromkeys(balance, opening_stock)
