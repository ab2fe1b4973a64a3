"""The life of a pipe, where moto 5.2.5 keeps only a record of it.

| | moto | AWS, and the lab |
|---|---|---|
| CreatePipe with the name of a pipe that exists | replaces the pipe | ConflictException |
| a filter, template or size that AWS refuses | stored | ValidationException, also at UpdatePipe |
| an ARN or a name that is not one; a batch larger than the target takes; a FIFO topic | stored | ValidationException, also at UpdatePipe |
| a log group that is not there | stored | ValidationException |
| source and dead letters | never tested | tested with the role; CREATE_FAILED or UPDATE_FAILED with a StateReason |
| a stopped pipe | starts again when it is looked at | stays stopped, with the reason USER_INITIATED |
| UpdatePipe | drops StartingPosition with the source parameters | the source parameters are replaced as a whole, StartingPosition stays |

The caller who makes a pipe with a log sets up the delivery, with the rights that AWS documents for it:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
The role of the pipe needs none. AWS's words for these refusals are not known.

States settle at once: CREATING, STARTING, STOPPING and UPDATING are never seen. The target is not
tested. The texts for queues are AWS's; that for a stream is AWS's for a DynamoDB stream, whose wording
for Kinesis is not known; that for a role which Pipes may not assume is the lab's own. An update that
fails keeps the desired state, and the pipe does not run until it is updated again.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-create.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from moto.core import DEFAULT_ACCOUNT_ID
from moto.logs.models import logs_backends
from moto.pipes.exceptions import ConflictException, ValidationException
from moto.pipes.models import EventBridgePipesBackend, PipeStatus, pipes_backends

from inventory_lab.embedded_aws.patching import Patch
from inventory_lab.embedded_aws.pipes.definition import most_of_a_batch, service_of
from inventory_lab.embedded_aws.pipes.execution_log import LEVELS, LogSettings
from inventory_lab.embedded_aws.pipes.templates import read_template
from inventory_lab.embedded_aws.polling.filters import read_filters
from inventory_lab.exceptions import InvalidFilter, InvalidTemplate
from inventory_lab.iam.account.evaluator import Caller, PolicyEvaluator
from inventory_lab.iam.evaluation.calls import Call, Need

READS = (
    "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords",
    "kinesis:GetShardIterator", "kinesis:ListShards",
)  # fmt: skip
"""What a pipe's role needs to read a stream:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html"""

LIMITS = {
    "BatchSize": (1, 10_000),
    "MaximumBatchingWindowInSeconds": (0, 300),
    "MaximumRecordAgeInSeconds": (-1, 604_800),
    "MaximumRetryAttempts": (-1, 10_000),
    "ParallelizationFactor": (1, 10),
}
"""https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceKinesisStreamParameters.html"""

REASON_CHARACTERS = 512
_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)
_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d{12}:\S+", re.ASCII)
_INVALID = "Input parameter is invalid from the request due to : "


class PipeRecord(Protocol):
    """What is known of a pipe."""

    arn: str
    name: str
    source: str
    source_parameters: Any
    target_parameters: Any
    role_arn: str
    desired_state: str
    status: str
    state_reason: str | None


ProblemOf = Callable[[PipeRecord], str | None]


def records(region: str) -> list[PipeRecord]:
    """What moto keeps of the pipes of a region, in the order in which they were created."""
    return list(pipes_backends[DEFAULT_ACCOUNT_ID][region].pipes.values())


