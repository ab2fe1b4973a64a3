"""Learners who share one AWS account: each may build one pipeline, under a prefix of their own.

A learner is an IAM user with one managed policy, used twice: attached, it allows what the notebooks call; as
permissions boundary, it limits the user and every role and user that they create. With the user's
own policies alone, a learner could create a role that may do more than they may.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inventory_lab.exceptions import NamesTaken, WrongSetting
from inventory_lab.resources.account import TAGS, Account, tags_of, unless_missing
from inventory_lab.resources.listing import names
from inventory_lab.resources.ownership import is_the_labs
from inventory_lab.resources.policies import policy
from inventory_lab.settings import Settings

if TYPE_CHECKING:
    import boto3

MISSING = ("NoSuchEntity",)
_NAME = re.compile("[a-z][a-z0-9]{0,11}")
"""No dash, so that no learner's prefix begins with another's; short and in lower case, for the name of a bucket."""

_IN_THE_POLICY = {
    **dict.fromkeys(
        ("stream", "table", "function", "pipe", "topic", "queue", "event bus", "rule", "alarm",
         "build project", "report group", "bucket"),
        ("",),
    ),
    "log group": ("/aws/lambda/", "/aws/vendedlogs/pipes/", "/aws/codebuild/"),
}  # fmt: skip
"""What the learner's policy allows to change, and the texts that may come before the prefix in its name."""


def accounts(
    session: boto3.Session, learners: Iterable[str], region: str = ""
) -> Iterator[Account]:
    """The account of the session as each learner's, with their name and a dash as the prefix of every name,
    in the region of the session unless you name another.

    Raises WrongSetting for a name that is not 1 to 12 of a-z 0-9.
    """
    for learner in learners:
        if not _NAME.fullmatch(learner):
            raise WrongSetting("learner", learner, "1 to 12 of a-z 0-9, beginning with a letter")
        where = region or session.region_name or Settings.region
        yield Account(session, Settings(region=where, prefix=f"{learner}-"))


def learner_of(account: Account) -> str:
    """The name of the learner to whom the prefix of the settings belongs: `anna` for the prefix `anna-`."""
    return account.settings.prefix.removesuffix("-")


def boundary_arn(account: Account) -> str:
    """The ARN of the learner's policy."""
    name = account.settings.name("boundary")
    return f"arn:{account.partition}:iam::{account.account_id}:policy/{name}"


def admit(account: Account) -> dict[str, str]:
    """The environment variables with which a learner signs in and opens every notebook.

    `account` is that of an administrator, with the learner's prefix in its settings. The user and the policy are
    created, or brought up to date. The user's access key is always a new one, and an old key is deleted.
    Raises NamesTaken when the account has a user of the learner's name, or a user or role with this prefix, that
    is not inside the boundary: it belongs to somebody else, and the learner could make a key for the user, or let a
    function use the role. Raises it for a new learner also when anything else that the policy allows them to change
    has this prefix.
    """
    iam, user, arn = account.client("iam"), learner_of(account), boundary_arn(account)
    if taken := sorted(
        [*_outside(iam, account), *_foreign_policy(iam, account), *_reached(iam, account)]
    ):
        raise NamesTaken(account.settings.prefix, taken)
    _write_policy(iam, account, arn)
    if unless_missing(MISSING, iam.get_user, UserName=user) is None:
        iam.create_user(UserName=user, PermissionsBoundary=arn)
    iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=arn)
    iam.attach_user_policy(UserName=user, PolicyArn=arn)
    _delete_keys(iam, user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "INVENTORY_LAB_TARGET": "aws",
        "INVENTORY_LAB_ALLOW_CHARGES": "yes",
        "INVENTORY_LAB_REGION": account.settings.region,
        "INVENTORY_LAB_PREFIX": account.settings.prefix,
        "INVENTORY_LAB_PERMISSIONS_BOUNDARY": arn,
    }


def save(variables: Mapping[str, str], folder: Path) -> Path:
    """The file `<learner>.env` in a folder, which only you can read; it has a variable in each line."""
    learner = variables["INVENTORY_LAB_PREFIX"].removesuffix("-")
    path = folder / f"{learner}.env"
    path.touch(mode=0o600)
    path.chmod(0o600)  # also when the file was there before
    path.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    return path


