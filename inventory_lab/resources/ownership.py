"""Which resources are the lab's to change: those with its tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory_lab.exceptions import NotTheLabs, SettingNotApplied
from inventory_lab.resources.account import TAGS, Account
from inventory_lab.warn import warn


def is_the_labs(tags: Mapping[str, str]) -> bool:
    """Whether these tags are those of a resource of a lab.

    >>> is_the_labs({"project": "inventory-lab", "owner": "Kim"})
    True
    """
    return TAGS.items() <= tags.items()


def is_ours(account: Account, tags: Mapping[str, str]) -> bool:
    """Whether these tags are those of a resource of a lab, of the same owner where both have one, and of
    the same region where the resource has one.
    """
    mine = account.tags.get("owner")
    is_here = tags.get("region", account.settings.region) == account.settings.region
    return is_the_labs(tags) and is_here and (mine is None or tags.get("owner", mine) == mine)


def refuse_foreign(account: Account, kind: str, name: str, tags: Mapping[str, str] | None) -> None:
    """Raise NotTheLabs for an existing resource without the lab's tag, or of another owner or region; None
    means that it does not exist.
    """
    if tags is None or is_ours(account, tags):
        return
    if not is_the_labs(tags):
        raise NotTheLabs(kind, name)
    mine = account.tags.get("owner", "")
    if tags.get("owner", mine) != mine:
        raise NotTheLabs(kind, name, tags["owner"])
    raise NotTheLabs(kind, name, region=tags["region"])


def warn_of_boundary(account: Account, principal: Mapping[str, Any]) -> None:
    """Warn SettingNotApplied when a user or role has another permissions boundary than the settings say.
    Who deploys may not change boundaries, or none would limit them:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    existing = principal.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
    expected = account.settings.permissions_boundary
    if existing != expected:
        why = f"only an administrator can change the boundary of {principal['Arn']}; ask one, or correct the setting"
        warn(SettingNotApplied("permissions_boundary", expected, existing or None, why))
