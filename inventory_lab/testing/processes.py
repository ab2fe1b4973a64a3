"""Schedules in their order, or side by side in several processes; the outcomes are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from inventory_lab.testing.report import Outcome
from inventory_lab.testing.schedule import Schedule

Play = Callable[[Schedule], Outcome]
OfSeed = Callable[[int], Schedule]

DIED = Outcome("the handler ended the process that ran it", stuck=True)


def outcomes(
    play: Play, schedule: OfSeed, seeds: Sequence[int], processes: int
) -> Iterator[Outcome]:
    """The outcomes of these seeds in their order.

    The first schedule is played in this process, so that a handler which cannot be deployed raises here.
    """
    for seed in seeds if processes == 1 else seeds[:1]:
        yield play(schedule(seed))
    if processes > 1 and len(seeds) > 1:
        yield from _side_by_side(play, schedule, seeds[1:], processes)


def _side_by_side(
    play: Play, schedule: OfSeed, seeds: Sequence[int], processes: int
) -> Iterator[Outcome]:
    context = get_context("spawn")  # a copy of this process would share its open lab
    workers = min(processes, len(seeds))
    with ProcessPoolExecutor(workers, context, _begin, (play, schedule)) as pool:
        try:
            yield from pool.map(_play, seeds)
        except BrokenProcessPool:
            yield DIED


_in_this_process: dict[str, tuple[Play, OfSeed]] = {}


def _begin(play: Play, schedule: OfSeed) -> None:
    _in_this_process["storm"] = play, schedule


def _play(seed: int) -> Outcome:
    play, schedule = _in_this_process["storm"]
    return play(schedule(seed))