def patches(problem_of: ProblemOf) -> list[Patch]:
    """What makes pipes live as on AWS; `problem_of` tests one with its role."""
    backend = EventBridgePipesBackend
    return [
        Patch(
            owner=PipeStatus,
            name="status_transitions",
            signature="classmethod(self)",
            kind="gap",
            why="a stopped pipe stays stopped when it is looked at",
            replacement=classmethod(_none),
            upstream=True,
        ),
        Patch(
            owner=backend,
            name="create_pipe",
            signature="(self, name, description, desired_state, source, source_parameters, "
            "enrichment, enrichment_parameters, target, target_parameters, role_arn, tags, "
            "log_configuration, kms_key_identifier)",
            kind="gap",
            why="refuses a name that is taken and parameters that AWS refuses; tests the role",
            around=partial(_created, problem_of),
            upstream=True,
        ),
        Patch(
            owner=backend,
            name="update_pipe",
            signature="(self, name, role_arn, description, desired_state, source_parameters, "
            "enrichment, enrichment_parameters, target, target_parameters, log_configuration, "
            "kms_key_identifier)",
            kind="gap",
            why="keeps the starting position; refuses parameters that AWS refuses; tests the role",
            around=partial(_updated, problem_of),
            upstream=True,
        ),
        Patch(
            owner=backend,
            name="start_pipe",
            signature="(self, name)",
            kind="hook",
            why="the pipe is running at once",
            around=_settled,
        ),
        Patch(
            owner=backend,
            name="stop_pipe",
            signature="(self, name)",
            kind="gap",
            why="the pipe is stopped at once, with the reason USER_INITIATED",
            around=_settled,
            upstream=True,
        ),
    ]


def _none(_: Any) -> list[tuple[str, str]]:
    """No state leads to another by being looked at."""
    return [("", "")]


def _created(problem_of: ProblemOf, create: Callable[..., Any]) -> Callable[..., Any]:
    def created(self: Any, **request: Any) -> Any:
        if request["name"] in self.pipes:
            raise ConflictException(f"Pipe {request['name']} already exists.")
        _check_names(request)
        _check(request["source_parameters"], request["target_parameters"])
        _check_target(request["target"], request["source_parameters"], request["target_parameters"])
        _check_log(request.get("log_configuration"), self)
        pipe = create(self, **request)
        _settle(pipe, "CREATE_FAILED", problem_of)
        return pipe

    return created


def _updated(problem_of: ProblemOf, update: Callable[..., Any]) -> Callable[..., Any]:
    def updated(self: Any, **request: Any) -> Any:
        existing = self.pipes.get(request["name"])
        source = request["source_parameters"]
        if existing is not None and source is not None:
            request["source_parameters"] = _with_start(existing.source_parameters, source)
        _check(request["source_parameters"], request["target_parameters"])
        if existing is not None:
            _check_target(
                request["target"] or existing.target,
                request["source_parameters"] or existing.source_parameters,
                request["target_parameters"] or existing.target_parameters,
            )
        _check_log(request.get("log_configuration"), self)
        pipe = update(self, **request)
        _settle(pipe, "UPDATE_FAILED", problem_of)
        return pipe

    return updated


def _settled(change: Callable[..., Any]) -> Callable[..., Any]:
    def settled(self: Any, name: str) -> Any:
        pipe = change(self, name)
        _rest(pipe)
        return pipe

    return settled


def _settle(pipe: PipeRecord, failed: str, problem_of: ProblemOf) -> None:
    problem = problem_of(pipe)
    if problem:
        pipe.status, pipe.state_reason = failed, problem[:REASON_CHARACTERS]
    else:
        _rest(pipe)


def _rest(pipe: PipeRecord) -> None:
    """Set the pipe to its desired state."""
    pipe.status = pipe.desired_state
    pipe.state_reason = "USER_INITIATED" if pipe.desired_state == "STOPPED" else None


def _with_start(existing: Any, new: Mapping[str, Any]) -> dict[str, Any]:
    """The new source parameters, with the position that an update cannot change."""
    old = (existing or {}).get("KinesisStreamParameters", {})
    start = {name: old[name] for name in old if name.startswith("StartingPosition")}
    return {
        **new,
        "KinesisStreamParameters": {**start, **new.get("KinesisStreamParameters", {})},
    }


