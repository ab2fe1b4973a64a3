"""A test marked exhaustive runs a sample of its cases, and tests with as many cases the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest

from tests.sampling import cases_left_out


@dataclass(frozen=True)
class Item:
    nodeid: str
    most: int | None = None

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        assert name == "exhaustive"
        return None if self.most is None else pytest.mark.exhaustive(self.most).mark


def kept(*items: Item) -> list[str]:
    left_out = cases_left_out(cast("list[Any]", items))
    return [item.nodeid for item in items if item not in left_out]


def cases(test: str, count: int, most: int | None) -> list[Item]:
    return [Item(f"{test}[{number}]", most) for number in range(count)]


def test_of_an_exhaustive_test_as_many_cases_are_kept_as_it_says_and_of_others_all() -> None:
    assert len(kept(*cases("some", 20, 3), *cases("all", 20, None))) == 3 + 20
    assert len(kept(*cases("few", 2, 3))) == 2


def test_tests_with_as_many_cases_keep_the_same_ones_in_every_run() -> None:
    one, other = kept(*cases("one", 20, 3)), kept(*cases("other", 20, 3))
    assert [name.replace("one", "other") for name in one] == other
    assert kept(*cases("one", 20, 3)) == one
