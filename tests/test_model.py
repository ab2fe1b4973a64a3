"""The table against a model that shares no code with it."""

from __future__ import annotations

import pytest

from inventory_lab import Lab, simulate
from inventory_lab.observe import stream
from tests.model import model_stock

SLICE = 5_000


def test_the_table_is_what_the_model_says(built: Lab, pytestconfig: pytest.Config) -> None:
    count = pytestconfig.getoption("model_events")
    events = list(simulate(events=count, products=200, seed=5))
    for start in range(0, count, SLICE):
        built.settle(built.publish(events[start : start + SLICE]))
    stored = [(r.partition_key, r.data) for r in stream.records(built.account)]
    stock, counts = model_stock(stored)
    assert len(stored) == count
    assert built.inventory()["quantity"].to_dict() == stock
    result = built.reconcile()
    assert (result.applied, result.rejected) == (counts["applied"], counts["rejected"])
    assert result.exact
