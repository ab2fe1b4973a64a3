"""What a pipe does: DescribePipe's answer, read and checked. Free of moto.

| | |
|---|---|
| supported | a Kinesis source with all of its parameters; targets Lambda (REQUEST_RESPONSE and FIRE_AND_FORGET), SQS, SNS and an event bus; a Lambda enrichment; partial failures, AUTOMATIC_BISECT, dead letters to SQS and SNS, filters, input templates; logs to CloudWatch Logs |
| refused (UnsupportedPipe) | other sources, targets, enrichments and log destinations, and their parameters |

Where AWS leaves the behaviour open: after a partial failure only the returned records are retried,
before the lane goes on; an identifier that is not in the batch fails the whole batch.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory_lab.embedded_aws.pipes.execution_log import LogSettings
from inventory_lab.embedded_aws.pipes.templates import Template, read_template
from inventory_lab.embedded_aws.polling.filters import read_filters
from inventory_lab.embedded_aws.polling.source import NO_LIMIT, Source, start_of
from inventory_lab.exceptions import UnsupportedPipe

BATCH_SIZE = 100
"""AWS's pages disagree on the default (10 or 100); say the size, and it does not matter."""
MOST_OF_A_BATCH = {"sqs": 10, "sns": 10, "events": 10}
"""How many records a target takes at once; Lambda takes what fits into 6 MB:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html"""

