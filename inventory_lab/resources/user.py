"""The producer: an IAM user outside AWS that may put records to one stream."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from inventory_lab.resources.account import Account, boundary, tags_of, unless_missing
from inventory_lab.resources.deletion import until_accepted
from inventory_lab.resources.ownership import refuse_foreign, warn_of_boundary
from inventory_lab.resources.policies import policy

POLICY_NAME = "put-to-one-stream"
_KIND = "producer_user"


def ensure(account: Account) -> str:
    """The user's ARN; created when it is missing. Its policy is written anew. It gets no access key here.

    Warns SettingNotApplied when it has another permissions boundary. Raises NotTheLabs.
    """
    user, iam, name = describe(account), account.client("iam"), account.settings.name(_KIND)
    if user is None:
        tags = account.tags_of_principals
        user = iam.create_user(UserName=name, Tags=tags, **boundary(account))["User"]
    else:
        refuse_foreign(account, "user", name, tags_of(user.get("Tags", [])))
        warn_of_boundary(account, user)
    document = policy(f"producer/{POLICY_NAME}", account)
    iam.put_user_policy(UserName=name, PolicyName=POLICY_NAME, PolicyDocument=document)
    return str(user["Arn"])


def describe(account: Account) -> dict[str, Any] | None:
    """GetUser's user, or None when there is none."""
    call = account.client("iam").get_user
    name = account.settings.name(_KIND)
    answer = unless_missing(("NoSuchEntity",), call, UserName=name)
    return None if answer is None else dict(answer["User"])


def tags(account: Account) -> dict[str, str] | None:
    """The user's tags, or None when there is no user."""
    user = describe(account)
    return None if user is None else tags_of(user.get("Tags", []))


def delete(account: Account, sleep: Callable[[float], None] = time.sleep) -> None:
    """Delete the user with its access keys and inline policies; groups and attached policies that it
    had stay: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
    """
    if describe(account) is None:
        return
    iam, name = account.client("iam"), account.settings.name(_KIND)
    for group in iam.list_groups_for_user(UserName=name)["Groups"]:
        iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
    for attached in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=name, PolicyArn=attached["PolicyArn"])
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for policy_name in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy_name)
    until_accepted(partial(iam.delete_user, UserName=name), ("DeleteConflict",), sleep)
