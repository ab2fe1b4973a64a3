"""Reading a queue without emptying it: reading twice shows the same."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from inventory_lab.exceptions import MessagesNotSent, NotBuilt
from inventory_lab.resources.account import Account
from inventory_lab.resources.queues import describe as queue_url
from inventory_lab.turns import HeldBack
from inventory_lab.warn import warn

MESSAGES_PER_CALL = 10
VISIBILITY_SECONDS = 30
"""Long enough to read a queue to its end, and short enough that a reader which is killed hides nothing for
long."""
LONG_POLL_SECONDS = 1
"""On AWS an empty answer without waiting proves nothing, because it comes from a part of the servers:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html"""
SENT_AGAIN = "sent_again"
"""Names the record in a note that a redrive leaves in the rejected queue."""
DEAD_LETTERS = "dead letters"
"""The origin of a record that was sent again after the pipe had given it up."""


def messages(account: Account, kind: str) -> list[dict[str, Any]]:
    """All messages of a queue, oldest first, each as SQS returned it; they stay in the queue.

    Raises NotBuilt when there is no queue.
    """
    with _received(account, kind) as received:
        return received


def delete(account: Account, kind: str, message_ids: Collection[str]) -> None:
    """Delete these messages of a queue; the others stay. Raises NotBuilt."""
    if not message_ids:
        return
    sqs, url = account.client("sqs"), _url(account, kind)
    with _received(account, kind) as received:
        for message in [m for m in received if m["MessageId"] in message_ids]:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            received.remove(message)


def send(account: Account, kind: str, bodies: Sequence[str]) -> None:
    """Put messages into a queue. Raises NotBuilt, MessagesNotSent."""
    sqs, url = account.client("sqs"), _url(account, kind)
    for start in range(0, len(bodies), MESSAGES_PER_CALL):
        part = bodies[start : start + MESSAGES_PER_CALL]
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(part)]
        failed = sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed", [])
        if failed:
            raise MessagesNotSent(account.settings.name(kind), len(failed), failed[0]["Code"])


@contextmanager
def _received(account: Account, kind: str) -> Iterator[list[dict[str, Any]]]:
    """All messages of a queue, oldest first; at the end those in the list become visible again.

    Receives until the queue returns no new message.
    """
    sqs, url = account.client("sqs"), _url(account, kind)
    received: dict[str, dict[str, Any]] = {}
    remaining: list[dict[str, Any]] = []
    with HeldBack():  # an interrupt would leave messages hidden
        try:
            wait = 0 if account.embedded else LONG_POLL_SECONDS
            while new := [m for m in _receive(sqs, url, wait) if m["MessageId"] not in received]:
                received |= {message["MessageId"]: message for message in new}
            remaining = sorted(
                received.values(), key=lambda m: int(m["Attributes"]["SentTimestamp"])
            )
            yield remaining
        finally:
            _make_visible(sqs, url, remaining or list(received.values()))


def _url(account: Account, kind: str) -> str:
    url = queue_url(account, kind)
    if url is None:
        raise NotBuilt("queue", account.settings.name(kind))
    return url


def alerts(account: Account) -> list[dict[str, Any]]:
    """The stock alerts in the inbox, one a crossing: repeats after a crash are dropped."""
    received = messages(account, "alerts_queue")
    delivered = [(m, body) for m, body in _objects(received) if "Message" in body]
    _warn_of_others(account, "alerts_queue", len(received) - len(delivered))
    return _once(_alert(message["MessageId"], body) for message, body in delivered)


@dataclass(frozen=True, slots=True)
class RejectedQueue:
    """The messages of the rejected queue: `rejections`, one for each record, with `payload` as bytes;
    and `sent_again`, the records (shard:sequence number) that were redriven, with their origin.
    """

    rejections: list[dict[str, Any]]
    sent_again: dict[str, str]


def rejected_queue(account: Account) -> RejectedQueue:
    """The rejected queue, read whole. Raises NotBuilt."""
    received = messages(account, "rejected_queue")
    bodies = [body for _, body in _objects(received)]
    rejected = [body for body in bodies if "payload_base64" in body]
    notes = [body for body in bodies if SENT_AGAIN in body]
    _warn_of_others(account, "rejected_queue", len(received) - len(rejected) - len(notes))
    rows = _once({**body, "payload": base64.b64decode(body["payload_base64"])} for body in rejected)
    notes.sort(
        key=lambda note: note["from"] == DEAD_LETTERS
    )  # of two notes the dead letter's counts
    return RejectedQueue(rows, {note[SENT_AGAIN]: note["from"] for note in notes})


@dataclass(frozen=True, slots=True)
class Pointer:
    """A dead letter: the range of the records that the pipe gave up, their number, and the reason."""

    shard_id: str
    first: int
    last: int
    size: int
    condition: str
    message_ids: frozenset[str]


def pointers(account: Account) -> list[Pointer]:
    """The dead letters of the lab's stream, oldest first; a repeated message counts once.

    Raises NotBuilt.
    """
    received = messages(account, "dead_letter_queue")
    dead_letters = [(m, body) for m, body in _objects(received) if "KinesisBatchInfo" in body]
    _warn_of_others(account, "dead_letter_queue", len(received) - len(dead_letters))
    stream_arn = account.stream_arn()
    by_range: dict[tuple[str, int, int], Pointer] = {}
    for message, body in dead_letters:
        if body["KinesisBatchInfo"]["streamArn"] == stream_arn:
            pointer = _pointer(message["MessageId"], body)
            range_ = pointer.shard_id, pointer.first, pointer.last
            repeated = by_range[range_].message_ids if range_ in by_range else frozenset()
            by_range[range_] = replace(pointer, message_ids=pointer.message_ids | repeated)
    return list(by_range.values())


def _pointer(message_id: str, body: dict[str, Any]) -> Pointer:
    info = body["KinesisBatchInfo"]
    return Pointer(
        shard_id=info["shardId"],
        first=int(info["startSequenceNumber"]),
        last=int(info["endSequenceNumber"]),
        size=int(info["batchSize"]),
        condition=_context(body).get("condition", ""),
        message_ids=frozenset({message_id}),
    )


def _context(body: dict[str, Any]) -> dict[str, Any]:
    """Why records were given up: a pipe says it in `context`, an event source mapping in
    `requestContext`.

    https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    """
    context = body.get("context") or body.get("requestContext")
    return context if isinstance(context, dict) else {}


def _objects(
    messages: Iterable[dict[str, Any]],
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The messages whose body is a JSON object, with it."""
    for message in messages:
        try:
            body = json.loads(message["Body"])
        except (ValueError, RecursionError):
            continue
        if isinstance(body, dict):
            yield message, body


def _warn_of_others(account: Account, kind: str, count: int) -> None:
    if count:
        queue = f"in '{account.settings.name(kind)}'"
        messages = f"1 message {queue} is" if count == 1 else f"{count} messages {queue} are"
        warn(f"{messages} not from this pipeline")


def _receive(sqs: Any, url: str, wait_seconds: int) -> list[dict[str, Any]]:
    """The next messages; `wait_seconds` above 0 asks all servers of SQS instead of some."""
    waiting = {"WaitTimeSeconds": wait_seconds} if wait_seconds else {}
    answer = sqs.receive_message(
        QueueUrl=url,
        **waiting,
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
    """The row of a message that SNS delivered; one without the lab's attributes has only its text."""
    values = {name: value["Value"] for name, value in body.get("MessageAttributes", {}).items()}
    numbers = {
        n: int(values[n]) for n in ("quantity", "quantity_before", "threshold") if n in values
    }
    return {"deduplication_id": message_id} | values | numbers | {"text": body["Message"]}


def _once(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({row["deduplication_id"]: row for row in rows}.values())
