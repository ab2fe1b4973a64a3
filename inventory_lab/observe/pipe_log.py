"""The pipe's executions, read from the log that EventBridge Pipes writes to CloudWatch Logs.

A record of the log names the step that an execution has reached. Shard, sequence numbers and the number
of records come from the execution data. The attempt is counted from earlier executions. What happens to
a failed batch follows from the pipe's parameters. AWS cuts execution data at 256 KB: then the end of the
batch, and everything that is counted from it, is None.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-logs-schema.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from inventory_lab.resources import pipe, pipe_log_group
from inventory_lab.resources.account import Account, unless_missing

_EVENT_ID = re.compile(r'"eventID"\s*:\s*"([\w-]+):(\d+)"')
_OUTCOMES = {
    "ExecutionSucceeded": "delivered",
    "ExecutionPartiallyFailed": "partly failed",
    "ExecutionFailed": "failed",
}


@dataclass(frozen=True, slots=True)
class LoggedExecution:
    """One execution of a pipe. `first` and `last` are sequence numbers; None means that the log does
    not say. `outcome` is delivered, partly failed, failed, bisected, dead letter or dropped.
    """

    at: datetime
    pipe: str
    shard_id: str
    first: int | None
    last: int | None
    records: int | None
    attempt: int | None
    outcome: str
    failed: int | None
    error: str


@dataclass(frozen=True, slots=True)
class FailurePolicy:
    """What a pipe does with a batch that fails: its source parameters."""

    retries: int = -1
    bisects: bool = False
    has_dead_letters: bool = False

    @classmethod
    def read(cls, description: Mapping[str, Any] | None) -> FailurePolicy:
        """The policy that the answer of DescribePipe describes."""
        parameters = (description or {}).get("SourceParameters", {})
        kinesis = parameters.get("KinesisStreamParameters", {})
        return cls(
            kinesis.get("MaximumRetryAttempts", -1),
            "OnPartialBatchItemFailure" in kinesis,
            "DeadLetterConfig" in kinesis,
        )


@dataclass(slots=True)
class _Execution:
    """The records of one execution, put together."""

    at: datetime
    ids: list[tuple[str, int]] = field(default_factory=list)
    whole: bool = False
    failed: list[tuple[str, int]] = field(default_factory=list)
    step: str = ""
    error: str = ""


def read(account: Account) -> list[LoggedExecution]:
    """The executions of the lab's pipe, oldest first; none without a log group."""
    records = [json.loads(event["message"]) for event in _events(account)]
    name = account.settings.name("pipe")
    return list(executions(records, name, FailurePolicy.read(pipe.describe(account))))


def executions(
    records: Iterable[Mapping[str, Any]], pipe_name: str, on_failure: FailurePolicy
) -> Iterator[LoggedExecution]:
    """The executions that the records of a log describe."""
    tries: dict[tuple[str, int], int] = {}
    for execution in _by_execution(records):
        if execution.step:
            yield _execution(execution, pipe_name, on_failure, tries)


def _by_execution(records: Iterable[Mapping[str, Any]]) -> list[_Execution]:
    by_id: dict[str, _Execution] = {}
    for record in records:
        at = datetime.fromtimestamp(record["timestamp"] / 1000, UTC)
        _add(by_id.setdefault(record["executionId"], _Execution(at)), record)
    return list(by_id.values())


def _add(execution: _Execution, record: Mapping[str, Any]) -> None:
    step, payload = record["messageType"], record.get("payload") or ""
    ids = [(shard, int(number)) for shard, number in _EVENT_ID.findall(payload)]
    if ids and not execution.ids:
        execution.ids, execution.whole = ids, "payload" not in (record.get("truncatedFields") or [])
    if step in _OUTCOMES:
        execution.step = step
        execution.failed = ids if step != "ExecutionSucceeded" else []
    error = record.get("error") or {}
    execution.error = execution.error or str(error.get("message") or "")


def _execution(
    execution: _Execution,
    pipe_name: str,
    on_failure: FailurePolicy,
    tries: dict[tuple[str, int], int],
) -> LoggedExecution:
    first = execution.ids[0] if execution.ids else None
    attempt = None if first is None else tries.get(first, 0) + 1
    outcome = _OUTCOMES[execution.step]
    if outcome != "delivered":
        outcome = _fate(outcome, execution, attempt, on_failure)
        for one in execution.failed if outcome != "bisected" else ():
            tries[one] = attempt or 1
        if outcome == "bisected":
            tries.update(dict.fromkeys(execution.ids, (attempt or 1) - 1))
    whole = execution.whole and bool(execution.ids)
    return LoggedExecution(
        execution.at, pipe_name, first[0] if first else "", first[1] if first else None,
        execution.ids[-1][1] if whole else None, len(execution.ids) if whole else None, attempt, outcome,
        len(execution.failed) if whole or execution.step == "ExecutionSucceeded" else None, execution.error,
    )  # fmt: skip


def _fate(
    outcome: str, execution: _Execution, attempt: int | None, on_failure: FailurePolicy
) -> str:
    """What happens to a batch that failed, wholly or in part."""
    if outcome == "failed" and on_failure.bisects and len(execution.ids) > 1:
        return "bisected"
    if attempt is not None and 0 <= on_failure.retries < attempt:
        return "dead letter" if on_failure.has_dead_letters else "dropped"
    return outcome


def _events(account: Account) -> list[Mapping[str, Any]]:
    """All events of the log group, oldest first."""
    logs = account.client("logs")
    events: list[Mapping[str, Any]] = []
    request: dict[str, Any] = {"logGroupName": pipe_log_group.name_of(account)}
    while request:
        answer = unless_missing(("ResourceNotFoundException",), logs.filter_log_events, **request)
        events += answer["events"] if answer else []
        token = (answer or {}).get("nextToken")
        request = {**request, "nextToken": token} if token else {}
    return sorted(events, key=lambda event: event["timestamp"])
