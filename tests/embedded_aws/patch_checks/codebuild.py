"""Checks of the patches of CodeBuild."""

from __future__ import annotations

from typing import Any

from tests.embedded_aws.patch_checks import ACCEPTED, Aws, check, outcome

MISSING = "ResourceNotFoundException"


@check("CodeBuildResponse.start_build", ("feature", 1))
def a_build_with_a_variable_of_its_own(aws: Aws) -> Any:
    build = _started(aws, environmentVariablesOverride=[{"name": "BRANCH", "value": "feature"}])
    variables = build["environment"]["environmentVariables"]
    return next((v["value"] for v in variables if v["name"] == "BRANCH"), ""), build["buildNumber"]


@check("CodeBuildResponse.batch_get_builds", ("IN_PROGRESS", "QUEUED"))
def a_build_that_nothing_has_run(aws: Aws) -> Any:
    build_id = _started(aws)["id"]
    [build] = aws.client("codebuild").batch_get_builds(ids=[build_id])["builds"]
    return build["buildStatus"], build["currentPhase"]


@check("CodeBuildResponse.stop_build", ["SUBMITTED", "QUEUED", "COMPLETED"])
def the_phases_of_a_build_that_was_stopped_in_the_queue(aws: Aws) -> list[str]:
    build_id = _started(aws)["id"]
    stopped = aws.client("codebuild").stop_build(id=build_id)["build"]
    return [phase["phaseType"] for phase in stopped["phases"]]


@check("CodeBuildResponse.list_builds", True)
def whether_the_newest_of_all_builds_is_listed_first(aws: Aws) -> bool:
    _started(aws)
    newest = _start(aws)["id"]
    return bool(aws.client("codebuild").list_builds()["ids"][0] == newest)


@check("CodeBuildResponse.list_builds_for_project", True)
def whether_the_newest_build_of_a_project_is_listed_first(aws: Aws) -> bool:
    _started(aws)
    newest = _start(aws)["id"]
    ids = aws.client("codebuild").list_builds_for_project(projectName=aws.name)["ids"]
    return bool(ids[0] == newest)


@check("CodeBuildResponse.create_project", "InvalidInputException")
def a_role_that_codebuild_may_not_assume(aws: Aws) -> str:
    nobodys = f"arn:aws:iam::{aws.role().split(':')[4]}:role/nobodys"
    return outcome(lambda: _create(aws, serviceRole=nobodys))


@check("CodeBuildResponse.update_project", "changed")
def the_description_after_an_update(aws: Aws) -> Any:
    _create(aws)
    update = aws.client("codebuild").update_project
    if outcome(lambda: update(name=aws.name, description="changed")) != ACCEPTED:
        return "refused"
    [project] = aws.client("codebuild").batch_get_projects(names=[aws.name])["projects"]
    return project["description"]


@check("CodeBuildResponse.batch_get_reports", 1)
def a_report_that_does_not_exist(aws: Aws) -> Any:
    reports: list[Any] = []

    def get() -> None:
        answer = aws.client("codebuild").batch_get_reports(reportArns=[_report(aws)])
        reports.extend(answer["reportsNotFound"])

    outcome(get)
    return len(reports)


@check("CodeBuildResponse.describe_test_cases", MISSING)
def the_cases_of_a_report_that_does_not_exist(aws: Aws) -> str:
    describe = aws.client("codebuild").describe_test_cases
    return outcome(lambda: describe(reportArn=_report(aws)))


@check("CodeBuildResponse.list_report_groups", ACCEPTED)
def the_report_groups(aws: Aws) -> str:
    return outcome(aws.client("codebuild").list_report_groups)


@check("CodeBuildResponse.list_reports_for_report_group", MISSING)
def the_reports_of_a_group_that_does_not_exist(aws: Aws) -> str:
    list_reports = aws.client("codebuild").list_reports_for_report_group
    return outcome(lambda: list_reports(reportGroupArn=_group(aws)))


@check("CodeBuildResponse.delete_report_group", ACCEPTED)
def a_report_group_that_does_not_exist(aws: Aws) -> str:
    delete = aws.client("codebuild").delete_report_group
    return outcome(lambda: delete(arn=_group(aws)))


def _group(aws: Aws) -> str:
    return aws.arn("codebuild", f"report-group/{aws.name}-unit")


def _report(aws: Aws) -> str:
    return aws.arn("codebuild", f"report/{aws.name}-unit:1")


def _started(aws: Aws, **more: Any) -> Any:
    _create(aws)
    return _start(aws, **more)


def _start(aws: Aws, **more: Any) -> Any:
    return aws.client("codebuild").start_build(projectName=aws.name, **more)["build"]


def _create(aws: Aws, **more: Any) -> None:
    request = {
        "name": aws.name,
        "source": {"type": "S3", "location": "sources/commit.zip"},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {
            "type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        "serviceRole": aws.role(),
    }  # fmt: skip
    aws.client("codebuild").create_project(**request | more)
