"""The DynamoDB table of current stock: on demand, keyed by product, tombstones expire."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from inventory_lab.exceptions import SettingNotApplied, WrongKeySchema
from inventory_lab.resources.account import Account, tags_of, unless_missing
from inventory_lab.resources.deletion import until_gone
from inventory_lab.resources.ownership import refuse_foreign
from inventory_lab.resources.stable import until_stable
from inventory_lab.warn import warn

_MISSING = ("ResourceNotFoundException",)


_TRANSITIONAL = ("CREATING", "UPDATING", "DELETING")
KEY = "product_id"
EXPIRY = "expires_at"


def ensure(account: Account, sleep: Callable[[float], None] = time.sleep) -> str:
    """The table's ARN, active and with its time to live; created when it is missing.

    Warns SettingNotApplied when items expire by another attribute. Raises NotTheLabs, WrongKeySchema
    and StillChanging.
    """
    name = account.settings.name("table")
    if _stable(account, sleep) is None:
        account.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": KEY, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=[{"Key": key, "Value": value} for key, value in account.tags.items()],
        )
        _stable(account, sleep)
    else:
        refuse_foreign(account, "table", name, tags(account))
        _check_key(name, describe(account) or {})
    _set_time_to_live(account)
    _set_options(account, sleep)
    return _arn(account)


def _set_options(account: Account, sleep: Callable[[float], None]) -> None:
    """Bring deletion protection, encryption and point-in-time recovery to the settings, one change at a time:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
    """
    dynamodb, settings = account.client("dynamodb"), account.settings
    name, table = settings.name("table"), describe(account) or {}
    expected, deployed = settings.deletion_protection, table.get("DeletionProtectionEnabled", False)
    if expected is not None and deployed != expected:
        protected = {"DeletionProtectionEnabled": expected}
        dynamodb.update_table(TableName=name, **protected)
        _stable(account, sleep)
    if settings.encryption and table.get("SSEDescription", {}).get("Status") != "ENABLED":
        dynamodb.update_table(TableName=name, SSESpecification={"Enabled": True, "SSEType": "KMS"})
        _stable(account, sleep)
    if settings.point_in_time_recovery:
        recovery = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification=recovery
        )


def _check_key(name: str, description: dict[str, Any]) -> None:
    types = {a["AttributeName"]: a["AttributeType"] for a in description["AttributeDefinitions"]}
    key = [f"{k['AttributeName']} ({types[k['AttributeName']]})" for k in description["KeySchema"]]
    if key != [f"{KEY} (S)"]:
        raise WrongKeySchema(name, ", ".join(key), f"{KEY} (S)")


def _set_time_to_live(account: Account) -> None:
    """Let items expire, unless they do: AWS refuses to enable what is enabled.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
    """
    dynamodb, name = account.client("dynamodb"), account.settings.name("table")
    existing = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    status, attribute = existing["TimeToLiveStatus"], existing.get("AttributeName", EXPIRY)
    if status == "DISABLED":
        specification = {"Enabled": True, "AttributeName": EXPIRY}
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)
    elif status == "DISABLING" or attribute != EXPIRY:
        why = "AWS takes up to an hour for a change; disable the table's time to live, wait an hour, and run lab.build() again"
        deployed = f"{attribute} ({status})"
        warn(SettingNotApplied("time to live", EXPIRY, deployed, why))


def _stable(account: Account, sleep: Callable[[float], None]) -> str | None:
    name = account.settings.name("table")
    return until_stable(name, partial(_state, account), _TRANSITIONAL, sleep)


def describe(account: Account) -> dict[str, Any] | None:
    """DescribeTable's description, or None when there is no table."""
    call = account.client("dynamodb").describe_table
    answer = unless_missing(_MISSING, call, TableName=account.settings.name("table"))
    return None if answer is None else dict(answer["Table"])


def refuse_foreign_table(account: Account) -> None:
    """Raise NotTheLabs when the table is not the lab's, or another owner's."""
    refuse_foreign(account, "table", account.settings.name("table"), tags(account))


def tags(account: Account) -> dict[str, str] | None:
    """The table's tags, or None when there is no table."""
    pages = account.client("dynamodb").get_paginator("list_tags_of_resource")
    answer = unless_missing(_MISSING, pages.paginate(ResourceArn=_arn(account)).build_full_result)
    return None if answer is None else tags_of(answer.get("Tags", []))


def delete(account: Account, sleep: Callable[[float], None] = time.sleep) -> None:
    """Delete the table with all its items, and wait until it is gone. Raises StillDeleting."""
    name = account.settings.name("table")
    call = partial(account.client("dynamodb").delete_table, TableName=name)
    until_gone(name, lambda: _state(account), call, (*_MISSING, "ResourceInUseException"), sleep)


def _arn(account: Account) -> str:
    return account.arn("dynamodb", f"table/{account.settings.name('table')}")


def _state(account: Account) -> str | None:
    table = describe(account)
    return None if table is None else str(table["TableStatus"])
