"""Two who write the same product: no update is lost, none is counted twice."""

from __future__ import annotations

from inventory_lab import Lab, ProductAdded, QuantityChanged, Settings, connect
from tests.schedules import second_pipe

SALES = 60


def phones(lab: Lab, count: int) -> list[QuantityChanged]:
    lab.settle(lab.publish(ProductAdded("Phone", 500, event_id="opening")))
    return [QuantityChanged("Phone", -1, event_id=f"sale-{n}") for n in range(count)]


def left(lab: Lab) -> int:
    return int(lab.inventory().loc["Phone", "quantity"])


def test_two_pipes_that_carry_the_same_stream_apply_each_event_once(built: Lab) -> None:
    second_pipe(built)
    built.settle(built.publish(phones(built, SALES)))
    for _ in range(3):
        built.pump()
    assert left(built) == 500 - SALES
    assert built.reports()["redelivered"] > 0
    assert built.reconcile().exact


def test_of_two_executions_of_one_batch_the_slower_finds_it_done(built: Lab) -> None:
    sales = phones(built, SALES)
    with built.faults(zombie=1, at_most=1):
        built.settle(built.publish(sales))
    assert left(built) == 500 - SALES
    assert built.reconcile().exact


def test_a_write_that_comes_after_those_of_the_next_batch_is_refused() -> None:
    with connect(settings=Settings(batch_size=2)) as lab:
        lab.build()
        sales = phones(lab, 6)
        with lab.faults(stale_write=1, at_most=1):
            receipt = lab.publish(sales)
            assert lab.pump().faults == ["stale write (UpdateItem)"]
        lab.settle(receipt)
        assert left(lab) == 500 - 6
        assert lab.reports()["redelivered"] == 2
        assert lab.reconcile().exact


def test_an_execution_of_long_ago_changes_nothing(built: Lab) -> None:
    sales = phones(built, SALES)
    with built.faults(late_execution=1, at_most=1):
        built.settle(built.publish(sales[:30]))
        for _ in range(8):
            built.settle(built.publish(sales[30:]))
            built.pump()
    assert left(built) == 500 - SALES
    assert built.reconcile().exact


def test_a_whole_call_that_was_stored_twice_is_applied_once(built: Lab) -> None:
    sales = phones(built, 50)  # as many of one product as a call of the publisher may hold
    with built.faults(lost_response=1, at_most=1):
        receipt = built.publish(sales)
    assert (receipt.published, receipt.calls) == (50, 1)
    assert len(built.records()) == 101
    built.settle(receipt)
    built.pump()
    result = built.reconcile()
    assert (result.published, result.applied, result.duplicates) == (101, 51, 50)
    assert left(built) == 450
    assert result.exact


def test_what_somebody_else_wrote_in_between_stays(built: Lab) -> None:
    sales = phones(built, SALES)
    built.publish(sales)
    built.set_thresholds("Phone", low=460)  # grows the version, as any write does
    built.pump()
    assert left(built) == 500 - SALES
    assert list(built.alerts()["threshold"]) == [460]
    assert built.reconcile().exact
