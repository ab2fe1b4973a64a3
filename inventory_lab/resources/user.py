"""The producer: an IAM user outside AWS that may put records to one stream."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from inventory_lab.resources.account import TAGS, Account, boundary, tags_of, unless_missing
from inventory_lab.resources.deletion import until_accepted
from inventory_lab.resources.policies import policy

POLICY_NAME = "put-to-one-stream"


def ensure(account: Account) -> str:
    """The user's ARN; made, with its policy, when it is missing. It gets no access key here."""
    user = describe(account)
    if user is None:
        iam, name = account.client("iam"), account.settings.name("producer_user")
        tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
        user = iam.create_user(UserName=name, Tags=tags, **boundary(account))["User"]
        document = policy(f"producer/{POLICY_NAME}", account)
        iam.put_user_policy(UserName=name, PolicyName=POLICY_NAME, PolicyDocument=document)
    return str(user["Arn"])


def describe(account: Account) -> dict[str, Any] | None:
    """GetUser's user, or None when there is none."""
    call = account.client("iam").get_user
    name = account.settings.name("producer_user")
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
    iam, name = account.client("iam"), account.settings.name("producer_user")
    for group in iam.list_groups_for_user(UserName=name)["Groups"]:
        iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
    for attached in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=name, PolicyArn=attached["PolicyArn"])
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for policy_name in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy_name)
    until_accepted(partial(iam.delete_user, UserName=name), ("DeleteConflict",), sleep)
