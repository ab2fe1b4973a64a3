"""The EventBridge Pipe from the stream to the function."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from inventory_lab.exceptions import PipeFailed
from inventory_lab.resources import pipe_log_group
from inventory_lab.resources.account import TAGS, Account, unless_missing
from inventory_lab.resources.deletion import until_gone

_MISSING = ("NotFoundException",)
WAIT_SECONDS = 300
_MOVING = ("CREATING", "UPDATING", "STARTING", "STOPPING", "DELETING")


def ensure(account: Account, sleep: Callable[[float], None] = time.sleep) -> str:
    """The pipe's ARN, running; made when it is missing or was never made whole. Raises PipeFailed."""
    pipe = describe(account)
    if pipe is not None and pipe["CurrentState"] == "CREATE_FAILED":
        delete(account, sleep)  # nothing has run yet, and its cause may be gone
        pipe = None
    if pipe is None:
        pipe_log_group.ensure(account)
        account.client("pipes").create_pipe(**_request(account))
    if pipe is None or pipe["CurrentState"] in _MOVING:
        pipe = settled(account, sleep)
    if pipe["CurrentState"] != "RUNNING":
        raise PipeFailed(pipe["Name"], pipe["CurrentState"], pipe.get("StateReason", ""))
    return str(pipe["Arn"])


def describe(account: Account) -> dict[str, Any] | None:
    """DescribePipe's answer, or None when there is no pipe."""
    call = account.client("pipes").describe_pipe
    pipe: dict[str, Any] | None = unless_missing(_MISSING, call, Name=account.settings.name("pipe"))
    return pipe


def settled(account: Account, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """DescribePipe's answer once the pipe rests, which AWS takes a while for: what it was told is done, or
    has failed and StateReason says why. Raises PipeFailed when it moves on and on.

    States: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html
    """
    state = "not there"
    for _ in range(WAIT_SECONDS):
        pipe = describe(account)
        state = pipe["CurrentState"] if pipe else state
        if pipe is not None and state not in _MOVING:
            return pipe
        sleep(1)
    raise PipeFailed(account.settings.name("pipe"), f"still {state}", f"after {WAIT_SECONDS} s")


def tags(account: Account) -> dict[str, str] | None:
    """The pipe's tags, which DescribePipe gives, or None when there is no pipe:
    https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html
    """
    pipe = describe(account)
    return None if pipe is None else dict(pipe.get("Tags") or {})


def delete(account: Account, sleep: Callable[[float], None] = time.sleep) -> None:
    """Delete the pipe, whatever its state, and wait until it is gone. Raises StillDeleting."""
    name = account.settings.name("pipe")
    call = partial(account.client("pipes").delete_pipe, Name=name)
    until_gone(name, lambda: _state(account), call, (*_MISSING, "ConflictException"), sleep)


def _state(account: Account) -> str | None:
    pipe = describe(account)
    return None if pipe is None else str(pipe["CurrentState"])


def _request(account: Account) -> dict[str, Any]:
    settings = account.settings
    return {
        "Name": settings.name("pipe"),
        "Source": account.stream_arn(),
        "Target": account.function_arn(),
        "RoleArn": account.role_arn("pipe_role"),
        "SourceParameters": {
            "KinesisStreamParameters": {
                "StartingPosition": "TRIM_HORIZON",
                "BatchSize": settings.batch_size,
                "MaximumBatchingWindowInSeconds": settings.batch_window_seconds,
                "MaximumRetryAttempts": settings.retries,
                "MaximumRecordAgeInSeconds": settings.maximum_record_age_seconds,
                "ParallelizationFactor": settings.parallelization_factor,
                "OnPartialBatchItemFailure": "AUTOMATIC_BISECT",
                "DeadLetterConfig": {"Arn": account.queue_arn("dead_letter_queue")},
            }
        },
        "TargetParameters": {"LambdaFunctionParameters": {"InvocationType": "REQUEST_RESPONSE"}},
        "LogConfiguration": {
            "CloudwatchLogsLogDestination": {"LogGroupArn": pipe_log_group.arn_of(account)},
            "Level": "INFO",
            "IncludeExecutionData": ["ALL"],
        },
        "Tags": TAGS,
    }
