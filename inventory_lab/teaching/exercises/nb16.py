"""The exercises of notebook 16, the capstone: a count of the shelf through every part of the pipeline."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from inventory_lab.domain.errors import MalformedEvent
from inventory_lab.domain.events import KINDS, LARGEST_QUANTITY, InventoryEvent
from inventory_lab.domain.inventory import RULES, Item, Objection, Reason, Status, Stock
from inventory_lab.exceptions import WrongAnswer
from inventory_lab.function.handler import handle
from inventory_lab.teaching.exercises.answer import Answer, globals_of, source_of
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.policies import require_exactly
from inventory_lab.teaching.exercises.registry import checks

COUNTED = "stock_counted"
FIELDS = {"event_type", "event_id", "product_id", "quantity", "occurred_at", "schema_version"}
MOST_COUNTED = 60
IN_THE_FILE: dict[str, object] = {
    "ClassVar": ClassVar,
    "InventoryEvent": InventoryEvent,
    "KINDS": KINDS,
    "MalformedEvent": MalformedEvent,
    "Objection": Objection,
    "RULES": RULES,
    "Reason": Reason,
    "Status": Status,
    "Stock": Stock,
    "dataclass": dataclass,
    "handle": handle,
}
"""What the lesson's file has before the functions, besides the names of Python."""
EVENTS = 2_500
"""So many that 500 counts nearly certainly have both ends of their range."""
OURS = (
    "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
    "arn:aws:dynamodb:us-east-1:123456789012:table/stock",
)
ELSEWHERE = (
    "arn:aws:kinesis:eu-west-1:444455556666:stream/returns",
    "arn:aws:dynamodb:eu-west-1:444455556666:table/shelves",
)


@dataclass(frozen=True, slots=True)
class Count(InventoryEvent):
    """An event like the one that the learner defines; no reader knows it."""

    event_type: ClassVar[str] = COUNTED
    quantity: int


