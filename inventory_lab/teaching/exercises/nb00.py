"""The exercises of notebook 00, Start here."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

DAYS: list[tuple[str, int, list[int]]] = [
    ("Tablet", 20, [3, 4]),
    ("Oven", 2, [2]),
    ("Watch", 7, []),
    ("Kettle", 9, [4, 4, 1]),
]
"""A product, its opening stock, and what was sold of it."""


@checks("00/first_events", "describe a product's day in events")
def first_events(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """Several days, one of them without a sale and two that end with an empty shelf."""
    for product, stock, sales in DAYS:
        returned = answer(product, stock, list(sales))
        if not isinstance(returned, list) or not all(
            isinstance(event, InventoryEvent) for event in returned
        ):
            raise WrongAnswer(
                f"It returns {_short(returned)}. Return a list of events: ProductAdded(…), "
                "QuantityChanged(…), ProductRemoved(…)."
            )
        _require_the_day([_facts(event) for event in returned], product, stock, sales)


def _require_the_day(
    facts: list[tuple[str, str, int]], product: str, stock: int, sales: Sequence[int]
) -> None:
    """Raise WrongAnswer unless the events say what happened, in order."""
    day = f"For {product}, {stock} pieces and sales of {list(sales)}"
    if any(name != product for _, name, _ in facts):
        raise WrongAnswer(f"{day}, an event has another product: use the argument `product`.")
    if facts[:1] != [("product_added", product, stock)]:
        raise WrongAnswer(f"{day}, the first event must be ProductAdded with the opening stock.")
    changes = [number for kind, _, number in facts if kind == "quantity_changed"]
    if changes == list(sales) and sales:
        raise WrongAnswer(f"{day}, the stock grows: a sale is a negative number.")
    if sum(changes) == -sum(sales) and len(changes) != len(sales):
        raise WrongAnswer(
            f"{day}, there are {len(changes)} changes. Each sale is a fact of its own: make one event per sale."
        )
    if changes != [-sold for sold in sales]:
        raise WrongAnswer(f"{day}, the changes are {changes}: expected one per sale, in order.")
    removed = [at for at, (kind, _, _) in enumerate(facts) if kind == "product_removed"]
    if sum(sales) == stock and not removed:
        raise WrongAnswer(f"{day}, nothing is left, and the product is not removed.")
    if sum(sales) < stock and removed:
        raise WrongAnswer(f"{day}, pieces are left, and the product is removed all the same.")
    if removed and removed != [len(facts) - 1]:
        raise WrongAnswer(f"{day}, the product is removed before its last sale, or twice.")


def _facts(event: InventoryEvent) -> tuple[str, str, int]:
    number = getattr(event, "quantity", getattr(event, "delta", 0))
    return event.event_type, event.product_id, number


@checks("00/inventory_of", "work out the stock from the events", build=True)
def inventory_of(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """One rule after the other, then a long mixture of several products."""
    for rule, events in _CASES:
        expected = _fold(events)
        returned = answer(copy.deepcopy(events))
        if returned != expected:
            raise WrongAnswer(f"{rule} {_difference(returned, expected)}")
        if not all(type(quantity) is int for quantity in returned.values()):
            raise WrongAnswer("The quantities must be whole numbers.")


def _difference(returned: object, expected: Mapping[str, int]) -> str:
    if not isinstance(returned, dict):
        return f"It returns {_short(returned)}: return a dict of product and quantity."
    for product in sorted({*map(str, returned), *expected}):
        if returned.get(product) != expected.get(product):
            return (
                f"Expected {_pieces(expected.get(product))} of {product}, "
                f"your function says {_pieces(returned.get(product))}."
            )
    return f"Expected {dict(expected)}."


def _pieces(quantity: object) -> str:
    return "no entry" if quantity is None else f"{quantity!r:.20}"


def _event(kind: str, product: str, event_id: str, **more: int) -> dict[str, Any]:
    return {"event_type": kind, "product_id": product, "event_id": event_id, **more}


def _added(product: str, quantity: int, event_id: str) -> dict[str, Any]:
    return _event("product_added", product, event_id, quantity=quantity)


def _changed(product: str, delta: int, event_id: str) -> dict[str, Any]:
    return _event("quantity_changed", product, event_id, delta=delta)


def _removed(product: str, event_id: str) -> dict[str, Any]:
    return _event("product_removed", product, event_id)


_CASES: list[tuple[str, list[dict[str, Any]]]] = [
    ("With no events at all:", []),
    ("A product is added with its stock.", [_added("Fan", 7, "a"), _added("Pan", 0, "b")]),
    (
        "A sale takes pieces away, a delivery brings some.",
        [_added("Fan", 7, "a"), _changed("Fan", -3, "b"), _changed("Fan", 5, "c")],
    ),
    (
        "A removed product is no longer in the inventory.",
        [_added("Fan", 7, "a"), _added("Pan", 2, "b"), _removed("Fan", "c")],
    ),
    (
        "The last piece is sold, so 0 are left: the product is still in the catalogue.",
        [_added("Fan", 2, "a"), _changed("Fan", -2, "b")],
    ),
    (
        "A sale of more pieces than there are does not count.",
        [_added("Fan", 7, "a"), _changed("Fan", -8, "b"), _changed("Fan", -2, "c")],
    ),
    (
        "A change of a product that was never added does not count.",
        [_changed("Pan", 5, "a"), _added("Fan", 1, "b")],
    ),
    (
        "A product that exists cannot be added again: the second addition does not count.",
        [_added("Fan", 7, "a"), _added("Fan", 9, "b")],
    ),
    (
        "Removing a product that does not exist changes nothing.",
        [_removed("Pan", "a"), _added("Fan", 3, "b")],
    ),
    (
        "A removed product may be added again, with a new stock.",
        [_added("Fan", 7, "a"), _removed("Fan", "b"), _added("Fan", 4, "c")],
    ),
    (
        "The event with the id b arrives twice: it counts once.",
        [_added("Fan", 7, "a"), _changed("Fan", -3, "b"), _changed("Fan", -3, "b")],
    ),
    (
        "Two sales of the same size with different ids are two sales.",
        [_added("Fan", 7, "a"), _changed("Fan", -3, "b"), _changed("Fan", -3, "c")],
    ),
]
"""A sentence for the learner, and the events that it is about."""


def _fold(events: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """What these events leave, written once more for the check."""
    stock: dict[str, int] = {}
    seen: set[str] = set()
    for event in events:
        product, kind, first = (
            event["product_id"],
            event["event_type"],
            event["event_id"] not in seen,
        )
        seen.add(event["event_id"])
        here = stock.get(product)
        if first and kind == "product_added" and here is None:
            stock[product] = event["quantity"]
        elif first and kind == "product_removed":
            stock.pop(product, None)
        elif first and here is not None and kind == "quantity_changed":
            stock[product] = here + event["delta"] if here + event["delta"] >= 0 else here
    return stock


def _short(value: object) -> str:
    return "nothing" if value is None else f"{value!r:.60}"
