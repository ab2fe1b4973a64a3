from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas
import pytest

from inventory_lab import ProductAdded, QuantityChanged, replay
from inventory_lab.exceptions import BadRow, BadTable
from inventory_lab.producer.replay import Replay

SALES = (
    "\ufeffInvoiceNo;StockCode;Description;Quantity;InvoiceDate;UnitPrice\r\n"
    '536365;85123A;"WHITE; HOLDER";6;1/12/2010 08:26;2,55\r\n'
    "536366;71053;LANTERN;2;1/12/2010 08:30;3,39\r\n"
    "C536379;85123A;RETURNED;-1;1/12/2010 09:41;2,55\r\n"
    "536380;85123A;HOLDER;3;13/12/2010 10:00;2,55\r\n"
)


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    path.write_bytes(SALES.encode())
    return path


def deltas(events: Replay, product: str) -> list[int]:
    return [e.delta for e in events if isinstance(e, QuantityChanged) and e.product_id == product]


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_sale_takes_from_the_stock_and_a_return_gives_back(sales: Path) -> None:
    assert deltas(replay(sales), "85123A") == [-6, 1, -3]


def test_it_says_how_the_columns_are_read(sales: Path) -> None:
    assert replay(sales).assumptions == (
        "StockCode is the product, Quantity the units sold, InvoiceDate the time (day first)"
    )


def test_each_product_opens_with_just_enough_for_what_follows(sales: Path) -> None:
    opened = {e.product_id: e.quantity for e in replay(sales) if isinstance(e, ProductAdded)}
    assert opened == {"85123A": 8, "71053": 2}


def test_the_opening_stock_can_be_set(sales: Path) -> None:
    events = replay(sales, opening_stock=100)
    assert [e.quantity for e in events if isinstance(e, ProductAdded)] == [100, 100]
    assert len(events) == len(list(events)) == 6


def test_a_product_is_added_before_its_first_movement(sales: Path) -> None:
    kinds = [type(event).__name__ for event in replay(sales) if event.product_id == "71053"]
    assert kinds == ["ProductAdded", "QuantityChanged"]


def test_dates_are_read_day_first_when_the_file_says_so(sales: Path) -> None:
    assert [e.occurred_at for e in replay(sales)][-1] == "2010-12-13T10:00:00.000Z"


def test_a_guess_is_called_a_guess(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "sku,delta,time\nA,1,1/2/2026\n")
    assert "day first, a guess" in replay(path).assumptions
    assert list(replay(path))[-1].occurred_at == "2026-02-01T00:00:00.000Z"
    assert list(replay(path, day_first=False))[-1].occurred_at == "2026-01-02T00:00:00.000Z"


def test_two_orders_of_dates_in_one_file_are_not_mixed(tmp_path: Path) -> None:
    path = written(tmp_path / "b.csv", "sku,delta,time\nA,1,13/1/2026\nA,1,1/13/2026\n")
    [bad] = replay(path).bad_rows
    assert "'1/13/2026' has no such month; dates are read (day first)" in str(bad)


def test_dates_are_read_month_first_when_the_file_says_so(tmp_path: Path) -> None:
    path = written(
        tmp_path / "us.csv", "sku,delta,date\nA,1,12/1/2010 08:26\nA,1,12/13/2010 09:00\n"
    )
    assert [e.occurred_at[:10] for e in replay(path)][1:] == ["2010-12-01", "2010-12-13"]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T09:00:00Z",
        "2026-01-05 09:00",
        "5.1.2026 9:00",
        "5 Jan 2026 09:00",
        "2026-01-05T10:00:00+01:00",
    ],
)
def test_many_forms_of_dates_are_understood(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "dates.csv", f"sku,delta,time\nA,1,{text}\n")
    assert list(replay(path))[-1].occurred_at == "2026-01-05T09:00:00.000Z"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_recognised(tmp_path: Path, delimiter: str) -> None:
    rows = [["sku", "delta", "time"], ["A", "5", "2026-01-05"]]
    path = written(tmp_path / "rows.csv", "\n".join(delimiter.join(row) for row in rows))
    assert deltas(replay(path), "A") == [5]


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path / "named.csv", "what,how many,when\nA,5,2026-01-05\n")
    assert deltas(replay(path, product="what", delta="how many", time="when"), "A") == [5]
    assert deltas(replay(path, product="what", sold="how many", time="when"), "A") == [-5]


def test_a_data_frame_is_replayed_like_a_file() -> None:
    frame = pandas.DataFrame(
        {"sku": ["A", "A"], "change": [5, -2.0], "at": [datetime(2026, 1, 5, tzinfo=UTC)] * 2}
    )
    events = replay(frame, product="sku", delta="change", time="at")
    assert deltas(events, "A") == [5, -2]


