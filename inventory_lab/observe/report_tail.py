"""The function's own counts, summed report by report as they come into its log."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from inventory_lab.observe.function_log import log_events
from inventory_lab.observe.reports import COUNTS, LateRun, parse_report
from inventory_lab.resources.account import Account

OVERLAP_MILLISECONDS = 60_000
"""A log event can appear after a later one, so the last minute is read again:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""


@dataclass(slots=True)
class ReportTail:
    """Sums the reports of the function's log; it remembers the events of the last minute only."""

    totals: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTS, 0)))
    _seen: dict[str, int] = field(default_factory=dict)
    _newest: int = 0

    def read(self, account: Account) -> None:
        """Add what was reported since the last reading."""
        start = max(self._newest - OVERLAP_MILLISECONDS, 0)
        for event in log_events(account, '"report"', start):
            event_id, at = str(event["eventId"]), int(event["timestamp"])
            if event_id in self._seen:
                continue
            self._seen[event_id] = at
            self._newest = max(self._newest, at)
            report = parse_report(event["message"])
            if report is not None and not isinstance(report, LateRun):
                self.totals.update(report.counts)
        oldest = self._newest - OVERLAP_MILLISECONDS
        self._seen = {event_id: at for event_id, at in self._seen.items() if at >= oldest}
