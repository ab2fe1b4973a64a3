"""The build project with its bucket and roles: created, repaired, and deleted whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab, Settings, connect, sample_repository
from inventory_lab.exceptions import BucketRefused, BuildNotQueued, NotBuilt, NotTheLabs
from inventory_lab.iam.account.evaluator import Caller, PolicyEvaluator
from inventory_lab.resources import artifacts_bucket, build_project, roles
from inventory_lab.resources.account import Account
from inventory_lab.resources.policies import policy
from inventory_lab.resources.teardown import tear_down

BUILD_ROWS = [
    "build_project", "artifacts_bucket", "deploy_role", "build_log_group", "codebuild_role",
]  # fmt: skip
LOOK_GREEN = "version: 0.2\nphases:\n  build: {commands: [cp junit unit.xml]}\n"
REPORTS = "reports: {unit: {files: [unit.xml]}}\nartifacts: {files: [unit.xml]}\n"


@pytest.fixture
def used(lab: Lab, tmp_path: Path) -> Lab:
    """A lab with a project that has built once: there are sources, artifacts, a log and a report."""
    (tmp_path / "buildspec.yml").write_text(LOOK_GREEN + REPORTS)
    (tmp_path / "junit").write_text('<testsuite><testcase classname="t" name="a"/></testsuite>')
    assert lab.run_build(tmp_path, deploy=False)
    return lab


def left(lab: Lab) -> list[str]:
    """What is in the account of all that a build project has."""
    root = lab.session("root").client
    return [
        *root("codebuild").list_projects()["projects"],
        *root("codebuild").list_report_groups()["reportGroups"],
        *(bucket["Name"] for bucket in root("s3").list_buckets()["Buckets"]),
        *(role["RoleName"] for role in root("iam").list_roles()["Roles"]),
        *(g["logGroupName"] for g in root("logs").describe_log_groups()["logGroups"]),
    ]


def build_rows(frame: Any) -> dict[str, str]:
    rows = frame.set_index("kind")["outcome"].to_dict()
    return {kind: outcome for kind, outcome in rows.items() if kind in BUILD_ROWS}


def test_teardown_deletes_all_of_it(used: Lab) -> None:
    assert len(left(used)) == 6
    assert build_rows(used.teardown(dry_run=True)) == dict.fromkeys(BUILD_ROWS, "would be deleted")
    assert build_rows(used.teardown()) == dict.fromkeys(BUILD_ROWS, "deleted")
    assert left(used) == []


def test_without_a_project_teardown_does_not_mention_it(lab: Lab) -> None:
    assert build_rows(lab.teardown()) == {}


STEPS: dict[str, Callable[[Lab], object]] = {
    "a bucket without its tags": lambda lab: (
        roles.ensure(lab.account, "codebuild_role"),
        lab.account.client("s3").create_bucket(Bucket=lab.account.bucket()),
    ),
    "the first role": lambda lab: roles.ensure(lab.account, "codebuild_role"),
    "both roles": lambda lab: [roles.ensure(lab.account, kind) for kind in roles.BUILD_KINDS],
    "the bucket": lambda lab: (
        [roles.ensure(lab.account, kind) for kind in roles.BUILD_KINDS],
        artifacts_bucket.ensure(lab.account),
    ),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_creation_that_was_cut_is_deleted_whole(lab: Lab, step: str) -> None:
    STEPS[step](lab)
    lab.teardown()
    assert left(lab) == []


@pytest.mark.parametrize("last", BUILD_ROWS)
def test_a_teardown_that_was_cut_is_finished_by_the_next(
    used: Lab, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inventory_lab.resources import teardown

    delete = teardown._delete

    def cut(resource: Any, *arguments: Any) -> Any:
        if resource.kind == last:
            raise KeyboardInterrupt
        return delete(resource, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(teardown, "_delete", cut)
        with pytest.raises(KeyboardInterrupt):
            tear_down(used.account, used.clock.advance)
    used.teardown()
    assert left(used) == []


def test_what_somebody_changed_is_put_right(lab: Lab) -> None:
    lab.create_build_project()
    codebuild = lab.session("root").client("codebuild")
    codebuild.update_project(name="inventory-build", timeoutInMinutes=500)
    lab.create_build_project()
    project = build_project.describe(lab.account)
    assert project is not None
    assert project["timeoutInMinutes"] == build_project.TIMEOUT_MINUTES


def test_a_project_that_exists_is_not_updated_for_nothing(lab: Lab) -> None:
    lab.create_build_project()
    calls: list[str] = []
    events = lab.account.client("codebuild").meta.events
    events.register("before-call", lambda model, **_: calls.append(model.name))
    lab.create_build_project()
    assert calls == ["BatchGetProjects"]


def test_the_bucket_is_closed_to_the_public_and_tagged(lab: Lab) -> None:
    lab.create_build_project()
    s3 = lab.session("root").client("s3")
    block = s3.get_public_access_block(Bucket=lab.account.bucket())[
        "PublicAccessBlockConfiguration"
    ]
    assert all(block.values())
    assert artifacts_bucket.tags(lab.account) == {"project": "inventory-lab"}


def test_another_bucket_of_that_name_is_not_ours(lab: Lab) -> None:
    roles.ensure(lab.account, "codebuild_role")
    s3, name = lab.session("root").client("s3"), {"Bucket": lab.account.bucket()}
    s3.create_bucket(**name)
    s3.put_object(**name, Key="somebody's.txt", Body=b"")
    with pytest.raises(NotTheLabs):
        lab.create_build_project()
    assert build_rows(lab.teardown())["artifacts_bucket"] == "not ours"


def test_another_project_of_that_name_is_not_changed(lab: Lab) -> None:
    lab.create_build_project()
    codebuild = lab.session("root").client("codebuild")
    codebuild.update_project(name="inventory-build", tags=[{"key": "project", "value": "other"}])
    with pytest.raises(NotTheLabs):
        lab.create_build_project()
    assert build_rows(lab.teardown())["build_project"] == "not ours"


def test_a_bucket_of_a_prefix_has_a_name_that_s3_takes_in_its_region() -> None:
    with connect(settings=Settings(prefix="Team_7-", region="eu-west-1")) as lab:
        lab.create_build_project()
        assert lab.account.bucket() == "team-7-inventory-artifacts-123456789012-eu-west-1"
        lab.teardown()
        assert left(lab) == []


def test_the_builders_policy_gives_nothing_that_is_not_called(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed: set[str] = set()
    decide = PolicyEvaluator.decide

    def note(evaluator: PolicyEvaluator, caller: Caller, call: Any, need: Any) -> Any:
        if caller.name == "inventory-lab-admin":
            needed.add(need.action)
        return decide(evaluator, caller, call, need)

    monkeypatch.setattr(PolicyEvaluator, "decide", note)
    lab.build(through="function")
    lab.run_build(sample_repository(tmp_path))
    lab.run_build()
    root = lab.session("root").client
    root("codebuild").update_project(name="inventory-build", timeoutInMinutes=500)
    root("iam").update_assume_role_policy(
        RoleName="inventory-build-role", PolicyDocument=policy("deploy/trust", lab.account)
    )
    lab.create_build_project()
    policy_arn = root("iam").create_policy(PolicyName="more", PolicyDocument=LOG_POLICY)["Policy"][
        "Arn"
    ]
    root("iam").attach_role_policy(RoleName="inventory-build-role", PolicyArn=policy_arn)
    lab.teardown()
    statements = json.loads(policy("admin/builder", lab.account))["Statement"]
    given = [
        action
        for s in statements
        for action in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])
    ]
    assert [action for action in given if action not in needed] == []


LOG_POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}}
)


def test_a_new_role_is_waited_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    codebuild, slept = lab.account.client("codebuild"), []
    create, answers = codebuild.create_project, iter([False, False, True])

    def eventually(**request: Any) -> Any:
        if next(answers):
            return create(**request)
        message = "CodeBuild is not authorized to perform: sts:AssumeRole on the role"
        error = {"Error": {"Code": "InvalidInputException", "Message": message}}
        raise ClientError(error, "CreateProject")

    monkeypatch.setattr(codebuild, "create_project", eventually)
    build_project.ensure(lab.account, slept.append)
    assert slept == [1, 1]


def test_a_project_without_builds_has_none_to_run(lab: Lab) -> None:
    lab.create_build_project()
    with pytest.raises(BuildNotQueued, match="does not exist"):
        lab.run_build()


def test_without_a_function_there_is_nothing_to_deploy_to(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(NotBuilt, match="update-inventory"):
        lab.run_build(sample_repository(tmp_path))


def test_nothing_is_uploaded_to_a_bucket_of_another_account(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The accounts share the names of buckets, so somebody may have taken the lab's."""
    lab.session("root").client("s3").create_bucket(Bucket=lab.account.bucket())
    foreign = lab.account.own_bucket() | {"ExpectedBucketOwner": "999999999999"}
    monkeypatch.setattr(Account, "own_bucket", lambda _: foreign)
    with pytest.raises(BucketRefused, match=r"belongs to another AWS account.*AccessDenied"):
        lab.run_build(sample_repository(tmp_path))


def test_every_call_on_the_bucket_names_its_owner(used: Lab) -> None:
    sent: dict[str, dict[str, object]] = {}
    events = used.account.client("s3").meta.events
    events.register(
        "before-parameter-build.s3", lambda params, model, **_: sent.update({model.name: params})
    )
    used.create_build_project()
    used.teardown()
    assert {
        "GetBucketTagging",
        "PutPublicAccessBlock",
        "DeleteObjects",
        "DeleteBucket",
    } <= sent.keys()
    assert {params.get("ExpectedBucketOwner") for params in sent.values()} == {
        used.account.account_id
    }
