"""The access key of the producer, made for one process and deleted at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.exceptions import PrincipalNotAvailable
from inventory_lab.resources import user
from inventory_lab.resources.account import Account
from inventory_lab.resources.ownership import refuse_foreign
from inventory_lab.warn import warn

QUOTA = ("LimitExceeded", "LimitExceededException")
"""A user has two keys at most: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def create(account: Account) -> Mapping[str, str]:
    """A new access key of the lab's user, as CreateAccessKey returns it.

    When the user has two already, the older one is deleted with a warning: a process that was killed has
    left it behind. Raises PrincipalNotAvailable before build() has made the user, and NotTheLabs for a user
    of this name that is not the lab's.
    """
    refuse_foreign(account, "user", account.settings.name("producer_user"), user.tags(account))
    try:
        return _create(account)
    except ClientError as exc:
        if exc.response["Error"]["Code"] not in QUOTA:
            raise
    _delete_oldest(account)
    return _create(account)


def _create(account: Account) -> Mapping[str, str]:
    iam, name = account.client("iam"), account.settings.name("producer_user")
    try:
        key: Mapping[str, str] = iam.create_access_key(UserName=name)["AccessKey"]
    except iam.exceptions.NoSuchEntityException as exc:
        raise PrincipalNotAvailable("producer", "run lab.build() first") from exc
    return key


def _delete_oldest(account: Account) -> None:
    iam, name = account.client("iam"), account.settings.name("producer_user")
    keys: list[dict[str, Any]] = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
    oldest = min(keys, key=lambda key: (key["Status"] == "Active", key["CreateDate"]))
    iam.delete_access_key(UserName=name, AccessKeyId=oldest["AccessKeyId"])
    warn(
        f"'{name}' had two access keys, the most that AWS allows; the older one, "
        f"{oldest['AccessKeyId']}, is deleted - if another process of yours still used it, close that lab "
        "and connect again"
    )
