from __future__ import annotations

import gc
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from inventory_lab import Lab, connect
from inventory_lab.embedded_aws import patching
from tests import sampling

EVENTS = Path(__file__).parent / "events"


ANY_MACHINE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
"""How long an example takes says how busy the machine is, not whether the code is right."""

settings.register_profile("suite", derandomize=True, **ANY_MACHINE)
settings.register_profile("soak", max_examples=1_000, **ANY_MACHINE)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    # A shell starts what runs in its background with Ctrl-C switched off.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("--any-moto"):
        patching.TESTED_VERSIONS = ((0,), (99,))
    if config.getoption("--exhaustive"):
        sampling.run_every_case()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--http", action="store_true", help="run the tests against moto's server: make test-http"
    )
    parser.addoption(
        "--any-moto", action="store_true", help="run with a moto outside the tested range"
    )
    parser.addoption(
        "--browser", action="store_true", help="run the tests that need Chromium: make test-browser"
    )
    parser.addoption(
        "--exhaustive", action="store_true", help="all cases of tests that are sampled: make sweep"
    )
    parser.addoption(
        "--mutations", type=int, default=12, help="how many of each solution are tried"
    )
    parser.addoption(
        "--cuts", type=int, default=3, help="at how many points each call is interrupted"
    )
    parser.addoption("--schedules", type=int, default=200, help="how many schedules are played")
    parser.addoption("--schedule-events", type=int, default=10, help="events of a schedule")
    parser.addoption(
        "--model-events", type=int, default=5_000, help="how many events the model is compared on"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the cases of an exhaustive test keep a sample, the same in every run."""
    if not config.getoption("--exhaustive"):
        left_out = set(sampling.cases_left_out(items))
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))
    for item in items:
        if item.get_closest_marker("xfail"):
            item.repr_failure = _plain_traceback  # type: ignore[method-assign]


def _plain_traceback(excinfo: pytest.ExceptionInfo[BaseException], **_: Any) -> Any:
    """Of a failure that is expected. pytest's own parses all of moto's modules that the call went through,
    a tenth of what those tests take.
    """
    return excinfo.getrepr(style="native")


def pytest_collection_finish() -> None:
    """What all tests share is not searched for garbage by each of them, and the rest less often: a lab
    makes so many objects that the usual thresholds cost a seventh of the run.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with connect() as lab:
        yield lab


@pytest.fixture
def built(lab: Lab) -> Lab:
    lab.build()
    return lab


@pytest.fixture
def payload() -> Any:
    """Reads an event file by its name, as bytes."""

    def read(name: str) -> bytes:
        return (EVENTS / name).read_bytes()

    return read


@pytest.fixture
def mapping_batch() -> dict[str, Any]:
    """The records of `pipe_batch` as an event source mapping sends them."""
    batch: dict[str, Any] = json.loads((EVENTS / "mapping_batch.json").read_text())
    return batch


@pytest.fixture
def pipe_batch() -> list[dict[str, Any]]:
    batch: list[dict[str, Any]] = json.loads((EVENTS / "pipe_batch.json").read_text())
    return batch
