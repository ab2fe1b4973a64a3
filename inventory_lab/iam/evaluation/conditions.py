"""The condition operators:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
and, for ForAllValues and ForAnyValue,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html

AWS does not document some cases. The lab decides them as follows:
- An operator without ForAllValues or ForAnyValue does not match a key that has several values.
- ForAnyValue with IfExists is true when the key is missing.
- Null, ForAllValues and ForAnyValue ignore values that are empty strings.
- When the request's value is not a number, date, address or ARN, every operator of that kind is
  false, also a negated one. The same is true when the policy's value has a variable that the request
  does not resolve.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from inventory_lab.exceptions import InvalidPolicy
from inventory_lab.iam.evaluation.patterns import ARN_PARTS, Context, PolicyPattern, values_of

Test = Callable[[str, Context], bool]
"""Whether one value of a request matches one value of a policy. Raises ValueError when the request's
value has the wrong form, or when the request has no value for a variable."""

_SETS = ("ForAllValues:", "ForAnyValue:")
_IF_EXISTS = "IfExists"
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(.+))?)?)?")


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator with one key and its values; `name` is the operator as it was written."""

    name: str
    key: str
    values: tuple[str, ...]
    tests: tuple[Test, ...]
    negated: bool = False
    over_set: str = ""
    if_exists: bool = False

    def holds(self, context: Context) -> bool:
        """Whether the request meets the condition."""
        values = values_of(context, self.key)
        if self.name == "Null":
            absent = "false" if any(values or ()) else "true"
            return any(test(absent, context) for test in self.tests)
        if self.over_set:
            return self._holds_for_set(values, context)
        if values is None:
            return self.negated or self.if_exists
        return len(values) == 1 and self._fits(values[0], context)

    def _holds_for_set(self, values: Sequence[str] | None, context: Context) -> bool:
        if values is None and self.if_exists:
            return True
        fits = [self._fits(value, context) for value in values or () if value]
        return all(fits) if self.over_set == "ForAllValues:" else any(fits)

    def _fits(self, value: str, context: Context) -> bool:
        outcomes = {_outcome(test, value, context) for test in self.tests}
        return not outcomes & {True, None} if self.negated else True in outcomes


def read_condition(name: str, key: str, values: Sequence[str], with_variables: bool) -> Condition:
    """The condition as read. Raises InvalidPolicy for an unknown operator or a value of the wrong form."""
    over_set = next((prefix for prefix in _SETS if name.startswith(prefix)), "")
    base = name.removeprefix(over_set)
    if_exists = base.endswith(_IF_EXISTS)
    base = base.removesuffix(_IF_EXISTS)
    if base not in _OPERATORS or (base == "Null" and (over_set or if_exists)):
        raise InvalidPolicy(
            "Condition", f"there is no operator {name!r} (operators are case-sensitive)"
        )
    negated, make = _OPERATORS[base]
    try:
        tests = tuple(make(value, with_variables) for value in values)
    except ValueError as exc:
        raise InvalidPolicy("Condition", f"{name} {key}: {exc}") from exc
    return Condition(name, key, tuple(values), tests, negated, over_set, if_exists)


def _outcome(test: Test, value: str, context: Context) -> bool | None:
    try:
        return test(value, context)
    except ValueError:
        return None


def _string(policy: str, with_variables: bool) -> Test:
    text = PolicyPattern(policy, with_variables)
    return lambda value, context: text.plain(context) == value


def _string_ignoring_case(policy: str, with_variables: bool) -> Test:
    text = PolicyPattern(policy, with_variables)
    return lambda value, context: text.plain(context).lower() == value.lower()


def _string_like(policy: str, with_variables: bool) -> Test:
    return PolicyPattern(policy, with_variables).matches


def _arn_like(policy: str, with_variables: bool) -> Test:
    text = PolicyPattern(policy, with_variables, arn=True)

    def test(value: str, context: Context) -> bool:
        if value.count(":") < ARN_PARTS - 1:
            raise ValueError(f"{value!r} is not an ARN")
        return text.matches(value, context)

    return test


def _numeric(compare: Callable[[Any, Any], bool]) -> Callable[[str, bool], Test]:
    def make(policy: str, _: bool) -> Test:
        limit = _number(policy)
        return lambda value, _context: compare(_number(value), limit)

    return make


def _dated(compare: Callable[[Any, Any], bool]) -> Callable[[str, bool], Test]:
    def make(policy: str, _: bool) -> Test:
        limit = _moment(policy)
        return lambda value, _context: compare(_moment(value), limit)

    return make


def _truth(policy: str, with_variables: bool) -> Test:
    if policy.lower() not in ("true", "false") and not (with_variables and "${" in policy):
        raise ValueError(f"{policy!r} is neither true nor false")
    return _string_ignoring_case(policy, with_variables)


def _presence(policy: str, _: bool) -> Test:
    return _truth(policy, False)


def _binary(policy: str, _: bool) -> Test:
    expected = _decoded(policy)
    return lambda value, _context: _decoded(value) == expected


def _address(policy: str, _: bool) -> Test:
    network = ipaddress.ip_network(policy, strict=False)
    return lambda value, _context: ipaddress.ip_address(value) in network


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a number")
    return Decimal(text)


def _moment(text: str) -> Decimal:
    """Seconds since 1970 of an ISO 8601 date or a number of seconds; without a time zone it is UTC."""
    if re.fullmatch(r"-?\d+(\.\d+)?", text) and len(text) != len("2026"):
        return Decimal(text)
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a date in ISO 8601 or epoch seconds")
    year, month, day, time = match.groups()
    moment = datetime.fromisoformat(f"{year}-{month or '01'}-{day or '01'}T{time or '00:00'}")
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Decimal(str(moment.timestamp()))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise ValueError(f"{text!r} is not in base64") from exc


_OPERATORS: dict[str, tuple[bool, Callable[[str, bool], Test]]] = {
    "StringEquals": (False, _string),
    "StringNotEquals": (True, _string),
    "StringEqualsIgnoreCase": (False, _string_ignoring_case),
    "StringNotEqualsIgnoreCase": (True, _string_ignoring_case),
    "StringLike": (False, _string_like),
    "StringNotLike": (True, _string_like),
    "NumericEquals": (False, _numeric(operator.eq)),
    "NumericNotEquals": (True, _numeric(operator.eq)),
    "NumericLessThan": (False, _numeric(operator.lt)),
    "NumericLessThanEquals": (False, _numeric(operator.le)),
    "NumericGreaterThan": (False, _numeric(operator.gt)),
    "NumericGreaterThanEquals": (False, _numeric(operator.ge)),
    "DateEquals": (False, _dated(operator.eq)),
    "DateNotEquals": (True, _dated(operator.eq)),
    "DateLessThan": (False, _dated(operator.lt)),
    "DateLessThanEquals": (False, _dated(operator.le)),
    "DateGreaterThan": (False, _dated(operator.gt)),
    "DateGreaterThanEquals": (False, _dated(operator.ge)),
    "Bool": (False, _truth),
    "BinaryEquals": (False, _binary),
    "IpAddress": (False, _address),
    "NotIpAddress": (True, _address),
    "ArnEquals": (False, _arn_like),
    "ArnLike": (False, _arn_like),
    "ArnNotEquals": (True, _arn_like),
    "ArnNotLike": (True, _arn_like),
    "Null": (False, _presence),
}
