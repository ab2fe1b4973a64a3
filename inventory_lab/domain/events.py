"""The contract of an inventory event: three facts in the past tense, as UTF-8 JSON.

A fact carries its own identity, so it is applied once, however often it is stored. `source` and
`sequence`, which are attributes of CloudEvents, say where it comes from and which number it has there,
counted from 1 for each product. The identity of an event without them is its `event_id`. `identity.py`
defines it.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar

from inventory_lab.domain.errors import MalformedEvent

SCHEMA_VERSION = 1
LARGEST_QUANTITY = 10**9
LONGEST_EVENT_ID = 128
LONGEST_PRODUCT_ID = 256
LONGEST_SOURCE = 128
LARGEST_SEQUENCE = 10**9
DEEPEST_NESTING = 64

_RFC_3339_UTC = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|\+00:00)"
)


def new_event_id() -> str:
    """A random identity for a new fact: 32 hexadecimal digits."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class InventoryEvent:
    """The base class of the three events: ProductAdded, ProductRemoved and QuantityChanged.

    `occurred_at` is an RFC 3339 time in UTC; when it is empty, the publisher sets the time of
    publishing. Give `source` and `sequence` together or not at all; without them the publisher numbers
    the event in its own session. Raises MalformedEvent when a value breaks the contract.

    >>> isinstance(ProductRemoved("Phone"), InventoryEvent)
    True
    """

    event_type: ClassVar[str]

    product_id: str
    event_id: str = field(default_factory=new_event_id, kw_only=True)
    occurred_at: str = field(default="", kw_only=True)
    schema_version: int = field(default=SCHEMA_VERSION, kw_only=True)
    source: str | None = field(default=None, kw_only=True)
    sequence: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        _check_version(self.schema_version)
        _check_text("event_id", self.event_id, LONGEST_EVENT_ID)
        _check_text("product_id", self.product_id, LONGEST_PRODUCT_ID)
        if self.occurred_at != "":
            _check_time(self.occurred_at)
        if self.source is not None or self.sequence is not None:
            _check_number(self.source, self.sequence)


@dataclass(frozen=True, slots=True)
class ProductAdded(InventoryEvent):
    """A product entered the catalogue with `quantity` pieces in stock (0 to 10^9).

    >>> ProductAdded("Phone", 18).quantity
    18
    """

    event_type: ClassVar[str] = "product_added"

    quantity: int

    def __post_init__(self) -> None:
        InventoryEvent.__post_init__(self)
        _check_whole("quantity", self.quantity, 0)


@dataclass(frozen=True, slots=True)
class ProductRemoved(InventoryEvent):
    """A product left the catalogue.

    >>> ProductRemoved("Oven").event_type
    'product_removed'
    """

    event_type: ClassVar[str] = "product_removed"


@dataclass(frozen=True, slots=True)
class QuantityChanged(InventoryEvent):
    """The stock of a product changed by `delta` pieces: not 0, at most 10^9 either way.

    >>> QuantityChanged("Phone", -5).delta
    -5
    """

    event_type: ClassVar[str] = "quantity_changed"

    delta: int

    def __post_init__(self) -> None:
        InventoryEvent.__post_init__(self)
        _check_whole("delta", self.delta, -LARGEST_QUANTITY)
        if self.delta == 0:
            raise MalformedEvent("delta", "is 0; a change must change something")


KINDS: dict[str, type[InventoryEvent]] = {
    kind.event_type: kind for kind in (ProductAdded, ProductRemoved, QuantityChanged)
}
"""Every kind of event by its `event_type`. What each does to a product is in `inventory.RULES`."""
_OPTIONAL = ("source", "sequence")
_WIRE_FIELDS: dict[type[InventoryEvent], tuple[str, ...]] = {}


def _wire_fields(kind: type[InventoryEvent]) -> tuple[str, ...]:
    """The fields that every record of a kind has."""
    if kind not in _WIRE_FIELDS:
        _WIRE_FIELDS[kind] = tuple(f.name for f in fields(kind) if f.name not in _OPTIONAL)
    return _WIRE_FIELDS[kind]


def encode_event(event: InventoryEvent) -> bytes:
    """The event as one compact JSON object in UTF-8, the data of one Kinesis record.

    >>> encode_event(ProductRemoved("Oven", event_id="e-1", occurred_at="2026-01-05T09:00:00Z"))[:49]
    b'{"event_type":"product_removed","product_id":"Ove'
    """
    body: dict[str, Any] = {"event_type": event.event_type}
    body |= {name: getattr(event, name) for name in _wire_fields(type(event))}
    if event.source is not None:
        body |= {"source": event.source, "sequence": event.sequence}
    return _ENCODER.encode(body).encode()


