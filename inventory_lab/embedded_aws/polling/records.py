"""Records of a stream as a pipe receives them, and where a run of them is in the stream. Free of moto.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html and
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from inventory_lab.embedded_aws.clock import zulu

PAYLOAD_BYTES = 6 * 1024 * 1024
ENVELOPE_BYTES = 700
"""More than what surrounds the data and the key of one record in the payload."""

Event = dict[str, Any]


def to_event(record: Mapping[str, Any], shard_id: str, stream_arn: str, identity_arn: str) -> Event:
    """The flat record that a pipe hands to its target; `identity_arn` is the role that read it."""
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
        "invokeIdentityArn": identity_arn,
        "awsRegion": stream_arn.split(":")[3],
        "eventSourceARN": stream_arn,
    }


def payload_prefix(events: Iterable[Event], most: int) -> int:
    """How many of the events fit into one payload, one at least."""
    room, count = PAYLOAD_BYTES, 0
    for event in events:
        room -= len(event["data"]) + 6 * len(event["partitionKey"]) + ENVELOPE_BYTES
        if count == most or (room < 0 and count):
            break
        count += 1
    return count


def failed_identifiers(answer: bytes, known: Collection[str]) -> set[str] | None:
    """The identifiers that a function's answer names as failed; None when the whole batch failed.

    The batch failed when an identifier is empty, of the wrong name, or not in `known`; nothing failed
    when the answer is empty or anything else than `{"batchItemFailures": [...]}`:
    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
    """
    content = json.loads(answer) if answer else None
    failures = content.get("batchItemFailures") if isinstance(content, dict) else None
    if not failures:
        return set()
    if not isinstance(failures, list):
        return None
    named = [f.get("itemIdentifier") if isinstance(f, dict) else None for f in failures]
    identifiers = {name for name in named if isinstance(name, str)}
    complete = all(isinstance(name, str) for name in named) and identifiers <= set(known)
    return identifiers if complete else None


def batch_info(events: Sequence[Event], shard_id: str) -> dict[str, Any]:
    """`KinesisBatchInfo` of a failure record: where the records are in the stream, not what they are."""
    first, last = events[0], events[-1]
    return {
        "shardId": shard_id,
        "startSequenceNumber": first["sequenceNumber"],
        "endSequenceNumber": last["sequenceNumber"],
        "approximateArrivalOfFirstRecord": zulu(_arrival(first)),
        "approximateArrivalOfLastRecord": zulu(_arrival(last)),
        "batchSize": len(events),
        "streamArn": first["eventSourceARN"],
    }


def _arrival(event: Event) -> datetime:
    return datetime.fromtimestamp(event["approximateArrivalTimestamp"], UTC)
