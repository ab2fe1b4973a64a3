"""What is published again counts once: simulations, files, dead letters, forty sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory_lab import (
    FaultPlan,
    Lab,
    ProductAdded,
    QuantityChanged,
    RawRecord,
    replay,
    simulate,
)
from inventory_lab.domain.events import InventoryEvent, encode_event
from inventory_lab.exceptions import EventChanged
from inventory_lab.observe import stream, table
from inventory_lab.producer.session import Session
from tests.model import model_stock

AT = "2026-01-05T09:00:00Z"


def settle(lab: Lab, *events: InventoryEvent | RawRecord) -> None:
    assert lab.settle(lab.publish(list(events), ordered=len(events) < 100))


def sale(number: int, source: str, delta: int = -1) -> InventoryEvent:
    return QuantityChanged(
        "Phone", delta, event_id=f"{source[-9:]}-{number}", occurred_at=AT, source=source, sequence=number
    )  # fmt: skip


def test_a_simulation_published_twice_is_all_duplicates_the_second_time(built: Lab) -> None:
    settle(built, *simulate(events=2_000, products=12, seed=7))
    before, quantities = built.reconcile(), built.inventory()["quantity"].to_dict()
    settle(built, *simulate(events=2_000, products=12, seed=7))
    after = built.reconcile()
    assert (after.duplicates - before.duplicates, after.exact) == (2_000, True)
    assert (after.applied, after.rejected) == (before.applied, before.rejected)
    assert built.inventory()["quantity"].to_dict() == quantities


def test_a_longer_simulation_continues_a_shorter_one(built: Lab) -> None:
    settle(built, *simulate(events=300, products=12, seed=7))
    settle(built, *simulate(events=500, products=12, seed=7))
    result = built.reconcile()
    assert (result.duplicates, result.applied + result.rejected, result.exact) == (300, 500, True)


def test_other_arguments_make_other_facts() -> None:
    sources = {
        next(iter(events)).source
        for events in (simulate(9), simulate(9, 7), simulate(9, seed=8), simulate(5))
    }
    assert len(sources) == 3


def csv_rows(count: int) -> list[str]:
    return [f"p{n % 7},{2 - n % 5 * 3 + 20 * (n % 5 == 0)},2026-02-{1 + n // 20:02d}T10:00:00Z" for n in range(count)]  # fmt: skip


def write(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(["product,delta,time", *rows]) + "\n")
    return path


def test_a_file_published_by_half_then_whole_then_second_half_first_counts_once(
    built: Lab, tmp_path: Path
) -> None:
    events = list(replay(write(tmp_path / "moves.csv", csv_rows(400))))
    settle(built, *events[:200])
    settle(built, *events)
    settle(built, *events[200:], *events[:200])
    result = built.reconcile()
    assert (result.applied, result.duplicates, result.exact) == (407, 607, True)


def test_a_file_that_grows_counts_only_its_new_rows(built: Lab, tmp_path: Path) -> None:
    rows = csv_rows(300)
    for count in (100, 250, 300):
        path = write(tmp_path / "sales.csv", rows[:count])
        settle(built, *replay(path, source="sales", opening_stock=500))
    result = built.reconcile()
    assert (result.applied, result.duplicates, result.exact) == (307, 107 + 257, True)


def test_a_row_that_was_unreadable_counts_when_it_was_mended(built: Lab, tmp_path: Path) -> None:
    rows = ["p1,5,2026-02-01", "p1,what,2026-02-02", "p1,7,2026-02-03"]
    path = write(tmp_path / "sales.csv", rows)
    settle(built, *replay(path, source="sales", opening_stock=10))
    assert built.inventory().loc["p1", "quantity"] == 22
    rows[1] = "p1,100,2026-02-02"
    settle(built, *replay(write(path, rows), source="sales", opening_stock=10))
    assert built.inventory().loc["p1", "quantity"] == 122
    assert built.reconcile().exact


def test_a_row_that_was_replayed_with_other_content_is_an_error(built: Lab, tmp_path: Path) -> None:
    rows = csv_rows(20)
    settle(built, *replay(write(tmp_path / "s.csv", rows), source="sales", opening_stock=99))
    rows.insert(3, "p1,1,2026-02-01")
    with pytest.raises(EventChanged):
        built.publish(replay(write(tmp_path / "s.csv", rows), source="sales", opening_stock=99))


def test_a_dead_letter_sent_again_after_many_others_counts_once(built: Lab) -> None:
    source = "2026-01-05T09:00:00Z/till"
    settle(built, ProductAdded("Phone", 1_000))
    built.use_handler("def handle(event, context):\n    1 / 0\n")
    settle(built, sale(1, source))
    built.build()
    settle(built, *(sale(n, source) for n in range(2, 300)))
    assert built.redrive()["outcome"].tolist() == ["applied"]
    settle(built, sale(1, source))  # and the producer sends it once more
    result = built.reconcile()
    assert (result.applied, result.duplicates, result.exact) == (300, 1, True)
    assert built.inventory().loc["Phone", "quantity"] == 701


def test_a_redrive_that_crashed_before_it_took_notes_changes_nothing_when_repeated(
    built: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inventory_lab.operate import redrive

    settle(built, ProductAdded("Phone", 40))
    settle(built, *(QuantityChanged("Phone", -50) for _ in range(40)))
    settle(built, ProductAdded("Watch", 1), QuantityChanged("Phone", 5_000))

    def crash(*_: object) -> None:
        raise RuntimeError("crashed")

    rows = built.rejected()
    with monkeypatch.context() as patched:
        patched.setattr(redrive, "note_as_sent", crash)
        with pytest.raises(RuntimeError):
            built.redrive(rows)
    done = built.redrive(built.rejected())
    assert done["outcome"].value_counts().to_dict() == {"applied": 8, "duplicate": 32}
    assert built.inventory().loc["Phone", "quantity"] == 5_040 - 40 * 50
    assert built.reconcile().exact


def forget(lab: Lab, source: str) -> None:
    """Let sources that began later push one out of the memory of Phone."""
    for day in range(6, 6 + 17):
        settle(lab, sale(1, f"2026-02-{day:02d}T09:00:00Z/other"))
    assert source < "2026-02-06"


def test_what_the_item_cannot_tell_is_redriven_only_when_the_stream_shows_it_was_never_processed(
    built: Lab,
) -> None:
    source = "2026-01-06T09:00:00Z/till"
    settle(built, RawRecord("Phone", encode_event(ProductAdded("Phone", 99, occurred_at=AT))))
    settle(built, sale(1, source))
    forget(built, source)
    settle(built, sale(1, source), sale(2, source), sale(2, source))
    assert built.rejected()["reason"].tolist() == ["TooOldToTell"] * 3
    done = built.redrive(built.rejected())
    assert done["done"].tolist() == ["left out", "unchanged", "left out"]
    assert built.inventory().loc["Phone", "quantity"] == 99 - 17 - 2
    assert built.redrive(built.rejected())["done"].tolist() == ["left out", "redriven", "left out"]
    assert built.reconcile().exact
    assert built.redrive(built.rejected(), as_new=True)["outcome"].tolist() == [
        "applied",
        "",
        "applied",
    ]
    assert built.inventory().loc["Phone", "quantity"] == 99 - 17 - 4


def test_forty_sources_end_as_the_model_says_or_in_the_rejected_queue(built: Lab) -> None:
    settle(built, RawRecord("Phone", encode_event(ProductAdded("Phone", 9_999, occurred_at=AT))))
    sources = [f"2026-{1 + n // 28:02d}-{1 + n % 28:02d}T09:00:00Z/till" for n in range(40)]
    facts = [sale(n, source) for source in sources for n in range(1, 9)]
    settle(built, *facts)
    settle(built, *reversed(facts))
    result = built.reconcile()
    assert result.exact
    assert result.applied == 1 + 40 * 8
    assert result.rejected == 24 * 8
    assert result.duplicates == 16 * 8
    stored = [(r.partition_key, r.data) for r in stream.records(built.account)]
    assert built.inventory()["quantity"].to_dict() == model_stock(stored)[0]


def test_two_publishers_in_turn_with_calls_that_are_stored_twice_count_each_event_once(
    built: Lab,
) -> None:
    settle(built, ProductAdded("Phone", 1_000))
    with built.faults(FaultPlan(seed=3, lost_response=0.5)):
        for day in (6, 7, 8, 9):
            events = [QuantityChanged("Phone", -1) for _ in range(75)]
            built._session = Session(f"2026-01-0{day}T09:00:00.000Z/lab.publish")
            settle(built, *events)
            settle(built, *events[:30])
    result = built.reconcile()
    assert (result.applied, result.exact) == (301, True)
    assert built.inventory().loc["Phone", "quantity"] == 700


def test_an_item_with_sixteen_sources_and_four_shards_is_below_one_kilobyte(built: Lab) -> None:
    product = "product-000042"
    root = built.session("root").client("kinesis")
    for number in range(100):
        source = f"2026-01-{1 + number % 16:02d}T09:00:00Z/till-{number % 16}"
        event = QuantityChanged(product, 1, event_id=f"{number}", occurred_at=AT, source=source, sequence=1 + number // 16)  # fmt: skip
        first = [ProductAdded(product, 1_000)] if number == 0 else []
        settle(built, *first, event, *(QuantityChanged(product, 2) for _ in range(2)))
        if number in (20, 40, 60):
            shards = len(root.list_shards(StreamName="e-commerce-streaming", ShardFilter={"Type": "AT_LATEST"})["Shards"])  # fmt: skip
            root.update_shard_count(StreamName="e-commerce-streaming", TargetShardCount=shards * 2, ScalingType="UNIFORM_SCALING")  # fmt: skip
    built.set_thresholds(product, high=5_000, low=100)
    [item] = [i for i in table.read(built.account).items.values() if i.product_id == product]
    assert (len(item.watermarks), len(item.memory.event_ids)) == (4, 64 * 6)
    assert len(item.memory.sources) == 16
    dynamodb = built.session("root").client("dynamodb")
    [stored] = [i for i in dynamodb.scan(TableName="inventory")["Items"] if i["product_id"]["S"] == product]  # fmt: skip
    assert item_bytes(stored) < 1_024
    print(f"{item_bytes(stored)} bytes with 16 sources, 64 ids and four shards")
    assert built.reconcile().exact


def item_bytes(item: dict[str, dict[str, object]]) -> int:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    return sum(len(name) + value_bytes(value) for name, value in item.items())


def value_bytes(value: dict[str, object]) -> int:
    [(kind, content)] = value.items()
    text = content if isinstance(content, bytes) else str(content)
    return (len(text) + 1) // 2 + 1 if kind == "N" else len(text)
