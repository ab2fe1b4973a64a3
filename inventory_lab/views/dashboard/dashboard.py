"""The dashboard: what a click does, and what a second of lab time does."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from inventory_lab.domain.events import (
    InventoryEvent,
    ProductAdded,
    ProductRemoved,
    QuantityChanged,
    encode_event,
)
from inventory_lab.domain.timestamps import rfc_3339
from inventory_lab.exceptions import InventoryLabError, LabClosed
from inventory_lab.views.dashboard import panels
from inventory_lab.views.dashboard.controls import Controls
from inventory_lab.views.dashboard.driver import Driver
from inventory_lab.views.dashboard.readings import VIEWS, Readings
from inventory_lab.views.dashboard.state import Second, Sent, State
from inventory_lab.views.dashboard.verbs import Receipt, Verbs
from inventory_lab.views.html_view import HtmlView
from inventory_lab.views.observed import change_in
from inventory_lab.views.progress_bar import is_kernel, is_watched
from inventory_lab.views.shards import Lane

ERRORS = (InventoryLabError, ClientError, BotoCoreError)
"""What can go wrong with a pipeline; anything else is a mistake in the dashboard and ends it."""
NO_LOOP = "Time runs by itself in a notebook only. Press 'One second', or call step()."
LAB_CLOSED = "the lab is closed"


class Dashboard:
    """A lab to look at and to play with; `lab.dashboard()` makes one.

    It shows itself where a notebook is open, as `widget`; elsewhere it shows the numbers as they are.
    Lab time moves when you press Run, Send or Start, a second each second between the cells, and stands
    still while a cell runs. `step()` makes one such second. `state` has the numbers that are shown.
    """

    def __init__(self, verbs: Verbs, clock: Callable[[], float] = time.monotonic) -> None:
        self._verbs = verbs
        self._where = "Embedded AWS" if verbs.embedded else "AWS account"
        self._thresholds = verbs.settings.high_stock, verbs.settings.low_stock
        self.state = State()
        self._readings = Readings(verbs, self.state, clock)
        self._driver = Driver(self._tick, self._died, clock)
        self._traffic = verbs.traffic()
        self._is_generating, self._owed = False, 0.0
        self._published, self._processed = 0, 0
        self._faults = ExitStack()
        self._ended = ""
        self.controls = Controls(verbs.fault_names, VIEWS)
        self._connect()
        self.refresh()
        self.controls.suggest(self.state.stock)

    @property
    def widget(self) -> object:
        """The ipywidgets box, for a layout of your own."""
        return self.controls.box

    @property
    def is_live(self) -> bool:
        """Whether lab time moves by itself."""
        return self._driver.is_running

    @property
    def is_generating(self) -> bool:
        """Whether the generator publishes events."""
        return self._is_generating

    def __repr__(self) -> str:
        what = self._ended or ("running" if self.is_live else "paused")
        stock = ", ".join(f"{product} {pieces}" for product, pieces in self.state.stock.items())
        return f"Dashboard({what}; {self.state.stored} records; {stock or 'no active products'})"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        watched = is_watched(os.environ, is_kernel=is_kernel(), is_terminal=False)
        display(self.widget if watched else self.snapshot())  # type: ignore[no-untyped-call]

    def snapshot(self) -> HtmlView:
        """What the dashboard shows now, without its controls."""
        html = (
            self.controls.header, self.controls.problems, self.controls.inventory,
            self.controls.numbers, self.controls.reconciliation,
        )  # fmt: skip
        return HtmlView("".join(str(part.value) for part in html), repr(self))

    def lanes(self) -> list[Lane]:
        """The newest records of each shard, and how far the pipe has come in them."""
        return self._readings.lanes()

    # ------------------------------------------------------------ what a second does

    def step(self) -> None:
        """Let one second of lab time pass: publish what the generator owes, and show what has changed.

        On a real account the call waits for that second.
        """
        self._readings.hurry()
        self._tick(waits=True)

    def refresh(self) -> None:
        """Read the account and show what is new."""
        self._readings.hurry()
        self._update()

    def _tick(self, waits: bool = False) -> None:
        """A second; on a real account it passes by itself, unless somebody `waits` for it."""
        if self._is_generating:
            with self._errors_shown():
                self._generate()
        with self._errors_shown():
            self._pump(waits)
        self._update()

    def _update(self) -> None:
        """Read what is due and show it."""
        if self._ended:
            return
        with self._errors_shown():
            self._tell_time()
            self._readings.read_numbers()
        with self._errors_shown():
            view = self._readings.view(str(self.controls.chosen_view.value))
            if view is not None:
                self.controls.view.value = view
        self._show()

    def _generate(self) -> None:
        if not self.state.in_flight:
            self._traffic.use_stock(self.state.stock)
        self._owed += float(self.controls.rate.value)
        count, self._owed = int(self._owed), self._owed % 1
        now = rfc_3339(self._verbs.now())
        self._note(self._verbs.publish_generated(self._traffic.events(count, now)))

    def _pump(self, waits: bool) -> None:
        done = self._verbs.pump() if waits or self._verbs.embedded else None
        if done is not None and self._verbs.embedded:
            self._tell_time()
            self.state.failed(panels.brief(done.error))
            self.state.faults.extendleft(done.faults)
            self.state.oldest_waiting_ms = done.iterator_age_ms
            processed = done.records
        else:
            self._tell_time()
            processed = self.state.processed - self._processed
            self._processed = self.state.processed
        self.state.seconds.append(Second(self.state.at, self._published, processed))
        self._published = 0

    def _note(self, receipt: Receipt) -> None:
        self._published += receipt.published
        self.state.published(receipt.positions, receipt.published)

    def _tell_time(self) -> None:
        self.state.at = self._verbs.now().timestamp()

    # ------------------------------------------------------------ what a click does

    def send(self) -> None:
        """Publish the event of the form, and let time pass so that it is processed."""
        with self._errors_shown():
            event = self._event()
            self._tell_time()
            receipt = self._verbs.publish(event)
            self._note(receipt)
            if receipt.stored[0] is not None:
                shard, sequence_number = receipt.stored[0]
                change = change_in(encode_event(event).decode())
                self.state.sent = Sent(event.product_id, change, shard, sequence_number)
                self.controls.suggest((*self.state.stock, event.product_id))
            self.run()
        self._show()

    def run(self) -> None:
        """Let lab time pass, a second each second."""
        self._readings.hurry()
        if not self._ended and not self._driver.start():
            self.state.failed(NO_LOOP)
        self._show()

    def pause(self) -> None:
        """Let lab time stand still; the generator stops too."""
        self._is_generating = False
        self._driver.stop()
        self.controls.suggest(self.state.stock)
        self._show()

    def start_generator(self, rate: float | None = None) -> None:
        """Publish `rate` events a second of lab time; without one, as many as the field says."""
        if rate is not None:
            self.controls.rate.value = rate
        self._is_generating = True
        self.run()

    def stop_generator(self) -> None:
        """Publish no more events; what is on its way is still processed."""
        self._is_generating = False
        self.controls.suggest(self.state.stock)
        self._show()

    def reconcile(self) -> None:
        """Compare the table with the stream and show the result."""
        with self._errors_shown():
            self._tell_time()
            found = panels.reconciliation(self._verbs.reconcile(), self.state.at)
            self.controls.reconciliation.value = found
        self.refresh()

    def end(self, why: str = LAB_CLOSED) -> None:
        """Stop for good and disable the controls; the last numbers stay."""
        self._is_generating, self._ended = False, why
        self._driver.stop()
        self._faults.close()
        self.controls.disable()
        self._show()

    def _switch_faults(self) -> None:
        """Follow the switches: faults strike until they are switched off, also in cells that run."""
        self._faults.close()
        plan = self.controls.plan()
        if plan:
            with self._errors_shown():
                self._faults.enter_context(self._verbs.faults(plan))
        self._show()

    def _event(self) -> InventoryEvent:
        """The event of the form. Raises MalformedEvent."""
        product, quantity = str(self.controls.product.value), int(self.controls.quantity.value)
        match self.controls.kind.value:
            case "product_added":
                return ProductAdded(product, quantity)
            case "product_removed":
                return ProductRemoved(product)
            case _:
                return QuantityChanged(product, quantity)

    # ------------------------------------------------------------ showing

    def _show(self) -> None:
        controls, state = self.controls, self.state
        problems = state.recent_problems
        controls.header.value = panels.header(self._where, state.at, self.is_live, self._ended)
        controls.sent.value = panels.sent(state.sent, problems[0].error if problems else "")
        controls.problems.value = panels.problems(problems, list(state.faults))
        controls.numbers.value = panels.numbers(state)
        controls.inventory.value = panels.inventory(state.stock, *self._thresholds)
        controls.show_running(self.is_live, self._is_generating)

    @contextmanager
    def _errors_shown(self) -> Iterator[None]:
        """Inside, an error of the pipeline is shown instead of raised, and a warning too."""
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                yield
        except LabClosed:
            self.end()
        except ERRORS as exc:
            self.state.failed(f"{type(exc).__name__}: {exc}")
        for warning in caught:
            self.state.failed(str(warning.message))

    def _died(self, error: BaseException) -> None:
        self.state.failed(f"{type(error).__name__}: {error}")
        self.end("the dashboard stopped because of an error")

    def _connect(self) -> None:
        """Let the controls call the methods, each in the loop of the kernel."""
        controls, call = self.controls, self._driver.call
        clicks = (
            (controls.send, self.send),
            (controls.one_second, self.step),
            (controls.reconcile, self.reconcile),
            (controls.live, self._run_or_pause),
            (controls.generate, self._start_or_stop),
        )
        for button, action in clicks:
            button.on_click(lambda _, action=action: call(action))
        changes = (
            (controls.chosen_view, self.refresh),
            (controls.kind, self._kind_changed),
            (controls.show_faults, self._show_faults_changed),
            (controls.probability, self._switch_faults),
            *((switch, self._switch_faults) for switch in controls.faults.values()),
        )
        for control, action in changes:
            control.observe(lambda _, action=action: call(action), names="value")

    def _run_or_pause(self) -> None:
        (self.pause if self.is_live else self.run)()

    def _start_or_stop(self) -> None:
        (self.stop_generator if self._is_generating else self.start_generator)()

    def _kind_changed(self) -> None:
        self.controls.quantity.disabled = self.controls.kind.value == "product_removed"

    def _show_faults_changed(self) -> None:
        shown = "" if self.controls.show_faults.value else "none"
        self.controls.fault_box.layout.display = shown
