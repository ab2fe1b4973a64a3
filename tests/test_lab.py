from __future__ import annotations

import json
from pathlib import Path

import pytest

from inventory_lab import (
    Lab,
    ProductAdded,
    ProductRemoved,
    QuantityChanged,
    RawRecord,
    Settings,
    connect,
    simulate,
)
from inventory_lab.domain.events import encode_event
from inventory_lab.exceptions import ChargesNotAllowed, LabClosed, NotBuilt, UnknownTarget
from inventory_lab.lab import SettleReport
from tests.model import model_stock

BAD_INPUT = {
    "not JSON": (b"{", "MalformedEvent"),
    "not UTF-8": (b"\xff", "MalformedEvent"),
    "a missing field": (b'{"schema_version": 1}', "MalformedEvent"),
    "a future version": (b'{"schema_version": 2}', "MalformedEvent"),
    "an unknown product": (encode_event(QuantityChanged("Phone", 1, occurred_at="2026-01-05T09:00:00Z")), "UnknownProduct"),
    "another partition key": (encode_event(ProductAdded("Watch", 1, occurred_at="2026-01-05T09:00:00Z")), "PartitionKeyMismatch"),
}  # fmt: skip


def test_events_arrive_in_the_table(built: Lab) -> None:
    events = [
        ProductAdded("Watch", 6),
        ProductAdded("Oven", 3),
        ProductAdded("Phone", 20),
        ProductRemoved("Oven"),
        QuantityChanged("Phone", -5),
    ]
    assert built.settle(built.publish(events))
    inventory = built.inventory()
    assert inventory["quantity"].to_dict() == {"Phone": 15, "Watch": 6}
    assert list(inventory.columns) == ["quantity", "updated_at", "version"]
    assert inventory.index.name == "product_id"


def test_one_pump_carries_what_was_published(built: Lab) -> None:
    built.publish(ProductAdded("Watch", 6))
    done = built.pump()
    assert repr(done) == "Round(records=1, invocations=1)"
    assert "invocations" in done._repr_html_()
    assert done.observed
    assert built.inventory()["quantity"].to_dict() == {"Watch": 6}


def test_the_counts_are_exact_and_add_up(built: Lab) -> None:
    events = list(simulate(events=3_000, products=60, seed=5))
    receipt = built.publish(events)
    report = built.settle(receipt)
    assert report
    assert not report.still_open
    result = built.reconcile()
    assert result.exact
    assert result.conserved
    assert (result.published, result.dead_letters, result.pending) == (3_000, 0, 0)
    stored = [(k, data) for k, data in zip(*partition_keys_and_data(built), strict=True)]
    stock, counts = model_stock(stored)
    assert built.inventory()["quantity"].to_dict() == stock
    assert (result.applied, result.rejected) == (counts["applied"], counts["rejected"])
    assert len(built.rejected()) == result.rejected
    assert built.reports()["alerts"] == len(built.alerts())


def partition_keys_and_data(lab: Lab) -> tuple[list[str], list[bytes]]:
    frame = lab.records()
    return list(frame["partition_key"]), [text.encode() for text in frame["data"]]


def test_an_event_published_twice_is_applied_once(built: Lab) -> None:
    event = ProductAdded("Watch", 6)
    change = QuantityChanged("Watch", 2)
    built.settle(built.publish([event, change, change]))
    built.settle(built.publish([change]))
    result = built.reconcile()
    assert (result.published, result.applied, result.duplicates, result.exact) == (4, 2, 2, True)
    assert built.inventory().loc["Watch", "quantity"] == 8


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_rejected_kept_whole_and_stops_nothing(built: Lab, case: str) -> None:
    data, reason = BAD_INPUT[case]
    receipt = built.publish([RawRecord("Phone", data), ProductAdded("Phone", 5)])
    assert built.settle(receipt)
    rejected = built.rejected()
    assert list(rejected["reason"]) == [reason]
    assert list(rejected["payload"]) == [data]
    assert built.inventory()["quantity"].to_dict() == {"Phone": 5}
    result = built.reconcile()
    assert (result.applied, result.rejected, result.exact) == (1, 1, True)


@pytest.mark.parametrize("size", [200 * 1024, 256 * 1024, 256 * 1024 + 1, 1024 * 1024 - 5])
def test_a_large_malformed_record_is_accounted_for(built: Lab, size: int) -> None:
    built.settle(built.publish(RawRecord("Phone", b"x" * size)))
    [payload] = built.rejected()["payload"]
    assert len(payload) == (size if size <= 256 * 1024 else 4096)
    assert built.reconcile().exact


