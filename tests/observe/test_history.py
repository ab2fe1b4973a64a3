"""The ledger of one product."""

from __future__ import annotations

from typing import Any

import pytest

from inventory_lab import Lab, ProductAdded, ProductRemoved, QuantityChanged, RawRecord
from inventory_lab.exceptions import NotBuilt

AT = "2026-01-05T09:00:00Z"


def test_every_event_has_its_outcome_and_the_stock_after_it(built: Lab) -> None:
    sold = QuantityChanged("Phone", -5, event_id="e-2", occurred_at=AT)
    events = [
        ProductAdded("Phone", 20, event_id="e-1"),
        sold,
        sold,
        QuantityChanged("Phone", -50, event_id="e-3"),
        RawRecord("Phone", b"{"),
        ProductRemoved("Phone", event_id="e-4"),
        ProductAdded("Watch", 3),
    ]
    built.settle(built.publish(events))
    built.publish(QuantityChanged("Phone", 7, event_id="e-5"))
    lines = built.history("Phone")
    assert lines[["event", "amount", "outcome", "reason", "stock", "event_id"]].values.tolist() == [
        ["product_added", "20", "applied", "", 20, "e-1"],
        ["quantity_changed", "-5", "applied", "", 15, "e-2"],
        ["quantity_changed", "-5", "duplicate", "RepeatedEvent", 15, "e-2"],
        ["quantity_changed", "-50", "rejected", "InsufficientStock", 15, "e-3"],
        ["malformed", "", "rejected", "MalformedEvent", 15, ""],
        ["product_removed", "", "applied", "", 0, "e-4"],
        ["quantity_changed", "+7", "pending", "", 0, "e-5"],
    ]
    assert lines.loc[1, "occurred_at"] == AT
    assert lines.loc[0, "record_id"] == built.records().loc[0, "record_id"]
    assert lines.loc[0, "sequence"] == "…" + lines.loc[0, "record_id"][-8:]


def test_the_last_line_is_what_the_table_has(built: Lab) -> None:
    built.settle(built.publish([ProductAdded("Phone", 20), QuantityChanged("Phone", -5)]))
    assert built.history("Phone")["stock"].iloc[-1] == built.inventory().loc["Phone", "quantity"]


def test_a_product_without_events_has_an_empty_history(built: Lab) -> None:
    assert list(built.history("Ghost").columns) == [
        "sequence", "occurred_at", "event", "amount", "outcome", "reason", "stock", "event_id",
        "record_id",
    ]  # fmt: skip
    assert not len(built.history("Ghost"))


def test_it_goes_on_from_a_snapshot(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("Phone", 20)))
    snapshot = built.snapshot()
    built.settle(built.publish(QuantityChanged("Phone", -5)))
    assert built.history("Phone", since=snapshot)["stock"].tolist() == [15]


@pytest.mark.parametrize("product", [None, 5, ["Phone"], ProductAdded("Phone", 1)])
def test_it_takes_a_product_id(built: Lab, product: Any) -> None:
    with pytest.raises(TypeError, match="takes a product id such as 'Phone'"):
        built.history(product)


def test_it_needs_a_pipeline(lab: Lab) -> None:
    with pytest.raises(NotBuilt):
        lab.history("Phone")
