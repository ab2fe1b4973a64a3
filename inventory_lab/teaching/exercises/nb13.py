"""The exercises of notebook 13, Watching it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

KINDS = ("ToggleButtons", "BoundedIntText", "Button", "Label")
LABELS = ("Product", "Pieces", "Restock")


@checks("13/percentile", "compute the value that a share of all values does not exceed")
def percentile(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """The nearest rank: a value that was measured, for any order, share and number of values."""
    hundred = [37 * n % 101 for n in range(1, 101)]  # 1 to 100 in another order
    slow = [1.0] * 99 + [100.0]
    cases: tuple[tuple[Sequence[float], float, float | None], ...] = (
        ([3, 1, 2], 0.5, 2),
        (hundred, 0.5, 50),
        (hundred, 0.99, 99),
        ([1, 2], 0.5, 1),
        ([3, 1, 2], 0.4, 2),
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
    given, case = list(values), f"percentile({_short_list(values)}, {share})"
    try:
        returned = answer(given, share)
    except WrongAnswer as exc:
        raise WrongAnswer(f"{case}: {exc}", exc.error) from exc
    if given != values:
        raise WrongAnswer("It changes the list that it was given. Sort a copy: sorted(values).")
    if returned == expected and returned is not True:
        return
    if not values:
        raise WrongAnswer(f"{case} is {returned!r:.40}. Without values there is no answer: None.")
    if returned is None:
        raise WrongAnswer(f"{case} is None. Return a value.")
    if returned not in values:
        raise WrongAnswer(
            f"{case} is {returned!r:.40}, which is not among the values. Return one that was measured: no mean, "
            "and nothing between two of them."
        )
    raise WrongAnswer(f"{case} is {returned!r:.40}. {_of_rank(returned, values, share)}")


def _of_rank(returned: float, values: Sequence[float], share: float) -> str:
    """What is wrong with a value that is one of the values."""
    reached = sum(value <= returned for value in values)
    if reached < share * len(values):
        return f"Only {reached} of {len(values)} values are not greater, and that is less than the share."
    return "A smaller value reaches this share as well."


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
        self._box = box
        for child, label in zip(box.children, LABELS, strict=False):
            if child.description != label:
                raise WrongAnswer(
                    f"The {type(child).__name__} has the description {child.description!r}, not {label!r}. A screen "
                    "reader reads it aloud."
                )

    @property
    def product(self) -> Any:
        """The widget in which a product is chosen; the box may have got a new one."""
        return self._box.children[0]

    @property
    def pieces(self) -> Any:
        """The widget with the number of pieces."""
        return self._box.children[1]

    @property
    def button(self) -> Any:
        """The widget that is clicked."""
        return self._box.children[2]

    @property
    def message(self) -> str:
        """What the label shows."""
        return str(self._box.children[3].value)

    @property
    def options(self) -> list[Any]:
        """The values that can be chosen; an option is a value, or a label with a value."""
        options = self.product.options
        if isinstance(options, Mapping):
            return list(options.values())
        return [option[1] if isinstance(option, tuple) else option for option in options]

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
        arguments: tuple[Any, ...] = (self.button,)
        keywords: dict[str, Any] = {}
        while isinstance(callback, partial):
            arguments, keywords = (*callback.args, *arguments), callback.keywords | keywords
            callback = callback.func
        ends = inspect.isfunction(callback) or inspect.ismethod(callback)
        (Answer(callback) if ends else callback)(*arguments, **keywords)


@checks("13/restock_panel", "let a person restock with a click", build=True)
def restock_panel(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """Options, an order, a second order, an order that fails, and a shop where nothing runs short."""
    shop = Shop(Pan=12, Fan=5, Lamp=3)
    panel = Panel(answer, shop)
    _begins(panel, shop)
    _orders(panel, shop, ("Fan", 20), ["Lamp", "Pan"])
    shop.pieces["Cup"] = 1
    _orders(panel, shop, ("Pan", 8), ["Cup", "Lamp"])
    _failing_order(panel, shop)
    _orders(panel, shop, ("Lamp", 9), ["Cup"])
    _orders(panel, shop, ("Cup", 9), [])
    if not panel.button.disabled:
        raise WrongAnswer(
            "Nothing runs short any more, and Restock can still be pressed: disable it."
        )
    if not Panel(answer, Shop()).button.disabled:
        raise WrongAnswer("At first nothing runs short, and Restock can be pressed: disable it.")


def _begins(panel: Panel, shop: Shop) -> None:
    if shop.orders:
        raise WrongAnswer("The panel orders before anybody has clicked. Did you call the function?")
    if all(isinstance(option, int) for option in panel.options) and panel.options:
        raise WrongAnswer(
            "The value of each option is the number of pieces, and a click would order a number. Give the products "
            "as options."
        )
    if panel.options != ["Lamp", "Fan", "Pan"]:
        raise WrongAnswer(
            f"Lamp has 3 pieces, Fan 5 and Pan 12, and the options are {panel.options}: all of them, the product with "
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
    panel.product.value, panel.pieces.value = order
    before = len(shop.orders)
    panel.click()
    _require_order(shop.orders[before:], order)
    if panel.options != options:
        raise WrongAnswer(
            f"After {order[0]} was ordered the options are {panel.options}, not {options}. Ask low_stock() again after "
            "each order."
        )
    expected = f"{order[0]}: {order[1]} pieces ordered"
    if panel.message != expected:
        raise WrongAnswer(
            f"After the order the message is {panel.message!r:.60}, not {expected!r}.{_message(panel.message, order[0])}"
        )
    if panel.button.disabled and options:
        raise WrongAnswer(
            f"After {order[0]} was ordered {' and '.join(options)} still run short, and Restock cannot be pressed any more."
        )


def _require_order(made: list[tuple[Any, Any]], order: tuple[str, int]) -> None:
    if made == [order]:
        return
    calls = " and ".join(f"restock{call!r}" for call in made) or "nothing"
    why = "Read the widgets when the click happens."
    if made == [order[::-1]]:
        why = "The product comes first."
    elif len(made) > 1:
        why = "One click is one order."
    raise WrongAnswer(
        f"{order[0]} and {order[1]} pieces are chosen, and a click calls {calls}, not restock{order!r}. {why}"
    )


def _message(shown: str, product: str) -> str:
    """What led to another message, as far as it can be seen."""
    if not shown:
        return " Assign it to the value of the Label."
    if product not in shown:
        return " New options choose another product, so the order of your lines matters."
    return ""


def _failing_order(panel: Panel, shop: Shop) -> None:
    shop.error = RuntimeError("the stream does not exist")
    try:
        panel.click()
    except WrongAnswer as exc:
        if type(exc.error) is not RuntimeError:
            raise
        raise WrongAnswer(
            "restock raised an error and the click lets it through. A click belongs to no cell, so nobody sees "
            "it: catch the exception and show its text in the Label."
        ) from exc
    if "the stream does not exist" not in panel.message:
        raise WrongAnswer(
            f"restock raised RuntimeError('the stream does not exist'), and the message is {panel.message!r:.60}. "
            "Show the text of the error."
        )
    if panel.button.disabled:
        raise WrongAnswer(
            "After an order that failed products still run short, and Restock cannot be pressed any more: nobody can try "
            "again."
        )
    shop.error = None


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
