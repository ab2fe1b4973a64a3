"""The batch that notebook 04 feeds by hand is one that the lab's own pipe could have delivered."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from inventory_lab import Lab
from inventory_lab.domain.events import ProductAdded, ProductRemoved, QuantityChanged
from inventory_lab.function.batch import read_batch
from inventory_lab.observe.stream import event_in

PRINTS_THE_BATCH = """
import json

def handle(event, context):
    print(json.dumps({"batch": event}))
"""


def batch() -> list[dict[str, Any]]:
    text = (files("inventory_lab") / "teaching/pipe_batch.json").read_text(encoding="utf-8")
    records: list[dict[str, Any]] = json.loads(text)
    return records


def delivered(lab: Lab) -> list[dict[str, Any]]:
    """What the pipe delivers of the same events."""
    lab.build()
    lab.use_handler(PRINTS_THE_BATCH)
    lab.settle(lab.publish(event_in(record) for record in read_batch(batch()).records))  # type: ignore[misc]
    events = lab.account.client("logs").filter_log_events(logGroupName=lab.account.log_group())
    lines = [e["message"] for e in events["events"] if e["message"].startswith('{"batch"')]
    assert len(lines) == 1
    records: list[dict[str, Any]] = json.loads(lines[0])["batch"]
    return records


def test_it_holds_what_a_pipe_delivers_but_for_place_and_time(lab: Lab) -> None:
    varying = ("sequenceNumber", "approximateArrivalTimestamp", "eventID")
    for ours, delivered_record in zip(batch(), delivered(lab), strict=True):
        assert list(ours) == list(delivered_record)
        assert {k: v for k, v in ours.items() if k not in (*varying, "data")} == {
            k: v for k, v in delivered_record.items() if k not in (*varying, "data")
        }
        assert ours["eventID"].partition(":")[0] == delivered_record["eventID"].partition(":")[0]
        assert ours["eventID"].endswith(f":{ours['sequenceNumber']}")
        assert len(ours["sequenceNumber"]) == len(delivered_record["sequenceNumber"])
        assert int(ours["sequenceNumber"]) < int(delivered_record["sequenceNumber"])


def test_its_events_are_two_products_a_sale_and_a_removal() -> None:
    events = [event_in(record) for record in read_batch(batch()).records]
    kinds = [ProductAdded, ProductAdded, QuantityChanged, ProductRemoved]
    assert [type(event) for event in events] == kinds
