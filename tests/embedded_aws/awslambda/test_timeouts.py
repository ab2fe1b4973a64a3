"""A handler ends at its deadline, in lab time or in real time, and takes its environment with it."""

from __future__ import annotations

import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from inventory_lab import Lab, Settings
from inventory_lab.backends.embedded import EmbeddedBackend
from inventory_lab.embedded_aws.awslambda.timeouts import Limit, RealTime, TimedOut, interrupt
from inventory_lab.embedded_aws.clock import LabClock
from tests.embedded_aws.lambda_function import DeployedFunction, FakeReal

SLEEPS = """
import time
calls = 0
def handle(event, context):
    global calls
    calls += 1
    time.sleep(event)
    print("woke up")
    return calls
"""
can_interrupt = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs Unix's timers")


@pytest.fixture
def real() -> FakeReal:
    return FakeReal()


@pytest.fixture
def slow(real: FakeReal) -> Iterator[DeployedFunction]:
    """A probe whose real time the test moves: a handler finds it as `sys.real`."""
    settings = Settings()
    with Lab(EmbeddedBackend(settings, real=real), settings) as lab:
        root = lab.session("root").client("iam")
        trust = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}'
        root.create_role(RoleName="update-inventory-role", AssumeRolePolicyDocument=trust)
        sys.real = real  # type: ignore[attr-defined]
        yield DeployedFunction(lab)
        del sys.real  # type: ignore[attr-defined]


def test_sleeping_lets_lab_time_pass(probe: DeployedFunction) -> None:
    probe.create(SLEEPS, Timeout=3)
    before = probe.lab.clock.timestamp()
    assert probe.result(2.5) == 1
    assert probe.lab.clock.timestamp() - before == 2.5


def test_a_time_out_is_reported_in_the_words_of_aws(probe: DeployedFunction) -> None:
    probe.create(SLEEPS, Timeout=3)
    answer = probe.client.invoke(FunctionName="probe", Payload=b"10")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    text = r'{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: [-0-9a-f]{36} Error: Task timed out after 3\.00 seconds"}'
    assert re.fullmatch(text, answer["Payload"].read().decode())


def test_what_comes_after_the_deadline_does_not_run(probe: DeployedFunction) -> None:
    probe.create(SLEEPS, Timeout=3)
    before = probe.lab.clock.timestamp()
    probe.error(10)
    assert "woke up" not in probe.log()
    assert probe.lab.clock.timestamp() - before == 3


AFTERWARDS = """
import logging, time, boto3
def handle(event, context):
    print("before")
    try:
        time.sleep(event)
    finally:
        print("printed in finally")
        logging.getLogger().error("logged in finally")
        boto3.client("sqs").create_queue(QueueName="late")
"""


def test_after_the_deadline_output_is_dropped_and_calls_are_refused(
    probe: DeployedFunction,
) -> None:
    probe.create(AFTERWARDS, Timeout=3)
    assert probe.error(10)["errorType"] == "Sandbox.Timedout"
    assert [line for line in probe.log() if "finally" in line] == []
    assert "before" in probe.log()
    assert "QueueUrls" not in probe.root.client("sqs").list_queues()


def test_before_the_deadline_a_finally_runs_as_ever(probe: DeployedFunction) -> None:
    probe.create(AFTERWARDS.replace("boto3.client", "str  # "), Timeout=3)
    assert probe.invoke(1)[1] is None
    assert "printed in finally" in probe.log()


def test_a_call_after_the_deadline_is_never_made_whatever_catches_its_error(
    probe: DeployedFunction,
) -> None:
    source = AFTERWARDS.replace("finally:", "except BaseException:", 1)
    probe.create(source, Timeout=3)
    assert probe.error(10)["errorType"] == "Sandbox.Timedout"
    assert "QueueUrls" not in probe.root.client("sqs").list_queues()


def test_a_time_out_resets_the_environment(probe: DeployedFunction) -> None:
    probe.create(SLEEPS, Timeout=3)
    assert [probe.result(0), probe.result(0)] == [1, 2]
    probe.error(3)
    assert probe.result(0) == 1
    assert len(probe.streams()) == 2


def test_without_a_timeout_a_function_has_three_seconds(probe: DeployedFunction) -> None:
    probe.create(SLEEPS, Timeout=None)
    assert probe.result(2.9) == 1
    assert "after 3.00 seconds" in probe.error(3)["errorMessage"]


def test_the_remaining_time_is_lab_time_and_never_negative(probe: DeployedFunction) -> None:
    source = """
import time
def handle(event, context):
    left = [context.get_remaining_time_in_millis()]
    time.sleep(1.25)
    left.append(context.get_remaining_time_in_millis())
    return left
"""
    probe.create(source)
    assert probe.result() == [7000, 5750]


