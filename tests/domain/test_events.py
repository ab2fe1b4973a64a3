from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_lab.domain.errors import MalformedEvent
from inventory_lab.domain.events import (
    InventoryEvent,
    ProductAdded,
    ProductRemoved,
    QuantityChanged,
    encode_event,
    parse_event,
)

Payload = Callable[[str], bytes]
MALFORMED = json.loads((Path(__file__).parents[1] / "events" / "malformed.json").read_text())


def test_an_addition_is_read_with_its_quantity(payload: Payload) -> None:
    assert parse_event(payload("product_added.json")) == ProductAdded(
        "Phone", 18, event_id="e-1", occurred_at="2026-01-05T09:00:00Z"
    )


def test_a_removal_is_read(payload: Payload) -> None:
    assert isinstance(parse_event(payload("product_removed.json")), ProductRemoved)


def test_a_change_is_read_with_its_delta(payload: Payload) -> None:
    event = parse_event(payload("quantity_changed.json"))
    assert isinstance(event, QuantityChanged)
    assert event.delta == -3


def test_unknown_fields_are_ignored(payload: Payload) -> None:
    assert parse_event(payload("unknown_fields.json")) == parse_event(payload("product_added.json"))


def test_a_future_schema_version_is_refused_with_a_clear_reason(payload: Payload) -> None:
    with pytest.raises(MalformedEvent, match=r"'schema_version' is 2, newer than this reader"):
        parse_event(payload("future_version.json"))


@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: case["payload"][:50] or "empty")
def test_a_malformed_payload_is_refused_naming_the_field(case: dict[str, str]) -> None:
    with pytest.raises(MalformedEvent) as refused:
        parse_event(case["payload"].encode())
    assert refused.value.field == case["field"]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe not utf-8",
        b'{"a":' * 100_000,
        b"[" * 100_000,
        b'{"schema_version": ' + b"9" * 10_000 + b"}",
        b'{"schema_version": ' + b"9" * 4_000 + b"}",
    ],
    ids=["not UTF-8", "deep objects", "deep lists", "a number Python refuses", "a long number"],
)
def test_hostile_bytes_are_malformed_and_nothing_worse(data: bytes) -> None:
    with pytest.raises(MalformedEvent):
        parse_event(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_malformed(data: bytes) -> None:
    with suppress(MalformedEvent):
        assert isinstance(parse_event(data), InventoryEvent)


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=128)


@given(texts, texts, st.integers(0, 10**9))
def test_what_is_encoded_is_read_back(product: str, event_id: str, quantity: int) -> None:
    event = ProductAdded(product, quantity, event_id=event_id, occurred_at="2026-01-05T09:00:00.5Z")
    assert parse_event(encode_event(event)) == event


def test_an_event_that_breaks_the_contract_cannot_be_made() -> None:
    with pytest.raises(MalformedEvent, match="'delta' is 0; a change must change something"):
        QuantityChanged("Phone", 0)


def test_two_facts_have_two_identities() -> None:
    assert QuantityChanged("Phone", 1).event_id != QuantityChanged("Phone", 1).event_id
