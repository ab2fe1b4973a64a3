"""Claims that a notebook checks, and exercises that may stay open."""

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
        _print("WRONG", f"{claim}: found {_shown(actual)}, expected {_shown(expected)}")
        raise CheckFailed(claim, actual, expected)
    _print("ok", claim)


def attempt(claim: str, actual: object, expected: object) -> None:
    """Print `ok`, `wrong` with the actual value, or `to do` when that is None or an ellipsis.

    It never raises, so that a notebook runs to its end with its exercises open.

    >>> attempt("the sum of two and two", ..., 4)
    to do  the sum of two and two
    >>> attempt("the sum of two and two", 5, 4)
    wrong  the sum of two and two: found 5
    """
    if actual is None or actual is ...:
        _print("to do", claim)
    elif _same(actual, expected):
        _print("ok", claim)
    else:
        _print("wrong", f"{claim}: found {_shown(actual)}")


def _same(actual: Any, expected: object) -> bool:
    """Whether they are equal; what cannot be compared as a whole, such as a table, is not."""
    try:
        return bool(actual == expected)
    except Exception:  # noqa: BLE001 a learner's answer may be anything
        return False


def _shown(value: Any) -> str:
    """A number of numpy or pandas looks like the number it is."""
    return repr(value.item() if isinstance(value, Number) and hasattr(value, "item") else value)


def _print(verdict: str, text: str) -> None:
    print(f"{verdict:7}{text}")
