"""A progress bar for calls that take more than a second, where somebody watches.

In a notebook that is open in a front end, and in a terminal; never in a pipe, in a test, or when a
notebook is executed without a front end. When the call ends the bar is gone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar

T = TypeVar("T")
Advance = Callable[[int, int], None]
"""Called with how many more are done, and how many there are in all (0: not known)."""

DELAY_SECONDS, REDRAW_SECONDS = 1.0, 0.1
FRONT_ENDS = ("JPY_SESSION_NAME", "VSCODE_PID", "COLAB_RELEASE_TAG", "VOILA_REQUEST_URL")
"""Environment variables that Jupyter Server, VS Code, Colab and Voilà give to the kernels of open
notebooks."""
TESTED = "PYTEST_VERSION"
"""The environment variable that pytest sets: https://docs.pytest.org/en/stable/reference/reference.html#environment-variables"""


def is_watched(environ: Mapping[str, str], *, is_kernel: bool, is_terminal: bool) -> bool:
    """Whether somebody looks at the output.

    >>> is_watched({}, is_kernel=True, is_terminal=False)
    False
    >>> is_watched({"JPY_SESSION_NAME": "02.ipynb"}, is_kernel=True, is_terminal=False)
    True
    """
    if TESTED in environ:
        return False
    return any(environ.get(name) for name in FRONT_ENDS) if is_kernel else is_terminal


def is_kernel() -> bool:
    """Whether this process is the kernel of a notebook."""
    return "ipykernel" in sys.modules


@contextmanager
def progress_bar(label: str, unit: str) -> Iterator[Advance]:
    """A bar with a label that counts units; it appears after a second and leaves nothing behind."""
    if not is_watched(os.environ, is_kernel=is_kernel(), is_terminal=_is_terminal()):
        yield _nothing
        return
    from tqdm.auto import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        monitor_interval = 0  # no thread

    bar = Bar(
        desc=label, unit=f" {unit}s", leave=False, delay=DELAY_SECONDS, mininterval=REDRAW_SECONDS
    )
    try:
        yield lambda count, total: _advance(bar, count, total)
    finally:
        bar.close()


def counted(items: Iterable[T], label: str, unit: str) -> Iterator[T]:
    """The items, with a bar that counts them while they are read."""
    with progress_bar(label, unit) as advance:
        for item in items:
            yield item
            advance(1, 0)


class _Bar(Protocol):
    """The part of tqdm's bars that is used."""

    total: float | None

    def update(self, n: float) -> object: ...


def _advance(bar: _Bar, count: int, total: int) -> None:
    if total:
        bar.total = total
    bar.update(count)


def _nothing(count: int, total: int) -> None:
    """Where nobody watches."""


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()
