"""In which order a product's records were processed, and which of them were processed at all."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from inventory_lab.domain.inventory import Item, Outcome, Record, Status, fold
from inventory_lab.function.audit import log_late_parents
from inventory_lab.observe.ledger import Fate, Ledger, Ranges, in_processing_order, processed_by
from inventory_lab.observe.reports import LateRun, late_run

SHARDS = [f"shardId-{n:012d}" for n in range(4)]


def record(shard: int, number: int, key: str = "Phone", data: bytes = b"") -> Record:
    return Record(SHARDS[shard], number, key, data, arrived_at=0)


def numbers(records: list[Record]) -> list[int]:
    return [r.sequence_number for r in records]


def test_without_late_runs_parents_come_first() -> None:
    records = [record(2, 5), record(0, 1), record(2, 3), record(0, 2)]
    assert numbers(list(in_processing_order(records, []))) == [1, 2, 3, 5]


def test_a_late_run_comes_after_what_the_younger_shard_had_processed() -> None:
    records = [record(0, n) for n in (1, 2, 3)] + [record(2, n) for n in (4, 5, 6)]
    run = LateRun(SHARDS[0], 2, 3, version=3, after={SHARDS[2]: 5})
    assert numbers(list(in_processing_order(records, [run]))) == [1, 4, 5, 2, 3, 6]


def test_of_two_runs_with_the_same_records_the_later_version_was_committed() -> None:
    records = [record(0, n) for n in (1, 2)] + [record(2, n) for n in (4, 5)]
    failed = LateRun(SHARDS[0], 1, 2, version=2, after={SHARDS[2]: 4})
    committed = LateRun(SHARDS[0], 1, 2, version=3, after={SHARDS[2]: 5})
    assert numbers(list(in_processing_order(records, [committed, failed]))) == [4, 5, 1, 2]


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[Record]]:
    """Batches of one product from four shards, each shard in order, the shards in any order."""
    left = {
        shard: [record(shard, 100 * shard + n) for n in range(draw(st.integers(0, 6)))]
        for shard in range(4)
    }
    batches = []
    while any(left.values()):
        shard = draw(st.sampled_from([s for s in left if left[s]]))
        size = draw(st.integers(1, len(left[shard])))
        batches.append(left[shard][:size])
        left[shard] = left[shard][size:]
    return batches


@given(deliveries(), st.data())
def test_any_order_of_processing_can_be_read_from_the_log(
    batches: list[list[Record]], data: st.DataObject
) -> None:
    lines: list[str] = []
    item, processed = None, []
    for batch in batches:
        outcomes = fold(item, batch)
        if data.draw(st.booleans()):  # processed, logged and not committed: it comes again
            _log(lines, outcomes)
            outcomes = fold(item, batch)
        _log(lines, outcomes)
        item = _committed(outcomes)
        processed += batch
    runs = [late_run(json.loads(line)) for line in lines]
    shuffled = data.draw(st.permutations(processed))
    assert list(in_processing_order(shuffled, runs)) == processed


def _committed(outcomes: list[Outcome]) -> Item:
    return replace(outcomes[-1].item, version=outcomes[0].before.version + 1)


def _log(lines: list[str], outcomes: list[Outcome]) -> None:
    log_late_parents(outcomes, lines.append)


def test_ranges_may_overlap_and_touch() -> None:
    ranges = Ranges([(SHARDS[0], 5, 9), (SHARDS[0], 1, 2), (SHARDS[0], 8, 12), (SHARDS[1], 3, 3)])
    numbers = [n for n in range(15) if record(0, n) in ranges]
    assert numbers == [1, 2, 5, 6, 7, 8, 9, 10, 11, 12]
    assert [n for n in range(6) if record(1, n) in ranges] == [3]
    assert record(2, 5) not in ranges


def test_a_shard_that_an_item_has_forgotten_was_processed_if_it_is_older_than_all_it_knows() -> (
    None
):
    marks = {f"shardId-{n:012d}": 1000 + n for n in range(4, 8)}
    item = Item("Phone", Status.ACTIVE, watermarks=marks)
    assert processed_by(item, record(0, 900))
    assert not processed_by(item, record(0, 2_000))  # a stream that was made anew
    assert not processed_by(Item("Phone", watermarks={SHARDS[1]: 10}), record(0, 1))
    assert not processed_by(None, record(0, 1))


def test_the_fate_of_a_record_is_its_first_that_holds() -> None:
    ledger = Ledger(
        is_processed=lambda r: r.sequence_number < 5,
        is_given_up=lambda r: r.sequence_number in (2, 7),
        start={"Phone": Item("Phone", watermarks={SHARDS[0]: 1})},
    )
    fates = [entry.fate for entry in ledger.enter(record(0, n) for n in (1, 2, 3, 6, 7))]
    assert fates == [
        Fate.EARLIER,
        Fate.DEAD_LETTER,
        Fate.REJECTED,
        Fate.PENDING,
        Fate.DEAD_LETTER,
    ]
