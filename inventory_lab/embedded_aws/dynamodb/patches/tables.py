"""DynamoDB tables as AWS keeps them, where moto 5.2.5 does not: time to live and updates that fail.

| | moto | AWS | the lab |
|---|---|---|---|
| an item whose TTL attribute is in the past | stays | is deleted within a few days; until then it can be read and written | is deleted at the next access after the clock has moved past it |
| an update that fails halfway, for the item grows too large | leaves the item half changed | changes nothing | changes nothing; inside a list or map that was named by a path, as moto |
| a key of another type than the table's in GetItem, UpdateItem and DeleteItem | ends in Python's TypeError, or finds nothing | ValidationException | ValidationException |
| a TTL attribute that is not a Number, or is more than five years in the past | – | ignored | ignored |
| time to live that is enabled twice, or changed twice in an hour | is accepted | ValidationException | ValidationException, by the lab's clock |

So the lab is prompt where AWS takes its time: code that must not see expired items has to filter
them on AWS. The deletion costs no write units and shows in a DynamoDB stream, there and here;
here its record does not name the service as the one who deleted.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.executors import UpdateExpressionExecutor

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.patching import Patch, gap

OLDEST_SECONDS = 5 * 365 * 24 * 3600
TTL_CHANGE_SECONDS = 3600
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html"""


def patches(clock: LabClock) -> list[Patch]:
    """What makes items expire by this clock, and updates fail as on AWS."""
    return [
        gap(
            UpdateExpressionExecutor,
            "execute",
            "(self, node=None)",
            "an update that fails changes nothing",
            around=_whole_or_not_at_all,
        ),
        gap(
            Table,
            "get_item",
            "(self, hash_key, range_key=None, projection_expression=None)",
            "an expired item is not read or written; a key has the type of the table's",
            around=partial(_unless_expired, clock),
        ),
        _sweep(clock, "all_items", "(self)"),
        _sweep(clock, "has_idx_items", "(self, index_name)"),
        gap(
            DynamoDBBackend,
            "update_time_to_live",
            "(self, table_name, ttl_spec)",
            "time to live cannot be enabled twice or changed twice in an hour",
            around=partial(_once_an_hour, clock),
        ),
    ]


def _sweep(clock: LabClock, name: str, signature: str) -> Patch:
    return gap(
        Table,
        name,
        signature,
        "expired items are not queried or scanned",
        around=partial(_swept, clock),
    )


def _whole_or_not_at_all(execute: Callable[..., None]) -> Callable[..., None]:
    """moto executes one clause after the other on the item itself."""

    def whole_or_not_at_all(self: Any, node: Any = None) -> None:
        before = dict(self.item.attrs) if node is None else {}
        try:
            execute(self, node)
        except BaseException:
            if node is None:
                self.item.attrs.clear()
                dict.update(self.item.attrs, before)
            raise

    return whole_or_not_at_all


def _unless_expired(clock: LabClock, get_item: Callable[..., Any]) -> Callable[..., Any]:
    """Every operation that names a key looks the item up this way, conditional writes too."""

    def unless_expired(
        self: Any, hash_key: Any, range_key: Any = None, projection_expression: Any = None
    ) -> Any:
        if hash_key.type != self.hash_key_type:
            raise MockValidationException("The provided key element does not match the schema")
        item = get_item(self, hash_key, range_key)
        if item and _has_expired(item, _attribute(self), clock):
            self.delete_item(hash_key, range_key)
            return None
        return item.project(projection_expression) if item and projection_expression else item

    return unless_expired


def _swept(clock: LabClock, items: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Query, Scan and PartiQL go through all items of the table."""

    def swept(self: Any, *index: Any) -> list[Any]:
        table_items, attribute = items(self, *index), _attribute(self)
        if attribute is None:
            return table_items
        for item in table_items:
            if _has_expired(item, attribute, clock):
                self.delete_item(item.hash_key, item.range_key)
        return [item for item in table_items if not _has_expired(item, attribute, clock)]

    return swept


def _once_an_hour(clock: LabClock, update: Callable[..., None]) -> Callable[..., None]:
    def once_an_hour(self: Any, table_name: str, ttl_spec: dict[str, Any]) -> None:
        table = self.get_table(table_name)
        if problem := _problem_of_change(table, ttl_spec, clock.timestamp()):
            raise MockValidationException(problem)
        update(self, table_name, ttl_spec)
        table.ttl_changed_at = clock.timestamp()

    return once_an_hour


def _problem_of_change(table: Any, specification: dict[str, Any], now: float) -> str | None:
    """Why AWS refuses a change of the time to live; None when it does not."""
    active, name = _attribute(table), specification.get("AttributeName")
    if specification.get("Enabled") and active == name:
        return "TimeToLive is already enabled"
    if specification.get("Enabled") and active:
        return (
            f"TimeToLive is active on a different AttributeName: current AttributeName is {active}"
        )
    if not specification.get("Enabled") and not active:
        return "TimeToLive is already disabled"
    if now - getattr(table, "ttl_changed_at", -TTL_CHANGE_SECONDS) < TTL_CHANGE_SECONDS:
        return "Time to live has been modified multiple times within a fixed interval"
    return None


def _attribute(table: Any) -> str | None:
    """The TTL attribute of a table where time to live is enabled."""
    return table.ttl.get("AttributeName") if table.ttl["TimeToLiveStatus"] == "ENABLED" else None


def _has_expired(item: Any, attribute: str | None, clock: LabClock) -> bool:
    value = item.attrs.get(attribute) if attribute else None
    if value is None or value.type != "N":
        return False
    return 0 < clock.timestamp() - float(value.value) <= OLDEST_SECONDS
