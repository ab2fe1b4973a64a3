"""The builds of an account: queued when they are started, then moved phase by phase, then complete.

Nothing here runs a command. What runs a build takes it out of the queue and reports each phase.
A build is the structure that BatchGetBuilds answers with:
https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from inventory_lab.exceptions import BuildNotQueued

Facts = dict[str, Any]
"""A structure of the API, by member."""

QUEUED, COMPLETED = "QUEUED", "COMPLETED"
SUCCEEDED, FAILED, IN_PROGRESS, STOPPED = "SUCCEEDED", "FAILED", "IN_PROGRESS", "STOPPED"
_OVERRIDES = {
    "buildspecOverride": "buildspec",
    "sourceLocationOverride": "location",
    "sourceTypeOverride": "type",
}


class Builds:
    """Every build of one account, by id."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._builds: dict[str, Facts] = {}
        self._numbers: Counter[str] = Counter()

    def start(
        self, project: Mapping[str, Any], request: Mapping[str, Any], initiator: str
    ) -> Facts:
        """The new build of a project, which waits in the queue."""
        name = project["name"]
        self._numbers[name] += 1
        build = _new_build(project, request, self._numbers[name], self._now())
        build["initiator"] = initiator
        self._builds[build["id"]] = build
        return deepcopy(build)

    def get(self, ids: Iterable[str]) -> list[Facts]:
        """Those of the builds that exist; an ARN is as good as an id."""
        builds = (self._builds.get(name.rpartition("build/")[2]) for name in ids)
        return [deepcopy(build) for build in builds if build is not None]

    def ids(self, project: str = "", ascending: bool = False) -> list[str]:
        """The ids of a project's builds, or of all; the newest first unless `ascending`."""
        mine = [b["id"] for b in self._builds.values() if project in ("", b["projectName"])]
        return mine if ascending else mine[::-1]

    def stop(self, build_id: str) -> Facts | None:
        """The build, stopped if it was not complete; None when there is no such build."""
        build = self._builds.get(build_id)
        if build is not None and not build["buildComplete"]:
            self.end_phase(build_id, STOPPED)
            self.complete(build_id, STOPPED)
        return None if build is None else deepcopy(build)

    def take(self, build_id: str) -> Facts:
        """A build, which leaves the queue. Raises BuildNotQueued for one that ran, or does not exist."""
        build = self._builds.get(build_id)
        if build is None or build["currentPhase"] != QUEUED:
            raise BuildNotQueued(build_id, build["buildStatus"] if build else "")
        self.end_phase(build_id, SUCCEEDED)
        return deepcopy(build)

    def begin_phase(self, build_id: str, phase: str) -> None:
        """The build enters a phase."""
        build = self._builds[build_id]
        build["currentPhase"] = phase
        build["phases"].append({"phaseType": phase, "startTime": self._now()})

    def end_phase(self, build_id: str, status: str, code: str = "", message: str = "") -> None:
        """The phase that the build is in ends; `code` and `message` say why it failed."""
        phase, now = self._builds[build_id]["phases"][-1], self._now()
        seconds = int((now - phase["startTime"]).total_seconds())
        contexts = [{"statusCode": code, "message": message}]
        phase |= {"phaseStatus": status, "endTime": now, "durationInSeconds": seconds}
        phase["contexts"] = contexts

    def complete(self, build_id: str, status: str) -> None:
        """The build ends with a status."""
        self.begin_phase(build_id, COMPLETED)
        end = {"buildStatus": status, "buildComplete": True, "endTime": self._now()}
        self._builds[build_id] |= end

    def add(self, build_id: str, **members: Any) -> None:
        """Set members of the build, such as its artifacts."""
        self._builds[build_id] |= members


def _new_build(
    project: Mapping[str, Any], request: Mapping[str, Any], number: int, now: datetime
) -> Facts:
    arn, name = str(project["arn"]), str(project["name"])
    serial = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{arn}#{number}"))
    _, partition, _, region, account, _ = arn.split(":", 5)
    return {
        "id": f"{name}:{serial}",
        "arn": f"arn:{partition}:codebuild:{region}:{account}:build/{name}:{serial}",
        "buildNumber": number,
        "startTime": now,
        "currentPhase": QUEUED,
        "buildStatus": IN_PROGRESS,
        "buildComplete": False,
        "projectName": name,
        "phases": [_submitted(now), {"phaseType": QUEUED, "startTime": now}],
        "source": _source(project["source"], request),
        "secondarySources": [],
        "artifacts": {"location": _artifact_location(project["artifacts"], partition, serial)},
        "cache": project.get("cache") or {"type": "NO_CACHE"},
        "environment": _environment(project["environment"], request),
        "serviceRole": project["serviceRole"],
        "logs": _logs(name, serial, f"arn:{partition}:logs:{region}:{account}"),
        "timeoutInMinutes": request.get("timeoutInMinutesOverride") or project["timeoutInMinutes"],
        "queuedTimeoutInMinutes": project["queuedTimeoutInMinutes"],
        "encryptionKey": project["encryptionKey"],
        "reportArns": [],
        **({"sourceVersion": v} if (v := request.get("sourceVersion")) else {}),
    }


def _submitted(now: datetime) -> Facts:
    phase = {"phaseType": "SUBMITTED", "phaseStatus": SUCCEEDED, "startTime": now, "endTime": now}
    return {**phase, "durationInSeconds": 0}


def _source(source: Mapping[str, Any], request: Mapping[str, Any]) -> Facts:
    overridden = {member: request[name] for name, member in _OVERRIDES.items() if request.get(name)}
    return {**source, **overridden}


def _environment(environment: Mapping[str, Any], request: Mapping[str, Any]) -> Facts:
    """The project's environment with the variables of the request, which win by name:
    https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
    """
    variables = [
        *environment.get("environmentVariables", []),
        *(request.get("environmentVariablesOverride") or []),
    ]
    by_name = {variable["name"]: {"type": "PLAINTEXT", **variable} for variable in variables}
    return {**environment, "environmentVariables": list(by_name.values())}


def _artifact_location(artifacts: Mapping[str, Any], partition: str, serial: str) -> str:
    """Where the output goes: path, build id if the namespace asks for it, name.
    https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectArtifacts.html
    """
    if artifacts["type"] != "S3":
        return ""
    namespace = serial if artifacts.get("namespaceType") == "BUILD_ID" else ""
    parts = [artifacts.get("path", "").strip("/"), namespace, artifacts.get("name", "")]
    key = "/".join(part for part in parts if part)
    return f"arn:{partition}:s3:::{artifacts['location']}/{key}"


def _logs(project: str, serial: str, prefix: str) -> Facts:
    group = f"/aws/codebuild/{project}"
    return {
        "groupName": group,
        "streamName": serial,
        "cloudWatchLogsArn": f"{prefix}:log-group:{group}:log-stream:{serial}",
        "cloudWatchLogs": {"status": "ENABLED"},
    }
