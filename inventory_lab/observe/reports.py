"""The function's own counts, read back from the log lines it wrote, one a batch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from inventory_lab.resources.account import Account, unless_missing

COUNTS = (
    "records",
    "applied",
    "rejected",
    "duplicates",
    "redelivered",
    "failed",
    "alerts",
    "late_parent",
)


def batches(account: Account) -> Iterator[dict[str, Any]]:
    """Every report of the function, in the order of its log; none when it has not run yet."""
    logs = account.client("logs")
    request: dict[str, Any] = {
        "logGroupName": account.log_group(),
        "filterPattern": '"report"',
    }
    while True:
        answer = unless_missing(("ResourceNotFoundException",), logs.filter_log_events, **request)
        for event in (answer or {}).get("events", []):
            report = _report(event["message"])
            if report is not None:
                yield report
        if not (answer or {}).get("nextToken"):
            return
        request["nextToken"] = answer["nextToken"]


def _report(line: str) -> dict[str, Any] | None:
    """The report in a log line; None for whatever else was printed."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("report") == "batch" else None


def totals(account: Account) -> dict[str, int]:
    """The sums over all reports, by name of the count."""
    total: Counter[str] = Counter()
    for batch in batches(account):
        total.update({name: batch.get(name, 0) for name in COUNTS})
    return {name: total[name] for name in COUNTS}