def test_strange_product_names_travel_unharmed(built: Lab) -> None:
    names = ["Ünïcode ✓", "new\nline", "null\x00byte", "quote\"'", "x" * 256, "汉" * 256, " "]
    built.settle(built.publish([ProductAdded(name, 2_000) for name in names]))
    assert set(built.inventory().index) == set(names)
    assert len(built.alerts()) == len(names)
    assert built.reconcile().exact


def test_reading_a_queue_twice_shows_the_same(built: Lab) -> None:
    built.settle(built.publish([QuantityChanged(f"Ghost {n}", 1) for n in range(25)]))
    assert len(built.rejected()) == 25
    assert built.rejected().equals(built.rejected())


def test_alerts_tell_of_every_crossing(built: Lab) -> None:
    changes = [995, 10, -996, 2, -4]
    built.settle(built.publish([ProductAdded("Phone", 1)]))
    for delta in changes:
        built.settle(built.publish(QuantityChanged("Phone", delta)))
    alerts = built.alerts()
    assert list(alerts["alert"]) == ["high", "low"]
    assert list(alerts["quantity_before"]) == [996, 12]
    assert list(alerts["quantity"]) == [1006, 8]


def test_records_show_the_last_digits_and_the_whole_record_id(built: Lab) -> None:
    built.publish(ProductAdded("Phone", 1))
    records = built.records()
    shard_id, _, number = records.loc[0, "record_id"].partition(":")
    assert (shard_id, len(number)) == (records.loc[0, "shard_id"], 56)
    assert records.loc[0, "sequence"] == f"…{number[-8:]}"
    assert json.loads(records.loc[0, "data"])["product_id"] == "Phone"


def test_reconcile_calls_pending_what_is_on_its_way(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("Phone", 5)))
    built.publish(QuantityChanged("Phone", 1))
    result = built.reconcile()
    assert (result.pending, result.applied, result.exact) == (1, 1, True)


def test_reconcile_finds_a_count_that_was_tampered_with(built: Lab) -> None:
    built.settle(built.publish([ProductAdded("Phone", 5), ProductAdded("Watch", 7)]))
    built.session("root").client("dynamodb").update_item(
        TableName="inventory",
        Key={"product_id": {"S": "Phone"}},
        UpdateExpression="SET quantity = :q",
        ExpressionAttributeValues={":q": {"N": "6"}},
    )
    result = built.reconcile()
    assert not result.exact
    [row] = result.drift.to_dict("records")
    assert (row["product_id"], row["expected_quantity"], row["table_quantity"]) == ("Phone", 5, 6)


def test_reconcile_finds_a_rejection_that_was_lost(built: Lab) -> None:
    built.settle(built.publish(QuantityChanged("Ghost", 1)))
    sqs = built.session("root").client("sqs")
    sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName="inventory-rejected")["QueueUrl"])
    result = built.reconcile()
    assert len(result.missing_rejections) == 1
    assert not result.exact


def test_what_cannot_be_processed_ends_in_the_dead_letters_and_is_accounted_for(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("Phone", 5)))
    sqs = built.session("root").client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="inventory-rejected")["QueueUrl"])
    receipt = built.publish([RawRecord("Watch", b"poison"), QuantityChanged("Phone", 1)])
    assert built.settle(receipt)
    built.build()
    result = built.reconcile()
    assert result.dead_letters == 1
    assert result.conserved
    assert not len(result.drift)
    assert built.inventory().loc["Phone", "quantity"] == 6


def test_settling_without_a_pipe_says_what_to_do(lab: Lab) -> None:
    lab.build(through="function")
    with pytest.raises(NotBuilt, match="the pipe 'inventory-pipe' does not exist"):
        lab.settle(lab.publish(ProductAdded("Phone", 5)))
    with pytest.raises(TypeError, match=r"takes the receipt that publish\(\) returned, not None"):
        lab.settle(None)  # type: ignore[arg-type]


def test_settings_go_into_their_own_argument() -> None:
    with pytest.raises(UnknownTarget, match=r"settings=Settings\(\.\.\.\)"):
        connect(Settings())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"takes Settings, not \{'shards': 4\}"):
        connect(settings={"shards": 4})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("report", "text"),
    [
        (SettleReport(1, 1.0), "1 round, 1 s of lab time"),
        (SettleReport(12, 60.0, in_lab_time=False), "12 rounds, 60 s)"),
    ],
)
def test_a_report_of_settle_says_whose_seconds_they_are(report: SettleReport, text: str) -> None:
    assert text in repr(report)


