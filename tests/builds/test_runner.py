"""A build runs its phases in order, as IAM lets its role, and ends as CodeBuild says."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from inventory_lab import Lab, connect
from inventory_lab.builds import delivery
from inventory_lab.builds.report import BuildReport
from inventory_lab.builds.runner import run_build
from inventory_lab.exceptions import BuildNotQueued
from inventory_lab.resources import roles
from inventory_lab.resources.policies import policy

GREEN = "version: 0.2\nphases:\n  build: {commands: [echo built > out.txt]}\nartifacts: {files: [out.txt]}\n"
JUNIT = '<testsuite><testcase classname="t" name="a" time="0.1"/></testsuite>'
NUMBERS = count(1)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with connect() as lab:
        lab.create_build_project()
        yield lab


@pytest.fixture
def built(lab: Lab, tmp_path: Path) -> Any:
    """Builds one buildspec, and other files by name."""

    def build(buildspec: str | None, seconds: float = 60, **files: str) -> BuildReport:
        folder = tmp_path / str(next(NUMBERS))
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        if buildspec is not None:
            (folder / "buildspec.yml").write_text(buildspec)
        build_id = delivery.start(lab.account, folder, "main")
        agent = lab._open_backend().take_build(build_id)
        assert agent is not None
        run_build(agent, lab.clock.now, seconds)
        return delivery.report(lab.account, described(lab, build_id))

    return build


def described(lab: Lab, build_id: str) -> Any:
    return lab.account.client("codebuild").batch_get_builds(ids=[build_id])["builds"][0]


def spec(**phases: str) -> str:
    lines = "\n".join(f"  {name}: {value}" for name, value in phases.items())
    return f"version: 0.2\nphases:\n{lines}\n"


def names(report: BuildReport) -> list[str]:
    return [phase.name for phase in report.phases]


def test_the_phases_run_in_order(built: Any) -> None:
    report = built(
        spec(
            post_build="{commands: [cat order]}",
            build="{commands: [echo build >> order]}",
            install="{commands: [echo install >> order]}",
            pre_build="{commands: [echo pre_build >> order]}",
        )
    )
    assert report.status == "SUCCEEDED"
    assert "install\npre_build\nbuild\n" in report.log
    assert names(report) == [
        "SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD",
        "POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING",
    ]  # fmt: skip


@pytest.mark.parametrize("phase", ["install", "pre_build"])
def test_after_a_failed_preparation_nothing_more_runs(built: Any, phase: str) -> None:
    report = built(
        spec(**{phase: "{commands: [exit 4, echo never]}", "build": "{commands: [echo never]}"})
    )
    assert report.failed_phases == [phase.upper()]
    assert names(report)[-2:] == [phase.upper(), "FINALIZING"]
    assert "exit status 4" in report.phases[-2].message
    assert "\nnever" not in report.log


def test_after_a_failed_build_phase_post_build_and_the_upload_still_come(built: Any) -> None:
    report = built(
        spec(
            build="{commands: [echo x > out.txt, exit 1, echo never]}",
            post_build="{commands: [echo after]}",
        )
        + "artifacts: {files: [out.txt]}"
    )
    assert report.status == "FAILED"
    assert report.failed_phases == ["BUILD"]
    assert "\nafter" in report.log
    assert "\nnever" not in report.log
    assert report.artifact


def test_a_phase_that_aborts_ends_the_build(built: Any) -> None:
    report = built(
        spec(build="{on-failure: ABORT, commands: [exit 1]}", post_build="{commands: [echo after]}")
    )
    assert names(report)[-2:] == ["BUILD", "FINALIZING"]


def test_finally_runs_after_a_failure_and_can_fail_the_phase_itself(built: Any) -> None:
    report = built(spec(build="{commands: [exit 1], finally: [echo tidied]}"))
    assert "\ntidied" in report.log
    assert built(spec(build="{commands: [echo fine], finally: [exit 2]}")).failed_phases == [
        "BUILD"
    ]


def test_later_commands_know_whether_the_build_succeeds(built: Any) -> None:
    echo = "{commands: ['echo succeeding=$CODEBUILD_BUILD_SUCCEEDING']}"
    assert "\nsucceeding=1" in built(spec(post_build=echo)).log
    assert "\nsucceeding=0" in built(spec(build="{commands: [exit 1]}", post_build=echo)).log


def test_variables_of_the_start_win_over_those_of_the_buildspec(built: Any) -> None:
    text = "env: {variables: {BRANCH: none, STAGE: test}}\n"
    report = built(
        text + spec(build="{commands: ['echo $BRANCH $STAGE $AWS_REGION $CODEBUILD_BUILD_NUMBER']}")
    )
    assert "\nmain test us-east-1 " in report.log


BROKEN_SOURCES = {
    "no buildspec": (None, "DOWNLOAD_SOURCE", "no such file"),
    "wrong version": ("version: 0.1", "DOWNLOAD_SOURCE", "version is 0.1"),
    "no artifact": (spec(build="{commands: [echo]}") + "artifacts: {files: [none]}", "UPLOAD_ARTIFACTS", "no matching artifact paths"),
    "no report": (spec(build="{commands: [echo]}") + "reports: {unit: {files: [none]}}", "UPLOAD_ARTIFACTS", "no matching report paths"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN_SOURCES)
def test_what_is_wrong_with_a_source_fails_its_phase(built: Any, what: str) -> None:
    text, phase, message = BROKEN_SOURCES[what]
    report = built(text)
    [failed] = [p for p in report.phases if p.status == "FAILED"]
    assert failed.name == phase
    assert message in failed.message


def test_a_build_that_takes_too_long_times_out(built: Any) -> None:
    report = built(
        spec(build="{commands: [sleep 60]}", post_build="{commands: [echo after]}"), seconds=0.5
    )
    assert report.status == "TIMED_OUT"
    assert "\nafter" not in report.log


def test_the_artifact_is_a_zip_in_the_bucket_whose_hash_the_build_has(built: Any, lab: Lab) -> None:
    report = built(GREEN)
    s3 = lab.session("root").client("s3")
    body = s3.get_object(Bucket=lab.account.bucket(), Key=report.artifact)["Body"].read()
    assert zipfile.ZipFile(io.BytesIO(body)).read("out.txt") == b"built\n"
    assert len(described(lab, report.build_id)["artifacts"]["sha256sum"]) == 64


def test_tests_are_reported_also_when_the_artifact_is_missing(built: Any, lab: Lab) -> None:
    report = built(
        spec(build="{commands: ['cp junit unit.xml']}")
        + "reports: {unit: {files: [unit.xml]}}\nartifacts: {files: [none]}",
        junit=JUNIT,
    )
    assert report.failed_phases == ["UPLOAD_ARTIFACTS"]
    assert report.tests == {"SUCCEEDED": 1}
    [arn] = described(lab, report.build_id)["reportArns"]
    [report] = (
        lab.session("root").client("codebuild").batch_get_reports(reportArns=[arn])["reports"]
    )
    assert report["testSummary"]["total"] == 1


NEEDED = {
    "WriteBuildLogs": (
        "PROVISIONING",
        "does not allow AWS CodeBuild to create Amazon CloudWatch Logs",
    ),
    "ReadSources": ("DOWNLOAD_SOURCE", "AccessDenied"),
    "KeepArtifacts": ("UPLOAD_ARTIFACTS", "AccessDenied"),
    "ReportTests": ("UPLOAD_ARTIFACTS", "codebuild:CreateReportGroup"),
}


@pytest.mark.parametrize("sid", NEEDED)
def test_without_a_statement_of_its_role_the_build_fails_where_it_is_needed(
    built: Any, lab: Lab, sid: str
) -> None:
    document = json.loads(policy("codebuild/permissions", lab.account))
    document["Statement"] = [s for s in document["Statement"] if s["Sid"] != sid]
    iam, role = lab.session("root").client("iam"), {"RoleName": "inventory-build-role"}
    iam.put_role_policy(**role, PolicyName=roles.POLICY_NAME, PolicyDocument=json.dumps(document))
    try:
        report = built(
            spec(build="{commands: [cp junit unit.xml]}")
            + "reports: {unit: {files: [unit.xml]}}\nartifacts: {files: [unit.xml]}",
            junit=JUNIT,
        )
    finally:
        roles.ensure(lab.account, "codebuild_role")
    phase, message = NEEDED[sid]
    [failed] = [p for p in report.phases if p.status == "FAILED"]
    assert failed.name == phase
    assert message in failed.message


def test_a_build_runs_once(built: Any, lab: Lab) -> None:
    report = built(GREEN)
    with pytest.raises(BuildNotQueued, match="it is SUCCEEDED"):
        lab._open_backend().take_build(report.build_id)


def test_an_interrupt_leaves_a_stopped_build(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inventory_lab.builds import shell

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "buildspec.yml").write_text(GREEN)
    build_id = delivery.start(lab.account, tmp_path, "main")
    monkeypatch.setattr(shell.Shell, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lab.run_build()
    build = described(lab, build_id)
    assert build["buildStatus"] == "STOPPED"
    assert build["phases"][-2]["phaseStatus"] == "STOPPED"


def test_phases_and_log_are_read_with_aws_calls(built: Any, lab: Lab) -> None:
    build = described(lab, built(GREEN).build_id)
    assert build["currentPhase"] == "COMPLETED"
    assert build["phases"][6]["phaseType"] == "BUILD"
    assert build["phases"][6]["durationInSeconds"] == 1
    events = (
        lab.session("root")
        .client("logs")
        .get_log_events(
            logGroupName=build["logs"]["groupName"],
            logStreamName=build["logs"]["streamName"],
            startFromHead=True,
        )["events"]
    )
    assert any("Running command echo built > out.txt" in event["message"] for event in events)
