"""The pipe's executions, read from the log that EventBridge Pipes writes to CloudWatch Logs.

A record says which step an execution has come to. Shard, sequence numbers and the number of records are
in the execution data; the attempt is counted from the executions before; what becomes of a failed
batch follows from the pipe's parameters. AWS cuts execution data at 256 KB: then the end of the batch,
and what is counted from it, is None.

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
    """One execution of a pipe. `first` and `last` are sequence numbers; None stands for what the log
    does not say. `outcome` is delivered, partly failed, failed, bisected, dead letter or dropped.
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
class GivingUp:
    """What a pipe does with a batch that fails: its source parameters."""

    retries: int = -1
    bisects: bool = False
    has_dead_letters: bool = False

    @classmethod
    def read(cls, description: Mapping[str, Any] | None) -> GivingUp:
        """From DescribePipe's answer."""
        parameters = (description or {}).get("SourceParameters", {})
        kinesis = parameters.get("KinesisStreamParameters", {})
        return cls(
            kinesis.get("MaximumRetryAttempts", -1),
            "OnPartialBatchItemFailure" in kinesis,
            "DeadLetterConfig" in kinesis,
        )


@dataclass(slots=True)
class _Found:
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
    return list(executions(records, name, GivingUp.read(pipe.describe(account))))


def executions(
    records: Iterable[Mapping[str, Any]], pipe_name: str, giving_up: GivingUp
) -> Iterator[LoggedExecution]:
    """The executions that the records of a log tell of."""
    tries: dict[tuple[str, int], int] = {}
    for found in _by_execution(records):
        if found.step:
            yield _execution(found, pipe_name, giving_up, tries)


def _by_execution(records: Iterable[Mapping[str, Any]]) -> list[_Found]:
    found: dict[str, _Found] = {}
    for record in records:
        at = datetime.fromtimestamp(record["timestamp"] / 1000, UTC)
        _add(found.setdefault(record["executionId"], _Found(at)), record)
    return list(found.values())


def _add(found: _Found, record: Mapping[str, Any]) -> None:
    step, payload = record["messageType"], record.get("payload") or ""
    ids = [(shard, int(number)) for shard, number in _EVENT_ID.findall(payload)]
    if ids and not found.ids:
        found.ids, found.whole = ids, "payload" not in (record.get("truncatedFields") or [])
    if step in _OUTCOMES:
        found.step = step
        found.failed = ids if step != "ExecutionSucceeded" else []
    error = record.get("error") or {}
    found.error = found.error or str(error.get("message") or "")


def _execution(
    found: _Found, pipe_name: str, giving_up: GivingUp, tries: dict[tuple[str, int], int]
) -> LoggedExecution:
    first = found.ids[0] if found.ids else None
    attempt = None if first is None else tries.get(first, 0) + 1
    outcome = _OUTCOMES[found.step]
    if outcome != "delivered":
        outcome = _fate(outcome, found, attempt, giving_up)
        for one in found.failed if outcome != "bisected" else ():
            tries[one] = attempt or 1
        if outcome == "bisected":
            tries.update(dict.fromkeys(found.ids, (attempt or 1) - 1))
    whole = found.whole and bool(found.ids)
    return LoggedExecution(
        found.at, pipe_name, first[0] if first else "", first[1] if first else None,
        found.ids[-1][1] if whole else None, len(found.ids) if whole else None, attempt, outcome,
        len(found.failed) if whole or found.step == "ExecutionSucceeded" else None, found.error,
    )  # fmt: skip


def _fate(outcome: str, found: _Found, attempt: int | None, giving_up: GivingUp) -> str:
    """What becomes of a batch that failed, wholly or in part."""
    if outcome == "failed" and giving_up.bisects and len(found.ids) > 1:
        return "bisected"
    if attempt is not None and 0 <= giving_up.retries < attempt:
        return "dead letter" if giving_up.has_dead_letters else "dropped"
    return outcome


def _events(account: Account) -> list[Mapping[str, Any]]:
    """All events of the log group, oldest first."""
    logs = account.client("logs")
    found: list[Mapping[str, Any]] = []
    request: dict[str, Any] = {"logGroupName": pipe_log_group.name_of(account)}
    while request:
        answer = unless_missing(("ResourceNotFoundException",), logs.filter_log_events, **request)
        found += answer["events"] if answer else []
        token = (answer or {}).get("nextToken")
        request = {**request, "nextToken": token} if token else {}
    return sorted(found, key=lambda event: event["timestamp"])
