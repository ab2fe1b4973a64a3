"""Copies of this process, by fork: many tests go on from one state, and none changes it for the next."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

needs_copies = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="this system cannot fork a process"
)


def in_a_copy(check: Callable[[], object]) -> str:
    """The traceback of a check that runs in a copy of this process; empty when it passed.

    The copy has a folder of its own for temporary files, and removes none of this process.
    """
    with tempfile.TemporaryDirectory(prefix="copy-") as folder:
        reads, writes = os.pipe()
        child = os.fork()
        if not child:
            _check_and_exit(check, writes, folder)
        os.close(writes)
        with os.fdopen(reads, encoding="utf-8", errors="replace") as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
    return said or ("" if status == 0 else f"the copy ended with status {status}")


def _check_and_exit(check: Callable[[], object], writes: int, folder: str) -> NoReturn:
    code = 0
    try:
        _keep_the_files_outside(folder)
        check()
    except BaseException:  # noqa: BLE001 whatever it is, the other process reports it
        code = 1
        os.write(writes, traceback.format_exc()[-4_000:].encode())
    finally:
        os._exit(code)


def _keep_the_files_outside(folder: str) -> None:
    cleanup = tempfile.TemporaryDirectory.cleanup

    def clean_up_inside(self: Any) -> None:
        if self.name.startswith(folder):
            cleanup(self)

    tempfile.tempdir = folder
    tempfile.TemporaryDirectory.cleanup = clean_up_inside  # type: ignore[method-assign]
