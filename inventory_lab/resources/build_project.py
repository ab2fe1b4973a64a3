"""The CodeBuild project that tests and packages the function, with its bucket and its roles.

Two roles share the work. The build runs whatever a commit contains, so its role can read sources and
keep artifacts, and change nothing. Whoever deploys assumes the other role, which may update the code of
this one function.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from inventory_lab.resources import artifacts_bucket, roles
from inventory_lab.resources.account import Account, unless_missing
from inventory_lab.resources.ownership import refuse_foreign
from inventory_lab.resources.propagation import once_known

BRANCH = "BRANCH"
"""The environment variable of a build that names the branch of its commit."""
MAIN_BRANCH = "main"
ARTIFACT = "function.zip"
IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
"""https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-available.html"""
TIMEOUT_MINUTES = 10


def ensure(account: Account, sleep: Callable[[float], None] = time.sleep) -> str:
    """The project's ARN; created with its roles and its bucket, or brought up to date. Raises
    NotTheLabs, BucketRefused.
    """
    codebuild, request = account.client("codebuild"), _configuration(account)
    existing = describe(account)
    if existing is not None:
        refuse_foreign(account, "build project", request["name"], _tags_of(existing))
    for kind in roles.BUILD_KINDS:
        roles.ensure(account, kind)
    artifacts_bucket.ensure(account)
    if existing is None:
        tagged = [{"key": key, "value": value} for key, value in account.tags.items()]
        create = partial(codebuild.create_project, **request, tags=tagged)
        once_known(create, ("sts:AssumeRole",), sleep)
        return account.project_arn()
    if any(existing.get(member) != value for member, value in request.items()):
        codebuild.update_project(**request)
    return account.project_arn()


def describe(account: Account) -> dict[str, Any] | None:
    """BatchGetProjects' project, or None when there is none."""
    name = account.settings.name("build_project")
    projects = account.client("codebuild").batch_get_projects(names=[name])["projects"]
    return dict(projects[0]) if projects else None


def tags(account: Account) -> dict[str, str] | None:
    """The project's tags, or None when there is no project."""
    project = describe(account)
    return None if project is None else _tags_of(project)


def _tags_of(project: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a project, whose keys CodeBuild writes small."""
    return {tag["key"]: tag["value"] for tag in project.get("tags", [])}


def delete(account: Account) -> None:
    """Delete the project and the test reports of its builds, which would outlive it."""
    codebuild, name = account.client("codebuild"), account.settings.name("build_project")
    for arn in sorted(set(_report_groups(account))):
        codebuild.delete_report_group(arn=arn, deleteReports=True)
    codebuild.delete_project(name=name)


def _report_groups(account: Account) -> Iterator[str]:
    """The ARNs of the report groups in which the project's builds have reports. Those of a project whose
    name only begins like this one's are not among them.
    """
    codebuild, name = account.client("codebuild"), account.settings.name("build_project")
    pages = codebuild.get_paginator("list_builds_for_project").paginate(projectName=name)
    for ids in (page["ids"] for page in pages if page["ids"]):
        for build in codebuild.batch_get_builds(ids=ids)["builds"]:
            for report in build.get("reportArns", []):
                yield report.replace(":report/", ":report-group/").rpartition(":")[0]


def log_group(account: Account) -> str:
    """The log group of the builds, which CodeBuild names after the project."""
    return f"/aws/codebuild/{account.settings.name('build_project')}"


def log_group_tags(account: Account) -> dict[str, str] | None:
    """The tags of the project that the log group is of, or of the role that created it when that is gone;
    none when that is gone too, because CodeBuild creates it without tags. None when there is no log group.
    """
    call = account.client("logs").describe_log_streams
    missing = ("ResourceNotFoundException",)
    if unless_missing(missing, call, logGroupName=log_group(account), limit=1) is None:
        return None
    of_the_project = tags(account)
    if of_the_project is None:
        return roles.tags(account, "codebuild_role") or {}
    return of_the_project


def delete_log_group(account: Account) -> None:
    """Delete the log group with the logs of all builds."""
    call = account.client("logs").delete_log_group
    unless_missing(("ResourceNotFoundException",), call, logGroupName=log_group(account))


def _configuration(account: Account) -> dict[str, Any]:
    bucket = account.bucket()
    return {
        "name": account.settings.name("build_project"),
        "source": {"type": "S3", "location": f"{bucket}/{artifacts_bucket.SOURCES}main.zip"},
        "artifacts": {
            "type": "S3",
            "location": bucket,
            "path": artifacts_bucket.BUILDS.rstrip("/"),
            "namespaceType": "BUILD_ID",
            "name": ARTIFACT,
            "packaging": "ZIP",
        },
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": IMAGE,
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": BRANCH, "value": MAIN_BRANCH, "type": "PLAINTEXT"}],
        },
        "serviceRole": account.role_arn("codebuild_role"),
        "timeoutInMinutes": TIMEOUT_MINUTES,
    }
