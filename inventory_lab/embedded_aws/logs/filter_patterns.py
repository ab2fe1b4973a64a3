"""The filter patterns of CloudWatch Logs, as FilterLogEvents uses them. Free of moto.

| | |
|---|---|
| terms | `ERROR`, `"exact phrase"`, `?either ?or`, `-without`; all terms must occur, the `?` terms only when there are no others |
| JSON | `{ $.a.b[0] = "x" }` with `=`, `!=`, `<`, `<=`, `>`, `>=`, `IS NULL`, `IS TRUE`, `IS FALSE`, `EXISTS`, `NOT EXISTS`, `&&`, `||` and parentheses; `*` in a string is a wildcard |
| refused | regular expressions (`%…%`) and patterns for space-delimited events (`[…]`), which this package does not evaluate |

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator
from fnmatch import translate
from functools import lru_cache
from typing import Any

Matches = Callable[[str], bool]
"""Whether the message of a log event matches."""
Test = Callable[[Any], bool]
"""Whether a parsed JSON message matches."""

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))')
_WORD = re.compile(r"\w+")
_JSON_TOKEN = re.compile(
    r'\s*(?:(\$(?:\.[\w-]+|\["[^"]+"\]|\[\d+\])+)|(&&|\|\||!=|<=|>=|[=<>()])|"((?:[^"\\]|\\.)*)"|([^\s"&|=<>()!]+))'
)
_STEP = re.compile(r'\.([\w-]+)|\["([^"]+)"\]|\[(\d+)\]')
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_MISSING = object()


class InvalidPattern(ValueError):
    """A filter pattern that AWS, or this package, does not accept."""


@lru_cache(maxsize=64)
def read_pattern(pattern: str) -> Matches:
    """The test that a filter pattern describes. Raises InvalidPattern.

    >>> read_pattern('"report" -late')('{"report":"batch"}')
    True
    >>> read_pattern("{ $.failed > 0 }")('{"failed": 0}')
    False
    """
    pattern = pattern.strip()
    if pattern.startswith("{"):
        if not pattern.endswith("}"):
            raise InvalidPattern("If a filter pattern starts with '{' it must end with '}'")
        return _of_json(_JsonPattern(pattern[1:-1]).test())
    if pattern.startswith(("[", "%")):
        raise InvalidPattern("the embedded AWS evaluates terms and JSON patterns only")
    return _of_terms(pattern)


def _of_terms(pattern: str) -> Matches:
    terms = list(_terms(pattern))
    required, excluded, optional = (
        [term for its_sign, term in terms if its_sign == sign] for sign in ("", "-", "?")
    )
    if required or excluded:
        optional = []

    def matches(message: str) -> bool:
        return (
            all(term in message for term in required)
            and not any(term in message for term in excluded)
            and (not optional or any(term in message for term in optional))
        )

    return matches


def _terms(pattern: str) -> Iterator[tuple[str, str]]:
    """Each term with its sign. A term with other characters than letters, digits and _ needs quotes."""
    at = 0
    while at < len(pattern):
        match = _TERM.match(pattern, at)
        if match is None:
            raise InvalidPattern(f"Invalid character(s) in term '{pattern[at:].strip()}'")
        sign, phrase, word = match.groups()
        if word is not None and not _WORD.fullmatch(word):
            raise InvalidPattern(f"Invalid character(s) in term '{word}'")
        yield sign, word if phrase is None else _unescaped(phrase)
        at = match.end()


def _of_json(test: Test) -> Matches:
    def matches(message: str) -> bool:
        try:
            event = json.loads(message)
        except (ValueError, RecursionError):
            return False
        return isinstance(event, dict) and test(event)

    return matches


class _JsonPattern:
    """A parser of the part between the braces; `&&` binds more tightly than `||`."""

    def __init__(self, text: str) -> None:
        self._tokens = [*_json_tokens(text), ("end", "")]

    def test(self) -> Test:
        test = self._any()
        if self._tokens[0][0] != "end":
            raise InvalidPattern(f"unexpected '{self._tokens[0][1]}'")
        return test

    def _any(self) -> Test:
        tests = [self._all()]
        while self._take("operator", "||"):
            tests.append(self._all())
        return lambda event: any(test(event) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._take("operator", "&&"):
            tests.append(self._one())
        return lambda event: all(test(event) for test in tests)

    def _one(self) -> Test:
        if self._take("operator", "("):
            test = self._any()
            self._expect("operator", ")")
            return test
        if self._take("word", "NOT"):
            self._expect("word", "EXISTS")
            selector = self._expect("selector")
            return lambda event: _selected(event, selector) is _MISSING
        if self._take("word", "EXISTS"):
            selector = self._expect("selector")
            return lambda event: _selected(event, selector) is not _MISSING
        return self._condition(self._expect("selector"))

    def _condition(self, selector: str) -> Test:
        if self._take("word", "NOT"):
            self._expect("word", "EXISTS")
            return lambda event: _selected(event, selector) is _MISSING
        if self._take("word", "EXISTS"):
            return lambda event: _selected(event, selector) is not _MISSING
        if self._take("word", "IS"):
            name = self._expect("word")
            if name not in _CONSTANTS:
                raise InvalidPattern(f"IS {name} is not IS NULL, IS TRUE or IS FALSE")
            return lambda event: _selected(event, selector) is _CONSTANTS[name]
        comparison = self._expect("operator")
        fits = _comparison(comparison, *self._value())
        return lambda event: fits(_selected(event, selector))

    def _value(self) -> tuple[str, bool]:
        """A value, and whether it was in quotes."""
        kind, text = self._tokens.pop(0)
        if kind not in ("word", "string"):
            raise InvalidPattern(f"'{text}' is not a value")
        return text, kind == "string"

    def _take(self, kind: str, text: str) -> bool:
        if self._tokens[0] != (kind, text):
            return False
        self._tokens.pop(0)
        return True

    def _expect(self, kind: str, text: str = "") -> str:
        next_kind, token = self._tokens[0]
        if next_kind != kind or text not in ("", token):
            raise InvalidPattern(f"expected {text or kind}, not '{token}'")
        return self._tokens.pop(0)[1]


_CONSTANTS = {"NULL": None, "TRUE": True, "FALSE": False}


def _json_tokens(text: str) -> Iterator[tuple[str, str]]:
    at, text = 0, text.strip()
    while at < len(text):
        match = _JSON_TOKEN.match(text, at)
        if match is None:
            raise InvalidPattern(f"unexpected '{text[at:]}'")
        selector, sign, string, word = match.groups()
        if "%" in (word or ""):
            raise InvalidPattern("the embedded AWS does not evaluate regular expressions")
        if string is not None:
            yield "string", _unescaped(string)
        else:
            kind = "selector" if selector else "operator" if sign else "word"
            yield kind, selector or sign or word
        at = match.end()


def _comparison(sign: str, text: str, quoted: bool) -> Test:
    number = None if quoted or not _NUMBER.fullmatch(text) else float(text)
    if sign in _ORDER:
        if number is None:
            raise InvalidPattern(f"{sign} needs a number, not '{text}'")
        return lambda value: _is_number(value) and _ORDER[sign](float(value), number)
    if sign not in ("=", "!="):
        raise InvalidPattern(f"'{sign}' does not compare")
    equal = _equal_to(text, number)
    if sign == "=":
        return equal
    return lambda value: value is not _MISSING and not equal(value)


def _equal_to(text: str, number: float | None) -> Test:
    """Equality with a number, or with a string in which * is any number of characters."""
    if number is not None:
        return lambda value: _is_number(value) and float(value) == number
    wildcard = re.compile(translate(text.replace("[", "[[]").replace("?", "[?]")))
    return lambda value: isinstance(value, str) and wildcard.fullmatch(value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _selected(event: Any, selector: str) -> Any:
    """The value that a selector such as $.a.b[0] leads to, or _MISSING."""
    for name, quoted, index in _STEP.findall(selector):
        key = name or quoted
        if index and isinstance(event, list) and int(index) < len(event):
            event = event[int(index)]
        elif key and isinstance(event, dict) and key in event:
            event = event[key]
        else:
            return _MISSING
    return event


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
