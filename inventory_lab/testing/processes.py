"""Schedules side by side, each in a copy of this process."""

from __future__ import annotations

import gc
import os
import pickle
import select
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from inventory_lab.testing.report import Outcome

Play = Callable[[int], Outcome]

DIED = Outcome("the handler ended the process that ran it", stuck=True)
AVAILABLE = hasattr(os, "fork")
"""Whether this system can copy a process."""


def side_by_side(play: Play, seeds: Sequence[int], processes: int) -> Iterator[Outcome]:
    """The outcomes of these seeds in their order, so many at a time, each in a copy of this process.

    A copy begins where this process is now, with its open lab, and changes nothing here.
    """
    waiting, outcomes = list(enumerate(seeds)), dict[int, Outcome]()
    with _Copies(play) as copies:
        for at in range(len(seeds)):
            while at not in outcomes:
                while waiting and len(copies.running) < processes:
                    copies.start(*waiting.pop(0))
                number, outcomes[number] = copies.next_outcome()
            yield outcomes.pop(at)


@dataclass(frozen=True, slots=True)
class _Copy:
    number: int
    process: int
    folder: tempfile.TemporaryDirectory[str]


class _Copies:
    """Copies of this process that play; those that still run are ended on the way out."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self.running: dict[int, _Copy] = {}

    def __enter__(self) -> _Copies:
        gc.collect()
        gc.freeze()  # the collector of a copy leaves the memory alone that it shares with this process
        return self

    def __exit__(self, *_: object) -> None:
        gc.unfreeze()
        for reads, copy in list(self.running.items()):
            os.kill(copy.process, signal.SIGKILL)
            self._end(reads)

    def start(self, number: int, seed: int) -> None:
        """Play a seed in a copy."""
        folder = tempfile.TemporaryDirectory(prefix="inventory-lab-storm-")
        reads, writes = os.pipe()
        process = os.fork()
        if not process:
            _play_and_exit(self._play, seed, writes, folder.name)
        os.close(writes)
        self.running[reads] = _Copy(number, process, folder)

    def next_outcome(self) -> tuple[int, Outcome]:
        """The number of the copy that ends first, and its outcome."""
        while True:
            for reads in select.select(list(self.running), [], [])[0]:
                written = _all_of(reads)
                copy = self._end(reads)
                return copy.number, pickle.loads(written) if written else DIED  # noqa: S301 our own copy wrote it

    def _end(self, reads: int) -> _Copy:
        copy = self.running.pop(reads)
        os.close(reads)
        os.waitpid(copy.process, 0)
        copy.folder.cleanup()
        return copy


def _played(play: Play, seed: int) -> Outcome:
    try:
        return play(seed)
    except Exception as exc:  # noqa: BLE001 the first process has to hear of it
        return Outcome(f"the storm ended with {type(exc).__name__}: {exc}", stuck=True)


def _all_of(reads: int) -> bytes:
    return b"".join(iter(lambda: os.read(reads, 65_536), b""))


def _play_and_exit(play: Play, seed: int, writes: int, folder: str) -> NoReturn:
    try:
        gc.disable()  # a copy is gone before its garbage matters
        tempfile.tempdir = folder
        written = pickle.dumps(_played(play, seed))
        while written:
            written = written[os.write(writes, written) :]
    finally:
        os._exit(0)  # without closing what the first process still uses
