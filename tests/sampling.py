"""A sample of the cases of exhaustive tests, for `make test`; `make sweep` runs all of them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

import pytest

MARK = "exhaustive"
"""Its argument says how many cases `make test` runs."""


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
    chance = random.Random(len(items))
    kept = set(chance.sample(range(len(items)), k=min(most, len(items))))
    return [item for number, item in enumerate(items) if number not in kept]
