"""The SQS queues: rejected records, the pipe's dead letters, and the inbox of the alert topic."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from inventory_lab.resources.account import Account, unless_missing
from inventory_lab.resources.ownership import refuse_foreign
from inventory_lab.resources.policies import policy

KINDS = ("rejected_queue", "dead_letter_queue", "alerts_queue")
RETENTION_SECONDS = 14 * 86_400
"""The longest that SQS keeps a message:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""

_MISSING = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


DELETED_SECONDS = 60
"""How long after a deletion SQS refuses a queue of the same name:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html"""
_DELETED = ("AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently")


def ensure(account: Account, kind: str, sleep: Callable[[float], None] = time.sleep) -> str:
    """The queue's URL, with 14 days of retention; created when it is missing. Raises NotTheLabs."""
    expected, existing = _attributes(account, kind), _existing(account, kind, tuple(_COMPARED))
    if existing is None:
        return _create(account, kind, expected, sleep)
    refuse_foreign(account, "queue", account.settings.name(kind), tags(account, kind))
    url = describe(account, kind) or ""
    if any(
        _COMPARED[name](existing.get(name, "{}")) != _COMPARED[name](expected[name])
        for name in expected
    ):
        account.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=expected)
    return url


_COMPARED: dict[str, Callable[[str], Any]] = {"MessageRetentionPeriod": str, "Policy": json.loads}
"""The attributes that the lab sets, and how two values are compared."""


def _attributes(account: Account, kind: str) -> dict[str, str]:
    attributes = {"MessageRetentionPeriod": str(RETENTION_SECONDS)}
    if kind == "alerts_queue":
        attributes["Policy"] = policy("queue/alerts-inbox", account)
    return attributes


def _existing(account: Account, kind: str, names: tuple[str, ...]) -> dict[str, str] | None:
    """The attributes of the queue; None when there is none, or only the URL of one that was deleted."""
    url = describe(account, kind)
    if url is None:
        return None
    call = account.client("sqs").get_queue_attributes
    answer = unless_missing(_MISSING, call, QueueUrl=url, AttributeNames=list(names))
    return None if answer is None else dict(answer.get("Attributes", {}))


def _create(
    account: Account, kind: str, attributes: dict[str, str], sleep: Callable[[float], None]
) -> str:
    create = account.client("sqs").create_queue
    request = {
        "QueueName": account.settings.name(kind),
        "Attributes": attributes,
        "tags": account.tags,
    }
    for _ in range(DELETED_SECONDS):
        answer = unless_missing(_DELETED, create, **request)
        if answer is not None:
            return str(answer["QueueUrl"])
        sleep(1)
    return str(create(**request)["QueueUrl"])


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