@checks("16/check_count", "refuse a count that breaks the contract")
def check_count(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """The bounds, then values of the wrong type and size. True comes first: a range takes long over a float."""
    _stands_alone(answer, "check_count")
    for quantity in (0, 1, 37, LARGEST_QUANTITY):
        try:
            answer(quantity)
        except WrongAnswer as exc:
            raise WrongAnswer(
                f"It refuses {quantity}, which a shelf may hold: {exc}", exc.error
            ) from exc
    wrong: tuple[tuple[object, str], ...] = (
        (-1, "No shelf holds less than nothing."),
        (LARGEST_QUANTITY + 1, "The contract ends at 1,000,000,000."),
        (True, "In Python a bool is an int as well. Compare the type itself."),
        ("12", "It is a text, and a reader must not guess."),
        (12.5, "It is not a whole number."),
        (12.0, "It is a float. JSON's 12 becomes an int, 12.0 does not."),
        (None, "It is JSON's null."),
        ([12], "It is a list."),
    )
    for value, why in wrong:
        _refuses(answer, value, why)


def _stands_alone(answer: Answer, name: str) -> None:
    """Raise WrongAnswer when the function does not work in the file of the lesson, which has its source alone."""
    used = globals_of(answer.function).keys() - {*IN_THE_FILE, name}
    if used:
        raise WrongAnswer(_outside(min(used)))
    namespace = dict(IN_THE_FILE)
    try:
        source = compile(source_of(answer.function), "<file>", "exec", dont_inherit=True)
        exec(source, namespace)  # noqa: S102 the learner's own code
    except NameError as exc:
        raise WrongAnswer(_outside(exc.name or str(exc))) from exc
    except SyntaxError:  # a lambda in the middle of a statement
        return
    if name not in namespace:
        raise WrongAnswer(
            f"The function is called {answer.name} where it is defined, and the file of the handler calls it {name}: "
            "define it under this name."
        )


def _outside(name: str) -> str:
    return (
        f"It uses {name}, which is defined outside the function. The function alone is copied into the file "
        "of the handler: put what it needs inside, and leave out annotations that need an import."
    )


def _refuses(answer: Answer, quantity: object, why: str) -> None:
    try:
        returned = answer(quantity)
    except WrongAnswer as exc:
        if not isinstance(exc.error, MalformedEvent):
            raise WrongAnswer(
                f"With the quantity {quantity!r} it ends with an error of its own, {exc}. The reader of a batch "
                "catches MalformedEvent alone: any other error fails the whole batch.",
                exc.error,
            ) from exc
        if exc.error.field != "quantity":
            raise WrongAnswer(
                f"The error says that the field {exc.error.field!r} is wrong: it is 'quantity'."
            ) from exc
        if not isinstance(exc.error.problem, str) or not exc.error.problem.strip():
            raise WrongAnswer(
                f"The problem of its MalformedEvent is {exc.error.problem!r}: give a text that says what is wrong."
            ) from exc
        return
    if returned is not None and returned != quantity:
        raise WrongAnswer(
            f"For the quantity {quantity!r} it returns {_short(returned)}, and the reader goes on: raise MalformedEvent."
        )
    raise WrongAnswer(f"It lets the quantity {quantity!r} pass. {why}")


@checks("16/count_rule", "let a count set the stock of an active product")
def count_rule(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """Active products with less, more and as much as before; then products that are not active."""
    _stands_alone(answer, "count_rule")
    for before, counted in ((10, 12), (10, 3), (10, 10), (10, 0), (0, 5)):
        result = answer(Item("Fan", Status.ACTIVE, before), _count("Fan", counted))
        _sets_the_stock(result, before, counted)
    for status, words in (
        (Status.UNKNOWN, "was never added"),
        (Status.REMOVED, "was removed"),
    ):
        result = answer(Item("Fan", status), _count("Fan", 12))
        _objects(result, words)
        if answer(Item("Fan", status), _count("Fan", 12)) != result:
            raise WrongAnswer(
                "The same product and the same count give another result the second time. A pure rule uses its "
                "arguments alone: no clock, no randomness."
            )


def _count(product: str, quantity: int) -> Count:
    return Count(product, quantity, event_id="c-1", occurred_at="2026-01-05T18:00:00Z")


def _sets_the_stock(result: object, before: int, counted: int) -> None:
    case = f"{before} in stock, {counted} counted"
    if isinstance(result, Objection):
        raise WrongAnswer(f"{case}: it objects ({result.reason}), although the product is active.")
    if not isinstance(result, Stock):
        raise WrongAnswer(f"{case}: it returns {_short(result)}: return a Stock or an Objection.")
    if not isinstance(result.status, Status):
        raise WrongAnswer(
            f"{case}: the status of the Stock is {result.status!r:.20}. The status is its first argument, the quantity "
            "its second."
        )
    if result.quantity == before + counted and before and counted:
        raise WrongAnswer(
            f"{case}: it leaves {result.quantity}. A count says how many there are, not how many came."
        )
    if result.quantity != counted:
        raise WrongAnswer(f"{case}: it leaves {result.quantity!r:.20} pieces.")
    if result.status is not Status.ACTIVE:
        raise WrongAnswer(f"{case}: the product is {result.status!s:.20} afterwards, not active.")


def _objects(result: object, words: str) -> None:
    if isinstance(result, Stock):
        raise WrongAnswer(
            f"A product that {words} is counted, and becomes {result.status} with {result.quantity} pieces. A typing "
            "error at the scanner would put a product into the catalogue: return an Objection."
        )
    if not isinstance(result, Objection):
        raise WrongAnswer(f"For a product that {words} it returns {_short(result)}.")
    if result.reason is not Reason.UNKNOWN_PRODUCT:
        raise WrongAnswer(
            f"For a product that {words} the reason is {result.reason!s:.40}, not UnknownProduct."
        )
    if not isinstance(result.detail, str) or not result.detail:
        raise WrongAnswer(
            "An Objection has a detail: a text for the person who reads the rejected queue."
        )


@checks("16/with_counts", "add counts to the events of a shop, the same for the same seed")
def with_counts(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """A long day with several products, made twice with one seed and once with another."""
    shop = _shop(random.Random(3), EVENTS)
    made = _counted_day(answer, shop, 1)
    _shop_is_unchanged(made, shop)
    _counts_are_right(made)
    if _counted_day(answer, shop, 1) != made:
        raise WrongAnswer(
            "The same chance gives other counts the second time, so no failure could be repeated. Use `chance` "
            "alone: uuid4() and the module's own random differ in every run."
        )
    other = _counted_day(answer, shop, 2)
    if other == made:
        raise WrongAnswer("Another chance gives the same counts: draw from the argument `chance`.")
    if _places(other) == _places(made):
        raise WrongAnswer(
            "With another chance the counts follow the same events as before. Let `chance` decide, too, which events "
            "a count follows."
        )


def _places(made: Sequence[dict[str, Any]]) -> list[int]:
    return [place for place, event in enumerate(made) if event["event_type"] == COUNTED]


def _counted_day(answer: Answer, shop: Sequence[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    returned = answer(iter(copy.deepcopy(list(shop))), random.Random(seed))
    if returned is None or isinstance(returned, dict | str) or not hasattr(returned, "__iter__"):
        raise WrongAnswer(f"It returns {_short(returned)}. Yield one event after the other.")
    if not isinstance(returned, Iterator):
        raise WrongAnswer(
            f"It returns a {type(returned).__name__} with all events. A generator yields one event after the other."
        )
    made = answer.take(returned, 3 * len(shop))
    if not all(isinstance(event, dict) for event in made):
        raise WrongAnswer("An event is not a dictionary.")
    return made


def _shop_is_unchanged(made: Sequence[dict[str, Any]], shop: Sequence[dict[str, Any]]) -> None:
    others = [event for event in made if event.get("event_type") != COUNTED]
    if others == list(shop):
        return
    if len(others) < len(shop):
        lost = len(shop) - len(others)
        raise WrongAnswer(
            f"{lost} of the {len(shop)} events of the shop are missing, or became counts. Yield each of them, unchanged."
        )
    kinds = {str(event.get("event_type")) for event in others}
    if unknown := sorted(kinds - {event["event_type"] for event in shop}):
        raise WrongAnswer(
            f"It yields an event of the type {unknown[0]!r:.40}. A count has the event_type {COUNTED!r}."
        )
    raise WrongAnswer("The events of the shop come in another order, or changed.")


def _counts_are_right(made: Sequence[dict[str, Any]]) -> None:
    counts = [event for event in made if event.get("event_type") == COUNTED]
    shop = len(made) - len(counts)
    for before, event in zip([{}, *made], made, strict=False):
        if event.get("event_type") == COUNTED:
            _count_follows(event, before)
    if not 0.1 * shop <= len(counts) <= 0.3 * shop:
        raise WrongAnswer(
            f"There are {len(counts)} counts after {shop} events: make about one for five events."
        )
    ids = [event["event_id"] for event in made]
    if len(set(ids)) < len(ids):
        raise WrongAnswer(
            "Two events have the same event_id. The pipeline would take the second one for a repetition."
        )
    followed = {made[place - 1]["event_type"] for place in _places(made)}
    if spared := {event["event_type"] for event in made} - followed - {COUNTED}:
        raise WrongAnswer(
            f"No count follows a {min(spared)}. Let `chance` pick among all events: what the pipeline has to reject is "
            "tested as well."
        )
    quantities = {event["quantity"] for event in counts}
    if not {0, MOST_COUNTED} <= quantities:
        raise WrongAnswer(
            f"In {len(counts)} counts the quantities go from {min(quantities)} to {max(quantities)}: draw them from "
            "chance.randint(0, 60)."
        )


def _count_follows(event: dict[str, Any], before: Mapping[str, Any]) -> None:
    if missing := sorted(FIELDS - event.keys()):
        raise WrongAnswer(f"A count has no {missing[0]}, so it is malformed.")
    if further := sorted(event.keys() - FIELDS):
        raise WrongAnswer(
            f"A count has the field {further[0]!r}, which its contract does not have."
        )
    if event["product_id"] != before.get("product_id"):
        raise WrongAnswer("A count is of another product than the event before it.")
    for name in ("occurred_at", "schema_version"):
        if event[name] != before.get(name):
            raise WrongAnswer(f"The {name} of a count is not that of the event before it.")
    quantity = event["quantity"]
    if type(quantity) is not int or not 0 <= quantity <= MOST_COUNTED:
        raise WrongAnswer(f"A quantity is {quantity!r:.20}, not a whole number from 0 to 60.")
    if not isinstance(event["event_id"], str) or not event["event_id"]:
        raise WrongAnswer("The event_id of a count is not a text.")


@checks("16/expected_stock", "say what the events should leave, counts included", build=True)
def expected_stock(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """One rule after the other, then a long mixture; after each event the stock is compared."""
    for words, events in _CASES:
        _agrees(answer, words, events)
    for seed in (1, 2):
        chance = random.Random(seed)
        shop = _shop(chance, 120)
        _agrees(answer, "In a long mixture:", [*_mixed(shop, chance)])


def _agrees(answer: Answer, words: str, events: Sequence[dict[str, Any]]) -> None:
    """Raise WrongAnswer for the first event after which the model differs."""
    if _returned(answer, events) == _model(events):
        return
    for length in range(1, len(events) + 1):
        returned, expected = _returned(answer, events[:length]), _model(events[:length])
        if returned != expected:
            product = events[length - 1]["product_id"]
            raise WrongAnswer(
                f"{words} After {_described(events[length - 1])} your model says "
                f"{_pieces(returned.get(product))} of {product}, expected {_pieces(expected.get(product))}."
            )


def _returned(answer: Answer, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    try:
        returned = answer(copy.deepcopy(list(events)))
    except WrongAnswer as exc:
        if isinstance(exc.error, KeyError) and exc.error.args == ("event_id",):
            raise WrongAnswer(
                "It reads event_id, and these events have none: each is given once. Leave out the memory of ids.",
                exc.error,
            ) from exc
        raise
    if not isinstance(returned, dict):
        raise WrongAnswer(f"It returns {_short(returned)}: return a dict of product and quantity.")
    return returned


def _model(events: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """What these events leave, written once more for the check."""
    stock: dict[str, int] = {}
    for event in events:
        product, kind = event["product_id"], event["event_type"]
        here = stock.get(product)
        if kind == "product_added" and here is None:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == COUNTED and here is not None:
            stock[product] = event["quantity"]
        elif kind == "quantity_changed" and here is not None and here + event["delta"] >= 0:
            stock[product] = here + event["delta"]
    return stock


def _described(event: Mapping[str, Any]) -> str:
    number = event.get("quantity", event.get("delta", ""))
    return f"{event['event_type']} {number}".strip() + f" of {event['product_id']}"


def _pieces(quantity: object) -> str:
    return "no entry" if quantity is None else f"{quantity!r:.20}"


def _event(kind: str, product: str, **more: int) -> dict[str, Any]:
    return {"event_type": kind, "product_id": product, **more}


_ADDED = _event("product_added", "Fan", quantity=7)
_CASES: list[tuple[str, list[dict[str, Any]]]] = [
    ("A product is added.", [_ADDED, _event("product_added", "Pan", quantity=0)]),
    ("A sale takes pieces away.", [_ADDED, _event("quantity_changed", "Fan", delta=-3)]),
    ("A delivery brings pieces.", [_ADDED, _event("quantity_changed", "Fan", delta=5)]),
    ("A count replaces the stock.", [_ADDED, _event(COUNTED, "Fan", quantity=4)]),
    ("The shelf is empty.", [_ADDED, _event(COUNTED, "Fan", quantity=0)]),
    (
        "A sale after a count begins at the count.",
        [_ADDED, _event(COUNTED, "Fan", quantity=9), _event("quantity_changed", "Fan", delta=-8)],
    ),
    (
        "A sale of more than was counted is rejected.",
        [_ADDED, _event(COUNTED, "Fan", quantity=2), _event("quantity_changed", "Fan", delta=-3)],
    ),
    ("A count of an unknown product is rejected.", [_event(COUNTED, "Pan", quantity=4)]),
    (
        "A count of a removed product is rejected.",
        [_ADDED, _event("product_removed", "Fan"), _event(COUNTED, "Fan", quantity=4)],
    ),
    ("A second addition is rejected.", [_ADDED, _event("product_added", "Fan", quantity=9)]),
    ("A change of an unknown product is rejected.", [_event("quantity_changed", "Pan", delta=5)]),
    ("A removal of an unknown product is rejected.", [_event("product_removed", "Pan")]),
    (
        "Everything may be sold.",
        [_ADDED, _event("quantity_changed", "Fan", delta=-7)],
    ),
    (
        "A product with an empty shelf is still in the catalogue.",
        [_ADDED, _event("quantity_changed", "Fan", delta=-7), _event(COUNTED, "Fan", quantity=4)],
    ),
    (
        "A second addition is rejected, also when the shelf is empty.",
        [
            _ADDED,
            _event("quantity_changed", "Fan", delta=-7),
            _event("product_added", "Fan", quantity=9),
        ],
    ),
    (
        "A delivery may be larger than the stock.",
        [_ADDED, _event("quantity_changed", "Fan", delta=12)],
    ),
    (
        "A removed product may be added again.",
        [_ADDED, _event("product_removed", "Fan"), _event("product_added", "Fan", quantity=3)],
    ),
]
"""A sentence for the learner, and the events that it is about."""


@checks("16/scanner_policy", "let a scanner send counts and look up a product")
def scanner_policy(answer: Answer, bench: Bench) -> None:
    """Two pipelines; IAM must accept the document, and it allows the two calls alone."""
    for stream, table in (OURS, ELSEWHERE):
        document = answer(stream, table)
        if not isinstance(document, dict):
            raise WrongAnswer(f"It returns {_short(document)}: return the policy as a dictionary.")
        require_exactly(document, [("kinesis:PutRecord", stream), ("dynamodb:GetItem", table)])
    bench.user(document)


def _shop(chance: random.Random, count: int) -> list[dict[str, Any]]:
    """Events of a shop as dictionaries: additions, sales and deliveries, some of which do not fit."""
    events: list[dict[str, Any]] = [
        {
            "event_id": f"shop-{number}",
            "product_id": chance.choice(("Fan", "Pan", "Lamp")),
            "occurred_at": f"2026-01-05T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
            "schema_version": 1,
        }
        for number in range(count)
    ]
    for event in events:
        kind = chance.choice(("quantity_changed",) * 8 + ("product_added", "product_removed"))
        event["event_type"] = kind
        if kind == "product_added":
            event["quantity"] = chance.randint(0, 50)
        elif kind == "quantity_changed":
            event["delta"] = chance.choice((-9, -3, -1, 4, 10))
    return events


def _mixed(shop: Sequence[dict[str, Any]], chance: random.Random) -> list[dict[str, Any]]:
    """The events of the shop with counts among them."""
    mixed: list[dict[str, Any]] = []
    for event in shop:
        mixed.append(event)
        if chance.random() < 0.3:
            product = chance.choice(("Fan", "Pan", "Lamp"))
            mixed.append(_event(COUNTED, product, quantity=chance.randint(0, 20)))
    return mixed


def _short(value: object) -> str:
    return "nothing" if value is None else f"{value!r:.60}"
