"""What a thousand events cost, in figures that no machine's load changes: a guard for the benchmarks.

A number that grows here is a slower pipeline and a higher bill. When it grows on purpose, change it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import handlers

from inventory_lab import Lab, Settings, connect, simulate
from tests.test_repeated_facts import item_bytes

EVENTS, PRODUCTS = 1_000, 20


@pytest.fixture
def calls() -> Iterator[Counter[str]]:
    """How often each operation of AWS is called by the sessions that are made meanwhile."""
    counts: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        counts[model.name] += 1

    entry = ("before-call", count)
    handlers.BUILTIN_HANDLERS.append(entry)
    yield counts
    handlers.BUILTIN_HANDLERS.remove(entry)


def run(handler: str) -> tuple[Lab, int]:
    lab = connect(settings=Settings(handler=handler, shards=2))
    lab.build()
    assert lab.settle(lab.publish(simulate(EVENTS, PRODUCTS, seed=7)))
    logs = lab.session("root").client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=lab.account.log_group())
    return lab, sum(len(page["events"]) for page in pages)


def test_a_thousand_folded_events_cost_as_many_calls_units_and_lines_as_they_should(
    calls: Counter[str],
) -> None:
    lab, lines = run("fold")
    with lab:
        largest = max(map(item_bytes, _stored(lab)))
        assert lab.reconcile().exact
    assert calls["UpdateItem"] <= 2 * PRODUCTS  # a write for each product and batch, two shards
    assert calls["BatchGetItem"] <= 4
    assert calls["PutRecords"] == 2
    assert calls["Invoke"] <= 4
    assert lines <= 4 * calls["Invoke"] + 1  # START, END, REPORT and one report for each batch
    assert largest <= 1_024  # so that each of these writes is one request unit


def test_a_thousand_events_one_by_one_cost_a_write_each(calls: Counter[str]) -> None:
    lab, _ = run("per_record")
    with lab:
        assert calls["UpdateItem"] + calls["DeleteItem"] == EVENTS


def _stored(lab: Lab) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (
        lab.session("root").client("dynamodb").scan(TableName="inventory")["Items"]
    )
    return items
