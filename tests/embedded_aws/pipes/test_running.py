"""The pipes that run: described once, and again after every change."""

from __future__ import annotations

from typing import Any

import pytest

from inventory_lab import Lab
from inventory_lab.embedded_aws.pipes.running import RunningPipes

NAME = "inventory-pipe"


class Client:
    """A client that counts what it describes."""

    def __init__(self, pipes: Any) -> None:
        self.pipes, self.described = pipes, 0

    def describe_pipe(self, **request: str) -> Any:
        self.described += 1
        return self.pipes.describe_pipe(**request)


@pytest.fixture
def client(built: Lab) -> Client:
    return Client(built.session("root").client("pipes"))


@pytest.fixture
def running(client: Client, built: Lab) -> RunningPipes:
    return RunningPipes(lambda: client, built.settings.region)  # type: ignore[arg-type,return-value]


def batch_sizes(running: RunningPipes) -> list[int]:
    return [pipe["SourceParameters"]["KinesisStreamParameters"]["BatchSize"] for pipe in running]


def test_a_pipe_that_did_not_change_is_described_once(
    running: RunningPipes, client: Client
) -> None:
    assert [pipe["Name"] for pipe in running] == [NAME]
    assert [pipe["Name"] for pipe in running] == [NAME]
    assert client.described == 1


def test_a_pipe_that_changes_at_the_same_moment_is_described_again(
    running: RunningPipes, client: Client, built: Lab
) -> None:
    before = built.clock.now()
    assert batch_sizes(running) != [7]
    pipe = client.pipes.describe_pipe(Name=NAME)
    client.pipes.update_pipe(
        Name=NAME,
        RoleArn=pipe["RoleArn"],
        SourceParameters={"KinesisStreamParameters": {"BatchSize": 7}},
    )
    assert built.clock.now() == before
    assert batch_sizes(running) == [7]


def test_a_stopped_pipe_does_not_run_and_a_started_one_does(
    running: RunningPipes, client: Client
) -> None:
    client.pipes.stop_pipe(Name=NAME)
    assert list(running) == []
    client.pipes.start_pipe(Name=NAME)
    assert [pipe["CurrentState"] for pipe in running] == ["RUNNING"]


def test_a_pipe_made_anew_under_its_name_is_described_again(
    running: RunningPipes, client: Client, built: Lab
) -> None:
    (before,) = running
    client.pipes.delete_pipe(Name=NAME)
    assert list(running) == []
    built.clock.advance(1)
    built.build()
    (after,) = running
    assert after["CreationTime"] > before["CreationTime"]
