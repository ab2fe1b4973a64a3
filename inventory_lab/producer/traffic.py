"""Events of a shop for as long as somebody watches: sales and restocks that fit the stock."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from itertools import accumulate

from inventory_lab.domain.events import InventoryEvent, ProductAdded, QuantityChanged
from inventory_lab.producer.generator import (
    LARGEST_SALE,
    MISTAKES,
    OPENING_STOCK,
    RESTOCK,
    RESTOCK_BELOW,
    ZIPF_EXPONENT,
)


class Traffic:
    """An endless source of events. Each has a number in `source`, so the traffic can be distinguished from
    other publishers; the memory it needs depends on the number of products alone.

    >>> traffic = Traffic("2026-01-05T09:00:00Z/dashboard", products=2)
    >>> [event.event_type for event in traffic.events(3, now="2026-01-05T09:00:00Z")]
    ['product_added', 'product_added', 'quantity_changed']
    """

    def __init__(self, source: str, products: int = 20, seed: int = 7) -> None:
        self.source = source
        self._random = random.Random(seed)
        self._names = [f"item-{number:02d}" for number in range(1, products + 1)]
        self._popularity = list(accumulate(n**-ZIPF_EXPONENT for n in range(1, products + 1)))
        self._numbers: Counter[str] = Counter()
        self._stock: dict[str, int] = {}

    def use_stock(self, stock: Mapping[str, int]) -> None:
        """Go on from the stock that is in the table; products that are not in it are added first."""
        self._stock = {name: stock[name] for name in self._names if name in stock}

    def events(self, count: int, now: str) -> list[InventoryEvent]:
        """The next `count` events; `now` is when they occur, in RFC 3339."""
        return [self._next(now) for _ in range(count)]

    def _next(self, now: str) -> InventoryEvent:
        new = next((name for name in self._names if name not in self._stock), None)
        if new is not None:
            self._stock[new] = self._random.randint(*OPENING_STOCK)
            source, sequence = self._numbered(new)
            quantity = self._stock[new]
            return ProductAdded(new, quantity, occurred_at=now, source=source, sequence=sequence)
        [name] = self._random.choices(self._names, cum_weights=self._popularity)
        source, sequence = self._numbered(name)
        delta = self._delta(name)
        return QuantityChanged(name, delta, occurred_at=now, source=source, sequence=sequence)

    def _delta(self, name: str) -> int:
        """A sale or a restock; now and then a sale of more than there is, which is rejected."""
        stock = self._stock[name]
        if self._random.random() < MISTAKES:
            return -stock - self._random.randint(1, 50)
        delta = -self._random.randint(1, LARGEST_SALE)
        if stock + delta < 0 or (stock < RESTOCK_BELOW and self._random.random() < 0.1):
            delta = self._random.randint(*RESTOCK)
        self._stock[name] = stock + delta
        return delta

    def _numbered(self, name: str) -> tuple[str, int]:
        self._numbers[name] += 1
        return self.source, self._numbers[name]
