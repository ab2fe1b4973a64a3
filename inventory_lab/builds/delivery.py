"""From a folder of source to a deployed function: upload, build, deploy from the main branch only."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from inventory_lab.builds.artifacts import zip_folder
from inventory_lab.builds.report import BuildReport, PhaseReport
from inventory_lab.builds.runner import BuildAgent, run_build
from inventory_lab.exceptions import BuildNotQueued, NotBuilt
from inventory_lab.resources import artifacts_bucket, build_project, function
from inventory_lab.resources.account import Account, unless_missing
from inventory_lab.resources.ownership import refuse_foreign
from inventory_lab.resources.propagation import once_known

if TYPE_CHECKING:
    import boto3

POLL_SECONDS = 5
_DENIED = ("is not authorized to perform",)
"""What AWS says while a new role or its policy is not known everywhere yet, and afterwards when it is meant."""
BUILDS_OF_A_CALL = 100
"""The most ids of a BatchGetBuilds."""


class Host(Protocol):
    """Where builds run: the backend of a lab."""

    @property
    def clock(self) -> Clock:
        """The time of the lab."""

    def take_build(self, build_id: str) -> BuildAgent | None:
        """The agent of a queued build; None where AWS runs it. Raises BuildNotQueued."""


class Clock(Protocol):
    """The time of a lab."""

    def now(self) -> datetime:
        """The time now, in UTC."""

    def advance(self, seconds: float) -> None:
        """Let seconds pass."""


def start(account: Account, source: Path, branch: str) -> str:
    """The id of a new build of a folder, whose files are uploaded as one zip."""
    body = zip_folder(source)
    key = f"{artifacts_bucket.SOURCES}{hashlib.sha256(body).hexdigest()[:16]}.zip"
    account.client("s3").put_object(**account.own_bucket(), Key=key, Body=body)
    build = account.client("codebuild").start_build(
        projectName=account.settings.name("build_project"),
        sourceLocationOverride=f"{account.bucket()}/{key}",
        environmentVariablesOverride=[{"name": build_project.BRANCH, "value": branch}],
    )["build"]
    return str(build["id"])


def next_build(account: Account) -> str:
    """The id of the oldest build of the project that is not complete, else of the newest.

    Raises BuildNotQueued when none was started.
    """
    codebuild, name = account.client("codebuild"), account.settings.name("build_project")
    ids = codebuild.list_builds_for_project(projectName=name)["ids"][:BUILDS_OF_A_CALL]
    if not ids:
        raise BuildNotQueued(name, "")
    builds = codebuild.batch_get_builds(ids=ids)["builds"]
    waiting = [build["id"] for build in builds if not build["buildComplete"]]
    return str(waiting[-1] if waiting else ids[0])


def run(account: Account, host: Host, build_id: str) -> dict[str, Any]:
    """The complete build: run here, or waited for where AWS runs it. Raises UnsupportedBuild."""
    build = _described(account, build_id)
    while not build["buildComplete"]:
        agent = host.take_build(build_id)
        if agent is None:
            host.clock.advance(POLL_SECONDS)
        else:
            run_build(agent, host.clock.now)
        build = _described(account, build_id)
    return build


def report(account: Account, build: Mapping[str, Any], deployed: str = "") -> BuildReport:
    """How a complete build went."""
    return BuildReport(
        build_id=build["id"],
        branch=branch_of(build),
        status=build["buildStatus"],
        phases=tuple(_phases(build)),
        tests=_tests(account, build),
        artifact=_artifact(build),
        deployed=deployed,
        log=_log(account, build),
    )


def branch_of(build: Mapping[str, Any]) -> str:
    """The branch of the build's commit, from its environment."""
    variables = build["environment"]["environmentVariables"]
    return next((str(v["value"]) for v in variables if v["name"] == build_project.BRANCH), "")


def may_deploy(build: Mapping[str, Any]) -> bool:
    """Whether a build is one that is deployed: it succeeded, on the main branch.

    >>> variable = {"name": "BRANCH", "value": "main"}
    >>> may_deploy({"buildStatus": "FAILED", "environment": {"environmentVariables": [variable]}})
    False
    """
    return build["buildStatus"] == "SUCCEEDED" and branch_of(build) == build_project.MAIN_BRANCH


def deploy(account: Account, build: Mapping[str, Any], sleep: Callable[[float], None]) -> str:
    """The function's CodeSha256 after the artifact of a build became its code.

    The deploy role is assumed for it, which may update this one function. Raises NotBuilt, and NotTheLabs
    for a function that is not the lab's.
    """
    refuse_foreign(account, "function", account.settings.name("function"), function.tags(account))
    functions = _deployer(account, sleep).client("lambda")
    name = account.settings.name("function")
    request = {"FunctionName": name, "S3Bucket": account.bucket(), "S3Key": _artifact(build)}
    missing = ("ResourceNotFoundException",)
    update = partial(unless_missing, missing, functions.update_function_code, **request)
    answer = once_known(update, _DENIED, sleep)
    if answer is None:
        raise NotBuilt("function", name)
    functions.get_waiter("function_updated").wait(FunctionName=name)
    return str(answer["CodeSha256"])


def _deployer(account: Account, sleep: Callable[[float], None]) -> boto3.Session:
    """A session of the deploy role, once AWS knows a new one everywhere."""
    import boto3

    request = {"RoleArn": account.role_arn("deploy_role"), "RoleSessionName": "deploy"}
    assume = partial(account.client("sts").assume_role, **request)
    credentials = once_known(assume, _DENIED, sleep)["Credentials"]
    return boto3.Session(
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
        region_name=account.settings.region,
    )


def _described(account: Account, build_id: str) -> dict[str, Any]:
    builds = account.client("codebuild").batch_get_builds(ids=[build_id])["builds"]
    if not builds:
        raise BuildNotQueued(build_id, "")
    return dict(builds[0])


def _phases(build: Mapping[str, Any]) -> Iterator[PhaseReport]:
    for phase in build["phases"]:
        if "phaseStatus" in phase:
            contexts = phase.get("contexts") or [{}]
            yield PhaseReport(
                phase["phaseType"], phase["phaseStatus"], contexts[0].get("message") or ""
            )


def _tests(account: Account, build: Mapping[str, Any]) -> dict[str, int]:
    codebuild = account.client("codebuild")
    pages = (
        codebuild.get_paginator("describe_test_cases").paginate(reportArn=arn)
        for arn in build.get("reportArns", [])
    )
    return dict(Counter(c["status"] for page in pages for p in page for c in p["testCases"]))


def _artifact(build: Mapping[str, Any]) -> str:
    """The S3 key of what the build produced; "" when there is nothing."""
    artifacts = build.get("artifacts") or {}
    if not artifacts.get("sha256sum") and build["buildStatus"] != "SUCCEEDED":
        return ""
    return str(artifacts.get("location", "")).partition(":::")[2].partition("/")[2]


def _log(account: Account, build: Mapping[str, Any]) -> str:
    """The lines of the build's log; "" when there is none."""
    logs, log = account.client("logs"), build["logs"]
    if not log.get("streamName"):
        return ""
    request = {"logGroupName": log["groupName"], "logStreamName": log["streamName"]}
    lines: list[str] = []
    more: dict[str, str] = {}
    while True:
        call = logs.get_log_events
        missing = ("ResourceNotFoundException",)
        answer = unless_missing(missing, call, startFromHead=True, **request, **more)
        if answer is None or not answer["events"]:
            return "\n".join(lines)
        lines += [event["message"] for event in answer["events"]]
        more = {"nextToken": answer["nextForwardToken"]}
