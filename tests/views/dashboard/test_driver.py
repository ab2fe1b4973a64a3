from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from inventory_lab.views.dashboard.driver import PAUSE_SECONDS, Driver
from tests.views.dashboard.stand_ins import FakeClock


class Steps:
    """Counts steps; each may take a time, or end the driver."""

    def __init__(self, clock: FakeClock, limit: int) -> None:
        self._clock, self._limit = clock, limit
        self.at: list[float] = []
        self.takes: list[float] = []
        self.driver: Driver | None = None
        self.failures: list[BaseException] = []

    def __call__(self) -> None:
        self.at.append(self._clock.now)
        self._clock.now += self.takes.pop(0) if self.takes else 0
        if len(self.at) == self._limit and self.driver:
            self.driver.stop()


def drive(steps: Steps, clock: FakeClock, before: Callable[[Driver], object]) -> Driver:
    async def session() -> Driver:
        driver = steps.driver = Driver(steps, steps.failures.append, clock, clock.sleep)
        before(driver)
        for _ in range(50):
            await asyncio.sleep(0)
        return driver

    return asyncio.run(session())


def test_a_step_is_made_each_second_until_it_is_stopped() -> None:
    clock = FakeClock()
    steps = Steps(clock, 4)
    steps.takes = [0.2, 0.7]
    driver = drive(steps, clock, Driver.start)
    assert steps.at == pytest.approx([1000, 1001, 1002, 1003])
    assert not driver.is_running


def test_the_seconds_of_a_long_cell_are_not_made_up_for() -> None:
    clock = FakeClock()
    steps = Steps(clock, 4)
    steps.takes = [60]
    drive(steps, clock, Driver.start)
    assert steps.at == pytest.approx([1000, 1060.05, 1061.05, 1062.05])
    assert clock.slept[0] == pytest.approx(PAUSE_SECONDS)


def test_starting_twice_makes_the_steps_once() -> None:
    clock = FakeClock()
    steps = Steps(clock, 3)

    def start_twice(driver: Driver) -> None:
        assert driver.start()
        assert driver.start()

    drive(steps, clock, start_twice)
    assert steps.at == [1000, 1001, 1002]


def test_an_unexpected_error_ends_the_driver_and_is_reported() -> None:
    clock = FakeClock()
    steps = Steps(clock, 3)
    failures: list[BaseException] = []

    async def session() -> bool:
        driver = Driver(lambda: 1 / 0, failures.append, clock, clock.sleep)
        driver.start()
        for _ in range(5):
            await asyncio.sleep(0)
        return driver.is_running

    assert asyncio.run(session()) is False
    assert [type(error) for error in failures] == [ZeroDivisionError]
    assert steps.at == []


def test_a_click_in_another_thread_acts_in_the_thread_of_the_loop() -> None:
    acted_in: list[int] = []

    async def session() -> None:
        driver = Driver(lambda: None, print)
        click = threading.Thread(
            target=driver.call, args=[lambda: acted_in.append(threading.get_ident())]
        )
        click.start()
        click.join()
        assert acted_in == []
        await asyncio.sleep(0)

    asyncio.run(session())
    assert acted_in == [threading.get_ident()]


def test_without_a_loop_a_click_acts_at_once_and_time_does_not_run() -> None:
    driver, acted = Driver(lambda: None, print), []
    driver.call(lambda: acted.append("clicked"))
    assert acted == ["clicked"]
    assert driver.start() is False
    assert not driver.is_running
    driver.stop()
