"""Ctrl-C at any line of the library that a call reaches: the call ends, nothing is lost or counted twice."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import boto3
import pytest

import inventory_lab
from inventory_lab import Lab, ProductAdded, QuantityChanged, Settings, connect
from inventory_lab.embedded_aws.awslambda import timeouts
from inventory_lab.lab import local_lab
from inventory_lab.turns import HeldBack
from tests.copies import in_a_copy, needs_copies

PACKAGE = str(Path(inventory_lab.__file__).parent)
EVERY_TIME = "process_passed"
"""The function around each call to AWS: its lines count each time, others when they are first reached."""
Point = tuple[str, int, int]


class Tracer:
    """Notes the points that are reached, and presses Ctrl-C at one of them."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.points, self.pressed = at, dict[Point, int](), False
        self._times: dict[tuple[str, int], int] = {}

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            self._reach(frame)
        return self

    def _reach(self, frame: FrameType) -> None:
        line = frame.f_code.co_filename, frame.f_lineno
        time = self._times[line] = self._times.get(line, -1) + 1
        if time and frame.f_code.co_name != EVERY_TIME:
            return
        self.points[*line, time] = len(self.points)
        if self.at == len(self.points) - 1:
            self.pressed = True
            sys.settrace(None)
            signal.raise_signal(signal.SIGINT)

    def run(self, work: Callable[[], Any]) -> bool:
        """Whether the work was interrupted."""
        sys.settrace(self)
        try:
            work()
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(None)
        return False


def events(number: int) -> list[Any]:
    """Events of four products, of which one is rejected."""
    names = [f"{number}-{letter}" for letter in "abc"]
    return [
        *(ProductAdded(name, 5) for name in names),
        *(QuantityChanged(name, -1) for name in names),
        QuantityChanged(f"{number}-unknown", 1),
    ]


def nothing(lab: Lab, number: int) -> None:
    """Nothing has to be prepared."""


def publish_some(lab: Lab, number: int) -> None:
    lab.publish(events(number))


def process_some(lab: Lab, number: int) -> None:
    assert lab.settle(lab.publish(events(number)))


def give_up_some(lab: Lab, number: int) -> None:
    with lab.faults(crash_before_effect=1):
        assert lab.settle(lab.publish(events(number)[:2]))


def damage_one(lab: Lab, number: int) -> None:
    process_some(lab, number)
    key = {"product_id": {"S": f"{number}-a"}}
    lab.session("root").client("dynamodb").delete_item(TableName="inventory", Key=key)


Prepare = Callable[[Lab, int], Any]
CALLS: dict[str, tuple[Prepare, Prepare]] = {
    "publish": (nothing, lambda lab, number: lab.publish(events(number))),
    "pump": (publish_some, lambda lab, _: lab.pump()),
    "settle": (publish_some, lambda lab, number: lab.settle(lab.publish(events(number + 10_000)))),
    "rejected": (process_some, lambda lab, _: lab.rejected()),
    "reconcile": (process_some, lambda lab, _: lab.reconcile()),
    "redrive": (give_up_some, lambda lab, _: lab.redrive()),
    "rebuild": (damage_one, lambda lab, _: lab.rebuild()),
    "build": (lambda lab, _: lab.teardown(), lambda lab, _: lab.build()),
    "teardown": (lambda lab, _: lab.build(), lambda lab, _: lab.teardown()),
}
"""Each call with what is done before it."""


def process_state() -> tuple[Any, ...]:
    """What a lab may never leave changed."""
    modules = {name: id(m) for name, m in sys.modules.items() if name.startswith("inventory_lab.f")}
    handler = signal.getsignal(signal.SIGINT)
    return dict(os.environ), sys.stdout, sys.stderr, boto3.DEFAULT_SESSION, handler, modules


def new_lab() -> Lab:
    lab = connect(settings=Settings(retries=1))
    lab.build()
    process_some(lab, -1)  # what is imported late is imported now
    assert lab.reconcile().exact
    assert len(lab.inventory())
    return lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    yield new_lab()
    if (last := local_lab()) is not None:
        last.close()


def sample(config: pytest.Config, points: int) -> list[int]:
    return random.Random(points).sample(range(points), k=min(points, config.getoption("--cuts")))


