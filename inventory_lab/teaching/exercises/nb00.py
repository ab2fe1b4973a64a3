"""The exercises of notebook 00, Start here."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping, Sequence
from typing import Any

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

PRODUCTS = ("Fan", "Pan", "Lamp", "Kettle")
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
    earlier: list[InventoryEvent] = []
    for product, stock, sales in DAYS:
        given = list(sales)
        returned = answer(product, stock, given)
        if not isinstance(returned, list) or not all(
            isinstance(event, InventoryEvent) for event in returned
        ):
            raise WrongAnswer(
                f"It returns {_kind(returned)}. Return a list of events: ProductAdded(…), "
                "QuantityChanged(…), ProductRemoved(…)."
            )
        if any(event in earlier for event in returned):
            raise WrongAnswer(
                "It returns the events of an earlier call as well. Create the list inside the function."
            )
        _require_the_day([_facts(event) for event in returned], product, stock, sales)
        earlier += returned
        _require_own_ids([event.event_id for event in earlier], product)
        if given != sales:
            raise WrongAnswer(
                "It changes the list `sales`, which belongs to the caller. Go through it with for."
            )


def _require_own_ids(ids: Sequence[str], product: str) -> None:
    if len(set(ids)) < len(ids):
        raise WrongAnswer(
            f"Two events have the same event_id on the day of {product}, so the function would take the "
            "second one for a repetition. Make a new event for each fact, and leave the event_id out."
        )


def _require_the_day(
    facts: list[tuple[str, str, int]], product: str, stock: int, sales: Sequence[int]
) -> None:
    """Raise WrongAnswer unless the events say what happened, in order."""
    day = f"For {product}, {stock} pieces and sales of {list(sales)}"
    if any(name != product for _, name, _ in facts):
        raise WrongAnswer(f"{day}, an event has another product: use the argument `product`.")
    if facts[:1] != [("product_added", product, stock)]:
        raise WrongAnswer(f"{day}, the first event must be ProductAdded with the opening stock.")
    if any(kind == "product_added" for kind, _, _ in facts[1:]):
        raise WrongAnswer(
            f"{day}, the product is added more than once: it arrives at the beginning."
        )
    changes = [number for kind, _, number in facts if kind == "quantity_changed"]
    if changes == list(sales) and sales:
        raise WrongAnswer(f"{day}, the stock grows: a sale is a negative number.")
    if sum(changes) == -sum(sales) and len(changes) != len(sales):
        raise WrongAnswer(
            f"{day}, the number of changes is {len(changes)}. Each sale is a fact of its own: make one "
            "event per sale."
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
    for number, (rule, events) in enumerate([*_CASES, _mixture()]):
        _follows(answer, rule, events)
        if number == 1:
            _begins_with_nothing(answer, events)


def _follows(answer: Answer, rule: str, events: list[dict[str, Any]]) -> None:
    """Raise WrongAnswer unless the answer makes of these events what the rules say."""
    expected, given = _fold(events), copy.deepcopy(events)
    try:
        returned = answer(given)
    except WrongAnswer as exc:
        if isinstance(exc.error, KeyError) and exc.error.args[0] in PRODUCTS:
            raise WrongAnswer(f"{rule} {exc}", exc.error) from exc
        raise
    if returned != expected:
        raise WrongAnswer(f"{rule} {_difference(returned, expected)}")
    if not all(type(quantity) is int for quantity in returned.values()):
        raise WrongAnswer("The quantities must be whole numbers.")
    if given != events:
        raise WrongAnswer(
            "It changes the list `events` or an event in it, which belong to the caller. Go through the "
            "list with for."
        )


def _begins_with_nothing(answer: Answer, events: list[dict[str, Any]]) -> None:
    """Raise WrongAnswer when the answer keeps something from its last call, with these events."""
    again, nothing = answer(copy.deepcopy(events)), answer([])
    if again != _fold(events) or nothing != {}:
        raise WrongAnswer(
            "Called a second time, it gives another result: something stays from the call before. Create "
            "the dictionary and the set in the first lines of the function."
        )


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


def _event(kind: str, product: str, event_id: str, **more: object) -> dict[str, Any]:
    envelope = {"occurred_at": "2026-01-05T09:00:00Z", "schema_version": 1}
    return {"event_type": kind, "product_id": product, "event_id": event_id, **envelope, **more}


def _added(product: str, quantity: int, event_id: str) -> dict[str, Any]:
    return _event("product_added", product, event_id, quantity=quantity)


def _changed(product: str, delta: int, event_id: str, **more: object) -> dict[str, Any]:
    return _event("quantity_changed", product, event_id, delta=delta, **more)


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
    (
        "A product with 0 pieces is still there: it can be restocked.",
        [_added("Fan", 0, "a"), _changed("Fan", 5, "b")],
    ),
    (
        "A product with 0 pieces is still there: adding it again does not count.",
        [_added("Fan", 0, "a"), _added("Fan", 5, "b")],
    ),
    (
        "The event with the id b comes again after other events: it counts once, and the others count.",
        [
            _added("Fan", 9, "a"),
            _changed("Fan", -3, "b"),
            _changed("Fan", -1, "c"),
            _changed("Fan", -3, "b"),
            _changed("Fan", -1, "d"),
        ],
    ),
    (
        "The event b was refused, because it sold too much. When it comes again it does not count either.",
        [
            _added("Fan", 2, "a"),
            _changed("Fan", -5, "b"),
            _changed("Fan", 9, "c"),
            _changed("Fan", -5, "b"),
        ],
    ),
    (
        "The event a came before its product was added. When it comes again it does not count either.",
        [_changed("Fan", 5, "a"), _added("Fan", 2, "b"), _changed("Fan", 5, "a")],
    ),
    (
        "The id alone says that an event came before, even when its time is another one.",
        [
            _added("Fan", 9, "a"),
            _changed("Fan", -3, "b"),
            _changed("Fan", -3, "b", occurred_at="2026-01-05T09:00:02Z"),
        ],
    ),
    (
        "The event b came before, and the removal of its product does not change that.",
        [
            _added("Fan", 9, "a"),
            _changed("Fan", -3, "b"),
            _removed("Fan", "c"),
            _added("Fan", 4, "d"),
            _changed("Fan", -3, "b"),
        ],
    ),
]
"""A sentence for the learner, and the events that it is about."""


def _mixture() -> tuple[str, list[dict[str, Any]]]:
    """A long day of several products, the same in every run, in which every rule decides something."""
    chance = random.Random(1)  # noqa: S311 no secret: the same in every run
    return "A long day of four products:", [_any_event(chance) for _ in range(400)]


def _any_event(chance: random.Random) -> dict[str, Any]:
    product, event_id = chance.choice(PRODUCTS), f"{chance.randrange(80)}"
    match chance.randrange(8):
        case 0:
            return _added(product, chance.randrange(9), f"{product}-{event_id}")
        case 1:
            return _removed(product, f"{product}-{event_id}")
    return _changed(product, chance.choice((-4, -3, -2, -1, 3, 5)), f"{product}-{event_id}")


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
    if " at 0x" in repr(value):  # differs in every run
        return f"a {type(value).__name__}"
    return "nothing" if value is None else f"{value!r:.60}"


def _kind(returned: object) -> str:
    """What an answer returned instead of a list of events."""
    items = returned if isinstance(returned, list) else []
    for item in items:
        if isinstance(item, type):
            return f"a list with the class {item.__name__}"
        if not isinstance(item, InventoryEvent):
            return f"a list with a {type(item).__name__}"
    return "nothing" if returned is None else f"a {type(returned).__name__}"
