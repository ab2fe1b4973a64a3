"""SQS by the lab's clock.

| | AWS | the lab |
|---|---|---|
| supported: visibility time-out, delay, retention, deduplication interval | by time | by lab time |
| supported: a receive call that waits for messages | returns when one arrives, or after WaitTimeSeconds | lets lab time pass until a message is visible, or WaitTimeSeconds are over |

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.sqs import models
from moto.sqs.exceptions import InvalidParameterValue, ReceiptHandleIsInvalid
from moto.sqs.models import MAXIMUM_VISIBILITY_TIMEOUT, Message, Queue, SQSBackend, sqs_backends

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.patching import Patch, hook


def patches(clock: LabClock) -> list[Patch]:
    """What makes queues follow this clock."""
    time = "(dt=None)"
    return [
        hook(models, "unix_time", time, "queues follow the lab's clock", _seconds(clock)),
        hook(models, "unix_time_millis", time, "messages follow the lab's clock", _millis(clock)),
        hook(
            Message, "visible", "property(self)",
            "a message is visible again at the end of its time-out, on a clock that stands still",
            property(lambda self: clock.timestamp() * 1000 >= self.visible_at),
        ),
        hook(
            Queue, "wait_for_messages", "(self, timeout)",
            "a receive call that waits lets lab time pass",
            lambda self, timeout: clock.advance(timeout),  # noqa: ARG005
        ),
        hook(
            SQSBackend, "change_message_visibility",
            "(self, queue_name, receipt_handle, visibility_timeout)",
            "the 12 hours of a time-out begin when a message is received, where moto counts from sending",
            _change_visibility(clock),
        ),
    ]  # fmt: skip


def _change_visibility(clock: LabClock) -> Callable[..., None]:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html"""

    def change(self: Any, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        queue, now = self.get_queue(queue_name), clock.timestamp()
        message = next((m for m in queue._messages if m.had_receipt_handle(receipt_handle)), None)
        if message is None:
            raise ReceiptHandleIsInvalid
        once = message.approximate_receive_count == 1
        received = message.approximate_first_receive_timestamp / 1000 if once else now
        if visibility_timeout and now + visibility_timeout - received > MAXIMUM_VISIBILITY_TIMEOUT:
            raise InvalidParameterValue(
                f"Value {visibility_timeout} for parameter VisibilityTimeout is invalid. Reason: Total "
                "VisibilityTimeout for the message is beyond the limit [43200 seconds]"
            )
        message.change_visibility(visibility_timeout)
        if message.visible:
            queue.pending_messages.discard(message)

    return change


def delete_expired(region: str, later: datetime) -> None:
    """Delete the messages that are older, at this time, than their queue keeps messages."""
    for queue in sqs_backends[DEFAULT_ACCOUNT_ID][region].queues.values():
        oldest = (later.timestamp() - queue.message_retention_period) * 1000
        messages = queue._messages
        while messages and messages[0].sent_timestamp <= oldest:
            queue.pending_messages.discard(messages.pop(0))


def _seconds(clock: LabClock) -> Callable[[datetime | None], int]:
    def unix_time(dt: datetime | None = None) -> int:
        return int(dt.timestamp() if dt else clock.timestamp())

    return unix_time


def _millis(clock: LabClock) -> Callable[[datetime | None], float]:
    def unix_time_millis(dt: datetime | None = None) -> float:
        return (dt.timestamp() if dt else clock.timestamp()) * 1000

    return unix_time_millis