_SOURCE_PARAMETERS = {
    "BatchSize", "DeadLetterConfig", "MaximumBatchingWindowInSeconds", "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts", "OnPartialBatchItemFailure", "ParallelizationFactor", "StartingPosition",
    "StartingPositionTimestamp",
}  # fmt: skip
_TARGET_PARAMETERS = {
    "lambda": ("LambdaFunctionParameters", {"InvocationType"}),
    "sqs": ("SqsQueueParameters", {"MessageDeduplicationId", "MessageGroupId"}),
    "sns": ("", set[str]()),
    "events": ("EventBridgeEventBusParameters", {"DetailType", "Resources", "Source", "Time"}),
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a pipe delivers; `parameters` are those of its service."""

    arn: str
    service: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    template: Template = field(default_factory=lambda: read_template(None))

    @property
    def waits_for_answer(self) -> bool:
        """False for a function that is invoked asynchronously."""
        return self.parameters.get("InvocationType") != "FIRE_AND_FORGET"


@dataclass(frozen=True, slots=True)
class Enrichment:
    """The function that is invoked before the target."""

    arn: str
    template: Template


@dataclass(frozen=True, slots=True)
class Definition:
    """A pipe from a Kinesis stream to a target."""

    name: str
    arn: str
    source: Source
    target: Target
    dead_letter_arn: str | None
    enrichment: Enrichment | None = None
    log: LogSettings = field(default_factory=LogSettings)

    @classmethod
    def read(cls, pipe: Mapping[str, Any]) -> Definition:
        """The definition. Raises UnsupportedPipe for what the poller would have to ignore,
        InvalidFilter and InvalidTemplate for what AWS refuses.
        """
        source = pipe.get("SourceParameters", {})
        kinesis = source.get("KinesisStreamParameters", {})
        for problem in _problems(pipe, kinesis):
            raise UnsupportedPipe(pipe["Name"], problem)
        return cls(
            name=pipe["Name"],
            arn=pipe["Arn"],
            source=_source(pipe, kinesis, source.get("FilterCriteria")),
            target=_target(pipe),
            dead_letter_arn=kinesis.get("DeadLetterConfig", {}).get("Arn"),
            enrichment=_enrichment(pipe),
            log=LogSettings.read(pipe.get("LogConfiguration")),
        )

    def reserved(self, now: str) -> dict[str, str]:
        """The reserved variables of an input template, for events that are taken in now."""
        return {
            "aws.pipes.pipe-arn": self.arn,
            "aws.pipes.pipe-name": self.name,
            "aws.pipes.source-arn": self.source.stream_arn,
            "aws.pipes.enrichment-arn": self.enrichment.arn if self.enrichment else "",
            "aws.pipes.target-arn": self.target.arn,
            "aws.pipes.event.ingestion-time": now,
        }


def service_of(arn: str) -> str:
    """The service in an ARN; empty when it is not one.

    >>> service_of("arn:aws:sqs:us-east-1:123456789012:orders")
    'sqs'
    """
    return (arn.split(":") + [""] * 3)[2]


def most_of_a_batch(target_arn: str) -> int | None:
    """The largest BatchSize for a target; None when only the size in bytes counts."""
    return MOST_OF_A_BATCH.get(service_of(target_arn))


def _source(pipe: Mapping[str, Any], kinesis: Mapping[str, Any], filters: Any) -> Source:
    return Source(
        stream_arn=pipe["Source"],
        role_arn=pipe["RoleArn"],
        start=start_of(kinesis),
        batch_size=kinesis.get("BatchSize", most_of_a_batch(pipe["Target"]) or BATCH_SIZE),
        window_seconds=kinesis.get("MaximumBatchingWindowInSeconds", 0),
        retries=kinesis.get("MaximumRetryAttempts", NO_LIMIT),
        max_age=kinesis.get("MaximumRecordAgeInSeconds", NO_LIMIT),
        parallel=kinesis.get("ParallelizationFactor", 1),
        bisect="OnPartialBatchItemFailure" in kinesis,
        filters=read_filters(filters),
    )


def _target(pipe: Mapping[str, Any]) -> Target:
    parameters, service = pipe.get("TargetParameters", {}), service_of(pipe["Target"])
    own = parameters.get(_TARGET_PARAMETERS[service][0], {})
    return Target(pipe["Target"], service, own, read_template(parameters.get("InputTemplate")))


def _enrichment(pipe: Mapping[str, Any]) -> Enrichment | None:
    if not pipe.get("Enrichment"):
        return None
    parameters = pipe.get("EnrichmentParameters") or {}
    return Enrichment(pipe["Enrichment"], read_template(parameters.get("InputTemplate")))


def _problems(pipe: Mapping[str, Any], kinesis: Mapping[str, Any]) -> Iterable[str]:
    dead_letters = kinesis.get("DeadLetterConfig", {}).get("Arn", "")
    enrichment, service = pipe.get("Enrichment"), service_of(pipe["Target"])
    problems = {
        f"its source is {pipe['Source']}, not a Kinesis stream": service_of(pipe["Source"])
        != "kinesis",
        f"its target is {pipe['Target']}, not a function, queue, topic or event bus": service
        not in _TARGET_PARAMETERS,
        f"its enrichment is {enrichment}, not a Lambda function": bool(enrichment)
        and service_of(str(enrichment)) != "lambda",
        f"its dead letters go to {dead_letters}, neither SQS nor SNS": bool(dead_letters)
        and service_of(dead_letters) not in ("sqs", "sns"),
        f"its dead letters go to {dead_letters}, a FIFO queue or topic": dead_letters.endswith(
            ".fifo"
        ),
        "it has no StartingPosition": "StartingPosition" not in kinesis,
    }
    yield from (problem for problem, applies in problems.items() if applies)
    yield from (f"it sets {n} to {v}" for n, v in kinesis.items() if n not in _SOURCE_PARAMETERS)
    if service in _TARGET_PARAMETERS:
        yield from _problems_of_parameters(pipe, service)


def _problems_of_parameters(pipe: Mapping[str, Any], service: str) -> Iterable[str]:
    group, known = _TARGET_PARAMETERS[service]
    for name, value in (pipe.get("TargetParameters") or {}).items():
        if name not in (group, "InputTemplate"):
            yield f"its target has {name}"
        elif name == group:
            yield from (f"its target has {unknown}" for unknown in sorted(set(value) - known))
    for name in pipe.get("EnrichmentParameters") or {}:
        if name != "InputTemplate":
            yield f"its enrichment has {name}"
    for name in pipe.get("LogConfiguration") or {}:
        if name not in ("CloudwatchLogsLogDestination", "IncludeExecutionData", "Level"):
            yield f"its log goes to {name}"
