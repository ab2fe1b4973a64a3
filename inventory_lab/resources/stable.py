"""Waiting until AWS has finished the change of a resource that is under way."""

from __future__ import annotations

from collections.abc import Callable, Collection

from inventory_lab.exceptions import StillChanging

WAIT_SECONDS = 300


def until_stable(
    name: str,
    state: Callable[[], str | None],
    transitional: Collection[str],
    sleep: Callable[[float], None],
) -> str | None:
    """The state once it is not one of the `transitional` ones; None when there is no resource (any more).

    A deletion is waited out as well, so that the resource can be created anew. Raises StillChanging
    after WAIT_SECONDS.

    >>> states = iter(["CREATING", "ACTIVE"])
    >>> until_stable("orders", lambda: next(states), ("CREATING", "DELETING"), lambda seconds: None)
    'ACTIVE'
    """
    for _ in range(WAIT_SECONDS):
        now = state()
        if now not in transitional:
            return now
        sleep(1)
    raise StillChanging(name, str(now), WAIT_SECONDS)
