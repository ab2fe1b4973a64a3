"""What the gate reads where moto stores it is what the IAM API answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends

from inventory_lab import Lab
from inventory_lab.embedded_aws.iam.patches.stored_policies import StoredPolicies
from inventory_lab.embedded_aws.sessions import ADMIN_USER
from inventory_lab.exceptions import InvalidPolicy
from inventory_lab.iam.account.principal_policies import AttachedPolicies

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


@settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
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
