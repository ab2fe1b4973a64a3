"""The agent of one build: the session of its service role, and what it reports to CodeBuild."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3

from inventory_lab.embedded_aws.codebuild.builds import FAILED, SUCCEEDED, Builds
from inventory_lab.embedded_aws.codebuild.reports import Reports
from inventory_lab.embedded_aws.polling.pollers import Role
from inventory_lab.exceptions import ReportRefused
from inventory_lab.iam.account.evaluator import Caller, PolicyEvaluator
from inventory_lab.iam.evaluation import messages
from inventory_lab.iam.evaluation.calls import Call, Need

SERVICE = "codebuild.amazonaws.com"
PHASE_SECONDS = 1
"""Lab time that a phase takes, whatever it takes on this machine."""
REPORT_ACTIONS = ("CreateReportGroup", "CreateReport", "UpdateReport", "BatchPutTestCases")
"""What the role needs to report tests:
https://docs.aws.amazon.com/codebuild/latest/userguide/test-permissions.html"""

SessionOf = Callable[[Role], boto3.Session]


class Agent:
    """Runs nothing itself: whoever runs the build asks it for a session and tells it each phase."""

    def __init__(
        self,
        build: Mapping[str, Any],
        builds: Builds,
        reports: Reports,
        evaluator: PolicyEvaluator,
        session_of: SessionOf,
        pass_seconds: Callable[[float], None],
    ) -> None:
        self.build = build
        self._builds = builds
        self._reports = reports
        self._evaluator = evaluator
        self._session_of = session_of
        self._pass_seconds = pass_seconds

    @property
    def _project_arn(self) -> str:
        return str(self.build["arn"]).rpartition(":")[0].replace(":build/", ":project/")

    def session(self) -> boto3.Session:
        """A session of the build's service role. Raises RoleNotAssumable."""
        return self._session_of(Role(self.build["serviceRole"], SERVICE, self._project_arn))

    def begin_phase(self, phase: str) -> None:
        """The build enters a phase such as "INSTALL"."""
        self._builds.begin_phase(self.build["id"], phase)

    def end_phase(self, code: str = "", message: str = "", status: str = "") -> None:
        """The phase ends; without a status it failed if there is a `code`."""
        self._pass_seconds(PHASE_SECONDS)
        status = status or (FAILED if code else SUCCEEDED)
        self._builds.end_phase(self.build["id"], status, code, message)

    def put_artifact(self, sha256: str) -> None:
        """The output is in its bucket, with this SHA-256 of its bytes, in hex."""
        location = self.build["artifacts"]["location"]
        self._builds.add(self.build["id"], artifacts={"location": location, "sha256sum": sha256})

    def put_report(self, name: str, cases: Sequence[Mapping[str, Any]]) -> str:
        """The ARN of the report of these test cases. Raises ReportRefused."""
        arn = self._project_arn.replace(":project/", ":report-group/") + f"-{name}"
        for action in REPORT_ACTIONS:
            self._require(action, arn)
        report = self._reports.create(arn, self.build, cases)
        self.build = self._builds.get([self.build["id"]])[0]
        self._builds.add(self.build["id"], reportArns=[*self.build["reportArns"], report])
        return report

    def complete(self, status: str) -> None:
        """The build ends."""
        self._builds.complete(self.build["id"], status)

    def _require(self, action: str, arn: str) -> None:
        """Raise ReportRefused when the role may not do this; these calls have no public API."""
        _, partition, _, region, account, _ = arn.split(":", 5)
        role = str(self.build["serviceRole"]).rpartition("/")[2]
        project = str(self.build["projectName"])
        caller = Caller.of_arn(f"arn:{partition}:sts::{account}:assumed-role/{role}/{project}")
        call = Call("codebuild", action, {}, region, account, partition)
        request, decision = self._evaluator.decide(caller, call, Need(f"codebuild:{action}", arn))
        if not decision.allowed:
            raise ReportRefused(messages.denied("codebuild", request, decision).message)
