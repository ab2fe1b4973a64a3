from __future__ import annotations

from inventory_lab import Lab, ProductAdded, ProductRemoved, QuantityChanged, Settings, connect
from inventory_lab.producer.publisher import RawRecord


def test_the_simple_design_counts_right_when_every_record_is_delivered_once() -> None:
    with connect(settings=Settings(handler="per_record")) as lab:
        run(lab)
        assert lab.inventory()["quantity"].to_dict() == {"Phone": 15}
        assert not len(lab.reconcile().drift)


def test_the_simple_design_goes_below_zero() -> None:
    with connect(settings=Settings(handler="per_record")) as lab:
        run(lab)
        lab.settle(lab.publish(QuantityChanged("Phone", -20)))
        drift = lab.reconcile().drift.iloc[0]
        assert (drift["expected_quantity"], drift["table_quantity"]) == (15, -5)


def run(lab: Lab) -> None:
    lab.build()
    events = [
        ProductAdded("Phone", 18),
        QuantityChanged("Phone", -3),
        ProductAdded("Oven", 4),
        ProductRemoved("Oven"),
        RawRecord("Oven", b"no event"),
    ]
    assert lab.settle(lab.publish(events))
