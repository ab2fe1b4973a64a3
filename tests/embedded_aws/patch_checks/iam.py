"""Checks of the patches of IAM, of the gate, and of the closed network."""

from __future__ import annotations

import json
from typing import Any

import boto3

from tests.embedded_aws.patch_checks import Aws, check, outcome

KEYS = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
OLDER = boto3.Session(**KEYS).client("kinesis")
"""A client that was made before any lab was opened."""


@check("IamResponse.create_user", "PermissionsBoundaryPolicy")
def the_boundary_of_a_new_user(aws: Aws) -> Any:
    aws.client("iam").create_user(UserName=aws.name, PermissionsBoundary=_policy(aws))
    return _boundary(aws)


@check("User.permissions_boundary", "PermissionsBoundaryPolicy")
def the_boundary_that_a_user_shows(aws: Aws) -> Any:
    aws.client("iam").create_user(UserName=aws.name, PermissionsBoundary=_policy(aws))
    return _boundary(aws)


@check("IamResponse.put_user_permissions_boundary", "PermissionsBoundaryPolicy")
def a_boundary_that_was_put(aws: Aws) -> Any:
    iam = aws.client("iam")
    iam.create_user(UserName=aws.name)
    boundary = _policy(aws)
    outcome(
        lambda: iam.put_user_permissions_boundary(UserName=aws.name, PermissionsBoundary=boundary)
    )
    return _boundary(aws)


@check("IamResponse.delete_user_permissions_boundary", "accepted")
def a_boundary_that_is_removed(aws: Aws) -> str:
    iam = aws.client("iam")
    iam.create_user(UserName=aws.name, PermissionsBoundary=_policy(aws))
    return outcome(lambda: iam.delete_user_permissions_boundary(UserName=aws.name))


@check("botocore.handlers.BUILTIN_HANDLERS", "AccessDeniedException")
def a_user_without_policies(aws: Aws) -> str:
    iam = aws.client("iam")
    iam.create_user(UserName=aws.name)
    key = iam.create_access_key(UserName=aws.name)["AccessKey"]
    keys = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    client = boto3.Session(region_name="us-east-1", **keys).client("kinesis")
    return outcome(client.list_streams)


@check("BotocoreStubber.process_request", "UndecidedCall")
def a_client_that_never_asked_the_gate(aws: Aws) -> str:
    return outcome(OLDER.list_streams)


@check("URLLib3Session.send", "UnmockedCall")
def a_call_to_an_address_on_the_network(aws: Aws) -> str:
    client = aws.lab.session("root").client("kinesis", endpoint_url="http://127.0.0.1:9")
    return outcome(client.list_streams)


def _boundary(aws: Aws) -> Any:
    user = aws.client("iam").get_user(UserName=aws.name)["User"]
    return user.get("PermissionsBoundary", {}).get("PermissionsBoundaryType")


def _policy(aws: Aws) -> str:
    """A policy to limit a user with; its ARN."""
    statement = {"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = aws.client("iam").create_policy(PolicyName=aws.name, PolicyDocument=document)
    return str(policy["Policy"]["Arn"])
