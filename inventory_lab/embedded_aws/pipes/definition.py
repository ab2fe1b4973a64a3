"""What a pipe does: DescribePipe's answer, read and checked. Free of moto.

| | |
|---|---|
| supported | a Kinesis source with all of its parameters, REQUEST_RESPONSE and FIRE_AND_FORGET, partial failures by `eventID`, AUTOMATIC_BISECT, dead letters to SQS and SNS, filters, input templates |
| refused (UnsupportedPipe) | other sources and targets, enrichment, FIFO dead letters |

Where AWS leaves the behaviour open: after a partial failure only the returned records are retried,
before the lane goes on; an identifier that is not in the batch fails the whole batch.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory_lab.embedded_aws.pipes.templates import Template, read_template
from inventory_lab.embedded_aws.polling.filters import read_filters
from inventory_lab.embedded_aws.polling.source import NO_LIMIT, Source, start_of
from inventory_lab.exceptions import UnsupportedPipe

BATCH_SIZE = 100
"""AWS's pages disagree on the default (10 or 100); say the size, and it does not matter."""

_KNOWN_PARAMETERS = {
    "BatchSize", "DeadLetterConfig", "MaximumBatchingWindowInSeconds", "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts", "OnPartialBatchItemFailure", "ParallelizationFactor", "StartingPosition",
    "StartingPositionTimestamp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Definition:
    """A pipe from a Kinesis stream to a Lambda function."""

    name: str
    arn: str
    source: Source
    function_arn: str
    waits_for_answer: bool
    dead_letter_arn: str | None
    template: Template = field(default_factory=lambda: read_template(None))

    @classmethod
    def read(cls, pipe: Mapping[str, Any]) -> Definition:
        """The definition. Raises UnsupportedPipe for what the poller would have to ignore,
        InvalidFilter and InvalidTemplate for what AWS refuses.
        """
        source, target = pipe.get("SourceParameters", {}), pipe.get("TargetParameters", {})
        kinesis = source.get("KinesisStreamParameters", {})
        for problem in _problems(pipe, kinesis):
            raise UnsupportedPipe(pipe["Name"], problem)
        invocation = target.get("LambdaFunctionParameters", {}).get("InvocationType")
        return cls(
            name=pipe["Name"],
            arn=pipe["Arn"],
            source=_source(pipe, kinesis, source.get("FilterCriteria")),
            function_arn=pipe["Target"],
            waits_for_answer=invocation != "FIRE_AND_FORGET",
            dead_letter_arn=kinesis.get("DeadLetterConfig", {}).get("Arn"),
            template=read_template(target.get("InputTemplate")),
        )

    def reserved(self, now: str) -> dict[str, str]:
        """The reserved variables of an input template, for events that are taken in now."""
        return {
            "aws.pipes.pipe-arn": self.arn,
            "aws.pipes.pipe-name": self.name,
            "aws.pipes.source-arn": self.source.stream_arn,
            "aws.pipes.enrichment-arn": "",
            "aws.pipes.target-arn": self.function_arn,
            "aws.pipes.event.ingestion-time": now,
        }


def _source(pipe: Mapping[str, Any], kinesis: Mapping[str, Any], filters: Any) -> Source:
    return Source(
        stream_arn=pipe["Source"],
        role_arn=pipe["RoleArn"],
        start=start_of(kinesis),
        batch_size=kinesis.get("BatchSize", BATCH_SIZE),
        window_seconds=kinesis.get("MaximumBatchingWindowInSeconds", 0),
        retries=kinesis.get("MaximumRetryAttempts", NO_LIMIT),
        max_age=kinesis.get("MaximumRecordAgeInSeconds", NO_LIMIT),
        parallel=kinesis.get("ParallelizationFactor", 1),
        bisect="OnPartialBatchItemFailure" in kinesis,
        filters=read_filters(filters),
    )


def _problems(pipe: Mapping[str, Any], kinesis: Mapping[str, Any]) -> Iterable[str]:
    dead_letters = kinesis.get("DeadLetterConfig", {}).get("Arn", "")
    problems = {
        f"its source is {pipe['Source']}, no Kinesis stream": ":kinesis:" not in pipe["Source"],
        f"its target is {pipe['Target']}, no Lambda function": ":lambda:" not in pipe["Target"],
        "it has an enrichment": bool(pipe.get("Enrichment")),
        f"its dead letters go to {dead_letters}, neither SQS nor SNS": bool(dead_letters)
        and not (":sqs:" in dead_letters or ":sns:" in dead_letters),
        f"its dead letters go to {dead_letters}, a FIFO queue or topic": dead_letters.endswith(
            ".fifo"
        ),
        "it has no StartingPosition": "StartingPosition" not in kinesis,
    }
    yield from (problem for problem, found in problems.items() if found)
    for name, value in kinesis.items():
        if name not in _KNOWN_PARAMETERS:
            yield f"it sets {name} to {value}"
