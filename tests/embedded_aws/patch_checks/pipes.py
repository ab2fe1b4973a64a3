"""Checks of the patches of EventBridge Pipes."""

from __future__ import annotations

from typing import Any

from tests.embedded_aws.patch_checks import Aws, check, outcome


@check("PipeStatus.status_transitions", ["STOPPED", "STOPPED"])
def the_states_of_a_stopped_pipe(aws: Aws) -> list[str]:
    pipes = _pipe(aws, DesiredState="STOPPED")
    return [pipes.describe_pipe(Name=aws.name)["CurrentState"] for _ in range(2)]


@check("EventBridgePipesBackend.create_pipe", "ConflictException")
def a_name_that_is_taken(aws: Aws) -> str:
    _pipe(aws)
    return outcome(lambda: _create(aws))


@check("EventBridgePipesBackend.update_pipe", "TRIM_HORIZON")
def the_starting_position_after_an_update(aws: Aws) -> Any:
    pipes = _pipe(aws)
    pipes.update_pipe(
        Name=aws.name,
        RoleArn=aws.role(),
        SourceParameters={"KinesisStreamParameters": {"BatchSize": 7}},
    )
    parameters = pipes.describe_pipe(Name=aws.name)["SourceParameters"]
    return parameters["KinesisStreamParameters"].get("StartingPosition")


@check("EventBridgePipesBackend.start_pipe", "RUNNING")
def the_state_of_a_pipe_that_was_started(aws: Aws) -> Any:
    pipes = _pipe(aws, DesiredState="STOPPED")
    pipes.start_pipe(Name=aws.name)
    return pipes.describe_pipe(Name=aws.name)["CurrentState"]


@check("EventBridgePipesBackend.stop_pipe", ("STOPPED", "USER_INITIATED"))
def the_reason_of_a_pipe_that_was_stopped(aws: Aws) -> Any:
    pipes = _pipe(aws)
    state = pipes.stop_pipe(Name=aws.name)["CurrentState"]
    return state, pipes.describe_pipe(Name=aws.name).get("StateReason")


def _pipe(aws: Aws, **more: Any) -> Any:
    aws.stream()
    aws.function()
    _create(aws, **more)
    return aws.client("pipes")


def _create(aws: Aws, **more: Any) -> None:
    aws.client("pipes").create_pipe(
        Name=aws.name,
        RoleArn=aws.role(),
        Source=aws.arn("kinesis", f"stream/{aws.name}"),
        Target=aws.arn("lambda", f"function:{aws.name}"),
        SourceParameters={"KinesisStreamParameters": {"StartingPosition": "TRIM_HORIZON"}},
        **more,
    )
