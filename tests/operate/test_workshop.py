"""Learners who share an account: what each may do inside their prefix, and no way out of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab, Settings, connect
from inventory_lab.backends.aws import RealAws
from inventory_lab.exceptions import NamesTaken, WrongSetting
from inventory_lab.operate import workshop

ACCOUNT = "123456789012"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/anna-inventory-lab-boundary"
EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)


@pytest.fixture
def owner() -> Iterator[boto3.Session]:
    with connect() as lab:
        yield lab.session("root")


def signed_in(variables: dict[str, str]) -> boto3.Session:
    key = variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]
    return boto3.Session(*key, region_name=variables["INVENTORY_LAB_REGION"])


def admitted(owner: boto3.Session, *learners: str) -> list[boto3.Session]:
    return [signed_in(workshop.admit(account)) for account in workshop.accounts(owner, learners)]


@pytest.mark.parametrize("name", ["Anna", "an-na", "", "7up", "annabellarosalind"])
def test_a_learners_name_has_no_dash_and_fits_the_name_of_a_bucket(
    name: str, owner: boto3.Session
) -> None:
    with pytest.raises(WrongSetting, match="a-z 0-9"):
        list(workshop.accounts(owner, [name]))


def test_the_variables_make_settings_with_prefix_and_boundary(owner: boto3.Session) -> None:
    (account,) = workshop.accounts(owner, ["anna"])
    settings = Settings().with_environment(workshop.admit(account))
    assert (settings.prefix, settings.permissions_boundary) == ("anna-", BOUNDARY)


def test_a_learner_who_is_admitted_again_has_one_key_the_new_one(owner: boto3.Session) -> None:
    for _ in range(7):  # a policy has at most five versions
        (anna,) = admitted(owner, "anna")
    assert anna.client("sts").get_caller_identity()["Arn"].endswith(":user/anna")
    assert len(owner.client("iam").list_access_keys(UserName="anna")["AccessKeyMetadata"]) == 1


@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_prefix_under_which_somebody_else_has_a_user_or_a_role_is_refused(
    kind: str, owner: boto3.Session
) -> None:
    """A learner could make a key for the user, or pass the role to a function."""
    iam = owner.client("iam")
    if kind == "user":
        iam.create_user(UserName="anna-admin")
    else:
        iam.create_role(RoleName="anna-admin", AssumeRolePolicyDocument=TRUST)
    anna, annabel = workshop.accounts(owner, ["anna", "annabel"])
    with pytest.raises(NamesTaken, match=f"the account already has {kind} anna-admin"):
        workshop.admit(anna)
    assert workshop.admit(annabel)


@pytest.mark.parametrize("taken", ["user ANNA", "user Anna-admin", "role anna-Admin"])
def test_names_are_compared_without_case_as_iam_does(taken: str, owner: boto3.Session) -> None:
    iam, (kind, name) = owner.client("iam"), taken.split()
    if kind == "user":
        iam.create_user(UserName=name)
    else:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    (anna,) = workshop.accounts(owner, ["anna"])
    with pytest.raises(NamesTaken, match=f"the account already has {taken}"):
        workshop.admit(anna)


def test_a_policy_whose_name_differs_by_case_alone_is_somebody_elses(owner: boto3.Session) -> None:
    owner.client("iam").create_policy(
        PolicyName="Anna-inventory-lab-boundary", PolicyDocument=EVERYTHING
    )
    (anna,) = workshop.accounts(owner, ["anna"])
    with pytest.raises(NamesTaken, match="has policy Anna-inventory-lab-boundary"):
        workshop.admit(anna)


REACHED: dict[str, Callable[[boto3.Session], Any]] = {
    "stream data-clicks": lambda s: s.client("kinesis").create_stream(
        StreamName="data-clicks", ShardCount=1
    ),
    "table data-lake": lambda s: s.client("dynamodb").create_table(
        TableName="data-lake", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    ),
    "topic data-alerts": lambda s: s.client("sns").create_topic(Name="data-alerts"),
    "queue data-jobs": lambda s: s.client("sqs").create_queue(QueueName="data-jobs"),
    "bucket data-lake": lambda s: s.client("s3").create_bucket(Bucket="data-lake"),
    "event bus data-bus": lambda s: s.client("events").create_event_bus(Name="data-bus"),
    "rule data-nightly": lambda s: s.client("events").put_rule(
        Name="data-nightly", EventPattern='{"source": ["a"]}'
    ),
    "log group /aws/lambda/data-load": lambda s: s.client("logs").create_log_group(
        logGroupName="/aws/lambda/data-load"
    ),
}  # fmt: skip


@pytest.mark.parametrize("taken", REACHED)
def test_a_new_learner_gets_no_prefix_that_other_resources_have(
    taken: str, owner: boto3.Session
) -> None:
    REACHED[taken](owner)
    data, database = workshop.accounts(owner, ["data", "database"])
    with pytest.raises(NamesTaken, match=f"the account already has {taken}, which was not made"):
        workshop.admit(data)
    assert workshop.admit(database)


def test_a_learner_keeps_what_they_created_when_admitted_again(owner: boto3.Session) -> None:
    (account,) = workshop.accounts(owner, ["data"])
    for call in REACHED.values():
        call(signed_in(workshop.admit(account)))
    assert workshop.admit(account)


def test_of_many_names_that_are_taken_ten_are_shown(owner: boto3.Session) -> None:
    for number in range(12):
        owner.client("sqs").create_queue(QueueName=f"data-{number:02}")
    (data,) = workshop.accounts(owner, ["data"])
    with pytest.raises(NamesTaken, match="queue data-09 and 2 more, which was not made"):
        workshop.admit(data)


def test_a_user_of_the_learners_name_who_was_there_before_is_neither_admitted_nor_dismissed(
    owner: boto3.Session,
) -> None:
    iam = owner.client("iam")
    iam.create_user(UserName="anna")
    key = iam.create_access_key(UserName="anna")["AccessKey"]["AccessKeyId"]
    (account,) = workshop.accounts(owner, ["anna"])
    for call in (workshop.admit, workshop.dismiss):
        with pytest.raises(
            NamesTaken, match="the account already has user anna, which was not made"
        ):
            call(account)
    kept = iam.list_access_keys(UserName="anna")["AccessKeyMetadata"]
    assert [each["AccessKeyId"] for each in kept] == [key]
    assert "PermissionsBoundary" not in iam.get_user(UserName="anna")["User"]


def test_a_policy_of_the_learners_name_that_was_there_before_is_neither_rewritten_nor_deleted(
    owner: boto3.Session,
) -> None:
    iam = owner.client("iam")
    iam.create_policy(PolicyName=BOUNDARY.rpartition("/")[2], PolicyDocument=EVERYTHING)
    (account,) = workshop.accounts(owner, ["anna"])
    for call in (workshop.admit, workshop.dismiss):
        with pytest.raises(NamesTaken, match="has policy anna-inventory-lab-boundary, which"):
            call(account)
    assert iam.get_policy(PolicyArn=BOUNDARY)["Policy"]["DefaultVersionId"] == "v1"


def test_a_learner_of_a_workshop_before_policies_had_a_tag_is_admitted_again(
    owner: boto3.Session,
) -> None:
    iam = owner.client("iam")
    (account,) = workshop.accounts(owner, ["anna"])
    workshop.admit(account)
    iam.untag_policy(PolicyArn=BOUNDARY, TagKeys=["project"])
    assert workshop.admit(account)
    workshop.dismiss(account)
    assert "anna" not in {user["UserName"] for user in iam.list_users()["Users"]}


def test_learners_work_in_the_region_of_the_administrator_or_in_the_one_that_is_named(
    owner: boto3.Session,
) -> None:
    (here,) = workshop.accounts(owner, ["anna"])
    (there,) = workshop.accounts(owner, ["anna"], region="eu-central-1")
    assert here.settings.region == owner.region_name
    assert there.settings.region == "eu-central-1"


def test_a_learner_who_has_built_may_be_admitted_again(owner: boto3.Session) -> None:
    (account,) = workshop.accounts(owner, ["anna"])
    session = signed_in(workshop.admit(account))
    settings = Settings(prefix="anna-", permissions_boundary=BOUNDARY)
    Lab(RealAws(settings, session=session), settings).build(through="access")
    assert workshop.admit(account)


def test_the_file_of_a_learner_is_for_their_eyes_only(tmp_path: Path) -> None:
    (tmp_path / "anna.env").touch(mode=0o644)
    path = workshop.save({"INVENTORY_LAB_PREFIX": "anna-", "AWS_ACCESS_KEY_ID": "k"}, tmp_path)
    assert path.name == "anna.env"
    assert path.read_text() == "INVENTORY_LAB_PREFIX=anna-\nAWS_ACCESS_KEY_ID=k\n"
    assert path.stat().st_mode & 0o077 == 0


def test_of_a_dismissed_learner_nothing_is_left(owner: boto3.Session) -> None:
    (account,) = workshop.accounts(owner, ["anna"])
    workshop.admit(account)
    workshop.admit(account)
    workshop.dismiss(account)
    workshop.dismiss(account)
    iam = owner.client("iam")
    assert "anna" not in {user["UserName"] for user in iam.list_users()["Users"]}
    policies = {each["Arn"] for each in iam.list_policies(Scope="Local")["Policies"]}
    assert BOUNDARY not in policies


WAYS_OUT: dict[str, tuple[str, Callable[[boto3.Session], Any]]] = {
    "a role without the boundary": (
        "iam:CreateRole",
        lambda s: s.client("iam").create_role(RoleName="anna-r", AssumeRolePolicyDocument=TRUST),
    ),
    "a role of another name": (
        "iam:CreateRole",
        lambda s: s.client("iam").create_role(
            RoleName="ben-r", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=BOUNDARY
        ),
    ),
    "their own boundary removed": (
        "iam:DeleteUserPermissionsBoundary",
        lambda s: s.client("iam").delete_user_permissions_boundary(UserName="anna"),
    ),
    "the boundary of their role removed": (
        "iam:DeleteRolePermissionsBoundary",
        lambda s: s.client("iam").delete_role_permissions_boundary(RoleName="anna-role"),
    ),
    "the boundary rewritten": (
        "iam:CreatePolicyVersion",
        lambda s: s.client("iam").create_policy_version(
            PolicyArn=BOUNDARY, PolicyDocument=EVERYTHING, SetAsDefault=True
        ),
    ),
    "a policy on themselves": (
        "iam:PutUserPolicy",
        lambda s: s.client("iam").put_user_policy(
            UserName="anna", PolicyName="p", PolicyDocument=EVERYTHING
        ),
    ),
    "a key of a neighbour": (
        "iam:CreateAccessKey",
        lambda s: s.client("iam").create_access_key(UserName="ben"),
    ),
    "a stream of a neighbour": (
        "kinesis:CreateStream",
        lambda s: s.client("kinesis").create_stream(StreamName="ben-stream", ShardCount=1),
    ),
    "the table of a neighbour": (
        "dynamodb:DeleteTable",
        lambda s: s.client("dynamodb").delete_table(TableName="ben-inventory"),
    ),
    "concurrency reserved for one function, and so taken from all": (
        "lambda:PutFunctionConcurrency",
        lambda s: s.client("lambda").put_function_concurrency(
            FunctionName="anna-update-inventory", ReservedConcurrentExecutions=900
        ),
    ),
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with connect() as lab:
        admitted(lab.session("root"), "anna", "ben")
        (account,) = workshop.accounts(lab.session("root"), ["anna"])
        iam = account.client("iam")
        iam.create_role(
            RoleName="anna-role", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=BOUNDARY
        )
        yield lab


@pytest.fixture(scope="module")
def anna(lab: Lab) -> boto3.Session:
    (session,) = admitted(lab.session("root"), "anna")
    return session


@pytest.mark.parametrize("way", WAYS_OUT)
def test_there_is_no_way_out_of_the_boundary(way: str, anna: boto3.Session) -> None:
    action, call = WAYS_OUT[way]
    with pytest.raises(ClientError, match=f"not authorized to perform: {action}"):
        call(anna)


def test_a_role_may_do_no_more_than_the_learner_whatever_its_policies_allow(lab: Lab) -> None:
    """The boundary limits the roles too: here one whose policy allows everything."""
    lab.session("root").client("iam").put_role_policy(
        RoleName="anna-role", PolicyName="all", PolicyDocument=EVERYTHING
    )
    role, table = f"arn:aws:iam::{ACCOUNT}:role/anna-role", lab.account.arn("dynamodb", "table/")
    assert lab.explain_access(role, "dynamodb:DeleteTable", f"{table}anna-inventory").allowed
    assert not lab.explain_access(role, "dynamodb:DeleteTable", f"{table}ben-inventory").allowed
