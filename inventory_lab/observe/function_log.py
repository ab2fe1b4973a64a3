"""The function's log, read through CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from inventory_lab.resources.account import Account, unless_missing


def log_events(account: Account, pattern: str, start: int = 0) -> Iterator[Mapping[str, Any]]:
    """The events of the log that match a filter pattern, in their order. There are none before the
    first invocation of the function, which creates the log group. `start` leaves out what was logged
    before, in epoch milliseconds.

    An empty page may have a next page:
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
    """
    filter_log_events = account.client("logs").filter_log_events
    request: dict[str, Any] = {"logGroupName": account.log_group(), "filterPattern": pattern}
    if start:
        request["startTime"] = start
    while True:
        answer = unless_missing(("ResourceNotFoundException",), filter_log_events, **request) or {}
        yield from answer.get("events", [])
        if not answer.get("nextToken"):
            return
        request["nextToken"] = answer["nextToken"]
