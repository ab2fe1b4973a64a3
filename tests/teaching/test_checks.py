from __future__ import annotations

import pandas
import pytest

from inventory_lab import check
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


def test_a_number_from_a_table_is_shown_as_a_number(capsys: Printed) -> None:
    with pytest.raises(CheckFailed):
        check("five are left", pandas.Series([4])[0], 5)
    assert capsys.readouterr().out == "WRONG  five are left: found 4, expected 5\n"