def test_a_handler_cannot_hide_from_its_deadline(probe: DeployedFunction) -> None:
    probe.create(
        "import time\ndef handle(event, context):\n    try:\n        time.sleep(9)\n"
        "    except BaseException:\n        return context.get_remaining_time_in_millis()\n"
    )
    assert probe.error()["errorType"] == "Sandbox.Timedout"


def test_lab_time_that_passes_during_the_invocation_counts(slow: DeployedFunction) -> None:
    sys.real.clock = slow.lab.clock  # type: ignore[attr-defined]
    slow.create("import sys\ndef handle(event, context):\n    sys.real.clock.advance(event)\n")
    assert slow.result(6.9) is None
    assert slow.error(7)["errorType"] == "Sandbox.Timedout"


def test_real_time_is_processed_when_the_handler_returns(
    slow: DeployedFunction, real: FakeReal
) -> None:
    slow.create("import sys\ndef handle(event, context):\n    sys.real.time += event\n")
    assert slow.result(6.9) is None
    assert slow.error(7)["errorType"] == "Sandbox.Timedout"
    assert slow.result(1) is None
    assert [round(s) for s in real.alarms] == [
        7
    ] * 5  # the import at both cold starts, and the handler each time


def test_an_error_after_the_deadline_is_a_time_out(slow: DeployedFunction) -> None:
    slow.create(
        "import sys\ndef handle(event, context):\n    sys.real.time += 8; raise ValueError\n"
    )
    assert slow.error()["errorType"] == "Sandbox.Timedout"


def test_a_module_that_takes_too_long_to_import_is_a_time_out(probe: DeployedFunction) -> None:
    probe.create("import time\ntime.sleep(8)\n" + SLEEPS)
    assert probe.error(0)["errorType"] == "Sandbox.Timedout"


def test_a_sleep_that_a_module_keeps_works_in_the_next_invocation(probe: DeployedFunction) -> None:
    probe.create(
        SLEEPS.replace("import time", "from time import sleep").replace("time.sleep", "sleep")
    )
    before = probe.lab.clock.timestamp()
    assert [probe.result(5), probe.result(5)] == [1, 2]
    assert probe.lab.clock.timestamp() - before == 10


def test_another_thread_sleeps_as_ever(probe: DeployedFunction) -> None:
    source = """
import threading, time
def handle(event, context):
    sleeper = threading.Thread(target=time.sleep, args=(0.001,))
    sleeper.start()
    sleeper.join()
"""
    probe.create(source)
    before = probe.lab.clock.now()
    probe.result()
    assert probe.lab.clock.now() == before


def test_a_negative_sleep_is_an_error_as_in_python(probe: DeployedFunction) -> None:
    probe.create(SLEEPS)
    assert probe.error(-1)["errorType"] == "ValueError"


def limit(real: Any, seconds: int = 1) -> Limit:
    return Limit(seconds, LabClock(), real)


def spin() -> None:
    while True:
        pass


class Hasty(RealTime):
    """Real time that is nearly over from the start."""

    def __init__(self) -> None:
        self._calls = 0

    def now(self) -> float:
        self._calls += 1
        return 0.0 if self._calls == 1 else 0.99


@can_interrupt
def test_code_that_takes_real_time_is_interrupted() -> None:
    within = limit(Hasty())
    with within.in_force(), pytest.raises(TimedOut):
        within.call(spin)


@can_interrupt
def test_the_alarm_leaves_signal_and_timer_as_they_were() -> None:
    def mine(number: int, frame: FrameType | None) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGALRM, mine)
    signal.setitimer(signal.ITIMER_REAL, 500, 7)
    try:
        with limit(RealTime()).in_force():
            assert signal.getitimer(signal.ITIMER_REAL)[0] <= 1
        assert signal.getsignal(signal.SIGALRM) is mine
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        assert 490 < left <= 500
        assert interval == 7
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@can_interrupt
def test_without_a_timer_before_there_is_none_afterwards() -> None:
    with limit(RealTime()).in_force():
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_in_another_thread_there_is_no_alarm() -> None:
    seen: list[Any] = []

    def run() -> None:
        with limit(RealTime()).in_force():
            seen.append(
                signal.getitimer(signal.ITIMER_REAL) if hasattr(signal, "getitimer") else ()
            )

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen in ([(0.0, 0.0)], [()])


def ring() -> None:
    interrupt(sys._getframe(1))


def in_module(name: str) -> Any:
    """`ring`, called from a function of a module of that name."""
    space: dict[str, Any] = {"__name__": name, "ring": ring}
    exec("def rings():\n    ring()\n", space)  # noqa: S102
    return space["rings"]


def test_a_handler_is_interrupted_and_what_serves_its_calls_is_not() -> None:
    within = limit(FakeReal())
    with pytest.raises(TimedOut):
        within.call(in_module("app"))
    within.call(in_module("moto.core.responses"))
    within.call(in_module("inventory_lab.embedded_aws.kinesis.patches.streams"))


def test_nothing_is_interrupted_outside_of_a_handler() -> None:
    ring()
    assert time.sleep.__module__ == "time"
