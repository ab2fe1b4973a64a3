"""DynamoDB tables as AWS keeps them, where moto 5.2.5 does not: time to live, updates that fail, and
conditions that cannot be read.

| | moto | AWS | the lab |
|---|---|---|---|
| an item whose TTL attribute lies in the past | stays for ever | is deleted within a few days; until then it can be read and written | is gone at the next access after the clock has moved past it |
| an update that fails halfway, for the item grows too large | leaves the item half changed | changes nothing | changes nothing; inside a list or map that was named by a path, as moto |
| a condition that cannot be read, or names a value that is not given | ends in Python's ValueError or KeyError | ValidationException | ValidationException, in other words than AWS's |
| an attribute that is no Number, or lies more than five years back | – | ignored | ignored |

So the lab is prompt where AWS takes its time: code that must not see expired items has to filter
them on AWS. The deletion costs no write units and shows in a DynamoDB stream, there and here;
here its record does not name the service as the one who deleted.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.executors import UpdateExpressionExecutor

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.patching import Patch

OLDEST_SECONDS = 5 * 365 * 24 * 3600


def patches(clock: LabClock) -> list[Patch]:
    """What makes items expire by this clock, and expressions fail as on AWS."""
    return [
        Patch(
            owner=ConditionExpressionParser,
            name="parse",
            signature="(self)",
            kind="gap",
            why="a condition that cannot be read is a ValidationException",
            around=_read_or_refused,
            upstream=True,
        ),
        Patch(
            owner=UpdateExpressionExecutor,
            name="execute",
            signature="(self, node=None)",
            kind="gap",
            why="an update that fails changes nothing",
            around=_whole_or_not_at_all,
            upstream=True,
        ),
        Patch(
            owner=Table,
            name="get_item",
            signature="(self, hash_key, range_key=None, projection_expression=None)",
            kind="gap",
            why="an expired item is not read or written",
            around=partial(_unless_expired, clock),
            upstream=True,
        ),
        _sweep(clock, "all_items", "(self)"),
        _sweep(clock, "has_idx_items", "(self, index_name)"),
    ]


def _sweep(clock: LabClock, name: str, signature: str) -> Patch:
    return Patch(
        owner=Table,
        name=name,
        signature=signature,
        kind="gap",
        why="expired items are not queried or scanned",
        around=partial(_swept, clock),
        upstream=True,
    )


def _read_or_refused(parse: Callable[..., Any]) -> Callable[..., Any]:
    """moto's parser gives up with an error of Python's, which would be the caller's traceback."""

    def read_or_refused(self: Any) -> Any:
        try:
            return parse(self)
        except KeyError as exc:
            problem = f"{exc.args[0]} is used in it and not defined"
        except (ValueError, IndexError) as exc:
            problem = f"Syntax error; {exc}"
        raise MockValidationException(f"Invalid expression: {problem}")

    return read_or_refused


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


def _attribute(table: Any) -> str | None:
    """The TTL attribute of a table where time to live is enabled."""
    return table.ttl.get("AttributeName") if table.ttl["TimeToLiveStatus"] == "ENABLED" else None


def _has_expired(item: Any, attribute: str | None, clock: LabClock) -> bool:
    value = item.attrs.get(attribute) if attribute else None
    if value is None or value.type != "N":
        return False
    return 0 < clock.timestamp() - float(value.value) <= OLDEST_SECONDS
