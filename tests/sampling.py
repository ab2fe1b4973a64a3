"""A sample of the cases of exhaustive tests, for `make test`; `make sweep` runs all of them.

A property counts as one case, of which `examples` says how many times it is tried.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import pytest

MARK = "exhaustive"
"""Its argument says how many cases `make test` runs."""


_every_case = False


def run_every_case() -> None:
    """From now on `examples` is all of them: to be called before the tests are imported."""
    global _every_case
    _every_case = True


def examples(some: int, *, of: int) -> int:
    """How many examples a test marked exhaustive(1) goes through: some, or all in `make sweep`."""
    return of if _every_case else some


def cases_left_out(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The cases of marked tests that are not in the sample. Tests with the same cases have the same
    sample, so that what they share is made once.
    """
    cases = defaultdict[tuple[str, int], list[pytest.Item]](list)
    for item in items:
        if mark := item.get_closest_marker(MARK):
            cases[item.nodeid.partition("[")[0], mark.args[0]].append(item)
    return [item for (_, most), of_test in cases.items() for item in _rest(of_test, most)]


def _rest(items: list[pytest.Item], most: int) -> list[pytest.Item]:
    """All but one from each of so many equal parts of the list."""
    count, chance = len(items), random.Random(f"sample {len(items)}")
    bounds = [count * part // most for part in range(most + 1)]
    kept = {chance.randrange(*part) for part in pairwise(bounds) if part[0] < part[1]}
    return [item for number, item in enumerate(items) if number not in kept]
