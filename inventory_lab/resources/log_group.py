"""The log group of the function. Lambda makes it, without tags, and leaves it behind."""

from __future__ import annotations

from typing import Any

from inventory_lab.resources import function
from inventory_lab.resources.account import TAGS, Account, unless_missing

_MISSING = ("ResourceNotFoundException",)


def describe(account: Account) -> dict[str, Any] | None:
    """DescribeLogStreams' answer, with the first log stream, or None when there is no log group."""
    call = account.client("logs").describe_log_streams
    answer = unless_missing(_MISSING, call, logGroupName=account.log_group(), limit=1)
    return None if answer is None else dict(answer)


def tags(account: Account) -> dict[str, str] | None:
    """The tags of the function that the log group belongs to, the lab's when that is gone; None when
    there is no log group.
    """
    if describe(account) is None:
        return None
    of_the_function = function.tags(account)
    return TAGS if of_the_function is None else of_the_function


def delete(account: Account) -> None:
    """Delete the log group with all that was logged."""
    call = account.client("logs").delete_log_group
    unless_missing(_MISSING, call, logGroupName=account.log_group())
