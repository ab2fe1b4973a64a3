"""What travels through a pipe: the records handed on, the answer about them, the dead letters.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html and
eb-pipes-batching-concurrency.html beside it
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from inventory_lab.embedded_aws.pipes.definition import Definition

PAYLOAD_BYTES = 6 * 1024 * 1024
ENVELOPE_BYTES = 700
"""More than what surrounds the data and the key of one record in the payload."""

Event = dict[str, Any]


def to_event(record: Mapping[str, Any], shard_id: str, pipe: Definition) -> Event:
    """The flat record that a Pipe hands to its target."""
    return {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": record["PartitionKey"],
        "sequenceNumber": record["SequenceNumber"],
        "data": base64.b64encode(record["Data"]).decode(),
        "approximateArrivalTimestamp": round(record["ApproximateArrivalTimestamp"].timestamp(), 3),
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{record['SequenceNumber']}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": pipe.role_arn,
        "awsRegion": pipe.stream_arn.split(":")[3],
        "eventSourceARN": pipe.stream_arn,
    }


def payload(events: Sequence[Event], pipe: Definition, now: datetime) -> bytes:
    """The JSON array for the function, each record through the pipe's input template."""
    reserved = pipe.reserved(zulu(now))
    return json.dumps([pipe.template.applied(event, reserved) for event in events]).encode()


def payload_prefix(events: Iterable[Event], most: int) -> int:
    """How many of the events fit into one payload, one at least."""
    room, count = PAYLOAD_BYTES, 0
    for event in events:
        room -= len(event["data"]) + 6 * len(event["partitionKey"]) + ENVELOPE_BYTES
        if count == most or (room < 0 and count):
            break
        count += 1
    return count


def failed_events(answer: bytes, events: list[Event]) -> list[Event]:
    """The events that the function's answer names as failed.

    All of them when an identifier is empty, of the wrong name, or unknown; none when the answer
    is empty or anything else than `{"batchItemFailures": [...]}`.
    """
    found = json.loads(answer) if answer else None
    failures = found.get("batchItemFailures") if isinstance(found, dict) else None
    if not failures:
        return []
    if not isinstance(failures, list):
        return events
    named = [f.get("itemIdentifier") if isinstance(f, dict) else None for f in failures]
    known = [event["eventID"] for event in events]
    if not all(isinstance(name, str) for name in named) or not set(named) <= set(known):
        return events
    return [event for event in events if event["eventID"] in set(named)]


def dead_letter(
    events: Sequence[Event], shard_id: str, pipe: Definition, now: datetime, condition: str
) -> dict[str, Any]:
    """The message for records that were given up: where they are in the stream, not what they are."""
    first, last = events[0], events[-1]
    return {
        "context": {"partnerResourceArn": pipe.arn, "condition": condition},
        "version": "1.0",
        "timestamp": zulu(now),
        "KinesisBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": first["sequenceNumber"],
            "endSequenceNumber": last["sequenceNumber"],
            "approximateArrivalOfFirstRecord": zulu(_arrival(first)),
            "approximateArrivalOfLastRecord": zulu(_arrival(last)),
            "batchSize": len(events),
            "streamArn": pipe.stream_arn,
        },
    }


def zulu(moment: datetime) -> str:
    """The moment as AWS writes it, in milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _arrival(event: Event) -> datetime:
    return datetime.fromtimestamp(event["approximateArrivalTimestamp"], UTC)
