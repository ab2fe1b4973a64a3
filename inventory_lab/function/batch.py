"""The records of one invocation, and the answer that names those that failed.

An EventBridge Pipe or an event source mapping of Lambda invokes the function. Both deliver Kinesis
records, in two formats, and identify a failed record in two ways:

| | the event | `itemIdentifier` |
|---|---|---|
| Pipe | a JSON array of flat records | the record's `eventID` |
| event source mapping | `{"Records": [{"kinesis": {…}, "eventID": …}]}` | its sequence number |

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inventory_lab.domain.errors import MalformedBatch, MissingEnvironment
from inventory_lab.domain.inventory import Record


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of one invocation, in order; `from_mapping` when an event source mapping sent them."""

    records: list[Record]
    from_mapping: bool = False

    def failures(self, failed: Iterable[Record]) -> dict[str, list[dict[str, str]]]:
        """The answer that names the failed records, in the format that the sender expects.

        >>> Batch([]).failures([])
        {'batchItemFailures': []}
        """
        names = (str(r.sequence_number) if self.from_mapping else r.record_id for r in failed)
        return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


def read_batch(event: object) -> Batch:
    """The batch in an event of a Pipe or of an event source mapping.

    Raises MalformedBatch for anything else.

    >>> read_batch([]).records
    []
    >>> read_batch({"Records": []}).from_mapping
    True
    """
    if isinstance(event, list):
        return Batch([_pipe_record(position, entry) for position, entry in enumerate(event)])
    entries = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(entries, list):
        raise MalformedBatch(f"got a {type(event).__name__}")
    records = [_mapping_record(position, entry) for position, entry in enumerate(entries)]
    return Batch(records, from_mapping=True)


def group_by_partition_key(records: Iterable[Record]) -> dict[str, list[Record]]:
    """The records of each partition key, each list in the order of the batch.

    >>> records = [Record("shardId-000000000000", n, key, b"", 0) for n, key in enumerate("ABA")]
    >>> {key: len(group) for key, group in group_by_partition_key(records).items()}
    {'A': 2, 'B': 1}
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record.partition_key, []).append(record)
    return groups


def log_report(counts: Mapping[str, Any]) -> None:
    """Print one JSON line, which the lab later reads from the function's log."""
    log_line(json.dumps({"report": "batch", **counts}, separators=(",", ":")))


def log_line(text: str) -> None:
    """Print a line with one write, so that the lines of two threads do not mix."""
    sys.stdout.write(f"{text}\n")


def required(name: str) -> str:
    """The environment variable's value. Raises MissingEnvironment when it is not set."""
    value = os.environ.get(name, "")
    if not value:
        raise MissingEnvironment(name)
    return value


def whole_number(name: str, default: int | None = None) -> int:
    """The environment variable as an int. Raises MissingEnvironment when it is not a whole number,
    or is not set and there is no default.
    """
    if default is not None and not os.environ.get(name):
        return default
    try:
        return int(required(name))
    except ValueError as exc:
        raise MissingEnvironment(name, "is not a whole number") from exc


def _pipe_record(position: int, entry: Any) -> Record:
    try:
        return _record(entry["eventID"], entry)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise _malformed(position, exc) from exc


def _mapping_record(position: int, entry: Any) -> Record:
    try:
        return _record(entry["eventID"], entry["kinesis"])
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise _malformed(position, exc) from exc


def _record(event_id: str, kinesis: Mapping[str, Any]) -> Record:
    return Record(
        shard_id=event_id.partition(":")[0],
        sequence_number=int(kinesis["sequenceNumber"]),
        partition_key=kinesis["partitionKey"],
        data=base64.b64decode(kinesis["data"], validate=True),
        arrived_at=float(kinesis["approximateArrivalTimestamp"]),
    )


def _malformed(position: int, exc: Exception) -> MalformedBatch:
    problem = f"record {position} is not a Kinesis record ({type(exc).__name__}: {exc})"
    return MalformedBatch(problem)
