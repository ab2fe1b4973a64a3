"""How often something that takes time may be done, so that the notebook stays usable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Pace:
    """Lets something happen every `seconds`, and less often when it takes more than `share` of the time.

    `clock` gives the time in seconds.
    """

    clock: Callable[[], float]
    seconds: float = 1.0
    share: float = 0.1
    _next: float = float("-inf")

    @property
    def is_due(self) -> bool:
        """Whether it may happen now."""
        return self.clock() >= self._next

    def hurry(self) -> None:
        """Let it happen at once."""
        self._next = float("-inf")

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Inside, it happens; how long that takes decides when it may happen again."""
        begin = self.clock()
        try:
            yield
        finally:
            end = self.clock()
            self._next = begin + max(self.seconds, (end - begin) / self.share)
