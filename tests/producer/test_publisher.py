from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_lab import ProductAdded, QuantityChanged, RawRecord
from inventory_lab.domain.events import InventoryEvent, parse_event
from inventory_lab.exceptions import EventTooLarge, PublishFailed
from inventory_lab.producer.publisher import ATTEMPTS, BYTES_PER_RECORD, Publisher
from tests.fakes import FakeKinesis, client_error

NOW = "2026-01-05T09:00:00.000Z"


class Bench:
    """A publisher with a fake stream; the pauses are kept, not slept."""

    def __init__(self) -> None:
        self.kinesis = FakeKinesis()
        self.pauses: list[float] = []
        self.publisher = Publisher(
            self.kinesis, "stream", lambda: NOW, self.pauses.append, random.Random(1)
        )

    def stored(self, product: str) -> list[InventoryEvent]:
        return [parse_event(data) for key, data in self.kinesis.stored if key == product]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def changes(product: str, count: int) -> list[InventoryEvent]:
    return [
        QuantityChanged(product, n + 1, event_id=f"{product}-{n}", occurred_at=NOW)
        for n in range(count)
    ]


def test_one_event_is_published_without_a_list(bench: Bench) -> None:
    receipt = bench.publisher.publish(ProductAdded("Phone", 18))
    assert (receipt.published, receipt.calls) == (1, 1)


def test_an_event_without_a_time_gets_the_time_of_publishing(bench: Bench) -> None:
    bench.publisher.publish(ProductAdded("Phone", 18))
    assert bench.stored("Phone")[0].occurred_at == NOW


def test_calls_are_full(bench: Bench) -> None:
    bench.publisher.publish(event for n in range(1_200) for event in changes(f"p{n}", 1))
    assert [len(call) for call in bench.kinesis.calls] == [500, 500, 200]


def test_no_call_holds_more_than_50_events_of_a_product(bench: Bench) -> None:
    bench.publisher.publish(changes("Phone", 120) + changes("Watch", 10))
    counts = [Counter(call) for call in bench.kinesis.calls]
    assert [(c["Phone"], c["Watch"]) for c in counts] == [(50, 10), (50, 0), (20, 0)]


def test_calls_stay_below_the_byte_limit(bench: Bench) -> None:
    big = [RawRecord(f"p{n}", b"x" * (BYTES_PER_RECORD - 10)) for n in range(12)]
    assert bench.publisher.publish(big).published == 12
    assert [len(call) for call in bench.kinesis.calls] == [5, 5, 2]


def test_only_the_failed_entries_are_sent_again(bench: Bench) -> None:
    bench.kinesis.failures = [{1, 3}, {0}]
    receipt = bench.publisher.publish([e for n in range(5) for e in changes(f"p{n}", 1)])
    assert bench.kinesis.calls[1:] == [["p1", "p3"], ["p1"]]
    assert (receipt.published, receipt.sent_again) == (5, 3)


def test_pauses_grow_and_are_jittered(bench: Bench) -> None:
    bench.kinesis.failures = [{0}] * 5
    bench.publisher.publish(changes("Phone", 1))
    assert len(bench.pauses) == 5
    assert all(pause <= 0.1 * 2**n for n, pause in enumerate(bench.pauses))
    assert len(set(bench.pauses)) == 5


def test_the_receipt_names_products_whose_order_changed(bench: Bench) -> None:
    bench.kinesis.failures = [{0}]
    receipt = bench.publisher.publish(changes("Phone", 2) + changes("Watch", 2))
    assert receipt.reordered == {"Phone"}


def test_a_failed_last_event_does_not_change_the_order(bench: Bench) -> None:
    bench.kinesis.failures = [{1}]
    assert bench.publisher.publish(changes("Phone", 2)).reordered == set()


def test_the_receipt_gives_the_last_position_of_each_product(bench: Bench) -> None:
    receipt = bench.publisher.publish([*changes("Phone", 2), *changes("Watch", 1)])
    shard = "shardId-000000000000"
    assert receipt.positions == {"Phone": {shard: 10**55 + 2}, "Watch": {shard: 10**55 + 3}}


