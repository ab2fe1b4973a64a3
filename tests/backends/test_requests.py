"""What build, publish and teardown send to a real account is what was reviewed."""

from __future__ import annotations

import pytest

from tools import account_requests
from tools.account_requests import Request

STEPS = ["build", "build_again", "publish", "teardown", "build_with_options"]
CHANGE = "a request has changed: run python -m tools.account_requests, and review the difference"


@pytest.fixture(scope="module")
def recorded() -> dict[str, list[Request]]:
    return account_requests.recorded()


@pytest.mark.parametrize("step", STEPS)
def test_every_request_is_the_one_that_was_reviewed(
    step: str, recorded: dict[str, list[Request]]
) -> None:
    stored = account_requests.path_of(step).read_text(encoding="utf-8")
    assert account_requests.text_of(recorded[step]) == stored, CHANGE


def test_no_file_is_left_of_a_step_that_is_gone(recorded: dict[str, list[Request]]) -> None:
    files = {path.stem for path in account_requests.FOLDER.glob("*.json")}
    assert files == set(STEPS) == set(recorded)


def test_a_second_build_creates_nothing(recorded: dict[str, list[Request]]) -> None:
    created = [r for r in recorded["build_again"] if r["operation"].startswith("Create")]
    assert {r["operation"] for r in created} == {"CreateLogGroup"}  # refused when it exists


def test_everything_that_is_created_has_the_prefix_and_can_be_tagged_has_the_tag(
    recorded: dict[str, list[Request]],
) -> None:
    created = [r for r in recorded["build"] if r["operation"].startswith("Create")]
    assert len(created) >= 12
    for request in created:
        text = str(request["parameters"])
        assert "inventory-lab-" in text, request["operation"]
        assert "'project'" in text, request["operation"]
        assert "'inventory-lab'" in text, request["operation"]
        assert "'owner'" in text, request["operation"]
        assert "'created'" in text, request["operation"]


def test_the_options_are_further_requests_of_the_same_build(
    recorded: dict[str, list[Request]],
) -> None:
    plain = {r["operation"] for r in recorded["build"]}
    further = {r["operation"] for r in recorded["build_with_options"]} - plain
    assert further == {
        "StartStreamEncryption", "UpdateTable", "UpdateContinuousBackups", "DescribeAlarms",
        "PutMetricAlarm",
    }  # fmt: skip


def test_a_file_shows_no_credentials(recorded: dict[str, list[Request]]) -> None:
    for step in STEPS:
        assert "AKIA" not in account_requests.path_of(step).read_text(encoding="utf-8")
