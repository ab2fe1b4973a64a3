"""One thread at a time in the lab, and Ctrl-C only between its steps.

Any number of threads may use a lab: they are served one after the other. Whenever no call of the lab
is running, the environment, the modules and the output are those of your program. While a function
runs on the embedded AWS, they are the function's, for all threads of the process.

A step that changes several things together (a round of the pipes, a call to the embedded AWS, reading
a queue) is not interrupted: Ctrl-C is noted, and KeyboardInterrupt is raised when the step has ended.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FrameType
from typing import Any, ParamSpec, TypeVar
from unittest.mock import patch
from weakref import WeakKeyDictionary

P = ParamSpec("P")
T = TypeVar("T")
OnInterrupt = Callable[[int, FrameType | None], None]

LONGEST_COURTESY_SECONDS = 0.01
"""How long a thread that had its turn waits for another one to take its own."""

_main = threading.RLock()
_waiting: set[int] = set()
"""The ids of the threads that wait for their turn."""
_turn_taken = threading.Event()
_inside: dict[int, list[Any]] = {}
"""The locks of the invocations that a thread is running, by the thread's id; the innermost is last."""
_started_inside: WeakKeyDictionary[threading.Thread, Any] = WeakKeyDictionary()
"""Threads that a handler has started, with the lock of its invocation."""
_running: set[int] = set()
"""The ids of the locks of the invocations that have not ended."""


def in_turn(function: Callable[P, T]) -> Callable[P, T]:
    """The function, which one thread at a time may run.

    >>> @in_turn
    ... def double(number: int) -> int:
    ...     return 2 * number
    >>> double(4)
    8
    """

    @wraps(function)
    def taking_turns(*args: P.args, **kwargs: P.kwargs) -> T:
        return _in_turn(function, *args, **kwargs)

    return taking_turns


def uninterrupted(function: Callable[P, T]) -> Callable[P, T]:
    """The function, which one thread at a time may run, and which Ctrl-C does not interrupt.

    >>> @uninterrupted
    ... def double(number: int) -> int:
    ...     return 2 * number
    >>> double(4)
    8
    """

    def held_back(*args: P.args, **kwargs: P.kwargs) -> T:
        with HeldBack():
            return function(*args, **kwargs)

    @wraps(function)
    def to_its_end(*args: P.args, **kwargs: P.kwargs) -> T:
        return _in_turn(held_back, *args, **kwargs)

    return to_its_end


def _in_turn(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    me = threading.get_ident()
    try:
        _waiting.add(me)
        with _lock_of_this_thread():
            _waiting.discard(me)
            _turn_taken.set()
            return function(*args, **kwargs)
    finally:
        _waiting.discard(me)
        if _waiting:
            _let_another_go_first()


def _let_another_go_first() -> None:
    """Wait until one of the threads that wait has its turn: a thread that calls again and again would
    always be quicker than they are.
    """
    # A call inside another one has its turn still, and the threads of an invocation share one.
    if not _main._is_owned() and not belongs_to_an_invocation():  # type: ignore[attr-defined]
        _turn_taken.clear()
        _turn_taken.wait(LONGEST_COURTESY_SECONDS)


def _lock_of_this_thread() -> Any:
    """The lock that this thread has to hold: that of the invocation it belongs to, else the lab's."""
    inside = _inside.get(threading.get_ident())
    if inside:
        return inside[-1]
    if _started_inside:
        lock = _started_inside.get(threading.current_thread())
        if lock is not None and id(lock) in _running:
            return lock
    return _main


def belongs_to_an_invocation() -> bool:
    """Whether this thread runs an invocation, or was started by one that has not ended."""
    return _lock_of_this_thread() is not _main


@contextmanager
def invocation() -> Iterator[None]:
    """While open, the threads that this thread starts may call the lab, although this one holds its lock:
    a handler may wait for them.
    """
    lock, mine = threading.RLock(), _inside.setdefault(threading.get_ident(), [])
    start = threading.Thread.start

    def started(thread: threading.Thread) -> None:
        lock_of_starter = _lock_of_this_thread()
        if lock_of_starter is not _main:
            _started_inside[thread] = lock_of_starter
        start(thread)

    mine.append(lock)
    _running.add(id(lock))
    try:
        with patch.object(threading.Thread, "start", started):
            yield
    finally:
        _running.discard(id(lock))
        mine.remove(lock)
        if not mine:
            del _inside[threading.get_ident()]


class _State:
    """What is known of Ctrl-C in the main thread, the only one that Python interrupts."""

    depth = 0
    noted = 0
    outside: Any = None
    watchers: list[OnInterrupt] = []  # noqa: RUF012


class HeldBack:
    """While open, Ctrl-C is noted; it is raised when the outermost block ends.

    >>> try:
    ...     with HeldBack():
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("to the end")
    ... except KeyboardInterrupt:
    ...     print("then interrupted")
    to the end
    then interrupted
    """

    def __enter__(self) -> HeldBack:
        self._counts = threading.current_thread() is threading.main_thread()
        if self._counts:
            if not _State.depth:
                handler = signal.getsignal(signal.SIGINT)
                self._counts = callable(handler)
                if self._counts:
                    _State.outside, _State.noted = handler, 0
                    signal.signal(signal.SIGINT, _note)
            _State.depth += self._counts
        return self

    def __exit__(self, *_: object) -> None:
        if not self._counts:
            return
        _State.depth -= 1
        if not _State.depth:
            signal.signal(signal.SIGINT, _State.outside)
            if _State.noted:
                _State.noted = 0
                _State.outside(signal.SIGINT, sys._getframe())


def noted() -> int:
    """How often Ctrl-C was pressed in the step that is running."""
    return _State.noted


@contextmanager
def watched(on_interrupt: OnInterrupt) -> Iterator[None]:
    """While open, `on_interrupt` is called with each Ctrl-C that is held back: how many there were in
    this step, and the frame that was running.
    """
    _State.watchers.append(on_interrupt)
    try:
        yield
    finally:
        _State.watchers.remove(on_interrupt)


def _note(_: int, frame: FrameType | None) -> None:
    _State.noted += 1
    if _State.watchers:
        _State.watchers[-1](_State.noted, frame)
