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


def _trust(arn: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": arn}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _trusted_after_deletion(aws: Aws, arn: str, delete: Any) -> bool:
    """Whether a trust policy still names the ARN of a principal that was deleted."""
    iam = aws.client("iam")
    iam.create_role(RoleName=f"{aws.name}-t", AssumeRolePolicyDocument=_trust(arn))
    delete()
    role = iam.get_role(RoleName=f"{aws.name}-t")["Role"]
    return bool(role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"] == arn)


@check("IAMBackend.delete_user", False)
def a_trust_policy_after_its_user_was_deleted(aws: Aws) -> bool:
    iam = aws.client("iam")
    arn = iam.create_user(UserName=aws.name)["User"]["Arn"]
    return _trusted_after_deletion(aws, arn, lambda: iam.delete_user(UserName=aws.name))


@check("IAMBackend.delete_role", False)
def a_trust_policy_after_its_role_was_deleted(aws: Aws) -> bool:
    iam, service = aws.client("iam"), _trust("123456789012")
    arn = iam.create_role(RoleName=aws.name, AssumeRolePolicyDocument=service)["Role"]["Arn"]
    return _trusted_after_deletion(aws, arn, lambda: iam.delete_role(RoleName=aws.name))


@check("LambdaBackend.delete_alias", "ResourceNotFoundException")
def the_policy_of_an_alias_that_was_created_anew(aws: Aws) -> str:
    functions, alias = aws.client("lambda"), {"FunctionName": aws.name, "Name": "live"}
    aws.function(Publish=True)
    functions.create_alias(**alias, FunctionVersion="1")
    functions.add_permission(
        FunctionName=aws.name, Qualifier="live", StatementId="s", Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
    )  # fmt: skip
    functions.delete_alias(**alias)
    functions.create_alias(**alias, FunctionVersion="1")
    return outcome(lambda: functions.get_policy(FunctionName=aws.name, Qualifier="live"))


READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@check("IAMBackend.attach_user_policy", "accepted")
def attaching_a_policy_of_aws_to_a_user(aws: Aws) -> str:
    iam = aws.client("iam")
    iam.create_user(UserName=aws.name)
    return outcome(lambda: iam.attach_user_policy(UserName=aws.name, PolicyArn=READ_ONLY))


@check("IAMBackend.attach_group_policy", "accepted")
def attaching_a_policy_of_aws_to_a_group(aws: Aws) -> str:
    iam = aws.client("iam")
    iam.create_group(GroupName=aws.name)
    return outcome(lambda: iam.attach_group_policy(GroupName=aws.name, PolicyArn=READ_ONLY))


@check("IAMBackend.attach_role_policy", "accepted")
def attaching_a_policy_of_aws_to_a_role(aws: Aws) -> str:
    iam = aws.client("iam")
    aws.role()
    return outcome(lambda: iam.attach_role_policy(RoleName=aws.name, PolicyArn=READ_ONLY))


@check("IAMBackend.get_policy", "accepted")
def reading_a_policy_of_aws(aws: Aws) -> str:
    return outcome(lambda: aws.client("iam").get_policy(PolicyArn=READ_ONLY))
