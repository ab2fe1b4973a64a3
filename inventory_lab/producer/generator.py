"""A seeded simulation of a shop: the same arguments always give the same events."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from inventory_lab.domain.events import (
    InventoryEvent,
    ProductAdded,
    ProductRemoved,
    QuantityChanged,
)
from inventory_lab.domain.identity import source_name
from inventory_lab.domain.timestamps import rfc_3339

ZIPF_EXPONENT = 1.1
OPENING_STOCK = (200, 900)
RESTOCK_BELOW = 60
RESTOCK = (150, 1_100)
LARGEST_SALE = 12
SECONDS_BETWEEN_EVENTS = 2.0
VERSION = 1
"""Increased when the same arguments no longer give the same events."""
MISTAKES = 0.01
"""The share of events that the function has to reject."""
REMOVALS = 0.002
"""The share of events that take a product out of the catalogue, or bring it back."""
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def simulate(
    events: int = 1_000, products: int = 50, seed: int = 7, start: datetime = START
) -> Iterator[InventoryEvent]:
    """Events of a shop that sells and restocks; the same arguments give the same events.

    `events` is the number of events, `products` the number of products. Popular products sell most, by
    Zipf's law. Every product is added first. Then come sales, restocks, removals, and one event in a
    hundred that the function must reject. Raises ValueError for negative numbers.

    >>> shop = list(simulate(events=100, products=3))
    >>> [event.event_type for event in shop[:4]]
    ['product_added', 'product_added', 'product_added', 'quantity_changed']
    >>> shop == list(simulate(events=100, products=3))
    True

    The events are numbered, and their `source` contains start, seed, products and the version of this
    generator. So publishing them again changes nothing, and a longer run continues a shorter one.

    >>> [event.sequence for event in simulate(events=3, products=2)]
    [1, 1, 2]
    """
    if events < 0 or products < 1:
        raise ValueError(f"events must be 0 or more and products 1 or more: {events}, {products}")
    return _Shop(products, seed, start).events(events)


class _Shop:
    """The stock in the simulation, so that it sells only what is there."""

    def __init__(self, products: int, seed: int, start: datetime) -> None:
        self._random = random.Random(seed)
        self._name = f"sim{VERSION}-{seed}-{products}"
        self._source = source_name(start, self._name)
        self._started = f"{start:%Y%m%dT%H%M%S}"
        self._now = start
        self._count = 0
        self._numbers: Counter[str] = Counter()
        self._names = [
            f"product-{number:0{len(str(products))}d}" for number in range(1, products + 1)
        ]
        weights = [rank**-ZIPF_EXPONENT for rank in range(1, products + 1)]
        self._popularity = list(accumulate(weights))
        self._stock: dict[str, int | None] = {}

    def events(self, count: int) -> Iterator[InventoryEvent]:
        for name in self._names[:count]:
            yield self._add(name)
        for _ in range(count - len(self._names)):
            yield self._next()

    def _next(self) -> InventoryEvent:
        [name] = self._random.choices(self._names, cum_weights=self._popularity)
        stock, chance = self._stock[name], self._random.random()
        if chance < MISTAKES:
            return self._mistake(name, stock)
        if stock is None:
            return self._add(name)
        if chance < MISTAKES + REMOVALS:
            self._stock[name] = None
            return ProductRemoved(name, **self._identity(name))
        return self._change(name, stock)

    def _add(self, name: str) -> InventoryEvent:
        quantity = self._random.randint(*OPENING_STOCK)
        self._stock[name] = quantity
        return ProductAdded(name, quantity, **self._identity(name))

    def _change(self, name: str, stock: int) -> InventoryEvent:
        delta = -self._random.randint(1, LARGEST_SALE)
        if stock + delta < 0 or (stock < RESTOCK_BELOW and self._random.random() < 0.1):
            delta = self._random.randint(*RESTOCK)
        self._stock[name] = stock + delta
        return QuantityChanged(name, delta, **self._identity(name))

    def _mistake(self, name: str, stock: int | None) -> InventoryEvent:
        """An event that no shop should send; it leaves the stock as it is."""
        if stock is None:
            return QuantityChanged(name, -1, **self._identity(name))
        if self._random.random() < 0.5:
            return QuantityChanged(
                name, -stock - self._random.randint(1, 50), **self._identity(name)
            )
        return ProductAdded(name, self._random.randint(*OPENING_STOCK), **self._identity(name))

    def _identity(self, name: str) -> dict[str, Any]:
        self._count += 1
        self._numbers[name] += 1
        self._now += timedelta(seconds=self._random.expovariate(1 / SECONDS_BETWEEN_EVENTS))
        moment = rfc_3339(self._now)
        return {
            "event_id": f"{self._name}-{self._started}-{self._count:06d}",
            "occurred_at": moment,
            "source": self._source,
            "sequence": self._numbers[name],
        }
