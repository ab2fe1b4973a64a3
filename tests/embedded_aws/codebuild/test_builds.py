"""A build waits in the queue, moves phase by phase, and keeps what its request asked for."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab
from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.codebuild.builds import Builds
from inventory_lab.embedded_aws.codebuild.reports import Reports
from inventory_lab.exceptions import BuildNotQueued
from tests.embedded_aws.patch_checks import ACCOUNT, Aws

GROUP = f"arn:aws:codebuild:us-east-1:{ACCOUNT}:report-group/orders-unit"


def project(**more: Any) -> dict[str, Any]:
    return {
        "name": "orders",
        "arn": f"arn:aws:codebuild:us-east-1:{ACCOUNT}:project/orders",
        "source": {"type": "S3", "location": "sources/first.zip"},
        "artifacts": {
            "type": "S3", "location": "artifacts", "path": "builds", "namespaceType": "BUILD_ID",
            "name": "function.zip",
        },
        "environment": {"environmentVariables": [{"name": "BRANCH", "value": "main"}]},
        "serviceRole": "role",
        "timeoutInMinutes": 60,
        "queuedTimeoutInMinutes": 480,
        "encryptionKey": "key",
        **more,
    }  # fmt: skip


@pytest.fixture
def clock() -> LabClock:
    return LabClock()


@pytest.fixture
def builds(clock: LabClock) -> Builds:
    return Builds(clock.now)


def test_a_new_build_waits_in_the_queue(builds: Builds) -> None:
    build = builds.start(project(), {}, "anna")
    assert build["buildStatus"] == "IN_PROGRESS"
    assert build["currentPhase"] == "QUEUED"
    assert not build["buildComplete"]
    assert build["initiator"] == "anna"


def test_the_request_overrides_the_project_by_name(builds: Builds) -> None:
    request = {
        "environmentVariablesOverride": [{"name": "BRANCH", "value": "feature"}],
        "sourceLocationOverride": "sources/second.zip",
        "timeoutInMinutesOverride": 5,
    }
    build = builds.start(project(), request, "")
    assert build["source"]["location"] == "sources/second.zip"
    assert build["timeoutInMinutes"] == 5
    assert build["environment"]["environmentVariables"] == [
        {"name": "BRANCH", "value": "feature", "type": "PLAINTEXT"}
    ]


def test_builds_are_numbered_by_project(builds: Builds) -> None:
    for name in ("orders", "orders", "stock"):
        builds.start(project(name=name), {}, "")
    numbers = [builds.get([build_id])[0]["buildNumber"] for build_id in builds.ids(ascending=True)]
    assert numbers == [1, 2, 1]
    assert len(builds.ids("orders")) == 2


def test_the_artifact_is_stored_under_the_id_of_the_build(builds: Builds) -> None:
    build = builds.start(project(), {}, "")
    serial = build["id"].partition(":")[2]
    location = f"arn:aws:s3:::artifacts/builds/{serial}/function.zip"
    assert build["artifacts"]["location"] == location


def test_phases_are_timed_by_the_clock(builds: Builds, clock: LabClock) -> None:
    build_id = builds.start(project(), {}, "")["id"]
    builds.take(build_id)
    builds.begin_phase(build_id, "BUILD")
    clock.advance(7)
    builds.end_phase(build_id, "FAILED", "COMMAND_EXECUTION_ERROR", "exit status 1")
    phase = builds.get([build_id])[0]["phases"][-1]
    assert phase["durationInSeconds"] == 7
    assert phase["contexts"][0]["message"] == "exit status 1"


@pytest.mark.parametrize("state", ["unknown", "taken"])
def test_only_a_queued_build_can_be_taken(builds: Builds, state: str) -> None:
    build_id = builds.start(project(), {}, "")["id"]
    if state == "taken":
        builds.take(build_id)
        builds.begin_phase(build_id, "BUILD")
    with pytest.raises(BuildNotQueued):
        builds.take(build_id if state == "taken" else "orders:none")


def test_a_complete_build_is_not_stopped_again(builds: Builds) -> None:
    build_id = builds.start(project(), {}, "")["id"]
    builds.take(build_id)
    builds.complete(build_id, "SUCCEEDED")
    stopped = builds.stop(build_id)
    assert stopped is not None
    assert stopped["buildStatus"] == "SUCCEEDED"


def test_what_is_answered_is_a_copy(builds: Builds) -> None:
    build = builds.start(project(), {}, "")
    build["phases"].clear()
    assert builds.get([build["id"]])[0]["phases"]


def test_a_report_counts_its_cases_and_goes_with_its_group(clock: LabClock) -> None:
    reports = Reports(clock.now)
    cases = [
        {"name": name, "prefix": "", "status": status, "seconds": 0.5, "message": ""}
        for name, status in (("a", "SUCCEEDED"), ("b", "FAILED"))
    ]
    arn = reports.create(GROUP, {"id": "orders:1", "arn": "build"}, cases)
    [report] = reports.get([arn])
    assert report["status"] == "FAILED"
    assert report["testSummary"]["total"] == 2
    assert report["testSummary"]["durationInNanoSeconds"] == 10**9
    assert [c["name"] for c in reports.cases(arn, "FAILED") or []] == ["b"]
    reports.delete_group(GROUP)
    assert reports.get([arn]) == []
    assert reports.of_group(GROUP) is None


REFUSED: dict[str, dict[str, Any]] = {
    "vpcConfig": {"vpcConfig": {"vpcId": "vpc-1"}},
    "SECRETS_MANAGER": {
        "environment": {
            "type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "A", "value": "b", "type": "SECRETS_MANAGER"}],
        }
    },
    "CODEBUILD_": {
        "environment": {
            "type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "CODEBUILD_X", "value": "b"}],
        }
    },
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_would_be_ignored_is_refused_by_name(lab: Lab, what: str) -> None:
    aws = Aws(lab.session("root").client, "orders", lab)
    request = {
        "name": "orders",
        "source": {"type": "NO_SOURCE", "buildspec": "version: 0.2"},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {
            "type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL",
        },
        "serviceRole": aws.role(),
    }  # fmt: skip
    client = lab.session("root").client("codebuild")
    with pytest.raises(ClientError, match=what):
        client.create_project(**request | REFUSED[what])
    assert client.create_project(**request)["project"]["timeoutInMinutes"] == 60


def test_starting_a_build_of_a_project_that_does_not_exist_is_an_error_with_its_arn(
    lab: Lab,
) -> None:
    client = lab.session("root").client("codebuild")
    with pytest.raises(
        ClientError,
        match=f"Project cannot be found: arn:aws:codebuild:us-east-1:{ACCOUNT}:project/none",
    ):
        client.start_build(projectName="none")
