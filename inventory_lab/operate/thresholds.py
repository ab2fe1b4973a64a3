"""Thresholds of one product's own, kept as attributes of its item: the function reads them with it."""

from __future__ import annotations

from inventory_lab.domain.events import LARGEST_QUANTITY, LONGEST_PRODUCT_ID
from inventory_lab.exceptions import WrongSetting
from inventory_lab.resources.account import Account


def set_thresholds(account: Account, product_id: str, high: int | None, low: int | None) -> None:
    """Set a product's thresholds; None removes its own. Raises WrongSetting, NotBuilt.

    The version grows with the write, so that a batch that is being folded is processed by the new ones.
    """
    if not isinstance(product_id, str) or not 1 <= len(product_id) <= LONGEST_PRODUCT_ID:
        raise WrongSetting("product_id", product_id, "a string of 1 to 256 characters")
    _check(account, high, low)
    thresholds = {"high_stock": high, "low_stock": low}
    kept = {f":{n}": {"N": str(value)} for n, value in thresholds.items() if value is not None}
    removed = [name for name, value in thresholds.items() if value is None]
    assignments = "".join(f", {name[1:]} = {name}" for name in kept)
    account.client("dynamodb").update_item(
        TableName=account.settings.name("table"),
        Key={"product_id": {"S": product_id}},
        UpdateExpression="SET version = if_not_exists(version, :none) + :one"
        + assignments
        + (f" REMOVE {', '.join(removed)}" if removed else ""),
        ExpressionAttributeValues={":none": {"N": "0"}, ":one": {"N": "1"}, **kept},
    )


def _check(account: Account, high: int | None, low: int | None) -> None:
    settings = account.settings
    for name, value in (("high", high), ("low", low)):
        if value is not None and (type(value) is not int or not 0 <= value <= LARGEST_QUANTITY):
            raise WrongSetting(name, value, f"a whole number from 0 to {LARGEST_QUANTITY}, or None")
    upper = settings.high_stock if high is None else high
    lower = settings.low_stock if low is None else low
    if lower > upper:
        raise WrongSetting("low", lower, f"at most high ({upper})")
