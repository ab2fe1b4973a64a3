"""Each fact counts once, at any distance and in any order; who cannot tell does not apply.

The named cases are those in which a window that slides with the highest number loses facts.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_lab.domain.events import InventoryEvent, ProductAdded, QuantityChanged, encode_event
from inventory_lab.domain.inventory import Item, Outcome, Reason, Record, Verdict, apply, fold
from inventory_lab.domain.memory import (
    EMPTY,
    KEPT_SOURCES,
    RANGES_PER_ITEM,
    RANGES_PER_SOURCE,
    Memory,
    Numbers,
    Recall,
    decode,
    encode,
    source_key,
)

SHARD, CHILD = "shardId-000000000000", "shardId-000000000002"
AT = "2026-01-05T09:00:00Z"
SALES = "2026-01-05T09:00:00Z/sales"


def fact(number: int, source: str | None = SALES, delta: int = 1) -> InventoryEvent:
    event_id = f"{source}-{number}"
    sequence = None if source is None else number
    if number == 1:
        return ProductAdded(
            "Phone", 10**6, event_id=event_id, occurred_at=AT, source=source, sequence=sequence
        )
    return QuantityChanged(
        "Phone", delta, event_id=event_id, occurred_at=AT, source=source, sequence=sequence
    )


def day(number: int) -> str:
    """A source that began on another day of the year."""
    return f"2026-{1 + number // 28:02d}-{1 + number % 28:02d}T09:00:00Z/sales"


class Product:
    """One item, and the records of its product as they are stored."""

    def __init__(self) -> None:
        self.item: Item | None = None
        self.number = 0

    def process(self, *events: InventoryEvent, shard: str = SHARD) -> Counter[str]:
        """The verdicts, and the reason of what was rejected."""
        outcomes = [self.outcome(event, shard) for event in events]
        return Counter(o.reason if o.verdict is Verdict.REJECTED else o.verdict for o in outcomes)

    def outcome(self, event: InventoryEvent, shard: str = SHARD) -> Outcome:
        self.number += 1
        record = Record(shard, self.number, "Phone", encode_event(event), 0)
        outcome = apply(self.item, record)
        self.item = replace(
            outcome.item, memory=decode(encode(outcome.item.memory))
        )  # as if stored and read after every record
        return outcome


def numbers(first: int, last: int) -> list[InventoryEvent]:
    return [fact(n) for n in range(first, last + 1)]


def test_two_thousand_facts_published_twice_count_once() -> None:
    product = Product()
    assert product.process(*numbers(1, 2_000)) == {"applied": 2_000}
    assert product.process(*numbers(1, 2_000)) == {"duplicate": 2_000}


def test_a_source_published_second_half_first_loses_nothing() -> None:
    product = Product()
    product.process(fact(1))
    assert product.process(*numbers(1_001, 2_000)) == {"applied": 1_000}
    assert product.process(*numbers(2, 1_000)) == {"applied": 999}
    assert product.process(*numbers(1, 2_000)) == {"duplicate": 2_000}
    assert product.item is not None
    assert product.item.memory.sources[source_key(SALES)].ranges == ((1, 2_000),)


def test_one_mistyped_number_costs_none_of_the_next() -> None:
    product = Product()
    product.process(*numbers(1, 4))
    assert product.process(fact(10**9)) == {"applied": 1}
    assert product.process(*numbers(5, 399)) == {"applied": 395}
    assert product.process(*numbers(1, 399), fact(10**9)) == {"duplicate": 400}


def test_dead_letters_sent_again_late_count_once() -> None:
    product, dead = Product(), set(range(50, 80, 3))
    product.process(*(e for n, e in enumerate(numbers(1, 5_000), 1) if n not in dead))
    assert product.process(*map(fact, sorted(dead))) == {"applied": len(dead)}
    assert product.process(*map(fact, sorted(dead))) == {"duplicate": len(dead)}


def test_a_child_shard_read_before_its_parent_loses_nothing() -> None:
    product = Product()
    product.process(fact(1))
    assert product.process(*numbers(300, 600), shard=CHILD) == {"applied": 301}
    assert product.process(*numbers(2, 299), shard=SHARD) == {"applied": 298}


def test_a_rejected_fact_that_comes_again_is_a_duplicate() -> None:
    product = Product()
    product.process(fact(1))
    assert product.process(fact(2, delta=-(10**7))) == {Reason.INSUFFICIENT_STOCK: 1}
    assert product.process(fact(2, delta=-(10**7)), fact(2)) == {"duplicate": 2}


def test_facts_of_two_sources_with_the_same_numbers_and_ids_are_different() -> None:
    product = Product()
    other = replace(fact(2), source=day(3), sequence=2)
    assert product.process(fact(1), fact(2), other) == {"applied": 3}


def test_what_is_under_another_partition_key_neither_asks_nor_changes_the_memory() -> None:
    item = fold(None, [Record(SHARD, 1, "Phone", encode_event(fact(1)), 0)])[-1].item
    foreign = replace(fact(2), product_id="Watch")
    for event in (foreign, replace(fact(1), product_id="Watch")):
        outcome = apply(item, Record(SHARD, 2, "Phone", encode_event(event), 0))
        assert outcome.reason is Reason.PARTITION_KEY_MISMATCH
        assert outcome.item.memory == item.memory


def test_an_event_without_a_source_is_recognised_among_the_last_64_applied_and_not_later() -> None:
    product = Product()
    product.process(*(fact(n, source=None) for n in range(1, 66)))
    assert product.process(*(fact(n, source=None) for n in range(2, 66))) == {"duplicate": 64}
    assert product.process(replace(fact(2, source=None), event_id="None-1")) == {"applied": 1}


def test_an_event_that_another_session_published_is_recognised_by_its_id() -> None:
    product = Product()
    one, other = (f"2026-01-0{n}T09:00:00.000Z/lab.publish" for n in (5, 6))
    product.process(fact(1), replace(fact(2), source=one, sequence=1, event_id="restock"))
    again = replace(fact(2), source=other, sequence=1, event_id="restock")
    assert product.process(again) == {"duplicate": 1}


def test_beyond_32_ranges_the_lowest_gap_becomes_unsure_and_nothing_is_dropped() -> None:
    product = Product()
    odd = [fact(n) for n in range(1, 2 * RANGES_PER_SOURCE + 2, 2)]
    assert product.process(*odd) == {"applied": RANGES_PER_SOURCE + 1}
    assert product.process(fact(2)) == {Reason.TOO_OLD_TO_TELL: 1}
    assert product.process(fact(4)) == {"applied": 1}
    assert product.process(*odd) == {"duplicate": RANGES_PER_SOURCE + 1}
    assert product.process(fact(2)) == {Reason.TOO_OLD_TO_TELL: 1}


def test_beyond_64_ranges_an_item_closes_a_gap_of_the_source_that_has_most() -> None:
    product = Product()
    product.process(fact(1))
    sources = [day(n) for n in range(1, 4)]
    for source in sources:
        product.process(*(replace(fact(n), source=source, sequence=n) for n in range(2, 50, 2)))
    assert product.item is not None
    ranges = [numbers.ranges for numbers in product.item.memory.sources.values()]
    assert sum(map(len, ranges)) == RANGES_PER_ITEM
    assert max(map(len, ranges)) <= RANGES_PER_SOURCE


def test_beyond_16_sources_the_first_is_forgotten_and_only_later_ones_are_new() -> None:
    product = Product()
    product.process(replace(fact(1), source=day(0)))
    for n in range(1, KEPT_SOURCES + 1):
        assert product.process(replace(fact(2), source=day(n))) == {"applied": 1}
    assert product.process(replace(fact(1), source=day(0))) == {Reason.TOO_OLD_TO_TELL: 1}
    assert product.process(replace(fact(2), source="sales")) == {Reason.TOO_OLD_TO_TELL: 1}
    assert product.process(replace(fact(2), source=day(1))) == {"duplicate": 1}
    assert product.process(replace(fact(2), source=day(30))) == {"applied": 1}


def test_forty_sources_count_every_fact_once_or_say_that_they_cannot_tell() -> None:
    product, chance = Product(), random.Random(7)
    facts = [replace(fact(n), source=day(s), sequence=n) for s in range(40) for n in range(2, 12)]
    product.process(fact(1))
    applied: Counter[InventoryEvent] = Counter()
    for _ in range(3):
        for event in chance.sample(facts, len(facts)):
            outcome = product.outcome(event)
            applied[event] += outcome.verdict is Verdict.APPLIED
            assert outcome.verdict is not Verdict.DUPLICATE or applied[event] == 1
    assert max(applied.values()) == 1


def test_too_old_to_tell_does_not_enter_the_memory() -> None:
    product = Product()
    for n in range(KEPT_SOURCES + 1):
        product.process(replace(fact(1 + (n > 0)), source=day(n)))
    assert product.item is not None
    before = product.item.memory
    product.process(replace(fact(5), source=day(0)))
    assert product.item.memory == before


facts = st.tuples(st.sampled_from([day(n) for n in range(3)]), st.integers(1, 40))


@given(st.lists(facts, max_size=120))
def test_within_the_limits_the_memory_is_the_set_of_processed_facts(
    processed: list[tuple[str, int]],
) -> None:
    memory, seen = EMPTY, set()
    for source, number in processed:
        event = replace(fact(2), source=source, sequence=number)
        known = memory.recall(event)
        assert known is (Recall.PROCESSED if (source, number) in seen else Recall.NEW)
        if known is Recall.NEW:
            memory = memory.with_processed(event, applied=True)
            seen.add((source, number))
    assert decode(encode(memory)) == memory


many_facts = st.tuples(st.integers(0, 25).map(day), st.integers(1, 400))


@given(st.lists(many_facts, max_size=400))
def test_beyond_the_limits_nothing_is_forgotten_silently(processed: list[tuple[str, int]]) -> None:
    memory, seen = EMPTY, set()
    for source, number in processed:
        event = replace(fact(2), source=source, sequence=number)
        known = memory.recall(event)
        assert known is not Recall.NEW or (source, number) not in seen
        assert known is not Recall.PROCESSED or (source, number) in seen
        if known is Recall.NEW:
            memory = memory.with_processed(event, applied=False)
            seen.add((source, number))
        assert len(memory.sources) <= KEPT_SOURCES
        assert sum(len(n.ranges) for n in memory.sources.values()) <= RANGES_PER_ITEM
    assert decode(encode(memory)) == memory


ranges = st.lists(st.integers(1, 10**9), max_size=64, unique=True).map(sorted)


@given(ranges, st.binary(max_size=5), st.lists(st.binary(min_size=6, max_size=6), max_size=64))
def test_any_memory_is_read_as_it_was_stored(
    bounds: list[int], floor: bytes, ids: list[bytes]
) -> None:
    pairs = tuple(zip(bounds[::2], bounds[1::2], strict=False))
    unsure = (pairs[0][0], pairs[0][1]) if pairs else None
    memory = Memory({source_key(SALES): Numbers(pairs, unsure)}, floor, b"".join(ids))
    assert decode(encode(memory)) == memory


@given(st.data())
def test_damaged_bytes_are_noticed(data: st.DataObject) -> None:
    stored = bytearray(encode(EMPTY.with_processed(fact(3), applied=True)))
    at = data.draw(st.integers(0, len(stored) - 1))
    stored[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="damaged"):
        decode(bytes(stored))
    with pytest.raises(ValueError, match="damaged"):
        decode(bytes(stored[:at]))


def test_a_source_takes_15_bytes_and_an_event_id_6() -> None:
    one = EMPTY
    for n in range(1, 10):
        one = one.with_processed(fact(n), applied=True)
    assert len(encode(one)) - len(encode(EMPTY)) <= 15
    with_id = one.with_processed(fact(1, source=None), applied=True)
    assert len(encode(with_id)) - len(encode(one)) == 6
