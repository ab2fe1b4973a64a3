"""The log group of the pipe, where AWS delivers a record for each step of its executions."""

from __future__ import annotations

from typing import Any

from inventory_lab.resources.account import Account, unless_missing
from inventory_lab.resources.ownership import refuse_foreign

RETENTION_DAYS = 14
"""The records hold the payloads of batches, so they do not stay for ever."""
_MISSING = ("ResourceNotFoundException",)
_EXISTS = ("ResourceAlreadyExistsException",)


def name_of(account: Account) -> str:
    """The name of the log group; AWS recommends this prefix for logs that its services deliver:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
    """
    return f"/aws/vendedlogs/pipes/{account.settings.name('pipe')}"


def arn_of(account: Account) -> str:
    """The ARN of the log group, as a pipe's LogConfiguration takes it."""
    return account.arn("logs", f"log-group:{name_of(account)}")


def ensure(account: Account) -> str:
    """The log group's ARN, with 14 days of retention; created when it is missing. Raises NotTheLabs."""
    logs, group = account.client("logs"), name_of(account)
    created = unless_missing(_EXISTS, logs.create_log_group, logGroupName=group, tags=account.tags)
    if created is None:
        refuse_foreign(account, "log_group", group, tags(account))
    logs.put_retention_policy(logGroupName=group, retentionInDays=RETENTION_DAYS)
    return arn_of(account)


def describe(account: Account) -> dict[str, Any] | None:
    """DescribeLogStreams' answer, with the first log stream, or None when there is no log group."""
    call = account.client("logs").describe_log_streams
    answer = unless_missing(_MISSING, call, logGroupName=name_of(account), limit=1)
    return None if answer is None else dict(answer)


def tags(account: Account) -> dict[str, str] | None:
    """The log group's tags, or None when there is none."""
    if describe(account) is None:
        return None
    call = account.client("logs").list_tags_for_resource
    answer = unless_missing(_MISSING, call, resourceArn=arn_of(account))
    return None if answer is None else dict(answer.get("tags") or {})


def delete(account: Account) -> None:
    """Delete the log group with all that was logged."""
    call = account.client("logs").delete_log_group
    unless_missing(_MISSING, call, logGroupName=name_of(account))
