"""Test reports: a group for each name in a buildspec, a report for each build, its test cases.

https://docs.aws.amazon.com/codebuild/latest/userguide/test-reporting.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

STATUSES = ("SUCCEEDED", "FAILED", "ERROR", "SKIPPED", "UNKNOWN")
_NANOSECONDS = 1_000_000_000


class Reports:
    """The test reports of one account, by ARN."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._groups: list[str] = []
        self._reports: dict[str, dict[str, Any]] = {}
        self._cases: dict[str, list[dict[str, Any]]] = {}

    def create(
        self, group_arn: str, build: Mapping[str, Any], cases: Sequence[Mapping[str, Any]]
    ) -> str:
        """The ARN of a new report of a build; its group is created when it is missing. A case has
        `name`, `prefix`, `status`, `seconds` and `message`.
        """
        serial = str(build["id"]).rpartition(":")[2]
        arn = f"{group_arn.replace(':report-group/', ':report/')}:{serial}"
        if group_arn not in self._groups:
            self._groups.append(group_arn)
        self._reports[arn] = _report(arn, group_arn, str(build["arn"]), cases, self._now())
        self._cases[arn] = [_case(arn, case) for case in cases]
        return arn

    def get(self, arns: Iterable[str]) -> list[dict[str, Any]]:
        """Those of the reports that exist."""
        return [self._reports[arn] for arn in arns if arn in self._reports]

    def cases(self, arn: str, status: str = "") -> list[dict[str, Any]] | None:
        """The test cases of a report, those of a status alone if it is given; None without a report."""
        cases = self._cases.get(arn)
        return cases if cases is None else [c for c in cases if status in ("", c["status"])]

    def of_group(self, group_arn: str) -> list[str] | None:
        """The ARNs of the reports of a group, the newest first; None without a group."""
        if group_arn not in self._groups:
            return None
        reports = self._reports.values()
        return [r["arn"] for r in reports if r["reportGroupArn"] == group_arn][::-1]

    def groups(self) -> list[str]:
        """The ARNs of all report groups."""
        return list(self._groups)

    def delete_group(self, group_arn: str) -> None:
        """Delete a group with its reports; deleting one that does not exist is no error."""
        for arn in self.of_group(group_arn) or []:
            del self._reports[arn], self._cases[arn]
        if group_arn in self._groups:
            self._groups.remove(group_arn)


def _report(
    arn: str, group_arn: str, build_arn: str, cases: Sequence[Mapping[str, Any]], now: datetime
) -> dict[str, Any]:
    counts = Counter(case["status"] for case in cases)
    failed = counts["FAILED"] + counts["ERROR"] > 0
    seconds = sum(case["seconds"] for case in cases)
    return {
        "arn": arn,
        "type": "TEST",
        "name": arn.rpartition("/")[2],
        "reportGroupArn": group_arn,
        "executionId": build_arn,
        "status": "FAILED" if failed else "SUCCEEDED",
        "created": now,
        "truncated": False,
        "testSummary": {
            "total": len(cases),
            "statusCounts": {status: counts[status] for status in STATUSES},
            "durationInNanoSeconds": round(seconds * _NANOSECONDS),
        },
    }


def _case(arn: str, case: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "reportArn": arn,
        "prefix": case["prefix"],
        "name": case["name"],
        "status": case["status"],
        "durationInNanoSeconds": round(case["seconds"] * _NANOSECONDS),
        "message": case["message"],
    }
