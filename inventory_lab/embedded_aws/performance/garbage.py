"""Python's cyclic garbage collector while batches are processed. Free of moto."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 50_000
"""New objects before the collector looks at them; Python's own number is 700."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Inside, the garbage collector runs after 50,000 new objects instead of 700.

    The objects of a batch live until its end, so looking at them earlier finds nothing. A collector that is
    turned off stays off: https://docs.python.org/3/library/gc.html#gc.set_threshold

    >>> with rare_collections():
    ...     gc.get_threshold()[0] >= NEW_OBJECTS
    True
    """
    before = gc.get_threshold()
    try:
        if before[0]:
            gc.set_threshold(max(before[0], NEW_OBJECTS), *before[1:])
        yield
    finally:
        gc.set_threshold(*before)
