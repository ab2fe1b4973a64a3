"""The log group of the function. Lambda creates it with the first line, without tags or an end, and leaves it
behind. With `Settings(log_retention_days=…)` build() creates it, tagged, before the function.
"""

from __future__ import annotations

from typing import Any

from inventory_lab.resources import function
from inventory_lab.resources.account import TAGS, Account, unless_missing
from inventory_lab.resources.ownership import refuse_foreign

_MISSING = ("ResourceNotFoundException",)
_EXISTS = ("ResourceAlreadyExistsException",)


def ensure(account: Account) -> str:
    """The log group's ARN; created when it is missing, and given the retention of the settings. Raises
    NotTheLabs.
    """
    logs, group = account.client("logs"), account.log_group()
    created = unless_missing(_EXISTS, logs.create_log_group, logGroupName=group, tags=account.tags)
    if created is None:
        refuse_foreign(account, "log_group", group, tags(account))
    days = account.settings.log_retention_days
    logs.put_retention_policy(logGroupName=group, retentionInDays=days)
    return _arn(account)


def describe(account: Account) -> dict[str, Any] | None:
    """DescribeLogStreams' answer, with the first log stream, or None when there is no log group."""
    call = account.client("logs").describe_log_streams
    answer = unless_missing(_MISSING, call, logGroupName=account.log_group(), limit=1)
    return None if answer is None else dict(answer)


def tags(account: Account) -> dict[str, str] | None:
    """The tags of the log group; when Lambda created it, so that it has none, those of the function that it
    belongs to, and the lab's when that is gone. None when there is no log group.
    """
    own = own_tags(account)
    if own is None or own:
        return own
    of_the_function = function.tags(account)
    return TAGS if of_the_function is None else of_the_function


def own_tags(account: Account) -> dict[str, str] | None:
    """The tags that the log group itself has, or None when there is no log group."""
    if describe(account) is None:
        return None
    call = account.client("logs").list_tags_for_resource
    answer = unless_missing(_MISSING, call, resourceArn=_arn(account))
    return dict((answer or {}).get("tags") or {})


def _arn(account: Account) -> str:
    return account.arn("logs", f"log-group:{account.log_group()}")


def delete(account: Account) -> None:
    """Delete the log group with all that was logged."""
    call = account.client("logs").delete_log_group
    unless_missing(_MISSING, call, logGroupName=account.log_group())
