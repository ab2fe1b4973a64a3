"""What belongs to somebody else, or to a lab in another region, is neither used nor changed nor deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inventory_lab import Lab, ProductAdded, sample_repository
from inventory_lab.builds import delivery
from inventory_lab.exceptions import NotTheLabs
from inventory_lab.resources import build_project, producer_key, roles, user
from inventory_lab.resources.account import Account
from inventory_lab.resources.teardown import tear_down
from tests.resources.test_teardown import UNTAG, client

USER = "aws-de-user"
ROLES = {"inventory-pipe-role", "update-inventory-role"}


def in_region(lab: Lab, region: str) -> Account:
    return Account(lab.session("root"), replace(lab.settings, region=region))


def owned_by(lab: Lab, owner: str) -> Account:
    return Account(lab.session("root"), lab.settings, {"owner": owner})


def role_names(lab: Lab) -> set[str]:
    return {role["RoleName"] for role in client(lab, "iam").list_roles()["Roles"]}


def test_a_lab_in_another_region_has_its_own_users_and_roles(built: Lab) -> None:
    elsewhere = in_region(built, "eu-west-1")
    for ensure in (lambda: roles.ensure(elsewhere, "pipe_role"), lambda: user.ensure(elsewhere)):
        with pytest.raises(NotTheLabs, match="belongs to the lab in us-east-1"):
            ensure()
    outcomes = {one.kind: one.outcome for one in tear_down(elsewhere.of_any_owner())}
    of_iam = {outcomes[kind] for kind in ("pipe_role", "function_role", "user")}
    assert of_iam == {"not ours"}
    assert role_names(built) >= ROLES
    assert built.settle(built.publish(ProductAdded("Phone", 5)))
    built.teardown()
    assert not role_names(built) & ROLES


def test_a_role_from_before_there_was_a_region_tag_is_the_labs_in_any_region(built: Lab) -> None:
    client(built, "iam").untag_role(RoleName="inventory-pipe-role", TagKeys=["region"])
    assert roles.ensure(in_region(built, "eu-west-1"), "pipe_role")


def test_no_key_is_made_for_a_user_that_is_not_the_labs(lab: Lab) -> None:
    iam = client(lab, "iam")
    iam.create_user(UserName=USER)
    with pytest.raises(NotTheLabs, match=f"the user '{USER}' exists without the tag"):
        producer_key.create(lab.account)
    assert iam.list_access_keys(UserName=USER)["AccessKeyMetadata"] == []


WRITES: dict[str, Callable[[Lab], Any]] = {
    "set_thresholds": lambda lab: lab.set_thresholds("Phone", high=9),
    "redrive": lambda lab: lab.redrive(),
    "rebuild": lambda lab: lab.rebuild(),
}


@pytest.mark.parametrize("call", WRITES)
def test_the_table_of_somebody_else_is_not_written(call: str, built: Lab) -> None:
    UNTAG["table"](built)
    with pytest.raises(NotTheLabs, match="the table 'inventory' exists without the tag"):
        WRITES[call](built)


def test_the_function_of_somebody_else_gets_no_code_of_a_build(built: Lab, tmp_path: Path) -> None:
    functions = client(built, "lambda")
    before = functions.get_function(FunctionName="update-inventory")["Configuration"]["CodeSha256"]
    UNTAG["function"](built)
    with pytest.raises(NotTheLabs, match="the function 'update-inventory' exists without the tag"):
        built.run_build(sample_repository(tmp_path / "shop"))
    after = functions.get_function(FunctionName="update-inventory")["Configuration"]["CodeSha256"]
    assert after == before
    with pytest.raises(NotTheLabs):
        delivery.deploy(owned_by(built, "ben"), {}, lambda _: None)


def test_beside_the_build_project_of_somebody_else_nothing_is_made_or_deleted(lab: Lab) -> None:
    name, group = lab.settings.name("build_project"), build_project.log_group(lab.account)
    logs = client(lab, "logs")
    client(lab, "iam").create_role(RoleName="theirs", AssumeRolePolicyDocument=TRUST)
    client(lab, "codebuild").create_project(
        name=name,
        source={"type": "NO_SOURCE", "buildspec": "version: 0.2"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": build_project.IMAGE,
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=lab.account.role_arn("pipe_role").replace("inventory-pipe-role", "theirs"),
    )
    logs.create_log_group(logGroupName=group)
    with pytest.raises(NotTheLabs, match=f"the build project '{name}' exists without the tag"):
        build_project.ensure(lab.account)
    assert role_names(lab) == {"theirs"}
    assert client(lab, "s3").list_buckets()["Buckets"] == []
    lab.teardown()
    assert [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]] == [group]


TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    ' "Principal": {"Service": "codebuild.amazonaws.com"}}]}'
)


class Projects:
    """CodeBuild with one project of two builds, and the reports of another whose name begins alike."""

    def __init__(self) -> None:
        self.deleted: list[str] = []

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_builds_for_project"
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"ids": ["a"]}, {"ids": []}]

    def batch_get_builds(self, ids: list[str]) -> dict[str, Any]:
        arn = "arn:aws:codebuild:us-east-1:123456789012:report/inventory-build-unit:1"
        return {"builds": [{"id": each, "reportArns": [arn, arn]} for each in ids]}

    def delete_report_group(self, arn: str, **_: Any) -> None:
        self.deleted.append(arn)

    def delete_project(self, name: str) -> None:
        self.deleted.append(name)


def test_only_report_groups_of_the_projects_own_builds_are_deleted(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    projects, account = Projects(), lab.account
    monkeypatch.setattr(account, "client", lambda _: projects)
    build_project.delete(account)
    group = "arn:aws:codebuild:us-east-1:123456789012:report-group/inventory-build-unit"
    assert projects.deleted == [group, account.settings.name("build_project")]
