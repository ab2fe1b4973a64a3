from __future__ import annotations

from inventory_lab.domain.inventory import Item, Status
from inventory_lab.views.dashboard.state import (
    BATCHES_IN_FLIGHT,
    LATENCIES_KEPT,
    MESSAGES_KEPT,
    SECONDS_KEPT,
    Second,
    State,
    by_watermark,
    percentile,
)

SHARD = "shardId-000000000000"


def item(product: str, pieces: int, watermark: int, status: Status = Status.ACTIVE) -> Item:
    return Item(product, status, pieces, watermarks={SHARD: watermark})


def state_at(at: float) -> State:
    return State(at=at)


def test_an_event_has_a_latency_when_the_table_has_reached_its_record() -> None:
    state = state_at(100)
    state.published({"Phone": {SHARD: 7}}, 3)
    items = {"Phone": item("Phone", 5, 6)}
    state.at = 101
    state.table_was_read(items, by_watermark(items))
    assert state.latency(0.5) is None
    items = {"Phone": item("Phone", 5, 7)}
    state.at = 102.5
    state.table_was_read(items, by_watermark(items))
    assert list(state.latencies) == [2.5, 2.5, 2.5]
    assert not state.in_flight


def test_a_batch_has_arrived_when_its_last_product_has() -> None:
    state = state_at(0)
    state.published({"Phone": {SHARD: 7}, "Oven": {SHARD: 8}}, 2)
    items = {"Phone": item("Phone", 5, 7)}
    state.table_was_read(items, by_watermark(items))
    assert len(state.in_flight) == 1


def test_the_stock_has_the_active_products_by_name() -> None:
    items = {
        "Watch": item("Watch", 2, 1),
        "Oven": item("Oven", 0, 1, Status.REMOVED),
        "Phone": item("Phone", 5, 1),
    }
    state = State(items=items)
    assert list(state.stock.items()) == [("Phone", 5), ("Watch", 2)]


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    state = State()
    for n in range(20):
        state.seconds.append(Second(n, published=n, processed=2 * n))
    assert state.rate(lambda second: second.published) == 14.5
    assert state.rate(lambda second: second.processed) == 29.0
    assert State().rate(lambda second: second.published) == 0


def test_an_error_that_repeats_is_kept_once_with_its_last_time() -> None:
    state = state_at(10)
    state.failed("AccessDenied")
    state.at = 20
    state.failed("AccessDenied")
    state.failed("")
    assert [(problem.at, problem.error) for problem in state.problems] == [(20, "AccessDenied")]


def test_an_error_is_shown_for_a_minute() -> None:
    state = state_at(10)
    state.failed("AccessDenied")
    state.at = 10 + SECONDS_KEPT
    assert len(state.recent_problems) == 1
    state.at += 1
    assert state.recent_problems == []


def test_no_buffer_grows_without_end() -> None:
    state = State()
    for n in range(5_000):
        state.at = n
        state.published({"Phone": {SHARD: 10**9 + n}}, 50)
        state.seconds.append(Second(n, 1, 1))
        state.failed(f"error {n}")
        state.faults.appendleft(f"fault {n}")
    assert len(state.in_flight) == BATCHES_IN_FLIGHT
    assert len(state.seconds) == SECONDS_KEPT
    assert len(state.problems) == len(state.faults) == MESSAGES_KEPT
    items = {"Phone": item("Phone", 1, 10**10)}
    state.table_was_read(items, by_watermark(items))
    assert len(state.latencies) == LATENCIES_KEPT
    assert not state.in_flight


def test_a_percentile_is_a_value_that_was_measured() -> None:
    hundred = range(1, 101)
    assert percentile(hundred, 0.5) == 50
    assert percentile(hundred, 0.99) == 99
    assert percentile(hundred, 1) == 100
    assert percentile([7], 0.01) == 7
    assert percentile([], 0.5) is None
