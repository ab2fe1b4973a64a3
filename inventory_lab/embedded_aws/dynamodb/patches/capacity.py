"""The capacity units that reads and writes of one table report.

| | moto | AWS | the lab |
|---|---|---|---|
| ConsumedCapacity of GetItem, Query, Scan, PutItem, UpdateItem and DeleteItem | 0.5 or 1 unit, whatever the size of the items | by the size of the items that were read or written | the same; writes to an index consume nothing; batches and transactions as moto |

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from inventory_lab.embedded_aws.dynamodb.capacity import item_bytes, read_units, write_units
from inventory_lab.embedded_aws.patching import Patch, gap

_READS = ("get_item", "query", "scan")
_WRITES = ("put_item", "update_item", "delete_item")
_SCAN = (
    "(self, filters, limit, exclusive_start_key, filter_expression=None, index_name=None, "
    "consistent_read=False, projection_expression=None, segments=(None, None))"
)
_QUERY = (
    "(self, hash_key, range_comparison, range_objs, limit, exclusive_start_key, scan_index_forward, "
    "projection_expressions, index_name=None, consistent_read=False, filter_expression=None, "
    "hash_key_conditions=None, range_key_conditions=None, **filter_kwargs)"
)
_WHOLE: dict[str, Any] = {
    "filters": {}, "filter_expression": None, "projection_expression": None,
    "projection_expressions": None, "filter_kwargs": {},
}  # fmt: skip


def patches() -> list[Patch]:
    """The patches that make reads and writes report the units of the items' sizes."""
    meter = _Meter()
    answers: list[tuple[str, Callable[..., Any]]] = [
        *((name, partial(_with_read_units, meter)) for name in _READS),
        *((name, _with_write_units) for name in _WRITES),
    ]
    pages = {"scan": _SCAN, "query": _QUERY}
    return [
        *(_capacity(DynamoHandler, name, "(self)", around) for name, around in answers),
        *(
            _capacity(Table, n, signature, partial(_metered, meter))
            for n, signature in pages.items()
        ),
    ]


def _capacity(owner: type, name: str, signature: str, around: Callable[..., Any]) -> Patch:
    return gap(
        owner, name, signature, "consumed capacity depends on the size of the items", around=around
    )


class _Meter:
    """The bytes that Query and Scan read in the running request, also of items that a filter drops."""

    bytes_read = 0
    is_running = False


def _metered(meter: _Meter, read: Callable[..., Any]) -> Callable[..., Any]:
    """Reads the page once more without its filter and its projection, up to the same item."""

    def metered(self: Any, *args: Any, **kwargs: Any) -> Any:
        results, scanned, last = read(self, *args, **kwargs)
        if meter.is_running and scanned:
            bound = inspect.signature(read).bind(self, *args, **kwargs)
            whole = {n: v for n, v in _WHOLE.items() if n in bound.signature.parameters}
            bound.arguments |= whole | {"limit": scanned}
            page, _, _ = read(*bound.args, **bound.kwargs)
            meter.bytes_read = sum(_bytes_of(item) for item in page)
        return results, scanned, last

    return metered


def _with_read_units(meter: _Meter, act: Callable[..., Any]) -> Callable[..., Any]:
    def with_read_units(self: Any) -> Any:
        asked = self.body.get("ReturnConsumedCapacity", "NONE") != "NONE"
        meter.bytes_read, meter.is_running = 0, asked
        try:
            answer = act(self)
        finally:
            meter.is_running = False
        size = meter.bytes_read
        if asked and "Key" in self.body:
            size = _bytes_of(
                self.dynamodb_backend.get_item(self.body["TableName"], self.body["Key"])
            )
        _report(self, answer, read_units(size, bool(self.body.get("ConsistentRead"))))
        return answer

    return with_read_units


def _with_write_units(act: Callable[..., Any]) -> Callable[..., Any]:
    """An update costs by the larger of the item before and after it."""

    def with_write_units(self: Any) -> Any:
        before = _written_bytes(self)
        answer = act(self)
        _report(self, answer, write_units(max(before, _written_bytes(self))))
        return answer

    return with_write_units


def _written_bytes(handler: Any) -> int:
    """The size of the item that a request names; 0 when nobody asks, or the request is wrong."""
    body = handler.body
    if body.get("ReturnConsumedCapacity", "NONE") == "NONE":
        return 0
    try:
        table = handler.dynamodb_backend.get_table(body["TableName"])
        names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
        source = body.get("Key") or body["Item"]
        keys = {name: source[name] for name in names}
        return _bytes_of(handler.dynamodb_backend.get_item(body["TableName"], keys))
    except (KeyError, JsonRESTError):
        return 0


def _bytes_of(item: Any) -> int:
    return 0 if item is None else item_bytes(item.to_json()["Attributes"])


def _report(handler: Any, answer: Any, units: float) -> None:
    """Put the units into the answer, when the request asks for them."""
    body, asked = answer.result, handler.body.get("ReturnConsumedCapacity", "NONE")
    body.pop("ConsumedCapacityUnits", None)
    body.pop("ConsumedCapacity", None)
    if asked == "NONE":
        return
    name, index = handler.body["TableName"], handler.body.get("IndexName")
    body["ConsumedCapacity"] = {"TableName": name, "CapacityUnits": units}
    if asked == "INDEXES":
        table = handler.dynamodb_backend.get_table(name)
        kind = "Global" if index in [i.name for i in table.global_indexes] else "Local"
        detail = {f"{kind}SecondaryIndexes": {index: {"CapacityUnits": units}}} if index else {}
        body["ConsumedCapacity"] |= {"Table": {"CapacityUnits": 0.0 if index else units}, **detail}
