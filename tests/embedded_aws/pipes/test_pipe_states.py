"""How a pipe is made, changed, stopped and started, with its states and reasons."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab, ProductAdded, QuantityChanged
from inventory_lab.exceptions import UnsupportedPipe

NAME = "inventory-pipe"


def pipes(lab: Lab) -> Any:
    return lab.session("root").client("pipes")


def update(lab: Lab, kinesis: Any = None, **more: Any) -> None:
    source = {"SourceParameters": {"KinesisStreamParameters": kinesis}} if kinesis else {}
    role = lab.account.role_arn("pipe_role")
    pipes(lab).update_pipe(Name=NAME, RoleArn=role, **source | more)


def test_a_stopped_pipe_stays_stopped_and_goes_on_where_it_was(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("a", 1)))
    pipes(built).stop_pipe(Name=NAME)
    for _ in range(3):
        pipe = pipes(built).describe_pipe(Name=NAME)
        assert (pipe["CurrentState"], pipe["StateReason"]) == ("STOPPED", "USER_INITIATED")
    receipt = built.publish(QuantityChanged("a", 1))
    assert built.pump().invocations == 0
    pipes(built).start_pipe(Name=NAME)
    assert "StateReason" not in pipes(built).describe_pipe(Name=NAME)
    assert built.settle(receipt)
    assert built.reconcile().exact


def test_an_update_replaces_the_source_parameters_and_keeps_the_position(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("a", 1)))
    update(built, {"BatchSize": 7})
    source = pipes(built).describe_pipe(Name=NAME)["SourceParameters"]["KinesisStreamParameters"]
    assert source == {"BatchSize": 7, "StartingPosition": "TRIM_HORIZON"}
    assert built.settle(built.publish(QuantityChanged("a", 1)))
    assert built.inventory().loc["a", "quantity"] == 2


def test_a_pipe_of_the_same_name_is_a_conflict(built: Lab) -> None:
    existing = pipes(built).describe_pipe(Name=NAME)
    with pytest.raises(ClientError, match="ConflictException"):
        pipes(built).create_pipe(
            Name=NAME, Source=existing["Source"], Target=existing["Target"],
            RoleArn=existing["RoleArn"], SourceParameters=existing["SourceParameters"],
        )  # fmt: skip


REFUSED: dict[str, dict[str, Any]] = {
    "BatchSize is 10001": {"kinesis": {"BatchSize": 10_001}},
    "MaximumBatchingWindowInSeconds is 301": {"kinesis": {"MaximumBatchingWindowInSeconds": 301}},
    "ParallelizationFactor is 11": {"kinesis": {"ParallelizationFactor": 11}},
    "standard queue or topic": {
        "kinesis": {"DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:123456789012:q.fifo"}}
    },
    "wildcard": {
        "SourceParameters": {
            "FilterCriteria": {"Filters": [{"Pattern": '{"partitionKey": [{"wildcard": "a*"}]}'}]}
        }
    },
    "aws.pipes.nothing": {"TargetParameters": {"InputTemplate": "<aws.pipes.nothing>"}},
}


@pytest.mark.parametrize("problem", REFUSED)
def test_what_aws_refuses_to_store_is_refused(problem: str, built: Lab) -> None:
    with pytest.raises(ClientError, match=f"ValidationException.*{problem}"):
        update(built, **REFUSED[problem])


def test_a_target_that_the_lab_cannot_run_is_named_at_the_first_round(built: Lab) -> None:
    update(built, Target="arn:aws:kinesis:us-east-1:123456789012:stream/another")
    with pytest.raises(UnsupportedPipe, match=r"its target is .*, not a function, queue, topic"):
        built.pump()


def test_two_pipes_read_one_stream_each_at_its_own_pace(built: Lab) -> None:
    existing = pipes(built).describe_pipe(Name=NAME)
    iam = built.session("root").client("iam")
    trust = iam.get_role(RoleName="inventory-pipe-role")["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Condition"].pop("ArnLike")
    iam.update_assume_role_policy(RoleName="inventory-pipe-role", PolicyDocument=json.dumps(trust))
    built.settle(built.publish(ProductAdded("a", 1)))
    pipes(built).create_pipe(
        Name="second", Source=existing["Source"], Target=existing["Target"],
        RoleArn=existing["RoleArn"], SourceParameters=existing["SourceParameters"],
    )  # fmt: skip
    assert built.pump().records == 1  # the second pipe begins at the beginning
    assert built.reports()["redelivered"] == 1
    assert built.reconcile().exact
    assert set(built.pipe_log()["pipe"]) == {NAME, "second"}


def test_the_log_of_a_pipe_is_a_table_for_readers(built: Lab) -> None:
    built.settle(built.publish([ProductAdded("a", 1), ProductAdded("b", 1)]))
    log = built.pipe_log()
    assert list(log["outcome"]) == ["delivered"] * len(log)
    assert log["records"].sum() == 2
