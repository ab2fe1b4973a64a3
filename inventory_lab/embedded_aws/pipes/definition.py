"""What a pipe is told to do: DescribePipe's answer, read and checked. Free of moto."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory_lab.embedded_aws.pipes.filters import Filters, read_filters
from inventory_lab.embedded_aws.pipes.templates import Template, read_template
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
    """A pipe from a Kinesis stream to a Lambda function.

    `retries` and `max_age` (seconds) are -1 for no limit; `start` is the request for the first
    iterator of a shard.
    """

    name: str
    arn: str
    role_arn: str
    stream_arn: str
    function_arn: str
    batch_size: int
    window_seconds: float
    retries: int
    max_age: float
    parallel: int
    bisect: bool
    waits_for_answer: bool
    dead_letter_arn: str | None
    start: Mapping[str, Any]
    filters: Filters = field(default_factory=lambda: read_filters(None))
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
            role_arn=pipe["RoleArn"],
            stream_arn=pipe["Source"],
            function_arn=pipe["Target"],
            batch_size=kinesis.get("BatchSize", BATCH_SIZE),
            window_seconds=kinesis.get("MaximumBatchingWindowInSeconds", 0),
            retries=kinesis.get("MaximumRetryAttempts", -1),
            max_age=kinesis.get("MaximumRecordAgeInSeconds", -1),
            parallel=kinesis.get("ParallelizationFactor", 1),
            bisect="OnPartialBatchItemFailure" in kinesis,
            waits_for_answer=invocation != "FIRE_AND_FORGET",
            dead_letter_arn=kinesis.get("DeadLetterConfig", {}).get("Arn"),
            start=_start(kinesis),
            filters=read_filters(source.get("FilterCriteria")),
            template=read_template(target.get("InputTemplate")),
        )

    def reserved(self, now: str) -> dict[str, str]:
        """The reserved variables of an input template, for events that are taken in now."""
        return {
            "aws.pipes.pipe-arn": self.arn,
            "aws.pipes.pipe-name": self.name,
            "aws.pipes.source-arn": self.stream_arn,
            "aws.pipes.enrichment-arn": "",
            "aws.pipes.target-arn": self.function_arn,
            "aws.pipes.event.ingestion-time": now,
        }


def _start(kinesis: Mapping[str, Any]) -> dict[str, Any]:
    position = {"ShardIteratorType": kinesis["StartingPosition"]}
    if "StartingPositionTimestamp" in kinesis:
        position["Timestamp"] = kinesis["StartingPositionTimestamp"]
    return position


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
