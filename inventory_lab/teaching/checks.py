"""Claims that a notebook checks."""

from __future__ import annotations

from numbers import Number
from typing import Any

from inventory_lab.exceptions import CheckFailed


def check(claim: str, actual: object, expected: object = True) -> None:
    """Print `ok` and the claim when `actual` equals `expected`.

    Otherwise print WRONG with both and raise CheckFailed, because a lesson must not go on after a wrong
    result.

    >>> check("two records are stored", 1 + 1, 2)
    ok     two records are stored
    """
    if actual != expected:
        print(f"WRONG  {claim}: found {_shown(actual)}, expected {_shown(expected)}")
        raise CheckFailed(claim, actual, expected)
    print(f"ok     {claim}")


def _shown(value: Any) -> str:
    """A number of numpy or pandas looks like the number it is."""
    return repr(value.item() if isinstance(value, Number) and hasattr(value, "item") else value)
