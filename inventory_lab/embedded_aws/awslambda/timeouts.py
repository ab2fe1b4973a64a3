"""How long an invocation may take, in the lab's time and in real time.

| | AWS | the lab |
|---|---|---|
| supported: time-out | the sandbox is stopped at the deadline | lab time or real time, whichever runs out first |
| supported: `time.sleep` in a handler | waits | lets lab time pass, and ends the handler at its deadline |
| supported: what a handler does after its deadline, in `finally` or `except` | does not run | its calls to AWS are refused and its output is dropped |
| differs: the lines themselves after the deadline, when they neither call AWS nor print | do not run | run, because Python unwinds the handler |
| differs: code that takes real time | stopped | stopped in the main thread on Unix, between two calls to AWS; elsewhere processed when it returns |
| differs: threads that a handler starts | stopped with it | run on |
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from types import FrameType
from typing import Any, NoReturn, Protocol, TypeVar

from botocore import handlers

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.turns import noted, watched

AGAIN_SECONDS = 0.05
"""After this long the alarm rings again: it may have come in the middle of a call to AWS."""
GRACE_SECONDS = 1.0
"""How long a handler may go on after Ctrl-C."""
MACHINERY = ("moto.", "inventory_lab.embedded_aws.", "inventory_lab.turns")
COUNTS_WHAT_IT_WRITES = ("inventory_lab.function.", "inventory_lab.domain.")

T = TypeVar("T")
Ring = Callable[[FrameType | None], None]


class TimedOut(BaseException):
    """Ends a handler; no Exception, so that a handler's own `except` does not take it for an error."""


class Real(Protocol):
    """Real time, which tests replace."""

    def now(self) -> float:
        """Seconds, from any start."""

    def alarm(self, seconds: float, ring: Ring) -> AbstractContextManager[None]:
        """While open, `ring` is called after this number of seconds, and again until it raises."""


class RealTime:
    """The time of this machine."""

    def now(self) -> float:
        """Seconds, from any start."""
        return time.monotonic()

    @contextmanager
    def alarm(self, seconds: float, ring: Ring) -> Iterator[None]:
        """Rings where a signal can interrupt Python: on Unix, in the main thread. A timer that was
        running before continues afterwards.
        """
        if not _signals_reach_us():
            yield
            return
        started = time.monotonic()
        left, interval = signal.setitimer(signal.ITIMER_REAL, 0)
        before = signal.signal(signal.SIGALRM, lambda _, frame: ring(frame))
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), AGAIN_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
            if left:
                left = max(left - (time.monotonic() - started), 0.001)
                signal.setitimer(signal.ITIMER_REAL, left, interval)


class Limit:
    """The time that one invocation has."""

    def __init__(self, seconds: int, clock: LabClock, real: Real) -> None:
        self.seconds = seconds
        self.deadline = clock.now() + timedelta(seconds=seconds)
        self._clock = clock
        self._real = real
        self._real_deadline = real.now() + seconds
        self._thread = threading.get_ident()

    def reached(self) -> bool:
        """True when either time has run out."""
        return self._clock.now() >= self.deadline or self._real.now() >= self._real_deadline

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """What the function returns. Raises TimedOut, and every error of the function.

        Only what runs below this frame is ever interrupted.
        """
        return function(*arguments)

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """While open, `time.sleep` lets lab time pass and real time is limited."""
        sleep, time.sleep = time.sleep, _sleep  # type: ignore[assignment]
        exit_now, os._exit = os._exit, _exit
        _in_force.append(self)
        try:
            alarm = self._real.alarm(self._real_deadline - self._real.now(), interrupt)
            with alarm, watched(_on_interrupt):
                yield
        finally:
            _in_force.pop()
            time.sleep = sleep
            os._exit = exit_now

    def is_of_this_thread(self) -> bool:
        """False in a thread that is not the handler's own."""
        return self._thread == threading.get_ident()

    def sleep(self, seconds: float) -> None:
        """Let lab time pass, to the deadline at most. Raises TimedOut there, ValueError as Python."""
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        left = max(self.deadline - self._clock.now(), timedelta())
        self._clock.advance(min(seconds, left.total_seconds()))
        if seconds >= left.total_seconds():
            raise TimedOut


def interrupt(frame: FrameType | None) -> None:
    """Raise TimedOut in the handler whose frame this is; never in what serves its calls to AWS, which
    would be left half done, nor after the handler has returned.

    After Ctrl-C it raises KeyboardInterrupt instead, but not in the lab's own handler: that one counts
    what it writes, and ends by itself.
    """
    modules: list[str] = []
    while frame is not None and frame.f_code is not Limit.call.__code__:
        modules.append(frame.f_globals.get("__name__", ""))
        frame = frame.f_back
    if frame is None or not modules or any(name.startswith(MACHINERY) for name in modules):
        return
    if noted() and not any(name.startswith(COUNTS_WHAT_IT_WRITES) for name in modules):
        raise KeyboardInterrupt
    limit = _innermost()
    if not noted() or (limit is not None and limit.reached()):
        raise TimedOut


def _on_interrupt(times: int, frame: FrameType | None) -> None:
    """Give a handler a moment to end after Ctrl-C; end it at once after a second Ctrl-C."""
    if times > 1:
        interrupt(frame)
    elif _signals_reach_us():
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        if left > GRACE_SECONDS:
            signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS, AGAIN_SECONDS)


_in_force: list[Limit | None] = []
_really_sleep = time.sleep


def _sleep(seconds: float) -> None:
    """`time.sleep` of a handler, which its modules may keep for longer than the invocation."""
    limit = _innermost()
    if limit is not None and limit.is_of_this_thread():
        limit.sleep(seconds)
    else:
        _really_sleep(seconds)


def _innermost() -> Limit | None:
    """The limit of the handler that runs; None outside of a handler."""
    return _in_force[-1] if _in_force else None


@contextmanager
def suspended() -> Iterator[None]:
    """While open, there is no limit: for the work of Lambda itself, also when a handler has invoked it."""
    _in_force.append(None)
    try:
        yield
    finally:
        _in_force.pop()


def late_call_handlers() -> list[tuple[str, Callable[..., Any], Any]]:
    """The entry among botocore's handlers by which a handler that is late can call AWS no more."""
    return [("before-call", _refuse_late_call, handlers.REGISTER_FIRST)]


def _refuse_late_call(**_: Any) -> None:
    """Handles before-call. Raises TimedOut, as nothing runs in a sandbox that was stopped."""
    limit = _innermost()
    if limit is not None and limit.is_of_this_thread() and limit.reached():
        raise TimedOut


def _exit(status: int) -> NoReturn:
    """`os._exit` of a handler: it ends the execution environment, and not this process."""
    raise SystemExit(status)


def _signals_reach_us() -> bool:
    possible = hasattr(signal, "setitimer") and sys.platform != "emscripten"
    return possible and threading.current_thread() is threading.main_thread()