def test_settle_names_what_is_still_open_when_time_is_up(built: Lab) -> None:
    built.session("admin").client("pipes").stop_pipe(Name="inventory-pipe")
    receipt = built.publish(ProductAdded("Phone", 5))
    report = built.settle(receipt, timeout=10)
    assert not report
    assert list(report.still_open) == ["Phone"]
    assert report.seconds == 10


def test_people_and_roles_can_be_made_before_anything_else(lab: Lab) -> None:
    assert set(lab.build(through="access")) == {"user", "pipe_role", "function_role"}
    assert lab.session("producer").get_credentials()
    with pytest.raises(NotBuilt, match="the stream 'e-commerce-streaming' does not exist"):
        lab.records()


def test_publishing_before_building_says_what_to_do(lab: Lab) -> None:
    lab.build(through="stream")
    lab.session("admin").client("kinesis").delete_stream(StreamName="e-commerce-streaming")
    with pytest.raises(
        NotBuilt, match=r"the stream 'e-commerce-streaming' does not exist; run lab"
    ):
        lab.publish(ProductAdded("Phone", 5))


def test_reading_before_building_says_what_to_do(lab: Lab) -> None:
    for read in (lab.inventory, lab.records, lab.alerts, lab.rejected, lab.reconcile):
        with pytest.raises(NotBuilt, match=r"does not exist; run lab\.build\(\) first"):
            read()


def test_a_closed_lab_says_so() -> None:
    lab = connect()
    lab.close()
    lab.close()
    with pytest.raises(LabClosed, match="this lab is closed"):
        lab.build()


def test_a_second_lab_closes_the_first_and_says_so() -> None:
    first = connect()
    with pytest.warns(UserWarning, match="closed the local lab that was still open") as warned:
        second = connect()
    assert [Path(warning.filename).name for warning in warned] == ["test_lab.py"]
    with pytest.raises(LabClosed):
        first.pump()
    second.close()


def test_a_stream_that_was_created_again_beside_the_old_table_stays_exact(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("Phone", 5)))
    kinesis = built.session("admin").client("kinesis")
    kinesis.delete_stream(StreamName="e-commerce-streaming")
    built.session("admin").client("pipes").delete_pipe(Name="inventory-pipe")
    built.build()
    assert built.settle(built.publish(QuantityChanged("Phone", 2)))
    assert built.inventory().loc["Phone", "quantity"] == 7


def test_resharding_under_way_keeps_the_counts_exact(built: Lab) -> None:
    events = list(simulate(events=600, products=20, seed=11))
    kinesis = built.session("admin").client("kinesis")
    built.publish(events[:200])
    kinesis.update_shard_count(
        StreamName="e-commerce-streaming", TargetShardCount=4, ScalingType="UNIFORM_SCALING"
    )
    built.publish(events[200:400])
    kinesis.update_shard_count(
        StreamName="e-commerce-streaming", TargetShardCount=2, ScalingType="UNIFORM_SCALING"
    )
    assert built.settle(built.publish(events[400:]))
    result = built.reconcile()
    assert (result.published, result.exact) == (600, True)


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(UnknownTarget, match="no target 'azure'"):
        connect("azure")


def test_a_real_account_needs_consent_to_charges() -> None:
    with pytest.raises(ChargesNotAllowed, match="allow_charges=True"):
        connect("aws")


def test_everything_is_small_enough_for_one_write_unit(built: Lab) -> None:
    built.settle(built.publish([ProductAdded("Phone", 5)]))
    built.settle(built.publish([QuantityChanged("Phone", 1) for _ in range(100)]))
    [item] = built.session("admin").client("dynamodb").scan(TableName="inventory")["Items"]
    assert size(item) < 1024


def size(value: object) -> int:
    """Bytes of an item: names and values, 3 and 1 a nested entry (Constraints page of DynamoDB)."""
    if isinstance(value, dict):
        return sum(len(name) + size_of_value(typed) for name, typed in value.items())
    raise TypeError(type(value))


def size_of_value(typed: dict[str, object]) -> int:
    [(kind, value)] = typed.items()
    if kind == "M":
        assert isinstance(value, dict)
        return 3 + size(value) + len(value)
    assert isinstance(value, (str, bytes))
    return len(value)


def test_settings_reach_the_lab() -> None:
    with connect(settings=Settings(high_stock=50)) as lab:
        lab.build()
        lab.settle(lab.publish(ProductAdded("Phone", 60)))
        assert list(lab.alerts()["threshold"]) == [50]


def test_a_notebook_asks_whether_its_lab_is_embedded(lab: Lab) -> None:
    assert lab.embedded