def test_the_same_row_is_the_same_fact_however_often_it_is_replayed(sales: Path) -> None:
    first, second = ([e.event_id for e in replay(sales)] for _ in range(2))
    assert first == second
    assert len(set(first)) == len(first)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A,,2026-01-05", "the quantity is missing"),
        ("A,0,2026-01-05", "the quantity is 0: nothing moves"),
        ("A,2.5,2026-01-05", "the quantity '2.5' is not a whole number"),
        ('A,"1,000",2026-01-05', "the quantity '1,000' may mean thousands or decimals"),
        ("A,many,2026-01-05", "the quantity 'many' is not a whole number"),
        ("A,9999999999,2026-01-05", "the quantity 9999999999 is beyond 1000000000"),
        (",1,2026-01-05", "the product '' has 0 characters"),
        ("A,1,", "the time is missing"),
        ("A,1", "the time is missing"),
        ("A,1,soon", "the time 'soon' is not a date"),
        ("A,1,12:30", "the time '12:30' does not name a whole date"),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_left_out(
    tmp_path: Path, row: str, problem: str
) -> None:
    path = written(tmp_path / "bad.csv", f"sku,delta,time\nA,1,2026-01-05\n{row}\nA,1,2026-01-06\n")
    events = replay(path)
    assert deltas(events, "A") == [1, 1]
    [bad] = events.bad_rows
    assert bad.line == 3
    assert str(bad).startswith(f"bad.csv, line 3: {problem}")


def test_a_bad_row_can_be_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "bad.csv", "sku,delta,time\nA,x,2026-01-05\n")
    with pytest.raises(BadRow, match=r"bad\.csv, line 2: the quantity 'x'"):
        replay(path, on_bad_row="refuse")


@pytest.mark.parametrize("rows", [",1,2026-01-05", "A,1,2026-01-05\n,1,2026-01-06"])
def test_in_a_table_that_grows_a_row_that_cannot_be_numbered_is_refused_with_the_reason(
    tmp_path: Path, rows: str
) -> None:
    path = written(tmp_path / "bad.csv", f"sku,delta,time\n{rows}\n")
    with pytest.raises(BadRow, match=r"not 1 to 256; in a table that grows .* needs its product"):
        replay(path, source="sales", opening_stock=5)


def test_a_replay_shows_how_the_file_was_read(tmp_path: Path) -> None:
    path = written(tmp_path / "s.csv", "sku,units,time\nA,1,2026-01-05\nA,x,2026-01-06\n")
    assert repr(replay(path)) == (
        "Replay(s.csv: 2 events, 1 bad rows left out; "
        "sku is the product, units the units sold, time the time)"
    )


def test_line_numbers_count_the_lines_of_quoted_fields(tmp_path: Path) -> None:
    path = written(tmp_path / "q.csv", 'sku,delta,time\n"A\nB",1,2026-01-05\nA,x,2026-01-05\n')
    assert [row.line for row in replay(path).bad_rows] == [4]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it is empty"),
        ("\n \n", "it is empty"),
        ("sku,delta,time\n", "it has no stock movement"),
        ("a,b,c\n1,2,3\n", "which column is the stock change"),
        ("sku,delta\nA,1\n", "which column is the time"),
        ("sku,delta,time\nA,x,2026-01-05\n", "it has no stock movement; the first bad row"),
    ],
)
def test_a_table_that_holds_nothing_usable_is_refused(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(BadTable, match=problem):
        replay(written(tmp_path / "t.csv", text))


def test_a_missing_file_and_a_missing_column_are_named(tmp_path: Path, sales: Path) -> None:
    with pytest.raises(BadTable, match=r"nowhere\.csv: it cannot be read \(No such file"):
        replay(tmp_path / "nowhere.csv")
    with pytest.raises(BadTable, match="no column 'Menge'; it has InvoiceNo, StockCode"):
        replay(sales, delta="Menge")


def test_an_unclosed_quote_is_refused_and_swallows_no_rows(tmp_path: Path) -> None:
    text = 'sku,delta,time,note\nA,5,2026-01-05,"large\nA,6,2026-01-06,x\n'
    with pytest.raises(BadTable, match="line 3: unexpected end of data"):
        replay(written(tmp_path / "quote.csv", text))


def test_different_files_of_one_name_are_different_facts(tmp_path: Path) -> None:
    ids = []
    for folder, second in (("monday", 6), ("tuesday", 7)):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "sales.csv"
        written(path, f"sku,delta,time\nA,5,2026-01-05\nA,{second},2026-01-06\n")
        ids += [event.event_id for event in replay(path)]
    assert len(set(ids)) == 6


def test_missing_values_of_every_kind_are_bad_rows() -> None:
    frame = pandas.DataFrame(
        {"sku": ["A", None, "B"], "delta": [1, 2, None], "time": ["2026-01-05", "2026-01-05", None]}
    ).convert_dtypes()
    events = replay(frame)
    assert [row.line for row in events.bad_rows] == [2, 3]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00"])
def test_a_time_at_the_end_of_the_calendar_is_a_bad_row(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "t.csv", f"sku,delta,time\nA,1,2026-01-05\nA,1,{text}\n")
    assert len(replay(path).bad_rows) == 1


def test_utf_16_and_a_blank_first_line_are_read(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_bytes("\r\nsku;delta;time\r\nÄ;5;2026-01-05\r\n".encode("utf-16"))
    assert deltas(replay(path), "Ä") == [5]