def _check(source: Any, target: Any) -> None:
    """Raises ValidationException for what AWS refuses to store."""
    kinesis = (source or {}).get("KinesisStreamParameters", {})
    for name, (lowest, highest) in LIMITS.items():
        if name in kinesis and not lowest <= kinesis[name] <= highest:
            raise ValidationException(
                f"{name} is {kinesis[name]}; it must be from {lowest} to {highest}"
            )
    if kinesis.get("DeadLetterConfig", {}).get("Arn", "").endswith(".fifo"):
        raise ValidationException("the dead letters of a stream need a standard queue or topic")
    try:
        read_filters((source or {}).get("FilterCriteria"))
        read_template((target or {}).get("InputTemplate"))
    except (InvalidFilter, InvalidTemplate) as exc:
        raise ValidationException(str(exc)) from exc


def _check_names(request: Mapping[str, Any]) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html"""
    if not _NAME.fullmatch(request["name"]):
        raise ValidationException(f"Name {request['name']} must match {_NAME.pattern}")
    for member in ("source", "target", "role_arn", "enrichment"):
        value = request.get(member)
        if value and not _ARN.fullmatch(value):
            shown = member.replace("_arn", "Arn").capitalize().replace("Rolearn", "RoleArn")
            raise ValidationException(f"{shown} {value} is not an ARN")


def _check_target(arn: str, source: Any, target: Any) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html"""
    if service_of(arn) == "sns" and arn.endswith(".fifo"):
        raise ValidationException("a FIFO topic cannot be the target of a pipe")
    size = (source or {}).get("KinesisStreamParameters", {}).get("BatchSize", 1)
    most = most_of_a_batch(arn)
    if most is not None and size > most:
        raise ValidationException(f"BatchSize is {size}; the target {arn} takes {most} at most")
    group = (target or {}).get("SqsQueueParameters", {}).get("MessageGroupId")
    if service_of(arn) == "sqs" and arn.endswith(".fifo") and not group:
        raise ValidationException(f"the target {arn} is a FIFO queue and needs a MessageGroupId")


def _check_log(configuration: Mapping[str, Any] | None, backend: Any) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeLogConfigurationParameters.html"""
    settings = LogSettings.read(configuration)
    if settings.level not in LEVELS:
        raise ValidationException(f"Level {settings.level} must be one of {', '.join(LEVELS)}")
    groups = logs_backends[backend.account_id][backend.region_name].groups
    if settings.group and settings.group not in groups:
        raise ValidationException(f"The log group {settings.group} does not exist")


def write_log(region: str, group: str, stream: str, events: list[dict[str, Any]]) -> None:
    """Write records as AWS's log delivery does, without anybody's credentials; a log group that was
    deleted since gets none.
    """
    logs = logs_backends[DEFAULT_ACCOUNT_ID][region]
    if group in logs.groups:
        logs.ensure_log_stream(group, stream)
        logs.put_log_events(group, stream, events)


def problem_of_role(evaluator: PolicyEvaluator, role: str, pipe: PipeRecord) -> str | None:
    """What the pipe's role lacks on the source or the dead letters; None when it lacks nothing."""
    _, partition, _, region, account, _ = pipe.arn.split(":", 5)
    caller = Caller.of_arn(f"arn:{partition}:sts::{account}:assumed-role/{role}/{pipe.name}")

    def may(action: str, resource: str) -> bool:
        call = Call(action.partition(":")[0], "", {}, region, account, partition)
        return evaluator.decide(caller, call, Need(action, resource))[1].allowed

    if ":kinesis:" in pipe.source and not all(may(action, pipe.source) for action in READS):
        return (
            f"{_INVALID}Cannot access stream {pipe.source}. Please ensure the customer role can "
            "perform actions on source stream"
        )
    kinesis = (pipe.source_parameters or {}).get("KinesisStreamParameters", {})
    dead_letters = kinesis.get("DeadLetterConfig", {}).get("Arn", "")
    if ":sqs:" in dead_letters and not may("sqs:SendMessage", dead_letters):
        return f"{_INVALID}Error occurred while sending message to SQS queue: {dead_letters}"
    if ":sns:" in dead_letters and not may("sns:Publish", dead_letters):
        return f"{_INVALID}Error occurred while publishing message to SNS topic: {dead_letters}"
    return None
