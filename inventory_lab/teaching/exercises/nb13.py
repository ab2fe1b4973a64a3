"""The exercises of notebook 13, Watching it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

KINDS = ("ToggleButtons", "BoundedIntText", "Button", "Label")
LABELS = ("Product", "Pieces", "Restock")


@checks("13/percentile", "say which latency a share of the events kept")
def percentile(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """The nearest rank: a value that was measured, for any order, share and number of values."""
    hundred = [37 * n % 101 for n in range(1, 101)]  # 1 to 100 in another order
    slow = [1.0] * 99 + [100.0]
    cases: tuple[tuple[Sequence[float], float, float | None], ...] = (
        ([3, 1, 2], 0.5, 2),
        (hundred, 0.5, 50),
        (hundred, 0.99, 99),
        ([1, 2], 0.5, 1),
        (slow, 0.99, 1.0),
        (slow, 1, 100.0),
        ([7], 0.25, 7),
        ([4, 9], 0, 4),
        ([], 0.5, None),
    )
    for values, share, expected in cases:
        _one_percentile(answer, list(values), share, expected)


def _one_percentile(
    answer: Answer, values: list[float], share: float, expected: float | None
) -> None:
    given = list(values)
    returned = answer(given, share)
    if given != values:
        raise WrongAnswer("It changes the list that it was given. Sort a copy: sorted(values).")
    if returned == expected and returned is not True:
        return
    case = f"percentile({_short_list(values)}, {share})"
    if not values:
        raise WrongAnswer(f"{case} is {returned!r:.40}. Without values there is no answer: None.")
    if returned is None:
        raise WrongAnswer(f"{case} is None. Return a value.")
    if returned not in values:
        raise WrongAnswer(
            f"{case} is {returned!r:.40}, which is not among the values. Return one that was measured: no mean, "
            "and nothing between two of them."
        )
    raise WrongAnswer(
        f"{case} is {returned!r:.40}. Return the smallest value for which at least this share of all values is not "
        "greater."
    )


def _short_list(values: Sequence[float]) -> str:
    return repr(list(values)) if len(values) <= 5 else f"[{len(values)} values]"


class Shop:
    """What the panel is connected to: the products that run short, and the orders that it got."""

    def __init__(self, **pieces: int) -> None:
        self.pieces = dict(pieces)
        self.orders: list[tuple[Any, Any]] = []
        self.error: Exception | None = None

    def low_stock(self) -> dict[str, int]:
        """The pieces of each product that runs short."""
        return dict(self.pieces)

    def restock(self, product: Any, pieces: Any) -> None:
        """Order pieces; the product no longer runs short."""
        self.orders.append((product, pieces))
        if self.error is not None:
            raise self.error
        self.pieces.pop(product, None)


class Panel:
    """The learner's box with its four widgets."""

    def __init__(self, answer: Answer, shop: Shop) -> None:
        import ipywidgets

        box = answer(ipywidgets, shop.low_stock, shop.restock)
        if not isinstance(box, ipywidgets.VBox):
            raise WrongAnswer(
                f"It returns {_kind(box)}: return a widgets.VBox with the four widgets."
            )
        kinds = tuple(type(child).__name__ for child in box.children)
        if kinds != KINDS:
            raise WrongAnswer(
                f"The box has {', '.join(kinds) or 'no widgets'}. It needs, in this order: {', '.join(KINDS)}."
            )
        self._answer = answer
        self.product, self.pieces, self.button, self.message = box.children
        for child, label in zip(box.children, LABELS, strict=False):
            if child.description != label:
                raise WrongAnswer(
                    f"The {type(child).__name__} has the description {child.description!r}, not {label!r}. A screen "
                    "reader reads it aloud."
                )

    @property
    def options(self) -> list[str]:
        """The products that can be chosen."""
        return [str(option) for option in self.product.options]

    def click(self) -> None:
        """Call what a click calls. Raises WrongAnswer for nothing, and for what it raises."""
        callbacks = list(self.button._click_handlers.callbacks)
        if not callbacks:
            raise WrongAnswer("A click on Restock calls nothing: use button.on_click(function).")
        for callback in callbacks:
            self._call(callback)

    def _call(self, callback: Any) -> None:
        if not callable(callback):
            raise WrongAnswer(
                "on_click gets the result of a call. Give it the function itself, without parentheses."
            )
        try:
            inspect.signature(callback).bind(self.button)
        except TypeError as exc:
            raise WrongAnswer(
                "ipywidgets calls the function of a click with one argument, the button."
            ) from exc
        Answer(callback)(self.button) if inspect.isfunction(callback) else callback(self.button)


