"""CodeBuild, where moto 5.2.5 lets every build succeed at once.

| | AWS | moto 5.2.5 | here |
|---|---|---|---|
| StartBuild | queues the build, with the project's settings and the request's overrides | drops the overrides; invents source and environment | as AWS |
| BatchGetBuilds | each phase as far as the build is; ids that do not exist in buildsNotFound | every phase SUCCEEDED after a random time | as AWS; a build waits in the queue until lab.run_build() runs it |
| StopBuild | ends the phase that the build is in | every phase SUCCEEDED | as AWS |
| ListBuilds, ListBuildsForProject | newest first, or by sortOrder | oldest first | as AWS |
| CreateProject with a role that CodeBuild may not assume | InvalidInputException | stored | as AWS |
| CreateProject with a source that needs no location | stored | InvalidInputException | as AWS |
| the phases of a build | run in a container, as long as they take | never run | run by `builds/` in a child process of this machine, with its Python; a second of lab time each |
| refused in a buildspec: on-failure other than ABORT, caches, batches, secrets, reports other than JUnit XML | supported | never read | YAML_FILE_ERROR that names the key |
| UpdateProject | changes what the request names | not implemented | as AWS |
| BatchGetReports, DescribeTestCases, ListReportGroups, ListReportsForReportGroup, DeleteReportGroup | read and delete the reports of builds | not implemented | as AWS, without pages |
| refused: sources other than S3 and NO_SOURCE, several sources or artifacts, VPCs, caches of files, batch builds, variables from Parameter Store or Secrets Manager | supported | ignored | InvalidInputException that names the member |

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html
https://docs.aws.amazon.com/codebuild/latest/userguide/troubleshooting.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from moto.codebuild.exceptions import InvalidInputException, ResourceNotFoundException
from moto.codebuild.responses import CodeBuildResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import iam_backends

from inventory_lab.embedded_aws.codebuild.builds import Builds
from inventory_lab.embedded_aws.codebuild.reports import Reports
from inventory_lab.embedded_aws.patching import Patch, gap, operation
from inventory_lab.iam.account.evaluator import PolicyEvaluator

SERVICE = "codebuild.amazonaws.com"
PROJECT_MEMBERS = {
    "name", "description", "source", "sourceVersion", "artifacts", "cache", "environment",
    "serviceRole", "timeoutInMinutes", "queuedTimeoutInMinutes", "tags", "logsConfig",
}  # fmt: skip
BUILD_MEMBERS = {
    "projectName", "sourceVersion", "environmentVariablesOverride", "sourceTypeOverride",
    "sourceLocationOverride", "buildspecOverride", "timeoutInMinutesOverride", "idempotencyToken",
}  # fmt: skip
TIMEOUT_MINUTES, QUEUED_TIMEOUT_MINUTES = 60, 480
"""The defaults of a project:
https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html"""


def patches(builds: Builds, reports: Reports, evaluator: PolicyEvaluator) -> list[Patch]:
    """What makes CodeBuild keep builds in a queue and reports on record."""
    return [
        _gap(
            "start_build",
            "queues the build with the overrides of the request",
            _with(_start_build, builds),
        ),
        _gap(
            "batch_get_builds",
            "shows how far a build is, where moto's has succeeded",
            _with(_batch_get_builds, builds),
        ),
        _gap("stop_build", "ends the phase that the build is in", _with(_stop_build, builds)),
        _gap("list_builds", "lists the newest build first", _with(_list_builds, builds)),
        _gap(
            "list_builds_for_project",
            "lists the newest build first",
            _with(_list_builds_for_project, builds),
        ),
        gap(
            CodeBuildResponse,
            "create_project",
            "(self)",
            "refuses a role that CodeBuild may not assume, and members that would be ignored",
            around=partial(_created, evaluator),
        ),
        _new("update_project", partial(_update_project, evaluator)),
        _new("batch_get_reports", partial(_batch_get_reports, reports)),
        _new("describe_test_cases", partial(_describe_test_cases, reports)),
        _new("list_report_groups", partial(_list_report_groups, reports)),
        _new("list_reports_for_report_group", partial(_list_reports, reports)),
        _new("delete_report_group", partial(_delete_report_group, reports)),
    ]


def _gap(name: str, why: str, replacement: Callable[[Any], Any]) -> Patch:
    return gap(CodeBuildResponse, name, "(self)", why, replacement)


def _new(name: str, act: Callable[[Any], Any]) -> Patch:
    return operation(CodeBuildResponse, name, _method(act))


def _with(act: Callable[[Builds, Any], Any], builds: Builds) -> Callable[[Any], Any]:
    return _method(partial(act, builds))


def _method(act: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The operation as a function, which Python binds to the response as a method."""
    return lambda self: act(self)


def _start_build(builds: Builds, response: Any) -> Any:
    request = _request(response, BUILD_MEMBERS, "StartBuild")
    project = _project(response, request["projectName"], "Project cannot be found: {arn}")
    _check_variables(request.get("environmentVariablesOverride"))
    build = builds.start(project, request, _initiator(response))
    if build["source"]["type"] not in ("S3", "NO_SOURCE"):
        raise _unsupported("StartBuild", f"a source of the type {build['source']['type']}")
    return ActionResult({"build": build})


def _batch_get_builds(builds: Builds, response: Any) -> Any:
    ids = response._get_param("ids")
    if any(":" not in build_id for build_id in ids):
        raise InvalidInputException("Invalid build ID provided")
    existing = builds.get(ids)
    known = {name for build in existing for name in (build["id"], build["arn"])}
    missing = [build_id for build_id in ids if build_id not in known]
    return ActionResult({"builds": existing, "buildsNotFound": missing})


