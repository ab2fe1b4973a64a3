"""Counts and lists of a queue's messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.sqs.models import Queue, SQSBackend

from inventory_lab.embedded_aws.patching import Patch
from inventory_lab.embedded_aws.performance.faster import faster

COUNTS = (
    "approximate_number_of_messages",
    "approximate_number_of_messages_delayed",
    "approximate_number_of_messages_not_visible",
)


def patches() -> list[Patch]:
    """Messages are counted and listed no more often than somebody asks."""
    counted, listed = "counts messages when asked", "lists as many messages as are received"
    sent = (
        "(self, queue_name, message_body, message_attributes=None, delay_seconds=None, "
        "deduplication_id=None, group_id=None, system_attributes=None, validate_group_id=True)"
    )
    received = (
        "(self, queue_name, count, wait_seconds_timeout, visibility_timeout, "
        "message_attribute_names=None)"
    )
    return [
        *(faster(Queue, name, "property(self)", counted, _counted_when_asked) for name in COUNTS),
        faster(Queue, "messages", "property(self)", listed, _listed_as_far_as_needed),
        faster(SQSBackend, "send_message", sent, counted, _uncounted),
        faster(SQSBackend, "receive_message", received, counted, _uncounted),
    ]


def _uncounted(act: Callable[..., Any]) -> Callable[..., Any]:
    """Sending and receiving read all attributes of the queue to learn of one, which is not a count."""

    def uncounted(self: Any, queue_name: str, *arguments: Any, **named: Any) -> Any:
        queue = self.get_queue(queue_name)
        queue.uncounted = True
        try:
            return act(self, queue_name, *arguments, **named)
        finally:
            queue.uncounted = False

    return uncounted


def _listed_as_far_as_needed(messages: Any) -> property:
    def listed(queue: Any) -> Any:
        if not getattr(queue, "uncounted", False):
            return messages.fget(queue)
        return (m for m in queue._messages if m.visible and not m.delayed)

    return property(listed)


def _counted_when_asked(count: Any) -> property:
    return property(lambda queue: 0 if getattr(queue, "uncounted", False) else count.fget(queue))
