"""The garbage collector of the process is as before when a round of the pipes is over."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from inventory_lab import Lab
from inventory_lab.embedded_aws.performance.garbage import NEW_OBJECTS, rare_collections

THRESHOLDS = [(700, 10, 10), (0, 10, 10), (NEW_OBJECTS * 2, 5, 5)]


@pytest.fixture(autouse=True)
def _threshold() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_the_threshold_is_as_before_after_an_error(threshold: tuple[int, int, int]) -> None:
    gc.set_threshold(*threshold)
    with pytest.raises(RuntimeError), rare_collections():
        raise RuntimeError
    assert gc.get_threshold() == threshold


@pytest.mark.parametrize(
    ("before", "inside"),
    [(700, NEW_OBJECTS), (0, 0), (NEW_OBJECTS * 2, NEW_OBJECTS * 2)],
    ids=["usual", "turned off", "rarer already"],
)
def test_a_collector_never_runs_more_often_inside(before: int, inside: int) -> None:
    gc.set_threshold(before, 10, 10)
    with rare_collections():
        assert gc.get_threshold() == (inside, 10, 10)


def test_a_round_of_the_pipes_changes_no_threshold(built: Lab) -> None:
    gc.set_threshold(701, 11, 12)
    built.pump()
    assert gc.get_threshold() == (701, 11, 12)
