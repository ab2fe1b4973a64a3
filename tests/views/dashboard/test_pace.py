from __future__ import annotations

import pytest

from inventory_lab.views.dashboard.pace import Pace
from tests.views.dashboard.stand_ins import FakeClock


def spend(pace: Pace, clock: FakeClock, seconds: float) -> None:
    with pace.measured():
        clock.now += seconds


def test_what_is_cheap_happens_once_in_its_time() -> None:
    clock = FakeClock()
    pace = Pace(clock, seconds=2, share=0.1)
    assert pace.is_due
    spend(pace, clock, 0.1)
    clock.now += 1.8
    assert not pace.is_due
    clock.now += 0.1
    assert pace.is_due


def test_what_takes_long_happens_less_often() -> None:
    clock = FakeClock()
    pace = Pace(clock, seconds=2, share=0.1)
    spend(pace, clock, 3)
    clock.now += 26.9
    assert not pace.is_due
    clock.now += 0.1
    assert pace.is_due


def test_a_person_does_not_wait_for_it() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    spend(pace, clock, 3)
    pace.hurry()
    assert pace.is_due


def test_what_failed_is_not_tried_again_at_once() -> None:
    clock = FakeClock()
    pace = Pace(clock, seconds=2)
    with pytest.raises(ZeroDivisionError), pace.measured():
        raise ZeroDivisionError
    assert not pace.is_due