@checks("13/restock_panel", "let a person restock with a click", build=True)
def restock_panel(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """Options, an order, a second order, an order that fails, and a shop where nothing runs short."""
    shop = Shop(Pan=7, Fan=3, Lamp=5)
    panel = Panel(answer, shop)
    _begins(panel, shop)
    panel.product.value, panel.pieces.value = "Lamp", 20
    _orders(panel, shop, ("Lamp", 20), ["Fan", "Pan"])
    panel.product.value, panel.pieces.value = "Pan", 8
    _orders(panel, shop, ("Pan", 8), ["Fan"])
    _failing_order(panel, shop)
    _orders(panel, shop, ("Fan", 8), [])
    if not panel.button.disabled:
        raise WrongAnswer(
            "Nothing runs short any more, and Restock can still be pressed: disable it."
        )
    if not Panel(answer, Shop()).button.disabled:
        raise WrongAnswer("At first nothing runs short, and Restock can be pressed: disable it.")


def _begins(panel: Panel, shop: Shop) -> None:
    if shop.orders:
        raise WrongAnswer("The panel orders before anybody has clicked. Did you call the function?")
    if panel.options != ["Fan", "Lamp", "Pan"]:
        raise WrongAnswer(
            f"Fan has 3 pieces, Lamp 5 and Pan 7, and the options are {panel.options}: all of them, the product with "
            "the fewest pieces first."
        )
    limits = panel.pieces.min, panel.pieces.value, panel.pieces.max
    if limits != (1, 50, 1000):
        raise WrongAnswer(
            f"Pieces goes from {limits[0]} to {limits[2]} and begins with {limits[1]}: it must go from 1 to 1000 and "
            "begin with 50."
        )
    if panel.button.disabled:
        raise WrongAnswer("Three products run short, and Restock cannot be pressed.")


def _orders(panel: Panel, shop: Shop, order: tuple[str, int], options: list[str]) -> None:
    before = len(shop.orders)
    panel.click()
    made = shop.orders[before:]
    if made != [order]:
        calls = ", ".join(f"restock{call!r}" for call in made) or "nothing"
        raise WrongAnswer(
            f"{order[0]} and {order[1]} pieces are chosen, and a click calls {calls}, not restock{order!r}. Read the "
            "widgets when the click happens."
        )
    if panel.options != options:
        raise WrongAnswer(
            f"After {order[0]} was ordered the options are {panel.options}, not {options}. Ask low_stock() again after "
            "each order."
        )
    expected = f"{order[0]}: {order[1]} pieces ordered"
    if panel.message.value != expected:
        raise WrongAnswer(
            f"After the order the message is {panel.message.value!r:.60}, not {expected!r}. New options choose another "
            "product, so the order of your lines matters."
        )


def _failing_order(panel: Panel, shop: Shop) -> None:
    shop.error = RuntimeError("the stream does not exist")
    try:
        panel.click()
    except WrongAnswer as exc:
        if "the stream does not exist" not in str(exc):
            raise
        raise WrongAnswer(
            "restock raised an error and the click lets it through. A click belongs to no cell, so nobody sees "
            "it: catch the exception and show its text in the Label."
        ) from exc
    if "the stream does not exist" not in panel.message.value:
        raise WrongAnswer(
            f"restock raised RuntimeError('the stream does not exist'), and the message is {panel.message.value!r:.60}. "
            "Show the text of the error."
        )
    shop.error = None


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
