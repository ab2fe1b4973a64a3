"""Wildcards and variables in the strings of a policy.

`*` matches any number of characters, colons and slashes included; `?` matches exactly one:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
Variables: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html

When the request does not have exactly one value for a variable, and the variable has no default, the
string cannot be decided: it does not match, and its negation does not match either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

Value = str | Sequence[str]
Context = Mapping[str, Value]

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAMED = re.compile(r"\s*([^,]+?)\s*(?:,\s*'([^']*)')?\s*")
_SPECIAL = {"*", "?", "$"}
ARN_PARTS = 6


@dataclass(frozen=True, slots=True)
class Variable:
    """`${key}` or `${key, 'default'}`."""

    key: str
    default: str | None

    def value(self, context: Context) -> str:
        """The only value of the key in the request, or the default. Raises ValueError when there is neither."""
        values = values_of(context, self.key)
        if values is not None and len(values) == 1:
            return values[0]
        if self.default is None:
            raise ValueError(f"the request has no single value of {self.key}")
        return self.default


class PolicyPattern:
    """A string of a policy: literal text, and variables if the policy's version has them."""

    __slots__ = ("_arn", "_fixed", "_pieces", "text")

    def __init__(self, text: str, with_variables: bool, arn: bool = False) -> None:
        self.text = text
        self._arn = arn
        self._pieces = list(_pieces(text)) if with_variables else [(text, True)]
        fixed = not any(isinstance(piece, Variable) for piece in self._pieces)
        self._fixed = self._compiled({}) if fixed else None

    def matches(self, value: str, context: Context) -> bool:
        """True when the value matches, with wildcards and variables resolved; case-sensitive.

        >>> PolicyPattern("stock-${aws:username}", with_variables=True).matches(
        ...     "stock-ana", {"aws:username": "ana"}
        ... )
        True

        Raises ValueError when the request does not resolve a variable.
        """
        pattern = self._fixed or self._compiled(context)
        return pattern.fullmatch(value) is not None

    def plain(self, context: Context) -> str:
        """The string with its variables replaced; wildcards are ordinary characters.

        Raises ValueError when the request does not resolve a variable.
        """
        return "".join(text for text, _ in self._resolved(context))

    def _compiled(self, context: Context) -> re.Pattern[str]:
        return _pattern(tuple(self._resolved(context)), self._arn)

    def _resolved(self, context: Context) -> Iterator[tuple[str, bool]]:
        """The text of each piece, and whether its wildcards are special."""
        for piece in self._pieces:
            yield (piece.value(context), False) if isinstance(piece, Variable) else piece


def glob(text: str, ignore_case: bool = False) -> Callable[[str], bool]:
    """A function that tests whether a whole string matches the wildcards of the text.

    >>> glob("kinesis:Put*")("kinesis:PutRecords")
    True
    """
    expression = _expression([(character, True) for character in text], one_part=False)
    pattern = re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    return lambda value: pattern.fullmatch(value) is not None


def values_of(context: Context, key: str) -> Sequence[str] | None:
    """The request's values of a condition key; None without the key. Keys are case-insensitive, and the
    context has them in lower case.
    """
    value = context.get(key.lower())
    return [value] if isinstance(value, str) else value or None


def _pieces(text: str) -> Iterator[Variable | tuple[str, bool]]:
    """Variables, and literal text with whether its wildcards are special."""
    at = 0
    for match in _VARIABLE.finditer(text):
        yield text[at : match.start()], True
        yield (match[1], False) if match[1] in _SPECIAL else _variable(match[1])
        at = match.end()
    yield text[at:], True


def _variable(inside: str) -> Variable:
    named = _NAMED.fullmatch(inside)
    return Variable(named[1], named[2]) if named else Variable(inside, None)


@lru_cache(maxsize=4096)
def _pattern(pieces: tuple[tuple[str, bool], ...], arn: bool) -> re.Pattern[str]:
    characters = [(character, wild) for text, wild in pieces for character in text]
    parts = _arn_parts(characters) if arn else [characters]
    whole = ":".join(_expression(part, one_part=part is not parts[-1]) for part in parts)
    return re.compile(whole, re.DOTALL)


def _arn_parts(characters: list[tuple[str, bool]]) -> list[list[tuple[str, bool]]]:
    """The characters between the first five colons, and the rest."""
    parts: list[list[tuple[str, bool]]] = [[]]
    for character, wild in characters:
        if character == ":" and len(parts) < ARN_PARTS:
            parts.append([])
        else:
            parts[-1].append((character, wild))
    return parts


def _expression(characters: Iterable[tuple[str, bool]], one_part: bool) -> str:
    """A regular expression for a text with wildcards; in one part of an ARN a wildcard matches no colon.

    After each `*` the first match of the text up to the next `*` is final. Otherwise the time would
    grow exponentially with the number of `*`.
    """
    anything = "[^:]" if one_part else "."
    pieces = [""]
    for character, wild in characters:
        if wild and character == "*":
            pieces.append("")
        else:
            pieces[-1] += anything if wild and character == "?" else re.escape(character)
    first, *rest = pieces
    if not rest:
        return first
    inner = "".join(f"(?>{anything}*?{piece})" for piece in rest[:-1])
    return f"{first}{inner}{anything}*{rest[-1]}"
