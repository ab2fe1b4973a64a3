"""Is the table what the stream says, and if not, since when?"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from inventory_lab import (
    Lab,
    ProductAdded,
    ProductRemoved,
    QuantityChanged,
    Settings,
    Snapshot,
    connect,
)
from inventory_lab.domain.inventory import Item, Status
from inventory_lab.domain.memory import Memory, digest, encode
from inventory_lab.exceptions import BadSnapshot, NotBuilt
from inventory_lab.observe import frames, reports, stream
from inventory_lab.observe.differences import first_difference
from inventory_lab.observe.ledger import Fate
from inventory_lab.observe.pipeline_state import MissingFromStream
from inventory_lab.observe.reconcile import FoldedStream, Reconciliation
from tests.operate.table_damage import damage

DAY = 24 * 3600


def stock(lab: Lab) -> Any:
    return lab.inventory()["quantity"].to_dict()


def phones(lab: Lab, *deltas: int, name: str = "e") -> None:
    """Sell and return phones; the events are called e-1, e-2 … by their place in the call."""
    events = [QuantityChanged("Phone", d, event_id=f"{name}-{n}") for n, d in enumerate(deltas, 1)]
    lab.settle(lab.publish(events))


@pytest.fixture
def shop(built: Lab) -> Lab:
    built.settle(
        built.publish([ProductAdded("Phone", 20, event_id="e-0"), ProductAdded("Oven", 3)])
    )
    phones(built, -5, 2)
    return built


def test_it_prints_the_law_and_the_verdict(shop: Lab) -> None:
    assert str(shop.reconcile()) == (
        "published 4 = applied 4 + rejected 0 + duplicates 0 + dead letters 0 + pending 0\nexact"
    )


def test_a_quantity_changed_by_hand_is_drift_of_which_all_events_agree(shop: Lab) -> None:
    damage(shop, "Phone", quantity={"N": "99"})
    result = shop.reconcile()
    [row] = result.drift.to_dict("records")
    assert (row["expected_quantity"], row["table_quantity"]) == (17, 99)
    assert row["first_difference"] == "all events agree: the item changed in another way"
    assert result.problems == ["1 product differs from the stream"]
    assert str(result).endswith("NOT EXACT: 1 product differs from the stream")


def test_an_event_that_the_table_lacks_is_named(shop: Lab) -> None:
    ids = digest("e-0") + digest("e-2")
    damage(shop, "Phone", memory={"B": encode(Memory(event_ids=ids))}, applied_count={"N": "2"})
    [row] = shop.reconcile().drift.to_dict("records")
    assert row["first_difference"] == "e-1 was not applied"


def test_an_item_that_cannot_be_read_is_named_with_the_reason(shop: Lab) -> None:
    damage(shop, "Phone", quantity={"N": "2.5"})
    [row] = shop.reconcile().drift.to_dict("records")
    assert (row["table_status"], row["expected_quantity"]) == ("broken", 17)
    assert "invalid literal for int() with base 10: '2.5'" in row["first_difference"]
    with pytest.warns(UserWarning, match=r"item of 'Phone' cannot be read .* lab.rebuild\(\)"):
        assert stock(shop) == {"Oven": 3}


def test_an_item_that_is_gone_is_not_exact(shop: Lab) -> None:
    damage(shop, "Phone")
    assert shop.reconcile().problems == [
        "3 records were delivered to the function and left no trace in the table",
    ]


@pytest.mark.parametrize(
    ("remembered", "difference"),
    [
        (["a", "b", "c"], "all events agree: the item changed in another way"),
        (["a", "c"], "b was not applied"),
        (["a", "b"], "c was not applied"),
        (["a", "b", "b", "c"], "b was applied twice"),
        (["a", "b", "c", "c"], "c was applied twice"),
        (["a", "x", "b", "c"], "x was applied and should not have been"),
        (["a", "b", "c", "?"], "an event that is not in the stream was applied and should not have been"),
        (["b", "c"], "all events agree: the item changed in another way"),
        ([], "a was not applied"),
        (None, "there is no item"),
    ],
)  # fmt: skip
def test_the_first_difference_is_named(remembered: list[str] | None, difference: str) -> None:
    events = [QuantityChanged("Phone", 1, event_id=name) for name in "abcx"]
    memory = Memory(event_ids=b"".join(map(digest, remembered or [])))
    item = None if remembered is None else Item("Phone", Status.ACTIVE, memory=memory)
    assert first_difference(events[:3], events, item) == difference


def test_the_first_difference_among_numbered_events_is_exact_at_any_distance() -> None:
    events = [
        QuantityChanged(
            "Phone", 1, event_id=f"e-{n}", source="2026-01-05T09:00:00Z/sales", sequence=n
        )
        for n in range(1, 1_001)
    ]
    memory = Memory()
    for event in events[:99] + events[100:]:
        memory = memory.with_processed(event, applied=True)
    item = Item("Phone", Status.ACTIVE, memory=memory)
    assert first_difference(events, events, item) == "e-100 was not applied"
    without = events[:499] + events[500:]
    difference = first_difference([e for e in without if e.sequence != 100], without, item)
    assert difference == "number 500 of a source was processed and is not in the stream"


def test_what_the_stream_has_forgotten_is_said_and_not_called_exact(shop: Lab) -> None:
    shop.clock.advance(DAY + 1)
    phones(shop, -1, name="later")
    result = shop.reconcile()
    assert not result.exact
    assert result.problems == [
        "the stream keeps 24 hours: what arrived before 2026-01-05T09:00:04Z is gone; compare with a "
        "snapshot: reconcile(since=snapshot)"
    ]


def test_a_stream_that_is_older_than_its_retention_and_lost_nothing_is_exact(built: Lab) -> None:
    built.clock.advance(DAY + 1)
    built.settle(built.publish(ProductAdded("Phone", 20)))
    assert built.reconcile().exact


def test_from_a_snapshot_on_it_is_exact_again(shop: Lab) -> None:
    snapshot = shop.snapshot()
    shop.clock.advance(DAY + 1)
    shop.settle(shop.publish(QuantityChanged("Phone", -1)))
    assert not shop.reconcile().exact
    assert shop.reconcile(since=snapshot).exact


def test_a_snapshot_counts_only_what_came_after_it(shop: Lab) -> None:
    snapshot = shop.snapshot()
    shop.settle(shop.publish([QuantityChanged("Phone", 3), QuantityChanged("Phone", -400)]))
    result = shop.reconcile(since=snapshot)
    assert (result.published, result.applied, result.rejected) == (2, 1, 1)
    assert result.exact
    damage(shop, "Phone", quantity={"N": "99"})
    assert shop.reconcile(since=snapshot).drift["expected_quantity"].tolist() == [20]


def test_a_snapshot_older_than_the_retention_helps_no_more(shop: Lab) -> None:
    snapshot = shop.snapshot()
    shop.settle(shop.publish(QuantityChanged("Phone", 3)))
    shop.clock.advance(DAY + 1)
    shop.settle(shop.publish(QuantityChanged("Phone", 3)))
    assert shop.reconcile(since=snapshot).cut


def test_a_tombstone_that_has_expired_since_the_snapshot_is_not_missed() -> None:
    with connect(settings=Settings(tombstone_days=1)) as lab:
        lab.build()
        phone, oven = ProductAdded("Phone", 20), ProductAdded("Oven", 3)
        lab.settle(lab.publish([phone, oven, ProductRemoved("Oven")]))
        snapshot = lab.snapshot()
        damage(lab, "Oven")
        assert not lab.reconcile(since=snapshot).exact
        lab.clock.advance(3 * DAY)
        assert lab.reconcile(since=snapshot).exact
        assert not len(lab.rebuild(since=snapshot))


def test_a_snapshot_can_be_kept_in_a_file(shop: Lab, tmp_path: Path) -> None:
    snapshot = shop.snapshot()
    snapshot.save(tmp_path / "monday.json")
    assert Snapshot.load(tmp_path / "monday.json") == snapshot


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"taken_at": 1, "counts": {}, "items": [1]}', "\xff"]
)
def test_another_file_is_not_a_snapshot(text: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(BadSnapshot, match=r"other.json is not a snapshot that save\(\) wrote"):
        Snapshot.load(path)


@pytest.mark.parametrize("since", ["monday.json", {}, 5])
def test_since_takes_a_snapshot(shop: Lab, since: Any) -> None:
    with pytest.raises(TypeError, match=r"since takes a Snapshot that snapshot\(\) returned"):
        shop.reconcile(since=since)


def test_a_stream_created_again_beside_the_old_table_stays_exact(shop: Lab) -> None:
    snapshot = shop.snapshot()
    shop.session("root").client("kinesis").delete_stream(StreamName="e-commerce-streaming")
    shop.pump()
    shop.clock.advance(60)
    shop.build()
    shop.settle(shop.publish([QuantityChanged("Phone", -2), QuantityChanged("Oven", -4)]))
    assert stock(shop) == {"Phone": 15, "Oven": 3}
    assert "the stream was created at 2026-01-05T09:01:0" in shop.reconcile().cut
    result = shop.reconcile(since=snapshot)
    assert (result.published, result.applied, result.rejected, result.exact) == (2, 1, 1, True)


def test_the_order_of_late_parents_comes_from_the_log(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("Phone", 5)))
    built.session("admin").client("pipes").stop_pipe(Name="inventory-pipe")
    built.publish(QuantityChanged("Phone", -4))
    split(built)
    built.publish([QuantityChanged("Phone", -3), QuantityChanged("Phone", -1)])
    parent, child = sorted(
        {r.shard_id for r in stream.records(built.account) if r.partition_key == "Phone"}
    )
    for shard_id in (child, parent):  # as a pipe may: parents are not promised to come first
        invoke(built, shard_id)
    assert stock(built) == {"Phone": 1}
    assert built.history("Phone")["reason"].tolist() == ["", "", "", "InsufficientStock"]
    assert len(reports.read(built.account).late["Phone"]) == 1
    assert built.reconcile().exact
    built.session("admin").client("pipes").start_pipe(Name="inventory-pipe")
    for _ in range(2):  # the parent, then its child
        built.pump()
    assert built.reports()["redelivered"] == 4
    assert built.reconcile().exact


def split(lab: Lab) -> None:
    lab.session("admin").client("kinesis").update_shard_count(
        StreamName="e-commerce-streaming", TargetShardCount=4, ScalingType="UNIFORM_SCALING"
    )


def invoke(lab: Lab, shard_id: str) -> None:
    """Hand a shard's records to the function, as a pipe would."""
    batch = [
        {
            "eventID": record.record_id,
            "sequenceNumber": str(record.sequence_number),
            "partitionKey": record.partition_key,
            "data": base64.b64encode(record.data).decode(),
            "approximateArrivalTimestamp": record.arrived_at,
        }
        for record in stream.shard_records(lab.account, shard_id)
    ]
    functions = lab.session("admin").client("lambda")
    functions.invoke(FunctionName="update-inventory", Payload=json.dumps(batch))


