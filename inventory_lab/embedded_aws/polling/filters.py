"""The filters of a pipe or an event source mapping that reads a Kinesis stream. Free of moto.

A record passes when one of the filters matches, and a filter matches when all of its keys match. A key
matches when one of its values matches. `data` is decoded and read as JSON. A filter on `data` drops a
record whose data is not JSON.

| | |
|---|---|
| operators | equality, null, empty string, prefix and suffix (also with equals-ignore-case), equals-ignore-case, anything-but with values, numeric, exists, $or |
| refused (InvalidFilter) | what Pipes lacks: wildcard, cidr, anything-but with an operator; metadata that the poller adds; everything that is not a pattern |

AWS does not document some cases. The lab decides them as follows:
- When the data is not JSON, a filter on `data` drops the record, even if another branch of its $or
  matches, or if it requires a key to be absent. Another filter may still keep the record.
- Numbers are compared as doubles: 300 equals 300.0, and integers above 2^53 may be equal.
- equals-ignore-case compares each character in lower case.
- An object, an empty array and a missing key have no value: exists:true is false for them,
  exists:false is true, and every other comparison is false.
- anything-but is true for every value of another type, also for null and booleans.
- The keys of a pattern below an array of objects must all match in the same object.
- An array inside an array is part of it.
- numeric takes one bound, or a lower and then an upper bound with numbers between them.
- anything-but takes strings or numbers, not both.
- $or takes an array of at least one pattern.
- A pattern with more than `DEEPEST` levels of keys is refused. Of a repeated key the last one counts.

Rules: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html and
eb-create-pattern-operators.html beside it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inventory_lab.embedded_aws.polling.payloads import MISSING, parsed, payload
from inventory_lab.exceptions import InvalidFilter

MOST_FILTERS = 5
PATTERN_CHARACTERS = 4_096
DEEPEST = 40

NOT_FILTERABLE = frozenset({
    "awsRegion", "eventID", "eventName", "eventSource", "eventSourceARN", "eventSourceKey",
    "eventVersion", "invokeIdentityArn",
})  # fmt: skip
"""Fields that the poller adds; AWS filters only by fields that the source sends."""

Json = Any
Match = Callable[[Json], bool]
Test = Callable[[list[Json]], bool]
"""Tests the leaves at one path; there are none when the path does not exist."""

_COMPARISONS: dict[object, Callable[[float, float], bool]] = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_OPERATORS = "prefix, suffix, equals-ignore-case, anything-but, numeric or exists"


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of a pipe; with `looks_into_data` it drops records that are not JSON."""

    matches: Match
    looks_into_data: bool

    def keeps(self, event: Mapping[str, Json], data: Json) -> bool:
        """True when the record fits; `data` is its data as JSON, or MISSING."""
        if not self.looks_into_data:
            return self.matches(event)
        return data is not MISSING and self.matches({**event, "data": data})


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a pipe, of which a record has to fit one.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html
    """

    filters: tuple[Filter, ...] = ()

    def keeps(self, event: Mapping[str, Json]) -> bool:
        """True when the pipe hands the flat Kinesis record on; without filters, always."""
        looks = any(one.looks_into_data for one in self.filters)
        data = payload(event) if looks else MISSING
        return not self.filters or any(one.keeps(event, data) for one in self.filters)


@dataclass(frozen=True, slots=True)
class _Place:
    """The position of a key in a filter, for the error that names it."""

    position: int
    keys: tuple[str, ...] = ()

    def below(self, key: str) -> _Place:
        return _Place(self.position, (*self.keys, key))

    def refusal(self, problem: str, remedy: str) -> InvalidFilter:
        return InvalidFilter(self.position, ".".join(self.keys), problem, remedy)

    def field(self) -> str:
        """The field of the record that is looked at: the first key that is no $or."""
        return next((key for key in self.keys if key != "$or"), "")


def read_filters(criteria: Mapping[str, Any] | None) -> Filters:
    """The filters in `SourceParameters.FilterCriteria` of DescribePipe's answer.

    Raises InvalidFilter for what AWS would not store:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html
    """
    filters = (criteria or {}).get("Filters") or []
    if len(filters) > MOST_FILTERS:
        problem = f"a pipe takes {MOST_FILTERS} filters, not {len(filters)}"
        raise _Place(MOST_FILTERS + 1).refusal(problem, "join some with $or")
    return Filters(tuple(_filter(one, _Place(n)) for n, one in enumerate(filters, 1)))


def _filter(definition: Mapping[str, Any], place: _Place) -> Filter:
    text = definition.get("Pattern") or ""
    if len(text) > PATTERN_CHARACTERS:
        problem = f"the pattern has {len(text)} characters, {PATTERN_CHARACTERS} are allowed"
        raise place.refusal(problem, "shorten it or split it into several filters")
    pattern = parsed(text)
    if not isinstance(pattern, dict):
        raise place.refusal(
            f"the pattern {text!r:.60} is not a JSON object",
            'write one such as {"partitionKey": ["1"]}',
        )
    return Filter(_object(pattern, place), _looks_into_data(pattern))


def _looks_into_data(pattern: Mapping[str, Json]) -> bool:
    return "data" in pattern or any(_looks_into_data(one) for one in pattern.get("$or", []))


def _object(pattern: Json, place: _Place) -> Match:
    if not isinstance(pattern, dict) or not pattern:
        raise place.refusal(
            f"{pattern!r:.60} is not a pattern with at least one key",
            "give an object with at least one key",
        )
    if len(place.keys) >= DEEPEST:
        raise place.refusal(f"it is nested deeper than {DEEPEST} keys", "filter by an upper key")
    parts = [_key(key, value, place.below(key)) for key, value in pattern.items()]
    return lambda node: any(all(part(entry) for part in parts) for entry in _objects(node))


def _key(key: str, value: Json, place: _Place) -> Match:
    """What one key of a pattern asks of the object that it is looked up in."""
    if key == "$or":
        return _or(value, place)
    _check_field(value, place)
    inner = _object(value, place) if isinstance(value, dict) else _leaf(value, place)
    return lambda node: inner(node.get(key, MISSING))


def _or(alternatives: Json, place: _Place) -> Match:
    if not isinstance(alternatives, list) or not alternatives:
        raise place.refusal("$or needs an array of patterns", 'write [{"a": [1]}, {"b": [2]}]')
    matches = [_object(one, place) for one in alternatives]
    return lambda node: any(match(node) for match in matches)


def _check_field(value: Json, place: _Place) -> None:
    if place.field() in NOT_FILTERABLE:
        raise place.refusal(
            "the pipe adds this field itself and cannot filter by it",
            "filter by data, partitionKey or another field that Kinesis sends",
        )
    if [key for key in place.keys if key != "$or"] == ["data"] and not isinstance(value, dict):
        raise place.refusal(
            "a pattern for the data of a Kinesis record must be a JSON object",
            'name a key of the data, such as {"data": {"city": ["Seattle"]}}',
        )


def _leaf(values: Json, place: _Place) -> Match:
    if not isinstance(values, list) or not values:
        raise place.refusal(
            f"{values!r:.60} is not an array with at least one value", 'write ["value"]'
        )
    tests = [_value(value, place) for value in values]
    return lambda node: any(test(leaves) for leaves in [_leaves(node)] for test in tests)


def _value(value: Json, place: _Place) -> Test:
    if isinstance(value, list):
        raise place.refusal(f"{value!r:.60} is an array in an array", "list the values themselves")
    if not isinstance(value, dict):
        return _any(lambda leaf: _comparable(leaf) == _comparable(value))
    if len(value) != 1:
        raise place.refusal(
            f"{value!r:.60} has {len(value)} operators", "write each in its own object"
        )
    [(name, argument)] = value.items()
    if name not in _READERS:
        raise place.refusal(f"Pipes has no operator '{name:.40}'", f"use {_OPERATORS}")
    return _READERS[name](argument, place.below(name))


def _prefix(argument: Json, place: _Place) -> Test:
    return _text_test(argument, place, str.startswith)


def _suffix(argument: Json, place: _Place) -> Test:
    return _text_test(argument, place, str.endswith)


def _text_test(argument: Json, place: _Place, fits: Callable[[str, str], bool]) -> Test:
    if isinstance(argument, dict) and list(argument) == ["equals-ignore-case"]:
        expected = _text(argument["equals-ignore-case"], place.below("equals-ignore-case"))
        expected = _lower(expected)
        return _any(lambda leaf: isinstance(leaf, str) and fits(_lower(leaf), expected))
    exact = _text(argument, place)
    return _any(lambda leaf: isinstance(leaf, str) and fits(leaf, exact))


def _ignore_case(argument: Json, place: _Place) -> Test:
    expected = _lower(_text(argument, place))
    return _any(lambda leaf: isinstance(leaf, str) and _lower(leaf) == expected)


def _text(argument: Json, place: _Place) -> str:
    if not isinstance(argument, str):
        raise place.refusal(f"{argument!r:.60} is not a string", "give one string")
    return argument


def _lower(text: str) -> str:
    """Each character on its own, so that what starts a text starts it in lower case too."""
    return "".join(map(str.lower, text))


def _anything_but(argument: Json, place: _Place) -> Test:
    if isinstance(argument, dict):
        names = ", ".join(argument)
        raise place.refusal(
            f"Pipes has no anything-but with the operator '{names:.40}'", "list plain values"
        )
    values = argument if isinstance(argument, list) else [argument]
    if {str} != {_kind(value) for value in values} != {float}:
        raise place.refusal(
            f"{argument!r:.60} is neither strings nor numbers", "give values of one of these types"
        )
    unwanted = {_comparable(value) for value in values}
    return _any(lambda leaf: _comparable(leaf) not in unwanted)


def _numeric(argument: Json, place: _Place) -> Test:
    bounds = _bounds(argument)
    if not bounds or not _is_range([str(sign) for sign, _ in bounds], [n for _, n in bounds]):
        raise place.refusal(
            f"{argument!r:.60} is not a range of numbers", 'write ["=", 5] or [">", 0, "<=", 5]'
        )
    return _any(
        lambda leaf: (
            _kind(leaf) is float
            and all(_COMPARISONS[sign](float(leaf), number) for sign, number in bounds)
        )
    )


def _bounds(argument: Json) -> list[tuple[object, float]]:
    """Signs with their numbers, or nothing when there is something else among them."""
    if not isinstance(argument, list) or len(argument) not in (2, 4):
        return []
    signs, numbers = argument[::2], argument[1::2]
    if any(not isinstance(sign, str) or sign not in _COMPARISONS for sign in signs):
        return []
    if any(_kind(number) is not float for number in numbers):
        return []
    return list(zip(signs, map(float, numbers), strict=True))


def _is_range(signs: list[str], numbers: list[float]) -> bool:
    if len(signs) == 1:
        return True
    return signs[0] in (">", ">=") and signs[1] in ("<", "<=") and numbers[0] < numbers[1]


def _exists(argument: Json, place: _Place) -> Test:
    if not isinstance(argument, bool):
        raise place.refusal(f"{argument!r:.60} is neither true nor false", "give one of them")
    return lambda leaves: bool(leaves) is argument


_READERS: dict[str, Callable[[Json, _Place], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignore_case,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "exists": _exists,
}


def _any(fits: Callable[[Json], bool]) -> Test:
    return lambda leaves: any(map(fits, leaves))


def _kind(value: Json) -> type:
    """The type of a JSON value, with one for all numbers."""
    return float if type(value) is int else type(value)


def _comparable(value: Json) -> tuple[type, Json]:
    """Equal for the same number in any notation, different for 1 and true."""
    kind = _kind(value)
    return kind, float(value) if kind is float else value


def _leaves(node: Json) -> list[Json]:
    """The plain values at a path."""
    return [value for value in _flat(node) if not isinstance(value, dict)]


def _objects(node: Json) -> list[dict[str, Json]]:
    """The objects to look for keys in; an empty one when there is none."""
    return [value for value in _flat(node) if isinstance(value, dict)] or [{}]


def _flat(node: Json) -> list[Json]:
    """The node itself, or what is in its arrays; nothing when it is missing."""
    if not isinstance(node, list):
        return [] if node is MISSING else [node]
    return [value for element in node for value in _flat(element)]
