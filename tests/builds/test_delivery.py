"""From a commit to the function: a failing test keeps the old code, the next commit replaces it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab, ProductAdded, connect, sample_repository
from inventory_lab.builds import delivery
from inventory_lab.resources.policies import policy

BUG = ("of {len(set(keys))}", "of {len(keys)}")
CHANGE = ("products", "different products")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with connect() as lab:
        lab.build()
        yield lab


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return sample_repository(tmp_path)


def edit(repository: Path, *changes: tuple[str, str], name: str = "lambda_function.py") -> None:
    path = repository / name
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def code_hash(lab: Lab) -> Any:
    functions = lab.session("root").client("lambda")
    return functions.get_function_configuration(FunctionName="update-inventory")["CodeSha256"]


def test_a_broken_test_deploys_nothing_and_the_next_commit_deploys(
    lab: Lab, repository: Path
) -> None:
    lab.use_handler(repository / "lambda_function.py")
    before = code_hash(lab)
    edit(repository, BUG)
    failed = lab.run_build(repository)
    assert not failed
    assert failed.failed_phases == ["BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS"]
    assert failed.artifact == ""
    assert failed.tests == {"FAILED": 1, "SUCCEEDED": 1}
    assert (failed.deployed, code_hash(lab)) == ("", before)
    edit(repository, BUG[::-1], CHANGE)
    edit(repository, CHANGE, name="test_lambda_function.py")
    passed = lab.run_build(repository)
    assert passed
    assert passed.deployed == code_hash(lab) != before
    assert lab.settle(lab.publish([ProductAdded("Phone", 5)]))
    assert "summary: 1 records of 1 different products" in log_of_the_function(lab)
    assert lab.reconcile().exact


def log_of_the_function(lab: Lab) -> str:
    logs = lab.session("root").client("logs")
    events = logs.filter_log_events(logGroupName=lab.account.log_group())["events"]
    return "\n".join(event["message"] for event in events)


def test_the_hash_of_the_function_is_that_of_the_artifact(lab: Lab, repository: Path) -> None:
    report = lab.run_build(repository)
    build = lab.account.client("codebuild").batch_get_builds(ids=[report.build_id])["builds"][0]
    sha256 = bytes.fromhex(build["artifacts"]["sha256sum"])
    assert base64.b64encode(sha256).decode() == report.deployed


def test_the_same_source_gives_the_same_code_as_a_deployment_by_hand(
    lab: Lab, repository: Path
) -> None:
    lab.use_handler(repository / "lambda_function.py")
    by_hand = code_hash(lab)
    assert lab.run_build(repository).deployed == by_hand


def test_another_branch_is_built_and_not_deployed(lab: Lab, repository: Path) -> None:
    before = code_hash(lab)
    edit(repository, CHANGE)
    edit(repository, CHANGE, name="test_lambda_function.py")
    report = lab.run_build(repository, branch="feature")
    assert report
    assert report.artifact
    assert (report.branch, report.deployed, code_hash(lab)) == ("feature", "", before)


def test_a_build_that_was_started_by_hand_is_run_oldest_first(lab: Lab, repository: Path) -> None:
    ids = [delivery.start(lab.account, repository, branch) for branch in ("one", "two")]
    assert [lab.run_build().build_id for _ in ids] == ids
    assert lab.run_build().build_id == ids[-1], "else the newest is reported"


ROLES = {
    "codebuild_role": ("codebuild/permissions", "lambda:UpdateFunctionCode"),
    "deploy_role": ("deploy/permissions", "lambda:UpdateFunctionConfiguration"),
}


@pytest.mark.parametrize("kind", ROLES)
def test_neither_role_may_do_more_to_the_function(lab: Lab, kind: str) -> None:
    lab.create_build_project()
    _, action = ROLES[kind]
    arn = lab.account.role_arn(kind)
    assert not lab.explain_access(arn, action, lab.account.function_arn()).allowed


def test_the_deploy_role_may_update_this_function_and_no_other(lab: Lab) -> None:
    lab.create_build_project()
    role, function = lab.account.role_arn("deploy_role"), lab.account.function_arn()
    assert lab.explain_access(role, "lambda:UpdateFunctionCode", function).allowed
    assert not lab.explain_access(role, "lambda:UpdateFunctionCode", f"{function}-2").allowed


@pytest.mark.parametrize("sid", ["UpdateThisFunction", "ReadArtifacts"])
def test_without_a_statement_of_the_deploy_role_the_deployment_is_denied(
    lab: Lab, repository: Path, sid: str
) -> None:
    lab.create_build_project()
    document = json.loads(policy("deploy/permissions", lab.account))
    document["Statement"] = [s for s in document["Statement"] if s["Sid"] != sid]
    report = lab.run_build(repository, deploy=False)
    lab.session("root").client("iam").put_role_policy(
        RoleName="inventory-deploy-role",
        PolicyName="inventory-lab",
        PolicyDocument=json.dumps(document),
    )
    build = lab.account.client("codebuild").batch_get_builds(ids=[report.build_id])["builds"][0]
    with pytest.raises(ClientError, match="is not authorized to perform"):
        delivery.deploy(lab.account, build, lab.clock.advance)
