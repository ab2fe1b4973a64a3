from __future__ import annotations

from collections import Counter

import pytest

from inventory_lab import ProductAdded, simulate
from inventory_lab.domain.events import encode_event
from tests.model import model_stock


def test_the_same_seed_gives_the_same_events() -> None:
    assert list(simulate(500, seed=3)) == list(simulate(500, seed=3))
    assert list(simulate(500, seed=3)) != list(simulate(500, seed=4))


def test_the_number_of_events_is_the_one_asked_for() -> None:
    assert len(list(simulate(events=777, products=20))) == 777
    assert len(list(simulate(events=5, products=20))) == 5
    assert list(simulate(events=0)) == []


def test_every_product_is_added_first() -> None:
    first = list(simulate(events=100, products=30))[:30]
    assert all(isinstance(event, ProductAdded) for event in first)
    assert len({event.product_id for event in first}) == 30


def test_a_few_products_are_much_more_popular_than_the_rest() -> None:
    counts = Counter(event.product_id for event in simulate(10_000, products=200))
    [(favourite, most)] = counts.most_common(1)
    assert favourite == "product-001"
    assert 0.15 < most / 10_000 < 0.25


def test_a_few_events_have_to_be_rejected() -> None:
    _, counts = model_stock((e.product_id, encode_event(e)) for e in simulate(5_000))
    assert 10 <= counts["rejected"] <= 100
    assert counts["duplicates"] == 0


def test_time_only_moves_forward() -> None:
    times = [event.occurred_at for event in simulate(1_000)]
    assert times == sorted(times)


@pytest.mark.parametrize(("events", "products"), [(-1, 10), (10, 0)])
def test_impossible_numbers_are_refused_at_once(events: int, products: int) -> None:
    with pytest.raises(ValueError, match="events must be 0 or more"):
        simulate(events, products)
