"""A poisoned stream: whatever is stored in it, every record is accounted for."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory_lab import Lab, ProductAdded, QuantityChanged, RawRecord
from inventory_lab.domain.events import encode_event
from inventory_lab.domain.inventory import Item, Record, Status, Verdict, apply

MEGABYTE = 1024 * 1024
GOOD = json.loads(
    encode_event(ProductAdded("Phone", 3, event_id="e", occurred_at="2026-01-05T09:00:00Z"))
)


def altered(**fields: object) -> bytes:
    """A good event with some fields replaced."""
    return json.dumps({**GOOD, **fields}).encode()


POISON = {
    "nothing": b" ",
    "random bytes": random.Random(1).randbytes(5_000),
    "not UTF-8": b'{"product_id": "\xff"}',
    "a byte-order mark": b"\xef\xbb\xbf" + altered(),
    "UTF-16": json.dumps(GOOD).encode("utf-16"),
    "deep JSON": b"[" * 100_000,
    "deep and closed": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "NaN": altered().replace(b": 3", b": NaN"),
    "Infinity": altered().replace(b": 3", b": -Infinity"),
    "a float": altered(quantity=3.0),
    "an exponent": altered().replace(b": 3", b": 3e0"),
    "a bool": altered(quantity=True),
    "a huge integer": altered().replace(b": 3", b": " + b"9" * 5_000),
    "a huge exponent": altered().replace(b": 3", b": 1e999999"),
    "more than a billion": altered(quantity=10**9 + 1),
    "a lone surrogate": altered().replace(b'"e"', b'"\\ud800"'),
    "a surrogate in the product": altered(product_id="Phone\ud800"),
    "a NUL in the product": altered(product_id="Pho\x00ne"),
    "duplicate keys": altered()[:-1] + b', "quantity": 4}',
    "trailing data": altered() + b"{}",
    "an empty id": altered(event_id=""),
    "a long id": altered(event_id="x" * 129),
    "another product": altered(product_id="Watch"),
    "a future version": altered(schema_version=2),
    "a list": b"[]",
    "a string": b'"product_added"',
    "null": b"null",
    "a megabyte of noise": random.Random(2).randbytes(MEGABYTE - 5),
    "a megabyte of JSON": b'"' + b"x" * (MEGABYTE - 10) + b'"',
}


@pytest.mark.exhaustive(10)
@pytest.mark.parametrize("case", POISON)
def test_poison_between_good_events_is_kept_with_its_reason_and_stops_nothing(
    case: str, built: Lab
) -> None:
    data = POISON[case]
    events = [ProductAdded("Phone", 5), RawRecord("Phone", data), QuantityChanged("Phone", -2)]
    assert built.settle(built.publish(events, ordered=True))
    assert built.inventory()["quantity"].to_dict() == {"Phone": 3}
    [payload] = built.rejected()["payload"]
    assert data.startswith(payload)
    result = built.reconcile()
    assert (result.published, result.applied, result.rejected, result.exact) == (3, 2, 1, True)


def test_a_whole_stream_of_poison_is_accounted_for(built: Lab) -> None:
    chance = random.Random(3)
    keys = ["Phone", "Watch", "ключ", "x" * 256]
    payloads = [data[: MEGABYTE - 256] for data in POISON.values() for _ in range(3)]
    records = [RawRecord(chance.choice(keys), data) for data in payloads]
    chance.shuffle(records)
    with built.faults(recut=0.3, crash_before_commit=0.2, duplicate_delivery=0.3, at_most=5):
        receipt = built.publish(records)
        for _ in range(6):
            built.pump()
    assert built.settle(receipt)
    result = built.reconcile()
    assert result.published == result.rejected == len(records)
    assert len(built.rejected()) == len(records)
    assert result.exact


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
near_events = st.fixed_dictionaries(
    {},
    optional={
        "event_id": st.text(max_size=3) | json_values,
        "event_type": st.sampled_from(["product_added", "product_removed", "quantity_changed"]) | json_values,
        "product_id": st.just("Phone") | json_values,
        "quantity": st.integers(-1, 10**9 + 1) | json_values,
        "delta": st.integers() | json_values,
        "occurred_at": st.just("2026-01-05T09:00:00Z") | st.text() | json_values,
        "schema_version": st.just(1) | json_values,
    },
).map(lambda body: json.dumps(body).encode())  # fmt: skip


@given(st.binary(max_size=200) | near_events)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_have_an_outcome_and_leave_a_lawful_item(data: bytes) -> None:
    before = Item("Phone", Status.ACTIVE, quantity=7)
    outcome = apply(before, Record("shardId-000000000000", 1, "Phone", data, arrived_at=0))
    assert outcome.verdict in (Verdict.APPLIED, Verdict.REJECTED)
    assert 0 <= outcome.item.quantity <= 7 + 10**9
    assert outcome.item.watermarks == {"shardId-000000000000": 1}
    if outcome.verdict is Verdict.REJECTED:
        assert outcome.item.quantity == 7
        assert outcome.detail
