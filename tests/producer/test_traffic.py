from __future__ import annotations

from collections import Counter

from inventory_lab import Lab
from inventory_lab.domain.events import ProductAdded
from inventory_lab.producer.traffic import Traffic

SOURCE, NOW = "2026-01-05T09:00:00.000Z/test", "2026-01-05T09:00:00Z"


def test_the_numbers_of_a_product_are_without_gaps() -> None:
    numbers: dict[str, list[int | None]] = {}
    for event in Traffic(SOURCE, products=3).events(200, NOW):
        assert (event.source, event.occurred_at) == (SOURCE, NOW)
        numbers.setdefault(event.product_id, []).append(event.sequence)
    assert len(numbers) == 3
    assert all(sequence == list(range(1, len(sequence) + 1)) for sequence in numbers.values())


def test_it_goes_on_from_the_stock_that_it_is_given() -> None:
    traffic = Traffic(SOURCE, products=2)
    traffic.use_stock({"item-02": 5, "Phone": 3})
    kinds = Counter(type(event).__name__ for event in traffic.events(50, NOW))
    assert kinds == {"ProductAdded": 1, "QuantityChanged": 49}
    added = next(e for e in Traffic(SOURCE, products=1).events(1, NOW))
    assert isinstance(added, ProductAdded)


def test_nearly_all_of_it_is_applied_and_some_is_rejected(built: Lab) -> None:
    built.settle(built.publish(Traffic(SOURCE).events(1_000, NOW)))
    result = built.reconcile()
    assert result.exact
    assert 0 < result.rejected < 40
    assert len(built.alerts()) > 0
