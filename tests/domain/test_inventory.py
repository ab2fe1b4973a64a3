from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from inventory_lab.domain.events import (
    KINDS,
    InventoryEvent,
    ProductAdded,
    ProductRemoved,
    QuantityChanged,
    encode_event,
    parse_event,
)
from inventory_lab.domain.inventory import (
    RULES,
    Alert,
    Item,
    Reason,
    Record,
    Status,
    Stock,
    Thresholds,
    Verdict,
    alert_for,
    apply,
    fold,
)
from inventory_lab.domain.memory import Memory, digest

SHARD, CHILD = "shardId-000000000000", "shardId-000000000002"
AT = "2026-01-05T09:00:00Z"
THRESHOLDS = Thresholds(high=1000, low=10)

ADDED = ProductAdded("Phone", 18, event_id="added", occurred_at=AT)
REMOVED = ProductRemoved("Phone", event_id="removed", occurred_at=AT)


def changed(delta: int, event_id: str = "changed") -> QuantityChanged:
    return QuantityChanged("Phone", delta, event_id=event_id, occurred_at=AT)


def record(
    event: InventoryEvent | bytes, number: int, key: str = "Phone", shard: str = SHARD
) -> Record:
    data = event if isinstance(event, bytes) else encode_event(event)
    return Record(shard, number, key, data, arrived_at=0.0)


def after(*events: InventoryEvent) -> Item:
    return fold(None, [record(event, number) for number, event in enumerate(events, 1)])[-1].item


def test_an_addition_makes_an_unknown_product_active() -> None:
    outcome = apply(None, record(ADDED, 1))
    assert outcome.verdict is Verdict.APPLIED
    assert (outcome.item.status, outcome.item.quantity) == (Status.ACTIVE, 18)
    assert outcome.item.applied_count == 1
    assert outcome.item.updated_at == AT


def test_a_change_moves_the_stock_of_an_active_product() -> None:
    assert after(ADDED, changed(-18)).quantity == 0


def test_a_removal_leaves_a_tombstone() -> None:
    item = after(ADDED, REMOVED)
    assert (item.status, item.quantity) == (Status.REMOVED, 0)


def test_a_removed_product_can_be_added_again() -> None:
    again = ProductAdded("Phone", 5, event_id="again", occurred_at=AT)
    assert (after(ADDED, REMOVED, again).status, after(ADDED, REMOVED, again).quantity) == (
        Status.ACTIVE,
        5,
    )


@pytest.mark.parametrize(
    ("before", "event", "reason"),
    [
        ([ADDED], ProductAdded("Phone", 1, occurred_at=AT), Reason.PRODUCT_ALREADY_EXISTS),
        ([], changed(1), Reason.UNKNOWN_PRODUCT),
        ([], REMOVED, Reason.UNKNOWN_PRODUCT),
        ([ADDED, REMOVED], changed(1), Reason.UNKNOWN_PRODUCT),
        ([ADDED], changed(-19), Reason.INSUFFICIENT_STOCK),
    ],
)
def test_an_event_that_does_not_fit_is_rejected_and_changes_no_stock(
    before: list[InventoryEvent], event: InventoryEvent, reason: Reason
) -> None:
    item = after(*before) if before else None
    outcome = apply(item, record(event, 9))
    assert (outcome.verdict, outcome.reason) == (Verdict.REJECTED, reason)
    assert outcome.item.quantity == (item.quantity if item else 0)
    assert outcome.detail


def test_a_payload_that_is_not_an_event_is_rejected() -> None:
    outcome = apply(None, record(b"{", 1))
    assert (outcome.verdict, outcome.reason) == (Verdict.REJECTED, Reason.MALFORMED_EVENT)


def test_an_event_under_another_partition_key_is_rejected() -> None:
    outcome = apply(None, record(ADDED, 1, key="Watch"))
    assert outcome.reason is Reason.PARTITION_KEY_MISMATCH
    assert outcome.item.product_id == "Watch"


@pytest.mark.parametrize(
    "event", [ADDED, b"{", changed(1)], ids=["applied", "malformed", "rejected"]
)
def test_every_processed_record_advances_the_watermark(event: InventoryEvent | bytes) -> None:
    assert apply(None, record(event, 7)).item.watermarks == {SHARD: 7}


def test_a_redelivered_record_is_a_duplicate_and_changes_nothing() -> None:
    item = after(ADDED, changed(-1))
    outcome = apply(item, record(changed(-1), 2))
    assert (outcome.verdict, outcome.reason) == (Verdict.DUPLICATE, Reason.REDELIVERED_RECORD)
    assert outcome.item is item


