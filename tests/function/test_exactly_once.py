"""For any events, cut into any batches, delivered any number of times: table = fold of the stream."""

from __future__ import annotations

import base64
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inventory_lab.domain.events import (
    InventoryEvent,
    ProductAdded,
    ProductRemoved,
    QuantityChanged,
    encode_event,
)
from inventory_lab.domain.inventory import Status
from inventory_lab.function.store import to_item
from tests.function.test_handler import Pipeline
from tests.model import model_stock

AT = "2026-01-05T09:00:00Z"
identity = st.fixed_dictionaries(
    {"event_id": st.integers(0, 15).map(str), "occurred_at": st.just(AT)}
)
products = st.sampled_from(["Phone", "Watch", "Oven"])
events = st.one_of(
    st.builds(lambda p, q, i: ProductAdded(p, q, **i), products, st.integers(0, 30), identity),
    st.builds(lambda p, i: ProductRemoved(p, **i), products, identity),
    st.builds(
        lambda p, d, i: QuantityChanged(p, d, **i),
        products,
        st.integers(-12, 12).filter(bool),
        identity,
    ),
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[InventoryEvent], list[tuple[int, int]]]:
    """A stored stream, and the ranges of it that are delivered, in order, each any number of times.

    A range may begin again before the end of the last one: a batch cut anew on retry.
    """
    stream = draw(st.lists(events, min_size=1, max_size=40))
    ranges, delivered = [], 0
    while delivered < len(stream):
        start = draw(st.integers(0, delivered))
        end = draw(st.integers(delivered + 1, len(stream)))
        ranges += [(start, end)] * draw(st.integers(1, 3))
        delivered = end
    return stream, ranges


def pipe_record(number: int, event: InventoryEvent) -> dict[str, Any]:
    return {
        "eventID": f"shardId-000000000000:{10**55 + number}",
        "sequenceNumber": str(10**55 + number),
        "partitionKey": event.product_id,
        "data": base64.b64encode(encode_event(event)).decode(),
        "approximateArrivalTimestamp": 1767603600.0 + number,
    }


@given(deliveries())
def test_the_table_is_the_fold_of_the_stored_order_however_it_is_delivered(
    drawn: tuple[list[InventoryEvent], list[tuple[int, int]]],
) -> None:
    stream, ranges = drawn
    pipeline = Pipeline()
    batch = [pipe_record(number, event) for number, event in enumerate(stream)]
    for start, end in ranges:
        assert pipeline.process(batch[start:end]) == []
    items = [to_item(attributes) for attributes in pipeline.table.items.values()]
    stock, counts = model_stock((e.product_id, encode_event(e)) for e in stream)
    assert {i.product_id: i.quantity for i in items if i.status is Status.ACTIVE} == stock
    assert sum(item.applied_count for item in items) == counts["applied"]
    assert len(pipeline.queue.sent) == counts["rejected"]
