"""Reading a queue without emptying it: reading twice shows the same."""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from inventory_lab.exceptions import NotBuilt
from inventory_lab.resources.account import Account
from inventory_lab.resources.queues import describe as queue_url

MESSAGES_PER_CALL = 10
VISIBILITY_SECONDS = 900
"""Long enough to read a long queue to its end."""


def messages(account: Account, kind: str) -> list[dict[str, Any]]:
    """All messages of a queue, oldest first, each as SQS gave it; they stay in the queue.

    Receives until the queue has nothing new to give, then makes everything visible again.
    Raises NotBuilt when there is no queue.
    """
    sqs, url = account.client("sqs"), queue_url(account, kind)
    if url is None:
        raise NotBuilt("queue", account.settings.name(kind))
    found: dict[str, dict[str, Any]] = {}
    try:
        while new := [m for m in _receive(sqs, url) if m["MessageId"] not in found]:
            found |= {message["MessageId"]: message for message in new}
    finally:
        _make_visible(sqs, url, list(found.values()))
    return sorted(found.values(), key=lambda message: int(message["Attributes"]["SentTimestamp"]))


def alerts(account: Account) -> list[dict[str, Any]]:
    """The stock alerts in the inbox, one a crossing: repeats after a crash are dropped."""
    found = messages(account, "alerts_queue")
    delivered = [(m, body) for m, body in _objects(found) if "Message" in body]
    _tell_of_others(account, "alerts_queue", len(found) - len(delivered))
    return _once(_alert(message["MessageId"], body) for message, body in delivered)


def rejections(account: Account) -> list[dict[str, Any]]:
    """The rejected records, one a record; `payload` holds the bytes that were kept."""
    found = messages(account, "rejected_queue")
    bodies = [body for _, body in _objects(found) if "payload_base64" in body]
    _tell_of_others(account, "rejected_queue", len(found) - len(bodies))
    return _once({**body, "payload": base64.b64decode(body["payload_base64"])} for body in bodies)


def dead_letters(account: Account) -> list[dict[str, Any]]:
    """The ranges of the lab's stream that the pipe gave up, from its pointer messages."""
    found = messages(account, "dead_letter_queue")
    ranges = [body["KinesisBatchInfo"] for _, body in _objects(found) if "KinesisBatchInfo" in body]
    _tell_of_others(account, "dead_letter_queue", len(found) - len(ranges))
    return [info for info in ranges if info["streamArn"] == account.stream_arn()]


def _objects(
    found: Iterable[dict[str, Any]],
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The messages whose body is a JSON object, with it."""
    for message in found:
        try:
            body = json.loads(message["Body"])
        except (ValueError, RecursionError):
            continue
        if isinstance(body, dict):
            yield message, body


def _tell_of_others(account: Account, kind: str, count: int) -> None:
    if count:
        name = account.settings.name(kind)
        warnings.warn(f"{count} messages in '{name}' are not of this pipeline", stacklevel=4)


def _receive(sqs: Any, url: str) -> list[dict[str, Any]]:
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=MESSAGES_PER_CALL,
        VisibilityTimeout=VISIBILITY_SECONDS,
        MessageSystemAttributeNames=["SentTimestamp"],
    )
    received: list[dict[str, Any]] = answer.get("Messages", [])
    return received


def _make_visible(sqs: Any, url: str, received: list[dict[str, Any]]) -> None:
    for start in range(0, len(received), MESSAGES_PER_CALL):
        entries = [
            {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
            for n, message in enumerate(received[start : start + MESSAGES_PER_CALL])
        ]
        sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def _alert(message_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """A row of what SNS delivered; a message without our attributes is shown by its text."""
    values = {name: value["Value"] for name, value in body.get("MessageAttributes", {}).items()}
    numbers = {
        n: int(values[n]) for n in ("quantity", "quantity_before", "threshold") if n in values
    }
    return {"deduplication_id": message_id} | values | numbers | {"text": body["Message"]}


def _once(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({row["deduplication_id"]: row for row in rows}.values())
