"""The EventBridge Pipe from the stream to the function."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from inventory_lab.exceptions import PipeFailed, StillChanging
from inventory_lab.resources import pipe_log_group
from inventory_lab.resources.account import Account, unless_missing
from inventory_lab.resources.deletion import until_gone
from inventory_lab.resources.ownership import refuse_foreign
from inventory_lab.resources.propagation import STREAM, may_spread, once_known
from inventory_lab.resources.stable import until_stable

_MISSING = ("NotFoundException",)
WAIT_SECONDS = 300
SPREADING_SECONDS = 30
"""The pause before a pipe is created anew whose role or stream was not known yet."""
_MOVING = ("CREATING", "UPDATING", "STARTING", "STOPPING", "DELETING")


def ensure(account: Account, sleep: Callable[[float], None] = time.sleep) -> str:
    """The pipe's ARN, running; created when it is missing or its creation failed, brought up to date
    otherwise. A pipe that is stopped is started.

    Raises PipeFailed, NotTheLabs, and StillChanging when a change goes on for 5 minutes.
    """
    name, log_group = account.settings.name("pipe"), pipe_log_group.ensure(account)
    until_stable(name, partial(_state, account), _MOVING, sleep)
    pipe = describe(account)
    if pipe is not None:
        refuse_foreign(account, "pipe", name, pipe.get("Tags") or {})
    if pipe is not None and pipe["CurrentState"] == "CREATE_FAILED":
        delete(account, sleep)  # nothing has run yet, and its cause may be gone
        pipe = None
    if pipe is None:
        _create(account, log_group, sleep)
    elif pipe["CurrentState"] != "RUNNING" or not _contains(pipe, _changeable(account, log_group)):
        account.client("pipes").update_pipe(**_changeable(account, log_group))
    return _running(account, sleep)


def update(account: Account, sleep: Callable[[float], None] = time.sleep) -> str:
    """The ARN of a pipe that exists, after it has been given the account's settings.

    Raises PipeFailed, and StillChanging when the change goes on for 5 minutes.
    """
    account.client("pipes").update_pipe(**_changeable(account, pipe_log_group.arn_of(account)))
    return _running(account, sleep)


def _running(account: Account, sleep: Callable[[float], None]) -> str:
    pipe = settled(account, sleep)
    if pipe["CurrentState"] != "RUNNING":
        raise PipeFailed(pipe["Name"], pipe["CurrentState"], pipe.get("StateReason", ""))
    return str(pipe["Arn"])


def _create(account: Account, log_group: str, sleep: Callable[[float], None]) -> None:
    """Create the pipe; once more when its creation fails because the role or the stream is new."""
    create = partial(account.client("pipes").create_pipe, **_request(account, log_group))
    once_known(create, STREAM, sleep)
    pipe = settled(account, sleep)
    reason = pipe.get("StateReason", "")
    if pipe["CurrentState"] == "CREATE_FAILED" and may_spread(reason, STREAM):
        delete(account, sleep)
        sleep(SPREADING_SECONDS)
        once_known(create, STREAM, sleep)


def _contains(existing: Any, expected: Any) -> bool:
    """Whether the answer of AWS has all that is expected; it may have more."""
    if not isinstance(expected, dict) or not isinstance(existing, dict):
        return bool(existing == expected)
    return all(_contains(existing.get(member), value) for member, value in expected.items())


def describe(account: Account) -> dict[str, Any] | None:
    """DescribePipe's answer, or None when there is no pipe."""
    call = account.client("pipes").describe_pipe
    pipe: dict[str, Any] | None = unless_missing(_MISSING, call, Name=account.settings.name("pipe"))
    return pipe


def settled(account: Account, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """DescribePipe's answer once the pipe rests, which AWS takes a while for: what it was told is done, or
    has failed and StateReason says why. Raises StillChanging when it goes on for WAIT_SECONDS.

    States: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html
    """
    state = "not there"
    for _ in range(WAIT_SECONDS):
        pipe = describe(account)
        state = pipe["CurrentState"] if pipe else state
        if pipe is not None and state not in _MOVING:
            return pipe
        sleep(1)
    raise StillChanging(account.settings.name("pipe"), state, WAIT_SECONDS)


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


def _changeable(account: Account, log_group: str) -> dict[str, Any]:
    """The request members that an update can change; the source and where reading starts stay:
    https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_UpdatePipe.html
    """
    settings = account.settings
    return {
        "Name": settings.name("pipe"),
        "DesiredState": "RUNNING",
        "Target": account.function_arn(),
        "RoleArn": account.role_arn("pipe_role"),
        "SourceParameters": {
            "KinesisStreamParameters": {
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
            "CloudwatchLogsLogDestination": {"LogGroupArn": log_group},
            "Level": "INFO",
            "IncludeExecutionData": ["ALL"],
        },
    }


def _request(account: Account, log_group: str) -> dict[str, Any]:
    request = _changeable(account, log_group)
    kinesis = request["SourceParameters"]["KinesisStreamParameters"]
    kinesis["StartingPosition"] = "TRIM_HORIZON"
    return request | {"Source": account.stream_arn(), "Tags": account.tags}
