"""What pictures need of a lab, and its tables read into plain values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from inventory_lab.exceptions import LocalOnly
from inventory_lab.resources.account import Account
from inventory_lab.settings import Settings

if TYPE_CHECKING:
    import boto3
    import pandas as pd

LONGEST_KIND = 20
DONE = ("delivered", "dead letter", "dropped")
"""Outcomes of an execution after which the pipe does not come back to its records."""

_ERROR_MEMBERS = re.compile(r'"(errorMessage|errorType)": "((?:[^"\\]|\\.)*)"')


class ObservableLab(Protocol):
    """The tables of a lab that views are drawn from; `Lab` has them."""

    settings: Settings

    @property
    def account(self) -> Account: ...  # noqa: D102
    def session(self, principal: str) -> boto3.Session: ...  # noqa: D102
    def records(self) -> pd.DataFrame: ...  # noqa: D102
    def pipe_log(self) -> pd.DataFrame: ...  # noqa: D102
    def history(self, product_id: str) -> pd.DataFrame: ...  # noqa: D102
    def inventory(self) -> pd.DataFrame: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record of the stream: `change` says what its event does, such as "+5"; `arrived_at` is in epoch
    seconds. `sequence` is the end of the sequence number.
    """

    shard: str
    sequence: str
    product: str
    change: str
    arrived_at: float


@dataclass(frozen=True, slots=True)
class BatchExecution:
    """One execution of a pipe: the records from `first` to `last` of a shard; `at` is a time of day."""

    at: str
    shard: str
    first: str
    last: str
    records: int
    attempt: int
    outcome: str
    failed: int
    error: str


def records_of(frame: pd.DataFrame) -> list[StoredRecord]:
    """The records of `lab.records()`, or of some of its rows."""
    columns = ("shard_id", "sequence", "partition_key", "data", "arrived_at")
    rows = zip(*(frame[name] for name in columns), strict=True)
    return [
        StoredRecord(short_shard(shard), sequence, key, change_in(data), _seconds(arrived))
        for shard, sequence, key, data, arrived in rows
    ]


def executions_of(lab: ObservableLab) -> list[BatchExecution]:
    """The rows of the pipe's log; none where it cannot be read."""
    try:
        frame = lab.pipe_log()
    except LocalOnly:
        return []
    columns = ("at", "shard", "first", "last", "records", "attempt", "outcome", "failed", "error")
    return [
        BatchExecution(str(at), short_shard(shard), first, last, int(n), int(attempt), outcome, int(failed), short_error(error))
        for at, shard, first, last, n, attempt, outcome, failed, error in zip(
            *(frame[name] for name in columns), strict=True
        )
    ]  # fmt: skip


def short_error(error: str) -> str:
    """An error without what differs in every run: of a failed function its type and message alone.

    >>> short_error('the function failed: {"errorMessage": "boom", "errorType": "ValueError", "req')
    'the function failed: ValueError: boom'
    """
    members = dict(_ERROR_MEMBERS.findall(error))
    if "errorMessage" not in members:
        return error.partition("{")[0].strip() if "{" in error else error
    facts = (error.partition("{")[0].strip(": "), members.get("errorType"), members["errorMessage"])
    return ": ".join(fact for fact in facts if fact)


def change_in(data: str) -> str:
    """What the event in a record's data does to the stock.

    >>> change_in('{"event_type": "quantity_changed", "delta": -5}')
    '−5'
    >>> change_in("no JSON")
    'no event'
    """
    try:
        event = json.loads(data)
        kind = event["event_type"]
        if kind == "quantity_changed":
            return f"{int(event['delta']):+d}".replace("-", "−")
        if kind == "product_added":
            return f"new: {int(event['quantity'])}"
        return "removed" if kind == "product_removed" else str(kind)[:LONGEST_KIND]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "no event"


def short_shard(shard_id: str) -> str:
    """The end of a shard's id, which differs between the shards of one stream.

    >>> short_shard("shardId-000000000012")
    '0012'
    """
    return shard_id[-4:]


def by_shard(records: Iterable[StoredRecord]) -> dict[str, list[StoredRecord]]:
    """The records of each shard in their order."""
    lanes: dict[str, list[StoredRecord]] = {}
    for record in records:
        lanes.setdefault(record.shard, []).append(record)
    return dict(sorted(lanes.items()))


def span(lane: Sequence[StoredRecord], execution: BatchExecution) -> range:
    """The places in a shard's lane of the records from the execution's first to its last; empty when
    the lane does not have both.
    """
    places = {record.sequence: place for place, record in enumerate(lane)}
    if execution.first not in places or execution.last not in places:
        return range(0)
    return range(places[execution.first], places[execution.last] + 1)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