def test_an_oversize_event_is_refused_before_anything_is_sent(bench: Bench) -> None:
    events = [*changes("Phone", 3), RawRecord("Watch", b"x" * BYTES_PER_RECORD)]
    with pytest.raises(EventTooLarge, match=r"event 3 .*'Watch'.* 1048581 bytes.*nothing was sent"):
        bench.publisher.publish(events)
    assert bench.kinesis.calls == []


def test_what_is_refused_again_and_again_is_handed_back(bench: Bench) -> None:
    bench.kinesis.always_fail = True
    events = changes("Phone", 2)
    with pytest.raises(PublishFailed, match="2 records were not stored, 0 were") as failed:
        bench.publisher.publish(events)
    assert failed.value.unsent == events
    assert len(bench.kinesis.calls) == ATTEMPTS


def test_an_error_in_the_middle_hands_back_what_is_not_stored(bench: Bench) -> None:
    bench.kinesis.errors = {1: client_error("ExpiredTokenException")}
    events = changes("Phone", 70)
    with pytest.raises(PublishFailed, match="ExpiredTokenException") as failed:
        bench.publisher.publish(events)
    assert failed.value.unsent == events[50:]
    assert failed.value.receipt.published == 50


def test_an_error_at_the_first_call_is_passed_on_as_it_is(bench: Bench) -> None:
    bench.kinesis.errors = {0: client_error("AccessDeniedException")}
    with pytest.raises(Exception, match="AccessDeniedException"):
        bench.publisher.publish(changes("Phone", 1))


def test_anything_but_an_event_is_refused(bench: Bench) -> None:
    with pytest.raises(TypeError, match=r"inventory event or RawRecord, .* one of them is 'Phone'"):
        bench.publisher.publish(["Phone"])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("thing", "named"),
    [(None, "not None"), (3, "not 3"), ("Phone", "not 'Phone'"), ({"product_id": "A"}, "not {'prod"),
     (ProductAdded, "not the class ProductAdded"), (pandas.DataFrame(), "with replay"),
     ("sales.csv", "not 'sales.csv'; make events of a file with replay"),
     (Path("sales.csv"), "make events of a file with replay"),
     ([ProductAdded], "one of them is the class ProductAdded")],
)  # fmt: skip
def test_a_thing_that_holds_no_events_is_named(bench: Bench, thing: object, named: str) -> None:
    with pytest.raises(TypeError, match=named):
        bench.publisher.publish(thing)  # type: ignore[arg-type]
    assert bench.kinesis.calls == []


@pytest.mark.parametrize(
    ("key", "data", "problem"),
    [(b"A", b"x", "takes a str and bytes"), ("A", "x", "takes a str and bytes"),
     ("", b"x", "1 to 256 characters, not 0"), ("x" * 257, b"x", "not 257")],
)  # fmt: skip
def test_a_raw_record_that_kinesis_cannot_store_is_refused(
    key: object, data: object, problem: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=problem):
        RawRecord(key, data)  # type: ignore[arg-type]


failing = st.lists(st.sets(st.integers(0, 499), max_size=40), max_size=12)
streams = st.lists(st.sampled_from(["Phone", "Watch", "Oven"]), max_size=200)


@given(streams, failing, st.booleans())
def test_every_event_is_stored_once_and_ordered_keeps_the_order(
    names: list[str], failures: list[set[int]], ordered: bool
) -> None:
    bench = Bench()
    numbers: Counter[str] = Counter()
    events = []
    for name in names:
        numbers[name] += 1
        events.append(QuantityChanged(name, numbers[name], occurred_at=NOW))
    plan = iter(failures)
    put = bench.kinesis.put_records

    def flaky(StreamName: str, Records: list[dict[str, object]]) -> dict[str, object]:  # noqa: N803
        refused = {p for p in next(plan, set()) if p < len(Records) and p % 3}
        bench.kinesis.failures = [refused]
        return put(StreamName, Records)

    bench.kinesis.put_records = flaky  # type: ignore[method-assign]
    receipt = bench.publisher.publish(events, ordered)
    for name in numbers:
        stored = [e.delta for e in bench.stored(name) if isinstance(e, QuantityChanged)]
        assert sorted(stored) == list(range(1, numbers[name] + 1))
        assert (stored != sorted(stored)) == (name in receipt.reordered)
        assert not ordered or stored == sorted(stored)
