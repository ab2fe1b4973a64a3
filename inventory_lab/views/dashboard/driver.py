"""Runs the dashboard's steps between the cells of a notebook: an asyncio task of the kernel, no thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

STEP_SECONDS = 1.0
PAUSE_SECONDS = 0.05
"""How long the kernel has for cells and clicks at least, when steps take longer than their second."""

Action = Callable[[], object]


class Driver:
    """Calls `step` once a second while it runs. `failed` gets the exception that ended it, if one did.

    JupyterLab delivers clicks on widgets in a thread of their own, a subshell
    (https://jupyter.org/enhancement-proposals/91-kernel-subshells/kernel-subshells.html). A lab is used
    by one thread, so `call` brings what a click does to the loop in which the driver was made. Where no
    loop runs it happens at once.
    """

    def __init__(
        self,
        step: Action,
        failed: Callable[[BaseException], object],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._step, self._failed, self._clock, self._sleep = step, failed, clock, sleep
        self._loop = _running_loop()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether steps are made."""
        return self._task is not None and not self._task.done()

    def call(self, action: Action) -> None:
        """Do something in the driver's loop."""
        if self._loop is None:
            action()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action)

    def start(self) -> bool:
        """Make a step each second from now on; False where no loop runs, as in a script."""
        if self._loop is None:
            return False
        if not self.is_running:
            self._task = self._loop.create_task(self._run())
            self._task.add_done_callback(self._ended)
        return True

    def stop(self) -> None:
        """Make no more steps."""
        if self._task is not None and self._loop is not None and not self._loop.is_closed():
            self._task.cancel()
        self._task = None

    async def _run(self) -> None:
        """Seconds that a long cell took are not made up for: lab time stands still while it runs."""
        due = self._clock()
        while True:
            self._step()
            due = max(due + STEP_SECONDS, self._clock() + PAUSE_SECONDS)
            await self._sleep(due - self._clock())

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
