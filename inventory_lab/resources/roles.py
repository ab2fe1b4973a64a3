"""The roles of the pipe, the function and the builds: who may assume them, and what they may do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from inventory_lab.resources.account import Account, boundary, tags_of, unless_missing
from inventory_lab.resources.deletion import until_accepted
from inventory_lab.resources.ownership import refuse_foreign, warn_of_boundary
from inventory_lab.resources.policies import policy

KINDS = ("pipe_role", "function_role")
BUILD_KINDS = ("codebuild_role", "deploy_role")
"""The roles of a build and of the deployment that follows it; the build's is created first."""
POLICY_NAME = "inventory-lab"


def ensure(account: Account, kind: str) -> str:
    """The role's ARN; created when it is missing. Its trust and permissions are brought up to date.

    Warns SettingNotApplied when it has another permissions boundary. Raises NotTheLabs.
    """
    iam, name, role = account.client("iam"), account.settings.name(kind), describe(account, kind)
    trust = policy(f"{_folder(kind)}/trust", account)
    if role is None:
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=trust,
            Tags=account.tags_of_principals,
            **boundary(account),
        )
        iam.get_waiter("role_exists").wait(RoleName=name)
    else:
        refuse_foreign(account, "role", name, tags_of(role.get("Tags", [])))
        warn_of_boundary(account, role)
        if role["AssumeRolePolicyDocument"] != json.loads(trust):
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    document = _document(account, kind)
    iam.put_role_policy(RoleName=name, PolicyName=POLICY_NAME, PolicyDocument=document)
    return account.role_arn(kind)


def describe(account: Account, kind: str) -> dict[str, Any] | None:
    """GetRole's role, or None when there is none."""
    call = account.client("iam").get_role
    answer = unless_missing(("NoSuchEntity",), call, RoleName=account.settings.name(kind))
    return None if answer is None else dict(answer["Role"])


def tags(account: Account, kind: str) -> dict[str, str] | None:
    """The role's tags, or None when there is no role."""
    role = describe(account, kind)
    return None if role is None else tags_of(role.get("Tags", []))


def delete(account: Account, kind: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Delete the role with its inline policies; attached policies are detached, and stay:
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
    """
    if describe(account, kind) is None:
        return
    iam, name = account.client("iam"), account.settings.name(kind)
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
    until_accepted(partial(iam.delete_role, RoleName=name), ("DeleteConflict",), sleep)


def _folder(kind: str) -> str:
    return kind.removesuffix("_role")


def _document(account: Account, kind: str) -> str:
    """The statements of all the policy files that the settings ask for, as one document."""
    documents = [json.loads(policy(name, account)) for name in _permissions(account, kind)]
    statements = [statement for document in documents for statement in document["Statement"]]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _permissions(account: Account, kind: str) -> Iterator[str]:
    if kind != "function_role":
        yield f"{_folder(kind)}/permissions"
        return
    per_record = account.settings.handler == "per_record"
    yield "function/permissions-per-record" if per_record else "function/permissions"
    if account.settings.has_mapping:
        yield "function/permissions-mapping"
