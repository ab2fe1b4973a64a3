"""The SQS queues: rejected records, the pipe's dead letters, and the inbox of the alert topic."""

from __future__ import annotations

from typing import Any

from inventory_lab.resources.account import TAGS, Account, unless_missing
from inventory_lab.resources.policies import policy

KINDS = ("rejected_queue", "dead_letter_queue", "alerts_queue")
RETENTION_SECONDS = 14 * 86_400
"""The longest that SQS keeps a message:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""

_MISSING = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


def ensure(account: Account, kind: str) -> str:
    """The queue's URL; made, with 14 days of retention, when it is missing."""
    url = describe(account, kind)
    if url is None:
        attributes = {"MessageRetentionPeriod": str(RETENTION_SECONDS)}
        if kind == "alerts_queue":
            attributes["Policy"] = policy("queue/alerts-inbox", account)
        answer: dict[str, Any] = account.client("sqs").create_queue(
            QueueName=account.settings.name(kind), Attributes=attributes, tags=TAGS
        )
        url = str(answer["QueueUrl"])
    return url


def describe(account: Account, kind: str) -> str | None:
    """The queue's URL, or None when there is no queue."""
    call = account.client("sqs").get_queue_url
    answer = unless_missing(_MISSING, call, QueueName=account.settings.name(kind))
    return None if answer is None else str(answer["QueueUrl"])


def tags(account: Account, kind: str) -> dict[str, str] | None:
    """The queue's tags, or None when there is no queue."""
    url = describe(account, kind)
    if url is None:
        return None
    answer = unless_missing(_MISSING, account.client("sqs").list_queue_tags, QueueUrl=url)
    return None if answer is None else dict(answer.get("Tags", {}))


def delete(account: Account, kind: str) -> None:
    """Delete the queue with all its messages. For a minute AWS may still show it, and lets no queue of
    its name be made: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html
    """
    url = describe(account, kind)
    if url is not None:
        unless_missing(_MISSING, account.client("sqs").delete_queue, QueueUrl=url)
