"""The log of a pipe's executions: a record for each step, as far as the pipe's level asks. Free of moto.

| | AWS | here |
|---|---|---|
| levels | OFF, ERROR, INFO, TRACE; each has the steps of those before it | the same |
| a record | executionId, timestamp, messageType, resourceArn, logLevel, payload, awsRequest, awsResponse, truncatedFields, error | the same |
| logLevel | that of the pipe, not of the record | the same |
| execution data | with IncludeExecutionData ALL, cut so that a record stays under 256 KB | the same; `payload` where an execution starts, where it changes and where it fails, `awsRequest` and `awsResponse` in those of invocations |
| destinations | CloudWatch Logs, Firehose, S3 | CloudWatch Logs |
| log stream | AWS says nothing | one for each pipe and day |

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-logs.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-logs-execution-steps.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-logs-schema.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

OFF, ERROR, INFO, TRACE = "OFF", "ERROR", "INFO", "TRACE"
LEVELS = (OFF, ERROR, INFO, TRACE)
RECORD_CHARACTERS = 256 * 1024
_DATA = ("payload", "awsRequest", "awsResponse")
_ROOM = 2_000
"""For what surrounds the data in a record."""

_INFO_STEPS = (
    "ExecutionStarted", "ExecutionSucceeded", "EnrichmentStageEntered", "EnrichmentStageSucceeded",
    "TargetStageEntered", "TargetStageSkipped", "TargetStageSucceeded",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LogSettings:
    """A pipe's LogConfiguration; without a log group nothing is written."""

    level: str = OFF
    group: str = ""
    with_data: bool = False

    @classmethod
    def read(cls, configuration: Mapping[str, Any] | None) -> LogSettings:
        """https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeLogConfiguration.html

        >>> LogSettings.read({"Level": "ERROR"})
        LogSettings(level='ERROR', group='', with_data=False)
        """
        log_configuration = configuration or {}
        arn = (log_configuration.get("CloudwatchLogsLogDestination") or {}).get("LogGroupArn", "")
        group = arn.partition(":log-group:")[2].removesuffix(":*")
        with_data = "ALL" in (log_configuration.get("IncludeExecutionData") or [])
        return cls(log_configuration.get("Level") or OFF, group, with_data)

    def includes(self, step: str) -> bool:
        """Whether a record is written for a step such as "ExecutionFailed".

        >>> LogSettings(level="ERROR", group="g").includes("TargetInvocationFailed")
        True
        """
        return bool(self.group) and LEVELS.index(self.level) >= LEVELS.index(level_of(step))


def level_of(step: str) -> str:
    """The lowest level at which a step is logged.

    >>> level_of("ExecutionPartiallyFailed"), level_of("TargetStageEntered")
    ('ERROR', 'INFO')
    """
    if step.endswith(("Failed", "Timeout", "Throttled")):
        return ERROR
    return INFO if step in _INFO_STEPS else TRACE


@dataclass(slots=True)
class ExecutionLog:
    """The records of one execution."""

    settings: LogSettings
    pipe_arn: str
    execution_id: str
    at: datetime
    records: list[dict[str, Any]] = field(default_factory=list)

    def note(self, step: str, error: Mapping[str, Any] | None = None, **data: str) -> None:
        """Add the record of a step; `data` are the payload, awsRequest and awsResponse it has."""
        if not self.settings.includes(step):
            return
        record: dict[str, Any] = {
            "resourceArn": self.pipe_arn,
            "timestamp": int(self.at.timestamp() * 1000),
            "executionId": self.execution_id,
            "messageType": step,
            "logLevel": self.settings.level,
        }
        if self.settings.with_data and data:
            record |= _fitting(data)
        if error is not None:
            record["error"] = dict(error)
        self.records.append(record)

    def events(self) -> list[dict[str, Any]]:
        """The records as CloudWatch Logs takes them."""
        return [
            {"timestamp": record["timestamp"], "message": json.dumps(record)}
            for record in self.records
        ]


def _fitting(data: Mapping[str, str]) -> dict[str, Any]:
    """The execution data, cut where a record would be too long."""
    fitting: dict[str, Any] = {}
    room = RECORD_CHARACTERS - _ROOM
    for name in (name for name in _DATA if name in data):
        fitting[name] = _cut(data[name], room)
        room = max(0, room - _length(fitting[name]))
    cut = [name for name in fitting if fitting[name] != data[name]]
    return fitting | {"truncatedFields": cut or None}


def _cut(text: str, room: int) -> str:
    """The beginning of a text that fits into this number of characters of JSON."""
    length = len(text)
    while length and (length > room or _length(text[:length]) > room):
        length = min(length * 9 // 10, room)
    return text[:length]


def _length(text: str) -> int:
    """How long a text is as JSON."""
    return len(json.dumps(text))