def test_an_event_stored_twice_is_applied_once() -> None:
    outcome = apply(after(ADDED, changed(-1)), record(changed(-1), 3))
    assert (outcome.verdict, outcome.reason) == (Verdict.DUPLICATE, Reason.REPEATED_EVENT)
    assert outcome.item.quantity == 17
    assert outcome.item.watermarks == {SHARD: 3}


def test_a_repeated_event_that_was_rejected_is_processed_again() -> None:
    sale = changed(-19, "sale")
    restock = changed(5, "restock")
    item = after(ADDED, sale, restock, sale)
    assert item.quantity == 4


def test_bytes_that_look_like_an_id_across_two_others_are_not_one() -> None:
    ids, known_as = after(ADDED), digest("changed")
    across = replace(ids, memory=Memory(event_ids=b"123" + known_as + b"456"))
    assert apply(across, record(changed(1), 9)).verdict is Verdict.APPLIED
    beside = replace(ids, memory=Memory(event_ids=across.memory.event_ids + known_as))
    assert apply(beside, record(changed(1), 9)).reason is Reason.REPEATED_EVENT


def test_sequence_numbers_of_another_shard_are_not_compared() -> None:
    item = after(ADDED)
    child = apply(item, record(changed(1), 1, shard=CHILD))
    assert child.verdict is Verdict.APPLIED
    assert child.item.watermarks == {SHARD: 1, CHILD: 1}


def test_a_first_delivery_from_the_parent_after_its_child_is_processed() -> None:
    item = apply(after(ADDED), record(changed(1, "child"), 50, shard=CHILD)).item
    late = apply(item, record(changed(2, "parent"), 2))
    assert (late.verdict, late.item.quantity) == (Verdict.APPLIED, 21)


def test_the_last_four_shards_are_kept() -> None:
    item: Item | None = None
    for number in range(6):
        event = changed(1, str(number)) if number else ADDED
        item = apply(item, record(event, 10 + number, shard=f"shardId-{number:012d}")).item
    assert item is not None
    assert sorted(item.watermarks.values()) == [12, 13, 14, 15]


@pytest.mark.parametrize(
    ("before", "delta", "alert"),
    [
        (1000, 1, Alert.HIGH),
        (1001, 1, None),
        (999, 1, None),
        (10, -1, Alert.LOW),
        (9, -1, None),
        (11, -1, None),
        (10, 991, Alert.HIGH),
    ],
)
def test_an_alert_is_due_when_a_threshold_is_crossed(
    before: int, delta: int, alert: Alert | None
) -> None:
    item = after(ProductAdded("Phone", before, event_id="added", occurred_at=AT))
    assert alert_for(apply(item, record(changed(delta), 9)), THRESHOLDS) is alert


def test_adding_a_product_starts_from_nothing() -> None:
    high = ProductAdded("Phone", 1001, occurred_at=AT)
    assert alert_for(apply(None, record(high, 1)), THRESHOLDS) is Alert.HIGH
    low = ProductAdded("Phone", 3, occurred_at=AT)
    assert alert_for(apply(None, record(low, 1)), THRESHOLDS) is None


def test_a_removal_or_a_rejection_causes_no_alert() -> None:
    assert alert_for(apply(after(ADDED), record(REMOVED, 9)), THRESHOLDS) is None
    assert alert_for(apply(after(ADDED), record(changed(-19), 9)), THRESHOLDS) is None


def test_every_kind_of_event_has_a_rule() -> None:
    assert set(RULES) == set(KINDS.values())


def test_a_new_kind_of_event_is_a_class_its_row_in_the_kinds_and_its_rule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @dataclass(frozen=True, slots=True)
    class Renamed(InventoryEvent):
        event_type: ClassVar[str] = "renamed"
        name: str

    monkeypatch.setitem(KINDS, "renamed", Renamed)
    monkeypatch.setitem(RULES, Renamed, lambda item, event: Stock(item.status, len(event.name)))
    event = Renamed("Phone", "Telephone", event_id="renamed", occurred_at=AT)

    first = apply(None, record(event, 1))
    again = apply(first.item, record(event, 2))

    assert parse_event(encode_event(event)) == event
    assert (first.verdict, first.item.quantity) == (Verdict.APPLIED, len("Telephone"))
    assert again.reason is Reason.REPEATED_EVENT