def parse_event(data: bytes) -> InventoryEvent:
    """The event in the data of a record; unknown fields are ignored.

    Raises MalformedEvent, which names the wrong field and the problem.

    >>> event = ProductAdded("Phone", 18, occurred_at="2026-01-05T09:00:00Z")
    >>> parse_event(encode_event(event)) == event
    True
    """
    body = _read_object(data)
    _check_version(_required(body, "schema_version"))
    kind = _kind(_required(body, "event_type"))
    if _required(body, "occurred_at") == "":
        raise MalformedEvent("occurred_at", "is empty")
    values = {name: _required(body, name) for name in _wire_fields(kind)}
    values |= {name: _required(body, name) for name in _OPTIONAL if name in body}
    return kind(**values)


class _Object(dict[str, Any]):
    """A JSON object that remembers which names were repeated."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated: set[str] = set()
        if len(pairs) > len(self):
            counts = Counter(name for name, _ in pairs)
            self.repeated = {name for name, count in counts.items() if count > 1}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(object_pairs_hook=_Object, parse_constant=_refuse_constant)


def _read_object(data: bytes) -> _Object:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise MalformedEvent(None, f"is not UTF-8 (byte {exc.start})") from exc
    try:
        body = _DECODER.decode(text)
    except RecursionError as exc:
        raise _too_deep() from exc
    except ValueError as exc:
        raise MalformedEvent(None, f"is not JSON: {exc}") from exc
    if not isinstance(body, _Object):
        raise MalformedEvent(None, f"is a JSON {type(body).__name__}, not an object")
    if text.count("[") + text.count("{") > DEEPEST_NESTING and _is_too_deep(body):
        raise _too_deep()
    return body


def _too_deep() -> MalformedEvent:
    return MalformedEvent(None, f"is nested more than {DEEPEST_NESTING} levels deep")


def _is_too_deep(body: Any) -> bool:
    """Whether a value is nested too deep. The limit is fixed, because the call stack's limit varies."""
    level = [body]
    for _ in range(DEEPEST_NESTING):
        parents = [value for value in level if isinstance(value, (dict, list))]
        level = [
            child
            for value in parents
            for child in (value.values() if isinstance(value, dict) else value)
        ]
    return any(isinstance(value, (dict, list)) for value in level)


def _required(body: _Object, name: str) -> Any:
    if name not in body:
        raise MalformedEvent(name, "is missing")
    if name in body.repeated:
        raise MalformedEvent(name, "is given more than once")
    return body[name]


def _kind(event_type: Any) -> type[InventoryEvent]:
    if not isinstance(event_type, str) or event_type not in KINDS:
        raise MalformedEvent(
            "event_type", f"is {_shown(event_type)}, not one of {', '.join(KINDS)}"
        )
    return KINDS[event_type]


def _check_version(value: Any) -> None:
    if type(value) is not int or value < 1:
        raise MalformedEvent("schema_version", f"is {_shown(value)}, not a whole number from 1 on")
    if value > SCHEMA_VERSION:
        raise MalformedEvent(
            "schema_version",
            f"is {_shown(value)}, newer than this reader understands ({SCHEMA_VERSION})",
        )


def _check_text(name: str, value: Any, longest: int) -> None:
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise MalformedEvent(name, f"is {_shown(value)}, not a text of 1 to {longest} characters")
    try:
        value.encode()
    except UnicodeEncodeError as exc:
        raise MalformedEvent(
            name, "contains half of a surrogate pair, which UTF-8 cannot encode"
        ) from exc


def _check_whole(name: str, value: Any, lowest: int) -> None:
    if type(value) is not int:  # a bool is not a quantity, nor is 5.0
        raise MalformedEvent(name, f"is {_shown(value)}, not a whole number")
    if not lowest <= value <= LARGEST_QUANTITY:
        raise MalformedEvent(name, f"is {_shown(value)}, outside {lowest} to {LARGEST_QUANTITY}")


def _check_number(source: Any, sequence: Any) -> None:
    for name, value in (("source", source), ("sequence", sequence)):
        if value is None:
            raise MalformedEvent(
                name, "is missing: source and sequence come together or not at all"
            )
    _check_text("source", source, LONGEST_SOURCE)
    if type(sequence) is not int or not 1 <= sequence <= LARGEST_SEQUENCE:
        problem = f"is {_shown(sequence)}, not a whole number from 1 to {LARGEST_SEQUENCE}"
        raise MalformedEvent("sequence", problem)


def _check_time(value: Any) -> None:
    if not isinstance(value, str) or not _RFC_3339_UTC.fullmatch(value):
        raise _no_time(value)
    try:
        datetime.fromisoformat(value[:19])
    except ValueError as exc:
        raise _no_time(value, f" ({exc})") from exc


def _no_time(value: Any, why: str = "") -> MalformedEvent:
    problem = f"is {_shown(value)}, not an RFC 3339 time in UTC such as 2026-01-05T09:00:00Z{why}"
    return MalformedEvent("occurred_at", problem)


def _shown(value: Any) -> str:
    if isinstance(value, (list, dict)):  # may be too deep to print
        return f"a JSON {'list' if isinstance(value, list) else 'object'}"
    if isinstance(value, int) and value.bit_length() > 256:  # may be too long to print
        return f"a number of {value.bit_length()} bits"
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
