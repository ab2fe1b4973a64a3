"""A learner inside the workshop's boundary: the whole pipeline under their prefix, and no way out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab, ProductAdded, Settings, connect
from inventory_lab.resources.policies import policy

ACCOUNT = "123456789012"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/anna-inventory-lab-boundary"
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """The learner may do everything, within the boundary."""
    with connect(settings=Settings(prefix="anna-", permissions_boundary=BOUNDARY)) as lab:
        iam = lab.session("root").client("iam")
        iam.create_policy(
            PolicyName="anna-inventory-lab-boundary",
            PolicyDocument=policy("workshop/boundary", lab.account),
        )
        me = {"UserName": "inventory-lab-admin"}
        iam.put_user_policy(PolicyName="all", PolicyDocument=json.dumps(EVERYTHING), **me)
        iam.put_user_permissions_boundary(PermissionsBoundary=BOUNDARY, **me)
        yield lab


def test_the_whole_pipeline_fits_inside_the_boundary(lab: Lab) -> None:
    lab.build()
    assert lab.settle(lab.publish([ProductAdded("a", 5000), ProductAdded("a", 1)]))
    assert (len(lab.alerts()), len(lab.rejected())) == (1, 1)
    assert lab.reconcile().exact
    lab.teardown()


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
WAYS_OUT: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "a role without the boundary": (
        "iam:CreateRole",
        lambda c: c.create_role(RoleName="anna-r", AssumeRolePolicyDocument=TRUST),
    ),
    "a role of another name": (
        "iam:CreateRole",
        lambda c: c.create_role(
            RoleName="ben-r", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=BOUNDARY
        ),
    ),
    "their own boundary removed": (
        "iam:DeleteUserPermissionsBoundary",
        lambda c: c.delete_user_permissions_boundary(UserName="inventory-lab-admin"),
    ),
    "the boundary rewritten": (
        "iam:CreatePolicyVersion",
        lambda c: c.create_policy_version(
            PolicyArn=BOUNDARY, PolicyDocument=json.dumps(EVERYTHING), SetAsDefault=True
        ),
    ),
    "a policy on a user who is outside": (
        "iam:PutUserPolicy",
        lambda c: c.put_user_policy(
            UserName="inventory-lab-admin", PolicyName="p", PolicyDocument=json.dumps(EVERYTHING)
        ),
    ),
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_there_is_no_way_out_of_the_boundary(way: str, lab: Lab) -> None:
    action, call = WAYS_OUT[way]
    with pytest.raises(ClientError, match=f"no permissions boundary allows the {action} action"):
        call(lab.session("admin").client("iam"))


def test_a_neighbours_stream_is_out_of_reach(lab: Lab) -> None:
    kinesis = lab.session("admin").client("kinesis")
    with pytest.raises(
        ClientError, match="no permissions boundary allows the kinesis:CreateStream"
    ):
        kinesis.create_stream(StreamName="ben-e-commerce-streaming", ShardCount=1)
