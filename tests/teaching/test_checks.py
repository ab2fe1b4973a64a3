from __future__ import annotations

import pandas
import pytest

from inventory_lab import attempt, check
from inventory_lab.exceptions import CheckFailed

Printed = pytest.CaptureFixture[str]


def test_a_claim_that_holds_prints_ok(capsys: Printed) -> None:
    check("stock is 18", 18, 18)
    check("the counts are exact", True)
    assert capsys.readouterr().out == "ok     stock is 18\nok     the counts are exact\n"


def test_a_claim_that_does_not_hold_prints_both_values_and_stops_the_notebook(
    capsys: Printed,
) -> None:
    with pytest.raises(CheckFailed, match="stock is 18: found 17, expected 18"):
        check("stock is 18", 17, 18)
    assert capsys.readouterr().out == "WRONG  stock is 18: found 17, expected 18\n"


@pytest.mark.parametrize("unfinished", [None, ...])
def test_an_exercise_that_was_not_begun_is_to_do(unfinished: object, capsys: Printed) -> None:
    attempt("five are left", unfinished, 5)
    assert capsys.readouterr().out == "to do  five are left\n"


def test_an_exercise_that_is_solved_prints_ok(capsys: Printed) -> None:
    attempt("none is left", 0, 0)
    assert capsys.readouterr().out == "ok     none is left\n"


def test_a_wrong_answer_is_shown_and_raises_nothing(capsys: Printed) -> None:
    attempt("five are left", 4, 5)
    assert capsys.readouterr().out == "wrong  five are left: found 4\n"


def test_a_number_from_a_table_is_shown_as_a_number(capsys: Printed) -> None:
    attempt("five are left", pandas.Series([4])[0], 5)
    assert capsys.readouterr().out == "wrong  five are left: found 4\n"


@pytest.mark.parametrize("table", [pandas.DataFrame({"stock": [5, 4]}), pandas.Series([5, 4])])
def test_a_table_in_place_of_a_number_is_wrong_and_raises_nothing(
    table: object, capsys: Printed
) -> None:
    attempt("five are left", table, 5)
    assert capsys.readouterr().out == f"wrong  five are left: found {table!r}\n"
