"""A pipe of AWS takes its time: calls answer while it is still moving."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from inventory_lab import Settings
from inventory_lab.exceptions import PipeFailed
from inventory_lab.resources import pipe
from inventory_lab.resources.pipe import WAIT_SECONDS
from tests.fakes import client_error

ARN = "arn:aws:pipes:us-east-1:123456789012:pipe/inventory-pipe"


class FakePipes:
    """A pipe that is in one state after the other, a second each, and stays in the last one."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.slept = 0.0

    def describe_pipe(self, Name: str) -> dict[str, Any]:  # noqa: N803
        if self.states[0] == "not there":
            raise client_error("NotFoundException")
        reason = {"StateReason": "no"} if self.states[0].endswith("FAILED") else {}
        return {"Name": Name, "Arn": ARN, "CurrentState": self.states[0], **reason}

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        del self.states[: len(self.states) > 1]

    def account(self) -> Any:
        return SimpleNamespace(settings=Settings(), client=lambda _: self)


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
    with pytest.raises(PipeFailed, match=f"is still {state}: after {WAIT_SECONDS} s"):
        pipe.settled(pipes.account(), pipes.sleep)
    assert pipes.slept == WAIT_SECONDS


@pytest.mark.parametrize("moving", ["CREATING", "UPDATING", "STARTING"])
def test_a_build_waits_for_the_pipe_that_somebody_else_set_in_motion(moving: str) -> None:
    pipes = FakePipes(moving, moving, "RUNNING")
    assert pipe.ensure(pipes.account(), pipes.sleep) == ARN
    assert pipes.slept == 2


def test_a_build_tells_how_the_motion_of_a_pipe_failed() -> None:
    pipes = FakePipes("CREATING", "CREATE_FAILED")
    with pytest.raises(PipeFailed, match="is CREATE_FAILED: no"):
        pipe.ensure(pipes.account(), pipes.sleep)
