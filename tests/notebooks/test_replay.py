"""Running the cells of a notebook in this process, and the stand-in for a real account."""

from __future__ import annotations

import os

import pytest
from nbformat import v4

from inventory_lab import ProductAdded, connect
from inventory_lab.exceptions import LocalOnly, WaitTooLong
from inventory_lab.lab import local_lab
from tools.replay import CellFailed, kernel


def notebook(*sources: str) -> v4.nbbase.NotebookNode:
    cells = [v4.new_code_cell(source) for source in sources]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    return v4.new_notebook(cells=cells)


def test_cells_share_names_and_print_their_last_value() -> None:
    with kernel(notebook("a = 1\nprint('set')", "a += 1\na")) as running:
        running.run()
        running.run(running.cells[1:], times=2)
    assert running.outputs("cell-0") == ["set\n"]
    assert running.outputs("cell-1") == ["2\n", "3\n", "4\n"]


def test_a_cell_that_fails_is_named() -> None:
    with (
        kernel(notebook("1", "1 / 0")) as running,
        pytest.raises(CellFailed, match="cell cell-1: Zero"),
    ):
        running.run()


def test_a_lab_that_was_left_open_is_closed_and_the_environment_is_as_before() -> None:
    before = dict(os.environ)
    with kernel(notebook("from inventory_lab import connect\nlab = connect()")) as running:
        running.run()
        assert local_lab() is not None
    assert local_lab() is None
    assert dict(os.environ) == before


def test_the_stand_in_is_a_real_account_to_the_lab_and_the_lab_a_learners_in_a_workshop() -> None:
    with kernel(notebook(), real_account=True), connect() as lab:
        assert not lab.embedded
        with pytest.raises(LocalOnly), lab.faults():
            pass
        with pytest.raises(WaitTooLong, match=r"guard the call with `if lab.embedded:`"):
            lab.clock.advance(61)
        lab.build()
        assert lab.account.settings.prefix == "anna-"
        assert lab.account.caller_arn.endswith(":user/anna")
        assert lab.settle(lab.publish(ProductAdded("Phone", 3)))
        assert list(lab.inventory()["quantity"]) == [3]