@needs_copies
@pytest.mark.exhaustive(4)
@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_is_interrupted_at_any_line_loses_nothing_and_the_next_one_works(
    call: str, lab: Lab, pytestconfig: pytest.Config
) -> None:
    prepare, work = CALLS[call]
    for _ in range(2):  # the second time all is imported and warm
        prepare(lab, 0)
        counted = Tracer()
        assert not counted.run(lambda: work(lab, 0))
    lab.build()
    prepare(lab, 1)
    numbers = sample(pytestconfig, len(counted.points))
    print(f"{call}: {len(numbers)} of {len(counted.points)} points")
    failed = [said for at in numbers if (said := in_a_copy(partial(interrupt, lab, work, at)))]
    assert not failed, f"{len(failed)} of {len(numbers)}, the first:\n{failed[0]}"


def interrupt(lab: Lab, work: Prepare, at: int) -> None:
    """Interrupt the work at this point; then it works, and all is exact."""
    before, tracer = process_state(), Tracer(at)
    interrupted = tracer.run(partial(work, lab, 1))
    point = list(tracer.points)[-1]
    assert interrupted is tracer.pressed, point
    assert process_state() == before, point
    work(lab, 1)
    lab.build()
    process_some(lab, 2)
    assert lab.reconcile().exact, (point, lab.reconcile())
    assert len(lab.inventory()), point


def test_connect_that_is_interrupted_leaves_no_lab_or_a_whole_one(
    pytestconfig: pytest.Config,
) -> None:
    connect().close()
    counted = Tracer()
    counted.run(lambda: connect().close())
    for number in sample(pytestconfig, len(counted.points)):
        before, tracer = process_state(), Tracer(at=number)
        tracer.run(lambda: connect().close())
        if (left := local_lab()) is not None:
            left.close()
        assert process_state() == before, list(tracer.points)[-1]
        with connect() as lab:
            assert lab.build()


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts, "GRACE_SECONDS", 0.01)


PRESSES_AND_LOOPS = """
import signal
def handle(event, context):
    print("before")
    signal.raise_signal(signal.SIGINT)
    while True:
        pass
"""
PRESSES_AND_ENDS = PRESSES_AND_LOOPS.replace(
    "    while True:\n        pass\n", "    print('after')\n"
)
PRESSES_TWICE = PRESSES_AND_LOOPS.replace(
    "    while True", "    signal.raise_signal(signal.SIGINT)\n    while True"
)


def log(lab: Lab) -> list[str]:
    logs = lab.session("root").client("logs")
    found = logs.filter_log_events(logGroupName=lab.account.log_group())["events"]
    return [event["message"] for event in found]


@pytest.mark.usefixtures("no_grace")
@pytest.mark.parametrize("source", [PRESSES_AND_LOOPS, PRESSES_TWICE])
def test_a_handler_that_loops_for_ever_is_interrupted_and_its_log_is_written(
    source: str, built: Lab
) -> None:
    built.use_handler(source)
    receipt = built.publish(ProductAdded("Phone", 5))
    before = process_state()
    with pytest.raises(KeyboardInterrupt):
        built.pump()
    assert process_state() == before
    lines = log(built)
    assert "before" in lines
    assert lines[-1].startswith("REPORT RequestId: ")
    built.build()
    assert built.settle(receipt)
    assert built.reconcile().exact


def test_a_handler_that_ends_soon_is_not_interrupted(built: Lab) -> None:
    built.use_handler(PRESSES_AND_ENDS)
    receipt = built.publish(ProductAdded("Phone", 5))
    with pytest.raises(KeyboardInterrupt):
        built.pump()
    assert "after" in log(built)
    assert built.settle(receipt).rounds == 0


def test_an_interrupt_that_is_held_back_is_raised_once_at_the_end_of_the_outermost_block() -> None:
    done = []

    def press() -> None:
        with HeldBack():
            with HeldBack():
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
            done.append("the outer block")

    with pytest.raises(KeyboardInterrupt):
        press()
    assert done
    with HeldBack():
        done.append("nothing is left over")


def test_a_program_that_ignores_ctrl_c_goes_on_ignoring_it() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with HeldBack():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
