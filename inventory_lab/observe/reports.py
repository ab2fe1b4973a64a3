"""What the function reports in its log: one report for each batch, and a line when records of an
older shard were processed after records of a younger one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inventory_lab.observe.function_log import log_events
from inventory_lab.resources.account import Account

COUNTS = (
    "records",
    "applied",
    "rejected",
    "duplicates",
    "redelivered",
    "failed",
    "alerts",
)


@dataclass(frozen=True, slots=True)
class LateRun:
    """Records of one product from an older shard that were processed after records of younger shards.

    `after` is the last sequence number processed of each younger shard, and `version` the version of
    the item that these records made.
    """

    shard_id: str
    first: int
    last: int
    version: int
    after: Mapping[str, int]
    partition_key: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """An invocation that returned none of its records as failed. `records` may be fewer than the stream has
    between `first` and `last`; `redelivered` is how many of them an item had passed before, because they
    were processed or given up. The others it processed for the first time.
    """

    shard_id: str
    first: int
    last: int
    records: int
    redelivered: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The function's report of one invocation: `batch` when no record failed, and `begin`, the first record
    (shard, sequence number).
    """

    counts: Mapping[str, int]
    batch: Batch | None = None
    begin: tuple[str, int] | None = None

    @property
    def processed(self) -> int:
        """How many records it processed for the first time."""
        return self.counts["applied"] + self.counts["rejected"] + self.counts["duplicates"]


@dataclass(frozen=True, slots=True)
class BatchStart:
    """When a record of a batch was processed (epoch seconds), and the first record of the batch; None
    when the report does not name it.
    """

    at: float
    begin: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports of the log.

    - `totals`: sums over all batches.
    - `late`: late runs by partition key.
    - `processed`: the batches of which no record failed.
    - `first_report_at`: when the first batch ran, in epoch seconds; None when none did.
    - `batch_starts`: the first records of the batches of which at least one record was processed.
    """

    totals: Mapping[str, int]
    late: Mapping[str, Sequence[LateRun]] = field(default_factory=dict)
    processed: Sequence[Batch] = ()
    first_report_at: float | None = None
    batch_starts: Sequence[BatchStart] = ()


def read(account: Account) -> Reports:
    """All reports of the function; sums of 0 when it has not run yet."""
    total: Counter[str] = Counter()
    late: dict[str, list[LateRun]] = {}
    processed: list[Batch] = []
    batch_starts: list[BatchStart] = []
    first_report_at: float | None = None
    for at, line in _lines(account):
        first_report_at = at if first_report_at is None else min(at, first_report_at)
        if isinstance(line, LateRun):
            late.setdefault(line.partition_key, []).append(line)
        else:
            total.update(line.counts)
            processed += [line.batch] if line.batch else []
            batch_starts += [BatchStart(at, line.begin)] if line.processed else []
    return Reports(
        {name: total[name] for name in COUNTS}, late, processed, first_report_at, batch_starts
    )


def _lines(account: Account) -> Iterator[tuple[float, LateRun | Report]]:
    """Every report with its time, in the order of the log; none when the function has not run yet."""
    for event in log_events(account, '"report"'):
        report = parse_report(event["message"])
        if report is not None:
            yield event["timestamp"] / 1000, report


def parse_report(line: str) -> LateRun | Report | None:
    """The report in a log line; None for any other line that a handler has printed."""
    try:
        report = json.loads(line)
        kind = report.get("report") if isinstance(report, dict) else None
        if kind == "late_parent":
            return late_run(report)
        return _batch_report(report) if kind == "batch" else None
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        return None


def _batch_report(line: Mapping[str, Any]) -> Report:
    counts = {name: _whole(line.get(name, 0)) for name in COUNTS}
    if not line.get("first"):
        return Report(counts)
    batch = Batch(
        _text(line["shard_id"]),
        int(line["first"]),
        int(line["last"]),
        _whole(line["records"]),
        counts["redelivered"],
    )
    return Report(counts, None if counts["failed"] else batch, (batch.shard_id, batch.first))


def late_run(line: Mapping[str, Any]) -> LateRun:
    """The run that a line of the function's log reports. Raises ValueError, TypeError, KeyError or
    AttributeError for a line without one.
    """
    return LateRun(
        partition_key=_text(line["partition_key"]),
        shard_id=_text(line["shard_id"]),
        first=int(line["first"]),
        last=int(line["last"]),
        version=_whole(line["version"]),
        after={shard: int(number) for shard, number in line["after"].items()},
    )


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r:.60} is not a count")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is not a string")
    return value
