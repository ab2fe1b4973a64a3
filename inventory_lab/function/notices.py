"""The messages that the function sends: stock alerts to SNS, rejected records to SQS.

Both are sent before the commit. So a crash in between repeats a message and never loses one; readers
drop repeats by `deduplication_id` (product, shard, sequence number). When another execution commits the
product in between, the records are processed again on the new item. The first message may then be wrong,
and the second one, with the same id, is right.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from inventory_lab.domain.inventory import (
    Alert,
    Outcome,
    Record,
    Thresholds,
    Verdict,
    alert_for,
    thresholds_of,
)
from inventory_lab.function.concurrency import Map, one_by_one

ENTRIES_PER_CALL = 10
BYTES_PER_CALL = 240 * 1024
"""SNS takes 256 KiB a call, message attributes included:
https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html"""

WHOLE_PAYLOAD_LIMIT = 256 * 1024
"""Of a larger payload the message has the position in the stream, a digest and the beginning."""
PAYLOAD_BEGINNING = 4 * 1024

TRANSIENT_CODES = frozenset(
    {"InternalError", "InternalFailure", "RequestThrottled", "ServiceUnavailable", "Throttled",
     "Throttling", "ThrottlingException"}
)  # fmt: skip
_UNSENDABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Entry: TypeAlias = dict[str, Any]
Send: TypeAlias = Callable[[list[Entry]], dict[str, Any]]


class Notices:
    """Sends alerts and rejections; the clients are low-level SNS and SQS clients."""

    def __init__(
        self, sns: Any, sqs: Any, topic_arn: str, queue_url: str, thresholds: Thresholds
    ) -> None:
        self._sns = sns
        self._sqs = sqs
        self._topic_arn = topic_arn
        self._queue_url = queue_url
        self._thresholds = thresholds

    def send(
        self,
        outcomes: Iterable[Outcome],
        is_time_left: Callable[[], bool] = lambda: True,
        map_calls: Map = one_by_one,
    ) -> set[str]:
        """Send every alert and rejection; returns the partition keys with a message that was not sent.

        A call starts only when `is_time_left()` is true. `map_calls` makes the calls. Raises
        ClientError when a retry cannot help, such as a denied access.
        """
        outcomes = list(outcomes)
        alerts = [(o, alert) for o in outcomes if (alert := alert_for(o, self._thresholds))]
        entries = [(o.record, self._alert_entry(o, alert)) for o, alert in alerts]
        rejections = [
            (o.record, {"MessageBody": rejection_body(o)})
            for o in outcomes
            if o.verdict is Verdict.REJECTED
        ]
        return _send_all(entries, self._publish, is_time_left, map_calls) | _send_all(
            rejections, self._enqueue, is_time_left, map_calls
        )

    def count_alerts(self, outcomes: Iterable[Outcome]) -> int:
        """How many of the outcomes crossed a threshold."""
        return sum(alert_for(outcome, self._thresholds) is not None for outcome in outcomes)

    def _publish(self, entries: list[Entry]) -> dict[str, Any]:
        answer: dict[str, Any] = self._sns.publish_batch(
            TopicArn=self._topic_arn, PublishBatchRequestEntries=entries
        )
        return answer

    def _enqueue(self, entries: list[Entry]) -> dict[str, Any]:
        answer: dict[str, Any] = self._sqs.send_message_batch(
            QueueUrl=self._queue_url, Entries=entries
        )
        return answer

    def _alert_entry(self, outcome: Outcome, alert: Alert) -> Entry:
        high = alert is Alert.HIGH
        limits = thresholds_of(outcome.item, self._thresholds)
        limit = limits.high if high else limits.low
        product, quantity = outcome.record.partition_key, outcome.item.quantity
        crossed = f"rose above {limit}" if high else f"fell below {limit}"
        return {
            "Subject": f"{alert.capitalize()} stock",
            "Message": sendable(f"Stock of {product} {crossed}: {quantity} pieces"),
            "MessageAttributes": {
                "alert": _text(alert),
                "direction": _text("rising" if high else "falling"),
                "product_id": _text(product),
                "quantity": _number(quantity),
                "quantity_before": _number(outcome.before.quantity),
                "threshold": _number(limit),
                "event_id": _text(outcome.event.event_id if outcome.event else ""),
                "deduplication_id": _text(deduplication_id(outcome.record)),
            },
        }


def deduplication_id(record: Record) -> str:
    """The id that a repeated message shares with the first one: product, shard, sequence number.

    >>> deduplication_id(Record("shardId-000000000000", 7, "Phone", b"", 0))
    'Phone/shardId-000000000000/7'
    """
    return f"{record.partition_key}/{record.shard_id}/{record.sequence_number}"


def rejection_body(outcome: Outcome) -> str:
    """The message for one rejected record, as ASCII JSON: reason, position in the stream, payload.

    `payload_base64` is the whole payload up to 256 KiB, and the first 4 KiB of a larger one.
    """
    record = outcome.record
    whole = len(record.data) <= WHOLE_PAYLOAD_LIMIT
    kept = record.data if whole else record.data[:PAYLOAD_BEGINNING]
    body = {
        "deduplication_id": deduplication_id(record),
        "reason": outcome.reason,
        "detail": outcome.detail,
        "event_id": outcome.event.event_id if outcome.event else None,
        "partition_key": record.partition_key,
        "shard_id": record.shard_id,
        "sequence_number": str(record.sequence_number),
        "arrived_at": record.arrived_at,
        "payload_bytes": len(record.data),
        "payload_sha256": hashlib.sha256(record.data).hexdigest(),
        "payload_is_whole": whole,
        "payload_base64": base64.b64encode(kept).decode(),
    }
    return json.dumps(body, separators=(",", ":"))


def sendable(text: str) -> str:
    r"""The text with the characters that SNS rejects (most control characters) escaped as in JSON.

    >>> print(sendable("Phone\x00"))
    Phone\u0000
    """
    return _UNSENDABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": sendable(value)}


def _number(value: int) -> dict[str, str]:
    return {"DataType": "Number", "StringValue": str(value)}


def _send_all(
    prepared: list[tuple[Record, Entry]],
    send: Send,
    is_time_left: Callable[[], bool],
    map_calls: Map,
) -> set[str]:
    """The partition keys of the entries that were not sent."""

    def make(call: list[tuple[Record, Entry]]) -> set[str]:
        if not is_time_left():
            return {record.partition_key for record, _ in call}
        entries = [{"Id": str(position), **entry} for position, (_, entry) in enumerate(call)]
        return {call[at][0].partition_key for at in _failed_positions(entries, send)}

    return set().union(*map_calls(make, _calls(prepared)))


def _failed_positions(entries: list[Entry], send: Send) -> Iterable[int]:
    try:
        return [int(failure["Id"]) for failure in send(entries).get("Failed", [])]
    except (BotoConnectionError, HTTPClientError):
        return range(len(entries))
    except ClientError as exc:
        if exc.response["Error"]["Code"] not in TRANSIENT_CODES:
            raise
        return range(len(entries))


def _calls(prepared: list[tuple[Record, Entry]]) -> Iterator[list[tuple[Record, Entry]]]:
    """The entries in calls of at most 10 entries and 240 KiB; a call has at least one entry."""
    call: list[tuple[Record, Entry]] = []
    free_bytes = BYTES_PER_CALL
    for record, entry in prepared:
        size = len(json.dumps(entry))
        if call and (len(call) == ENTRIES_PER_CALL or size > free_bytes):
            yield call
            call, free_bytes = [], BYTES_PER_CALL
        call.append((record, entry))
        free_bytes -= size
    if call:
        yield call
