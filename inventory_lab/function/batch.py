"""Reading what a Pipe hands to the function: a bare JSON array of flat Kinesis records.

Shape: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from inventory_lab.domain.errors import MalformedBatch, MissingEnvironment
from inventory_lab.domain.inventory import Outcome, Record


def read_batch(event: Any) -> list[Record]:
    """The records of one invocation, in order. Raises MalformedBatch on any other shape."""
    if not isinstance(event, list):
        raise MalformedBatch(f"got a {type(event).__name__}")
    return [_read_record(position, entry) for position, entry in enumerate(event)]


def group_by_partition_key(records: Iterable[Record]) -> dict[str, list[Record]]:
    """The records of each partition key, each list in the order of the batch."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record.partition_key, []).append(record)
    return groups


def batch_item_failures(records: Iterable[Record]) -> dict[str, list[dict[str, str]]]:
    """The partial-failure answer; a Pipe expects each failed record's `eventID`.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
    """
    return {"batchItemFailures": [{"itemIdentifier": record.record_id} for record in records]}


def log_report(counts: Mapping[str, Any]) -> None:
    """Print one JSON line; the lab reads it back from the function's logs."""
    print(json.dumps({"report": "batch", **counts}, separators=(",", ":")))


def log_late_parents(outcomes: Sequence[Outcome], log: Callable[[str], object] = print) -> None:
    """Log where records of an older shard come among those of younger ones, before it is committed:
    without it nobody could tell later in which order a product's records were processed.

    Should a line be there that was not committed, the committed one has the same version or a higher.
    """
    late = [outcome for outcome in outcomes if outcome.late_parent]
    if not late:
        return
    record, before = late[0].record, outcomes[0].before
    younger = {s: str(n) for s, n in before.watermarks.items() if s > record.shard_id}
    line = {
        "report": "late_parent",
        "partition_key": record.partition_key,
        "version": before.version + 1,
        "shard_id": record.shard_id,
        "first": str(record.sequence_number),
        "last": str(late[-1].record.sequence_number),
        "after": younger,
    }
    log(json.dumps(line, separators=(",", ":")))


def required(name: str) -> str:
    """The environment variable's value. Raises MissingEnvironment when it is not set."""
    value = os.environ.get(name, "")
    if not value:
        raise MissingEnvironment(name)
    return value


def whole_number(name: str) -> int:
    """The environment variable as an int. Raises MissingEnvironment when it is none."""
    try:
        return int(required(name))
    except ValueError as exc:
        raise MissingEnvironment(name, "is not a whole number") from exc


def _read_record(position: int, entry: Any) -> Record:
    try:
        return Record(
            shard_id=entry["eventID"].partition(":")[0],
            sequence_number=int(entry["sequenceNumber"]),
            partition_key=entry["partitionKey"],
            data=base64.b64decode(entry["data"], validate=True),
            arrived_at=float(entry["approximateArrivalTimestamp"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        problem = f"record {position} is not a Kinesis record ({type(exc).__name__}: {exc})"
        raise MalformedBatch(problem) from exc
