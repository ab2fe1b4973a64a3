"""The widgets of the dashboard: each control has a label and can be reached with the keyboard.

Only what ipywidgets 7.7 and 8 have in common is used. Tabs and accordions are left out, because with
ipywidgets 7 the keyboard does not reach them; so are drop-down lists, because JupyterLab takes the keys
that are pressed in one for its own commands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ipywidgets as widgets

KINDS = (
    ("Quantity changed", "quantity_changed"),
    ("Product added", "product_added"),
    ("Product removed", "product_removed"),
)
MOST_EVENTS_PER_SECOND = 200.0
FIELD, NUMBER = "250px", "160px"
ROW = {"flex_flow": "row wrap", "align_items": "center"}


class Controls:
    """All widgets, and `box`, which has them in their places."""

    def __init__(self, fault_names: Sequence[str], views: Sequence[str]) -> None:
        self.header = widgets.HTML()
        self.numbers = widgets.HTML(layout=widgets.Layout(flex="0 0 300px"))
        self.inventory = widgets.HTML(layout=widgets.Layout(flex="1 1 360px"))
        self.sent, self.problems, self.view, self.reconciliation = (
            widgets.HTML() for _ in range(4)
        )
        self.kind = widgets.ToggleButtons(options=KINDS, description="Event")
        # Sent as a whole: of letters that are sent one by one, a click on Send overtakes the last ones.
        self.product = widgets.Combobox(
            value="Phone", description="Product", continuous_update=False, layout=_field()
        )
        self.quantity = widgets.IntText(value=5, description="Quantity", layout=_field(NUMBER))
        self.send = _button("Send", "Publish this event", "primary")
        self.rate = widgets.BoundedFloatText(
            value=5, min=0.1, max=MOST_EVENTS_PER_SECOND, step=1, description="Events/s",
            layout=_field(NUMBER),
        )  # fmt: skip
        self.generate = _button("Start generator", "Publish events at this rate until you stop it")
        self.live = _button("Run", "Let lab time pass, a second each second")
        self.one_second = _button("One second", "Let one second of lab time pass")
        self.reconcile = _button("Reconcile", "Compare the table with the whole stream")
        self.chosen_view = widgets.ToggleButtons(options=list(views), description="Show")
        self.show_faults = _toggle("Faults", "Show a switch for each fault")
        self.probability = widgets.BoundedFloatText(
            value=0.2, min=0.01, max=1, step=0.05, description="Probability", layout=_field(NUMBER)
        )
        self.faults = {name: _switch(name) for name in fault_names}
        self.fault_box = widgets.VBox(
            [self.probability, _row(*self.faults.values())], layout=widgets.Layout(display="none")
        )
        self.box = self._arranged()

    @property
    def actions(self) -> list[widgets.Widget]:
        """Every control that changes something; a stopped dashboard disables them."""
        fields = (self.kind, self.product, self.quantity, self.rate, self.probability)
        buttons = (self.send, self.generate, self.live, self.one_second, self.reconcile)
        return [*fields, *buttons, self.chosen_view, self.show_faults, *self.faults.values()]

    def suggest(self, products: Iterable[str]) -> None:
        """Offer these products in the form; only after a click, because it undoes what is half typed."""
        self.product.options = tuple(dict.fromkeys(products))

    def plan(self) -> dict[str, float]:
        """The faults that are switched on, with their probability."""
        probability = float(self.probability.value)
        return {name: probability for name, switch in self.faults.items() if switch.value}

    def show_running(self, is_live: bool, is_generating: bool) -> None:
        """Let the buttons say what they do next."""
        self.live.description = "Pause" if is_live else "Run"
        self.generate.description = "Stop generator" if is_generating else "Start generator"

    def disable(self) -> None:
        """Let nothing be pressed any more."""
        for control in self.actions:
            control.disabled = True

    def _arranged(self) -> widgets.VBox:
        has_faults = [self.show_faults] if self.faults else []
        return widgets.VBox(
            [
                self.header,
                self.kind,
                _row(self.product, self.quantity, self.send),
                self.sent,
                _row(self.rate, self.generate, self.live, self.one_second, *has_faults, self.reconcile),
                self.fault_box,
                self.problems,
                _row(self.numbers, self.inventory, align_items="flex-start"),
                self.reconciliation,
                self.chosen_view,
                self.view,
            ],
            layout=widgets.Layout(width="100%", max_width="1000px"),
        )  # fmt: skip


def _row(*children: widgets.Widget, **layout: str) -> widgets.Box:
    return widgets.Box(list(children), layout=widgets.Layout(**{**ROW, **layout}))


def _field(width: str = FIELD) -> widgets.Layout:
    return widgets.Layout(width=width)


def _button(words: str, tooltip: str, style: str = "") -> widgets.Button:
    layout = _field("auto")
    return widgets.Button(description=words, tooltip=tooltip, button_style=style, layout=layout)


def _toggle(words: str, tooltip: str) -> widgets.ToggleButton:
    layout = _field("auto")
    return widgets.ToggleButton(value=False, description=words, tooltip=tooltip, layout=layout)


def _switch(name: str) -> widgets.Checkbox:
    return widgets.Checkbox(
        value=False, description=name.replace("_", " "), indent=False, layout=_field()
    )
