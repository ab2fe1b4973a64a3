"""The states of a pipe, where moto 5.2.5 has none: a pipe that cannot be made.

CreatePipe answers CREATING, then EventBridge tests the source and the dead-letter queue with the
pipe's role; a failure shows as CREATE_FAILED with a StateReason. The target is not tested:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-create.html

The texts for queues are AWS's; that for a stream is AWS's for a DynamoDB stream, whose wording for
Kinesis is not known; that for a role which Pipes may not assume is the lab's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from unittest.mock import patch

from moto.pipes.models import EventBridgePipesBackend

from inventory_lab.local.access.calls import Call, Need
from inventory_lab.local.access.judge import Caller, Judge

READS = (
    "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords",
    "kinesis:GetShardIterator", "kinesis:ListShards",
)  # fmt: skip
"""What a pipe's role needs to read a stream:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html"""

_INVALID = "Input parameter is invalid from the request due to : "


class NewPipe(Protocol):
    """What is known of a pipe when it is made."""

    arn: str
    name: str
    source: str
    source_parameters: Any
    role_arn: str


@contextmanager
def installed(problem_of: Callable[[NewPipe], str | None]) -> Iterator[None]:
    """While open, a pipe for which `problem_of` gives a reason ends in CREATE_FAILED."""
    create = EventBridgePipesBackend.create_pipe

    def create_and_test(self: Any, *args: Any, **kwargs: Any) -> Any:
        pipe = create(self, *args, **kwargs)
        problem = problem_of(pipe)
        if problem:
            pipe.status = "CREATE_FAILED"
            pipe.state_reason = problem[:512]
        return pipe

    with patch.object(EventBridgePipesBackend, "create_pipe", create_and_test):
        yield


def problem_of_role(judge: Judge, role: str, pipe: NewPipe) -> str | None:
    """What the pipe's role lacks on the source or the dead-letter queue; None when it lacks nothing."""
    _, partition, _, region, account, _ = pipe.arn.split(":", 5)
    arn = f"arn:{partition}:sts::{account}:assumed-role/{role}/{pipe.name}"
    caller = Caller.of_arn(arn)

    def may(action: str, resource: str) -> bool:
        call = Call(action.partition(":")[0], "", {}, region, account, partition)
        return judge.decide(caller, call, Need(action, resource))[1].allowed

    if ":kinesis:" in pipe.source and not all(may(action, pipe.source) for action in READS):
        return (
            f"{_INVALID}Cannot access stream {pipe.source}. Please ensure the customer role can "
            "perform actions on source stream"
        )
    source = (pipe.source_parameters or {}).get("KinesisStreamParameters", {})
    queue = source.get("DeadLetterConfig", {}).get("Arn", "")
    if ":sqs:" in queue and not may("sqs:SendMessage", queue):
        return f"{_INVALID}Error occurred while sending message to SQS queue: {queue}"
    return None