def dismiss(account: Account) -> None:
    """Delete a learner with their key and policy. Tear their pipeline down first: its user and roles use the policy,
    and IAM deletes no policy that is in use. Raises NamesTaken for a user or policy of these names that was
    there before.
    """
    iam, user, arn = account.client("iam"), learner_of(account), boundary_arn(account)
    boundary = _boundary_of(iam, "User", user)
    foreign = [f"user {user}"] if boundary not in (None, arn) else []
    if foreign := [*foreign, *_foreign_policy(iam, account)]:
        raise NamesTaken(account.settings.prefix, foreign)
    if boundary is not None:
        _delete_keys(iam, user)
        unless_missing(MISSING, iam.detach_user_policy, UserName=user, PolicyArn=arn)
        iam.delete_user(UserName=user)
    if unless_missing(MISSING, iam.get_policy, PolicyArn=arn) is not None:
        _delete_old_versions(iam, arn)
        iam.delete_policy(PolicyArn=arn)


def _outside(iam: Any, account: Account) -> Iterator[str]:
    """The users and roles with the learner's name or prefix that are not inside the boundary. Their names are compared
    without case, as IAM does: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    arn, prefix = boundary_arn(account), account.settings.prefix.lower()
    for kind in ("user", "role"):
        for name in names(account, kind):
            is_the_learner = kind == "user" and name.lower() == learner_of(account).lower()
            theirs = is_the_learner or name.lower().startswith(prefix)
            if theirs and _boundary_of(iam, kind.title(), name) != arn:
                yield f"{kind} {name}"


def _foreign_policy(iam: Any, account: Account) -> Iterator[str]:
    """The policy of the learner's name when it is not the lab's; one that was written before it got a tag is
    the boundary of the learner.
    """
    arn = boundary_arn(account)
    for existing in _policies_of_the_name(iam, account):
        if existing != arn or not (_has_the_tag(iam, arn) or _is_known(iam, account)):
            yield f"policy {existing.rpartition('/')[2]}"


def _has_the_tag(iam: Any, arn: str) -> bool:
    return is_the_labs(tags_of(iam.list_policy_tags(PolicyArn=arn)["Tags"]))


def _policies_of_the_name(iam: Any, account: Account) -> Iterator[str]:
    name = account.settings.name("boundary").lower()
    for page in iam.get_paginator("list_policies").paginate(Scope="Local"):
        for each in page["Policies"]:
            if each["PolicyName"].lower() == name:
                yield each["Arn"]


def _reached(iam: Any, account: Account) -> Iterator[str]:
    """What a new learner could change at once: everything else with the prefix."""
    if _is_known(iam, account):
        return
    prefix = account.settings.prefix
    for kind, folders in _IN_THE_POLICY.items():
        starts = tuple(f"{folder}{prefix}" for folder in folders)
        yield from (f"{kind} {name}" for name in names(account, kind) if name.startswith(starts))


def _is_known(iam: Any, account: Account) -> bool:
    """Whether the learner was admitted before."""
    return _boundary_of(iam, "User", learner_of(account)) == boundary_arn(account)


def _boundary_of(iam: Any, kind: str, name: str) -> str | None:
    """The ARN of the boundary of a user or role, "" without one; None when there is no such user or role."""
    call = getattr(iam, f"get_{kind.lower()}")
    answer = unless_missing(MISSING, call, **{f"{kind}Name": name})
    if answer is None:
        return None
    return str(answer[kind].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""))


def _write_policy(iam: Any, account: Account, arn: str) -> None:
    """Create the learner's policy, or give the existing one a new version.

    A policy has at most five versions:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html
    """
    document = policy("workshop/boundary", account)
    if unless_missing(MISSING, iam.get_policy, PolicyArn=arn) is None:
        name = account.settings.name("boundary")
        tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
        iam.create_policy(PolicyName=name, PolicyDocument=document, Tags=tags)
        return
    _delete_old_versions(iam, arn)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)


def _delete_old_versions(iam: Any, arn: str) -> None:
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])


def _delete_keys(iam: Any, user: str) -> None:
    for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
