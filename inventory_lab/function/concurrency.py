"""Calling a function with many items, one after the other or in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Map(Protocol):
    """Calls a function with each item and returns the results in the order of the items, like `map`."""

    def __call__(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterable[R]:
        """The results, in the order of the items."""


def one_by_one(function: Callable[[T], R], items: Iterable[T], /) -> list[R]:
    """The results of calling the function with one item after the other.

    >>> one_by_one(abs, [1, -2])
    [1, 2]
    """
    return [function(item) for item in items]


def in_threads(count: int) -> Map:
    """A map that works on `count` items at the same time; the threads live as long as the process.

    When a call raises an error, all other calls finish first. So no call is running when the caller
    reports what was done.

    >>> in_threads(2)(abs, [1, -2])
    [1, 2]
    """
    pool = ThreadPoolExecutor(count)

    def map_in_threads(function: Callable[[T], R], items: Iterable[T], /) -> list[R]:
        futures = [pool.submit(function, item) for item in items]
        wait(futures)
        return [future.result() for future in futures]

    return map_in_threads