def test_records_whose_answer_was_lost_to_the_end_are_processed_and_not_dead() -> None:
    with connect(settings=Settings(retries=2)) as lab:
        lab.build()
        with lab.faults(crash_after_commit=1):
            lab.settle(lab.publish([ProductAdded("Phone", 5), QuantityChanged("Phone", -7)]))
        assert stock(lab) == {"Phone": 5}
        assert set(lab.dead_letters()["state"]) == {"processed"}
        result = lab.reconcile()
        assert (result.applied, result.rejected, result.dead_letters) == (1, 1, 0)
        assert result.exact


def test_an_answer_lost_long_ago_is_known_from_the_log() -> None:
    with connect(settings=Settings(retries=0)) as lab:
        lab.build()
        with lab.faults(crash_after_commit=1):
            lab.settle(lab.publish(ProductAdded("Phone", 5)))
        lab.settle(lab.publish([QuantityChanged("Phone", 1) for _ in range(80)]))
        assert lab.reconcile().exact


def test_without_a_pipeline_it_says_what_is_missing(lab: Lab) -> None:
    with pytest.raises(NotBuilt, match="the table 'inventory' does not exist"):
        lab.reconcile()
    lab.build(through="table")
    with pytest.raises(NotBuilt, match="the queue"):
        lab.reconcile()


