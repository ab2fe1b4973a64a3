"""A pipe of AWS takes its time: calls answer while it is still moving."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from inventory_lab import Settings
from inventory_lab.exceptions import PipeFailed, StillChanging
from inventory_lab.resources import pipe
from inventory_lab.resources.pipe import WAIT_SECONDS
from tests.fakes import client_error

ARN = "arn:aws:pipes:us-east-1:123456789012:pipe/inventory-pipe"

LOG_GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/pipes/inventory-pipe"


class FakePipes:
    """A pipe that is in one state after the other, a second each, and stays in the last one."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.after_create = ["RUNNING"]
        self.updated: list[dict[str, Any]] = []
        self.slept = 0.0

    def describe_pipe(self, Name: str) -> dict[str, Any]:  # noqa: N803
        if self.states[0] == "not there":
            raise client_error("NotFoundException")
        reason = {"StateReason": "no"} if self.states[0].endswith("FAILED") else {}
        pipe_request = pipe._request(self.account(), LOG_GROUP)
        return pipe_request | {"Name": Name, "Arn": ARN, "CurrentState": self.states[0], **reason}

    def create_log_group(self, **_: Any) -> dict[str, Any]:
        return {}

    def put_retention_policy(self, **_: Any) -> None:
        return

    def update_pipe(self, **request: Any) -> None:
        self.updated.append(request)
        self.states = ["UPDATING", "RUNNING"]

    def delete_pipe(self, Name: str) -> None:  # noqa: N803
        self.states = ["DELETING", "not there"]

    def create_pipe(self, **_: Any) -> None:
        self.states = ["CREATING", *self.after_create]

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        del self.states[: len(self.states) > 1]

    def account(self) -> Any:
        return SimpleNamespace(
            settings=Settings(),
            tags={"project": "inventory-lab"},
            client=lambda _: self,
            arn=lambda _service, _name: LOG_GROUP,
            stream_arn=lambda: "stream",
            function_arn=lambda: "function",
            role_arn=lambda kind: kind,
            queue_arn=lambda kind: kind,
        )


@pytest.mark.parametrize("state", ["RUNNING", "STOPPED", "CREATE_FAILED"])
def test_a_pipe_that_rests_is_not_waited_for(state: str) -> None:
    pipes = FakePipes(state)
    assert pipe.settled(pipes.account(), pipes.sleep)["CurrentState"] == state
    assert pipes.slept == 0


@pytest.mark.parametrize("moving", ["CREATING", "UPDATING", "STARTING", "STOPPING", "not there"])
def test_a_pipe_that_moves_is_waited_for(moving: str) -> None:
    pipes = FakePipes(moving, moving, "RUNNING")
    assert pipe.settled(pipes.account(), pipes.sleep)["CurrentState"] == "RUNNING"
    assert pipes.slept == 2


@pytest.mark.parametrize("state", ["CREATING", "not there"])
def test_the_waiting_ends_and_names_the_state(state: str) -> None:
    pipes = FakePipes(state)
    with pytest.raises(StillChanging, match=f"is still {state} after {WAIT_SECONDS} s"):
        pipe.settled(pipes.account(), pipes.sleep)
    assert pipes.slept == WAIT_SECONDS


@pytest.mark.parametrize("moving", ["CREATING", "UPDATING", "STARTING"])
def test_a_build_waits_for_the_pipe_that_somebody_else_set_in_motion(moving: str) -> None:
    pipes = FakePipes(moving, moving, "RUNNING")
    assert pipe.ensure(pipes.account(), pipes.sleep) == ARN
    assert pipes.slept == 2


def test_a_pipe_whose_creation_failed_is_created_anew_and_the_reason_of_a_second_failure_is_raised() -> (
    None
):
    pipes = FakePipes("CREATING", "CREATE_FAILED")
    assert pipe.ensure(pipes.account(), pipes.sleep) == ARN
    pipes = FakePipes("CREATING", "CREATE_FAILED")
    pipes.after_create = ["CREATE_FAILED"]
    with pytest.raises(PipeFailed, match="is CREATE_FAILED: no"):
        pipe.ensure(pipes.account(), pipes.sleep)


def test_a_pipe_that_is_being_deleted_is_waited_out_and_created_anew() -> None:
    pipes = FakePipes("DELETING", "DELETING", "not there")
    assert pipe.ensure(pipes.account(), pipes.sleep) == ARN
    assert pipes.states == ["RUNNING"]


@pytest.mark.parametrize("state", ["STOPPED", "START_FAILED", "UPDATE_FAILED"])
def test_a_pipe_that_does_not_run_is_updated_to_run(state: str) -> None:
    pipes = FakePipes(state)
    assert pipe.ensure(pipes.account(), pipes.sleep) == ARN
    assert [request["DesiredState"] for request in pipes.updated] == ["RUNNING"]


def test_a_pipe_that_never_becomes_stable_is_an_error() -> None:
    pipes = FakePipes("UPDATING")
    with pytest.raises(StillChanging, match="'inventory-pipe' is still UPDATING after 300 s"):
        pipe.ensure(pipes.account(), pipes.sleep)