def _stop_build(builds: Builds, response: Any) -> Any:
    build_id = response._get_param("id")
    build = builds.stop(build_id)
    if build is None:
        raise ResourceNotFoundException(f"Build {build_id} does not exist")
    return ActionResult({"build": build})


def _list_builds(builds: Builds, response: Any) -> Any:
    return ActionResult({"ids": builds.ids(ascending=_ascending(response))})


def _list_builds_for_project(builds: Builds, response: Any) -> Any:
    name = response._get_param("projectName")
    _project(response, name, "The provided project {arn} does not exist")
    return ActionResult({"ids": builds.ids(name, _ascending(response))})


def _ascending(response: Any) -> bool:
    return bool(response._get_param("sortOrder") == "ASCENDING")


def _created(evaluator: PolicyEvaluator, create: Callable[..., Any]) -> Callable[..., Any]:
    def create_project(self: Any) -> Any:
        request = _request(self, PROJECT_MEMBERS, "CreateProject")
        _check_project(evaluator, self, request["name"], request)
        if request["source"]["type"] == "NO_SOURCE":
            source = {"location": "-", **request["source"]}
            self.body = json.dumps({**request, "source": source})
        answer = create(self)
        _with_defaults(self.codebuild_backend.codebuild_projects[request["name"]], request)
        return answer

    return create_project


def _with_defaults(project: Any, request: Mapping[str, Any]) -> None:
    """What AWS fills in for members that a request leaves out."""
    project.project_metadata |= {
        "source": request["source"],
        "timeoutInMinutes": request.get("timeoutInMinutes") or TIMEOUT_MINUTES,
        "queuedTimeoutInMinutes": request.get("queuedTimeoutInMinutes") or QUEUED_TIMEOUT_MINUTES,
        "tags": request.get("tags") or [],
    }


def _update_project(evaluator: PolicyEvaluator, response: Any) -> Any:
    request = _request(response, PROJECT_MEMBERS, "UpdateProject")
    project = _project(response, request["name"], "Project cannot be found: {arn}")
    _check_project(evaluator, response, request["name"], request)
    project |= request
    return ActionResult({"project": project})


def _check_project(
    evaluator: PolicyEvaluator, response: Any, name: str, request: Mapping[str, Any]
) -> None:
    """Raises InvalidInputException for what AWS, or the embedded AWS, does not accept."""
    _check_variables(request.get("environment", {}).get("environmentVariables"))
    role = request.get("serviceRole")
    source_arn = _project_arn(response, name)
    if role and not evaluator.service_may_assume(role, SERVICE, source_arn).allowed:
        raise InvalidInputException(
            f"CodeBuild is not authorized to perform: sts:AssumeRole on {role}"
        )


def _check_variables(variables: Any) -> None:
    for variable in variables or []:
        kind = variable.get("type", "PLAINTEXT")
        if kind != "PLAINTEXT":
            raise _unsupported("a build", f"variables of the type {kind}")
        if variable["name"].startswith("CODEBUILD_"):
            raise InvalidInputException(
                f"Invalid environment variable {variable['name']}: the prefix CODEBUILD_ is reserved"
            )


def _request(response: Any, members: set[str], operation: str) -> dict[str, Any]:
    """The members of the request. Raises InvalidInputException for one that would be ignored."""
    request: dict[str, Any] = json.loads(response.body or "{}")
    ignored = [name for name in sorted(request) if name not in members and request[name]]
    if ignored:
        raise _unsupported(operation, ignored[0])
    return request


def _unsupported(operation: str, what: str) -> InvalidInputException:
    return InvalidInputException(f"the embedded AWS does not support {operation} with {what}")


def _project(response: Any, name: str, missing: str) -> Any:
    """The project. Raises ResourceNotFoundException."""
    project = response.codebuild_backend.codebuild_projects.get(name.rpartition("project/")[2])
    if project is None:
        raise ResourceNotFoundException(missing.format(arn=_project_arn(response, name)))
    return project.project_metadata


def _project_arn(response: Any, name: str) -> str:
    backend = response.codebuild_backend
    prefix = f"arn:{backend.partition}:codebuild:{backend.region_name}:{backend.account_id}"
    return f"{prefix}:project/{name}"


def _initiator(response: Any) -> str:
    """The name of the user who starts a build; `root` for the owner of the account."""
    keys = iam_backends[response.current_account][response.partition].access_keys
    key = keys.get(response.get_access_key())
    return str(key.user_name) if key and key.user_name else "root"


def _batch_get_reports(reports: Reports, response: Any) -> Any:
    arns = response._get_param("reportArns")
    existing = reports.get(arns)
    missing = sorted(set(arns) - {report["arn"] for report in existing})
    return ActionResult({"reports": existing, "reportsNotFound": missing})


def _describe_test_cases(reports: Reports, response: Any) -> Any:
    arn = response._get_param("reportArn")
    cases = reports.cases(arn, (response._get_param("filter") or {}).get("status", ""))
    if cases is None:
        raise ResourceNotFoundException(f"Report {arn} does not exist")
    return ActionResult({"testCases": cases})


def _list_report_groups(reports: Reports, response: Any) -> Any:  # noqa: ARG001
    return ActionResult({"reportGroups": reports.groups()})


def _list_reports(reports: Reports, response: Any) -> Any:
    arn = response._get_param("reportGroupArn")
    arns = reports.of_group(arn)
    if arns is None:
        raise ResourceNotFoundException(f"Report group {arn} does not exist")
    return ActionResult({"reports": arns})


def _delete_report_group(reports: Reports, response: Any) -> Any:
    arn = response._get_param("arn")
    if reports.of_group(arn) and not response._get_param("deleteReports"):
        raise InvalidInputException(f"Report group {arn} is not empty")
    reports.delete_group(arn)
    return EmptyResult()