def reconciliation(**facts: Any) -> Reconciliation:
    counts = {"published": 1, "applied": 1, "rejected": 0, "duplicates": 0, "dead_letters": 0}
    drift = frames.drift(facts.pop("drift", []))
    return Reconciliation(**{**counts, "pending": 0, **facts}, drift=drift)


def row(product_id: str, **facts: Any) -> dict[str, Any]:
    return {
        "product_id": product_id, "expected_status": "active", "table_status": "active",
        "expected_quantity": 5, "table_quantity": 6, "expected_applied": 2, "table_applied": 2,
        "first_difference": "e-1 was applied twice", **facts,
    }  # fmt: skip


def test_it_reads_as_the_sum_and_whether_it_is_exact() -> None:
    exact = reconciliation()
    assert (
        repr(exact)
        == str(exact)
        == (
            "published 1 = applied 1 + rejected 0 + duplicates 0 + dead letters 0 + pending 0\nexact"
        )
    )
    assert "exact: the table is what the stream says" in exact._repr_html_()


def test_a_notebook_shows_each_product_that_differs_and_escapes_its_name() -> None:
    html = reconciliation(drift=[row("<b>Phone</b>")])._repr_html_()
    assert "✗ not exact" in html
    assert "1 product differs from the stream" in html
    assert "&lt;b&gt;Phone&lt;/b&gt;" in html
    assert "active, quantity 5, 2 events applied" in html
    assert "active, quantity 6, 2 events applied" in html


