"""The tests over HTTP start a server and take minutes: `make test-http` runs them, `make test` leaves them out."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return None if config.getoption("--http") else True
