"""What the gate reads where moto stores it is what the IAM API answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends

from inventory_lab import Lab, Settings
from inventory_lab.embedded_aws.iam.patches.stored_policies import (
    StoredPolicies,
    StoredResourcePolicies,
)
from inventory_lab.embedded_aws.sessions import ADMIN_USER
from inventory_lab.exceptions import InvalidPolicy, UnknownToTheLab
from inventory_lab.iam.account.principal_policies import AttachedPolicies
from inventory_lab.iam.account.resource_policies import Lookups
from tests.sampling import examples

AWS_POLICY = "arn:aws:iam::aws:policy/AmazonKinesisFullAccess"
NAMES = ("one", "two")
TAGS = [{"Key": "team", "Value": "stock"}]


def document(action: str = "s3:GetObject", **more: str) -> str:
    statement = {"Sid": "O", "Effect": "Allow", "Action": action, "Resource": ["*"], **more}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["lambda.amazonaws.com"], "AWS": "123456789012"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            }
        ],
    }
)


def customer_policy(name: str) -> str:
    return f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:policy/{name}"


Change = Callable[[Any, str, str], Any]
CHANGES: dict[str, Change] = {
    "CreatePolicy": lambda iam, a, b: iam.create_policy(
        PolicyName=a, PolicyDocument=document(f"s3:{b}*")
    ),
    "CreateUser": lambda iam, a, b: iam.create_user(UserName=a, Tags=TAGS),
    "CreateUser with a boundary": lambda iam, a, b: iam.create_user(
        UserName=a, PermissionsBoundary=AWS_POLICY
    ),
    "DeleteUser": lambda iam, a, b: iam.delete_user(UserName=a),
    "PutUserPolicy": lambda iam, a, b: iam.put_user_policy(
        UserName=a, PolicyName=b, PolicyDocument=document(f"sqs:{b}*")
    ),
    "DeleteUserPolicy": lambda iam, a, b: iam.delete_user_policy(UserName=a, PolicyName=b),
    "AttachUserPolicy": lambda iam, a, b: iam.attach_user_policy(
        UserName=a, PolicyArn=customer_policy(b)
    ),
    "AttachUserPolicy of AWS": lambda iam, a, b: iam.attach_user_policy(
        UserName=a, PolicyArn=AWS_POLICY
    ),
    "TagUser": lambda iam, a, b: iam.tag_user(UserName=a, Tags=TAGS),
    "CreateGroup": lambda iam, a, b: iam.create_group(GroupName=b),
    "PutGroupPolicy": lambda iam, a, b: iam.put_group_policy(
        GroupName=b, PolicyName=a, PolicyDocument=document(f"sns:{a}*")
    ),
    "AttachGroupPolicy": lambda iam, a, b: iam.attach_group_policy(
        GroupName=b, PolicyArn=customer_policy(a)
    ),
    "AddUserToGroup": lambda iam, a, b: iam.add_user_to_group(UserName=a, GroupName=b),
    "RemoveUserFromGroup": lambda iam, a, b: iam.remove_user_from_group(UserName=a, GroupName=b),
    "CreateRole": lambda iam, a, b: iam.create_role(
        RoleName=a, AssumeRolePolicyDocument=TRUST, Tags=TAGS, PermissionsBoundary=AWS_POLICY
    ),
    "CreateRole of a path": lambda iam, a, b: iam.create_role(
        RoleName=a, AssumeRolePolicyDocument=TRUST, Path="/service/"
    ),
    "DeleteRole": lambda iam, a, b: iam.delete_role(RoleName=a),
    "PutRolePolicy": lambda iam, a, b: iam.put_role_policy(
        RoleName=a, PolicyName=b, PolicyDocument=document(Sid=b)
    ),
    "AttachRolePolicy": lambda iam, a, b: iam.attach_role_policy(
        RoleName=a, PolicyArn=customer_policy(b)
    ),
    "CreatePolicyVersion": lambda iam, a, b: iam.create_policy_version(
        PolicyArn=customer_policy(a), PolicyDocument=document(f"logs:{b}*"), SetAsDefault=True
    ),
    "DeletePolicy": lambda iam, a, b: iam.delete_policy(PolicyArn=customer_policy(a)),
}


def both(lab: Lab) -> tuple[AttachedPolicies, AttachedPolicies]:
    def client() -> Any:
        return lab.session("root").client("iam")

    return AttachedPolicies(client), StoredPolicies(client, lab.settings.region)


changes = st.lists(
    st.tuples(st.sampled_from(list(CHANGES)), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    min_size=5,
    max_size=25,
)


@pytest.mark.exhaustive(1)
@settings(
    max_examples=examples(10, of=30),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(changes)
def test_after_any_changes_both_read_the_same(lab: Lab, made: list[tuple[str, str, str]]) -> None:
    iam = lab.session("root").client("iam")
    for change, one, other in made:
        try:
            CHANGES[change](iam, one, other)
        except iam.exceptions.ClientError:
            continue
    api, stored = both(lab)
    for name in (*NAMES, ADMIN_USER, "nobody"):
        assert stored.of_user(name) == api.of_user(name)
        assert stored.of_role(name) == api.of_role(name)


def test_the_changes_reach_every_member(lab: Lab) -> None:
    iam = lab.session("root").client("iam")
    for change in CHANGES:
        if "Delete" not in change and "Remove" not in change and change != "CreateRole of a path":
            with_a_boundary = change == "CreateUser with a boundary"
            CHANGES[change](iam, "two" if with_a_boundary else "one", "one")
    _, stored = both(lab)
    user, role = stored.of_user("one"), stored.of_role("one")
    own = customer_policy("one")
    assert list(user.policies) == ["one/one", own, AWS_POLICY]
    assert list(role.policies) == ["one/one", own]
    assert user.tags == role.tags == {"team": "stock"}
    assert role.trust
    assert role.boundary_arn == stored.of_user("two").boundary_arn == AWS_POLICY
    assert role.boundary


def test_a_boundary_that_does_not_exist_is_named(lab: Lab) -> None:
    iam = lab.session("root").client("iam")
    iam.create_user(UserName="one")
    user = iam_backends[DEFAULT_ACCOUNT_ID]["aws"].users["one"]
    user.boundary_arn = customer_policy("missing")  # AWS deletes no policy that is a boundary
    for reader in both(lab):
        with pytest.raises(InvalidPolicy, match="missing does not exist"):
            reader.of_user("one")


REGION = Settings().region
QUEUE, TOPIC, STREAM, FUNCTION = (
    f"arn:aws:{name.format(f'{REGION}:{DEFAULT_ACCOUNT_ID}')}"
    for name in ("sqs:{}:q", "sns:{}:t", "kinesis:{}:stream/s", "lambda:{}:function:f")
)
ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/one"
RESOURCES = [
    QUEUE, TOPIC, STREAM, FUNCTION, f"{FUNCTION}:live", f"{FUNCTION}:1", f"{FUNCTION}:none",
    f"{QUEUE}-none", f"{TOPIC}-none", f"{STREAM}-none", f"{FUNCTION}-none", f"{TOPIC}:id", "*",
    f"{STREAM}/consumer/c:1", f"arn:aws:lambda:{REGION}:{DEFAULT_ACCOUNT_ID}:event-source-mapping:u",
    f"arn:aws:sqs:eu-west-3:{DEFAULT_ACCOUNT_ID}:q", f"arn:aws:sqs:{REGION}:999999999999:q",
    "arn:aws:s3:::bucket", "arn:aws:sqs:*:*:*", "arn:aws:sns:nowhere:123456789012:t",
]  # fmt: skip


def of_resource(arn: str, action: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "P",
                    "Effect": "Allow",
                    "Principal": {"AWS": ROLE},
                    "Action": action,
                    "Resource": arn,
                }
            ],
        }
    )


def answer_of(lookups: Lookups, arn: str) -> Any:
    try:
        return lookups.policy(arn)
    except UnknownToTheLab:
        return "unknown"


def assert_both_read_the_same(lab: Lab) -> list[Any]:
    def client(service: str, region: str) -> Any:
        return lab.session("root").client(service, region_name=region or None)

    api, stored = Lookups(client), StoredResourcePolicies(client)
    answers = [answer_of(stored, arn) for arn in RESOURCES]
    assert answers == [answer_of(api, arn) for arn in RESOURCES]
    return answers


def test_the_policies_of_resources_are_what_the_apis_answer(lab: Lab) -> None:
    client = cache(lab.session("root").client)
    assert not any(assert_both_read_the_same(lab)[:4])
    url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    client("sns").create_topic(Name="t")
    client("kinesis").create_stream(StreamName="s", ShardCount=1)
    CHANGES["CreateRole"](client("iam"), "one", "one")
    create_function(client("lambda"))
    without = assert_both_read_the_same(lab)
    assert [bool(each) for each in without[:4]] == [False, True, False, False]
    set_queue = {"Policy": of_resource(QUEUE, "sqs:SendMessage")}
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes=set_queue)
    text = of_resource(STREAM, "kinesis:GetRecords")
    client("kinesis").put_resource_policy(ResourceARN=STREAM, Policy=text)
    for qualifier in ({}, {"Qualifier": "live"}):
        for principal in (ROLE, "events.amazonaws.com", "*"):
            client("lambda").add_permission(
                FunctionName="f", StatementId=f"to{len(principal)}{len(qualifier)}", Principal=principal,
                Action="lambda:InvokeFunction", **qualifier,
            )  # fmt: skip
    assert all(assert_both_read_the_same(lab)[:5])
    client("iam").delete_role(RoleName="one")  # the policies name its unique id now
    assert all(assert_both_read_the_same(lab)[:5])
    client("sqs").delete_queue(QueueUrl=url)
    client("lambda").delete_function(FunctionName="f")
    assert_both_read_the_same(lab)


def create_function(functions: Any) -> None:
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("app.py", "def handle(event, context): pass")
    functions.create_function(
        FunctionName="f", Runtime="python3.13", Role=ROLE, Handler="app.handle", Publish=True,
        Code={"ZipFile": file.getvalue()},
    )  # fmt: skip
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