def test_a_notebook_shows_an_item_that_cannot_be_read() -> None:
    broken = row("Phone", table_status="broken", table_quantity=None, table_applied=None)
    html = reconciliation(drift=[row("Oven"), broken])._repr_html_()
    assert "an item that cannot be read" in html


def test_a_notebook_shows_the_first_ten_products_and_how_many_follow() -> None:
    html = reconciliation(drift=[row(f"p-{n:02}") for n in range(12)])._repr_html_()
    assert "p-09" in html
    assert "p-10" not in html
    assert "… and 2 more in .drift" in html


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({"missing_rejections": ("a:1",)}, "1 rejected record is missing from the rejected queue"),
        ({"lost": ("a:1", "a:2")}, "2 records were delivered to the function and left no trace"),
        ({"applied_twice": ("e-1",)}, "1 event was applied twice"),
        ({"published": 0}, "published is not the sum of applied, rejected"),
        ({"published": 2}, "the function's log has no report of 1 record that"),
        ({"published": 5}, "no report of 4 records that were processed: AWS stopped an invocation"),
        (
            {"published": 3, "pending": 2, "oldest_pending": 7200.0},
            "2 records are pending, the oldest for 120 minutes",
        ),
        ({"cut": "the stream keeps 24 hours"}, r"compare with a snapshot: reconcile\(since="),
    ],
)
def test_each_problem_is_a_sentence(facts: dict[str, Any], problem: str) -> None:
    [sentence] = reconciliation(**facts).problems
    assert re.search(problem, sentence)


@pytest.mark.parametrize(
    ("accounted", "repeats", "dead_letters", "duplicates"),
    [(7, 2, 3, 1), (8, 2, 2, 2), (9, 2, 1, 3), (10, 2, 1, 3), (9, 0, 3, 1), (5, 2, 3, 1)],
)
def test_no_more_dead_letters_count_as_duplicates_than_are_repeats_and_the_reports_have_too_many(
    accounted: int, repeats: int, dead_letters: int, duplicates: int
) -> None:
    """Ten records: six applied, one duplicate, three given up."""
    counts = Counter({Fate.APPLIED: 6, Fate.DUPLICATE: 1, Fate.DEAD_LETTER: 3})
    folded = FoldedStream(MissingFromStream(set(), set()), counts=counts, given_up_repeats=repeats)
    folded.count_repeats(accounted)
    assert folded.counts[Fate.DEAD_LETTER] == dead_letters
    assert folded.counts[Fate.DUPLICATE] == duplicates
    assert folded.published == 10
