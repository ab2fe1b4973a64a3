"""SQS by the lab's clock.

| | AWS | the lab |
|---|---|---|
| supported: visibility time-out, delay, retention, deduplication interval | by time | by lab time |
| supported: ChangeMessageVisibility of a message that was sent long ago | up to 12 hours after it was received | up to 12 hours; several changes are not added up |
| supported: a receive call that waits for messages | returns when one arrives, or after WaitTimeSeconds | lets lab time pass until a message is visible, or WaitTimeSeconds are over |

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.sqs import models
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.patching import Patch


def patches(clock: LabClock) -> list[Patch]:
    """What makes queues follow this clock."""
    time = "(dt=None)"
    return [
        _hook(models, "unix_time", time, "queues follow the lab's clock", _seconds(clock)),
        _hook(models, "unix_time_millis", time, "messages follow the lab's clock", _millis(clock)),
        _hook(
            Message, "visible", "property(self)",
            "a message is visible again at the end of its time-out, on a clock that stands still",
            property(lambda self: clock.timestamp() * 1000 >= self.visible_at),
        ),
        _hook(
            Queue, "wait_for_messages", "(self, timeout)",
            "a receive call that waits lets lab time pass",
            lambda self, timeout: clock.advance(timeout),  # noqa: ARG005
        ),
        Patch(
            owner=SQSBackend,
            name="change_message_visibility",
            signature="(self, queue_name, receipt_handle, visibility_timeout)",
            kind="hook",
            why="moto allows a time-out until 12 hours after a message was sent",
            around=partial(_from_now, clock),
            upstream=True,
        ),
    ]  # fmt: skip


def delete_expired(region: str, later: datetime) -> None:
    """Delete the messages that are older, at this time, than their queue keeps messages."""
    for queue in sqs_backends[DEFAULT_ACCOUNT_ID][region].queues.values():
        oldest = (later.timestamp() - queue.message_retention_period) * 1000
        messages = queue._messages
        while messages and messages[0].sent_timestamp <= oldest:
            queue.pending_messages.discard(messages.pop(0))


def _hook(owner: Any, name: str, signature: str, why: str, replacement: Any) -> Patch:
    return Patch(
        owner=owner, name=name, signature=signature, kind="hook", why=why, replacement=replacement
    )


def _from_now(clock: LabClock, change: Callable[..., None]) -> Callable[..., None]:
    """moto compares with the time of sending, so for the call the message was sent now."""

    def from_now(self: Any, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        messages = [
            message
            for message in self.get_queue(queue_name)._messages
            if message.had_receipt_handle(receipt_handle)
        ]
        sent = [message.sent_timestamp for message in messages]
        for message in messages:
            message.sent_timestamp = clock.timestamp() * 1000
        try:
            change(self, queue_name, receipt_handle, visibility_timeout)
        finally:
            for message, timestamp in zip(messages, sent, strict=True):
                message.sent_timestamp = timestamp

    return from_now


def _seconds(clock: LabClock) -> Callable[[datetime | None], int]:
    def unix_time(dt: datetime | None = None) -> int:
        return int(dt.timestamp() if dt else clock.timestamp())

    return unix_time


def _millis(clock: LabClock) -> Callable[[datetime | None], float]:
    def unix_time_millis(dt: datetime | None = None) -> float:
        return (dt.timestamp() if dt else clock.timestamp()) * 1000

    return unix_time_millis
