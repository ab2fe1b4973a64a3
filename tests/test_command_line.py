from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas
import pytest

from inventory_lab import __main__ as command_line
from inventory_lab import connect

KEYS = {
    "published", "applied", "rejected", "duplicates", "drift", "products", "alerts", "seconds",
    "events_per_second",
}  # fmt: skip


def test_the_demo_prints_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    status = command_line.main(["demo", "--events", "2000", "--products", "40", "--json"])
    facts = json.loads(capsys.readouterr().out)
    assert status == 0
    assert facts.keys() >= KEYS
    assert (facts["published"], facts["drift"], facts["exact"]) == (2000, 0, True)
    assert facts["published"] == facts["applied"] + facts["rejected"] + facts["duplicates"]
    assert facts["rejected"] > 0


def test_the_demo_shows_the_table_and_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["demo", "--events", "300", "--products", "12"]) == 0
    shown = capsys.readouterr()
    assert re.search(r"inventory: \d+ active products\n +quantity", shown.out)
    assert "  drift: 0 products\n" in shown.out
    assert "… and " in shown.out
    assert "published 300 = applied" in shown.out
    assert "reconciling" in shown.err


def test_no_events_at_all_is_not_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["demo", "--events", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["published"] == 0


def test_real_input_is_replayed_and_agrees_with_a_group_by(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{n},P{n % 7},{(n * 5) % 9 - 2},{n % 28 + 1}/3/2026 10:00" for n in range(300)]
    path = tmp_path / "sales.csv"
    path.write_text("InvoiceNo,StockCode,Quantity,InvoiceDate\n" + "\n".join(rows))
    assert command_line.main(["demo", "--csv", str(path), "--opening-stock", "1000", "--json"]) == 0
    shown = capsys.readouterr()
    facts = json.loads(shown.out)
    moved = pandas.read_csv(path).query("Quantity != 0")
    assert facts["published"] == len(moved) + 7
    assert (facts["applied"], facts["drift"]) == (facts["published"], 0)
    assert "Quantity the units sold" in shown.err
    assert shown.err.count("the quantity is 0: nothing moves") == 300 - len(moved)


def test_the_table_after_a_replay_is_the_opening_stock_less_the_sums(tmp_path: Path) -> None:
    from inventory_lab import replay

    path = tmp_path / "sales.csv"
    path.write_text(
        "sku,sold,date\n" + "\n".join(f"P{n % 5},{n % 11 - 2},2026-01-05" for n in range(400))
    )
    with connect() as lab:
        lab.build()
        lab.settle(lab.publish(replay(path, opening_stock=10_000)))
        quantities = lab.inventory()["quantity"]
    sold = pandas.read_csv(path).groupby("sku")["sold"].sum()
    assert quantities.to_dict() == (10_000 - sold).to_dict()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "nowhere.csv: it cannot be read (No such file or directory)"),
        ("", "given.csv: it is empty"),
        ("a,b\n1,2\n", "given.csv: which column is the stock change (delta, or sold)?"),
        ("sku,delta,time\nA,x,2026-01-05\n", "given.csv: it has no stock movement"),
    ],
)
def test_a_bad_file_is_one_clear_sentence_and_exit_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, problem: str
) -> None:
    path = tmp_path / ("nowhere.csv" if text is None else "given.csv")
    if text is not None:
        path.write_text(text)
    assert command_line.main(["demo", "--csv", str(path)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert problem in shown.err
    assert len(shown.err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--events", "-1"],
        ["demo", "--products", "0"],
        ["demo", "--opening-stock", "1000000001"],
        [],
    ],
)
def test_arguments_that_make_no_sense_exit_with_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main(arguments)
    assert ended.value.code == 2


def test_an_interrupt_leaves_no_output_no_traceback_and_no_lab(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "_run", interrupt)
    assert command_line.main(["demo", "--json"]) == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "stopped" in shown.err
    connect().close()  # would warn if the interrupted lab were still open


def test_drift_is_reported_by_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from inventory_lab.observe import table

    honest = table.read

    def tampered(account: Any) -> table.Contents:
        state = honest(account)
        state.items.popitem()
        return state

    monkeypatch.setattr(table, "read", tampered)
    assert command_line.main(["demo", "--events", "200", "--products", "5"]) == 1
    assert "NOT EXACT" in capsys.readouterr().out


def test_storm_prints_its_report_and_exits_by_it(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--schedules", "1", "--events", "6"]
    assert command_line.main(["storm", "fold", *options]) == 0
    assert "fold behind a pipe: passed 1 schedules" in capsys.readouterr().out


def test_storm_refuses_a_file_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["storm", "no_such_handler.py", "--schedules", "1"]) == 2
    assert "no_such_handler.py" in capsys.readouterr().err
