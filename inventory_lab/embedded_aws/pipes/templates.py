"""The input template of an EventBridge Pipe's target, applied to each record. Free of moto.

A template is JSON or free text with variables in it: `<$.path>` is a value of the record, whose data
is read as if it were not encoded, `<aws.pipes.…>` says something of the pipe. AWS documents:
- as a value of its own a variable brings JSON, a text with the quotes it needs;
- in a text an object or an array loses its quotes, so a bare `<$.data>` gives `{key: value}`;
- data that is JSON is decoded, other data stays base64;
- `<aws.pipes.event.json>` has no value when the data is not JSON;
- a path that leads nowhere leaves nothing behind; paths are not checked when a pipe is stored.

Where AWS leaves the behaviour open, this is what happens here:
- leaving nothing behind: in a text the variable is replaced by nothing; as a value it takes its key
  or its place in the array with it; alone in a template it gives an empty text;
- AWS says that the output is made valid JSON and also that values are not escaped; here a text in
  quotes is escaped where it has to be, so a JSON template always gives JSON;
- free text is a text, so what goes into it comes without quotes; if the outcome is JSON it is parsed;
- a variable that is a template by itself keeps the type of a plain value;
- `<aws.pipes.event>` is the record as the target would get it, its data encoded;
  `<aws.pipes.event.json>` is the record with its data decoded; in a text the first one keeps its
  quotes and the second one loses them;
- variables in the keys of objects stay as they are written, and so does `<anything else>`;
- paths have names (`.name`, `['name']`), indexes (`[0]`) and `*` for all of an array or an object;
  another path leads nowhere.

Rules: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory_lab.embedded_aws.polling.payloads import MISSING, children, parsed, payload
from inventory_lab.exceptions import InvalidTemplate

TEMPLATE_CHARACTERS = 8_192
RESERVED = frozenset({
    "aws.pipes.pipe-arn", "aws.pipes.pipe-name", "aws.pipes.source-arn", "aws.pipes.enrichment-arn",
    "aws.pipes.target-arn", "aws.pipes.event.ingestion-time", "aws.pipes.event",
    "aws.pipes.event.json",
})  # fmt: skip

_EVENT, _EVENT_JSON = "aws.pipes.event", "aws.pipes.event.json"
_VARIABLE = re.compile(r"<(\$[^<>]*|aws\.[^<>]*)>")
_TOKEN = re.compile(rf'"(?:\\.|[^"\\])*"|{_VARIABLE.pattern}|NaN|-?Infinity', re.DOTALL)
_STEP = re.compile(r"\.([\w/-]+)|\['([^']*)'\]|\[(\d{1,9})\]|(\.\*|\[\*\])")
_PATH = re.compile(rf"\$(?:{_STEP.pattern})*")
_ALL = None

Step = str | int | None


@dataclass(frozen=True, slots=True)
class _Variable:
    """A variable; `steps` lead into the record, None when it is reserved or no path."""

    name: str
    steps: tuple[Step, ...] | None


@dataclass(frozen=True, slots=True)
class _Text:
    """A text with variables in it."""

    parts: tuple[str | _Variable, ...]


@dataclass(frozen=True, slots=True)
class _Values:
    """The values of the variables in one record."""

    event: Mapping[str, Any]
    data: Any
    reserved: Mapping[str, str]

    @property
    def decoded(self) -> dict[str, Any]:
        return {**self.event, **({} if self.data is MISSING else {"data": self.data})}

    def of(self, variable: _Variable) -> Any:
        """The value of a variable, or MISSING."""
        if variable.name == _EVENT:
            return dict(self.event)
        if variable.name == _EVENT_JSON:
            return MISSING if self.data is MISSING else self.decoded
        if variable.name in RESERVED:
            return self.reserved.get(variable.name, MISSING)
        return MISSING if variable.steps is None else _value_at(self.decoded, variable.steps)

    def text(self, text: _Text) -> str:
        """A text with its variables replaced."""
        return "".join(part if isinstance(part, str) else self._inline(part) for part in text.parts)

    def _inline(self, variable: _Variable) -> str:
        value = self.of(variable)
        if value is MISSING or isinstance(value, str):
            return value if isinstance(value, str) else ""
        return _plain(value, quotes=variable.name == _EVENT)


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was read; `body` is MISSING when there is none.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
    """

    body: Any = MISSING
    is_json: bool = False

    def applied(self, event: Mapping[str, Any], reserved: Mapping[str, str]) -> Any:
        """What the target gets for a record: parsed JSON, else text; without a template the record.

        `reserved` has the values of the reserved variables by their names, as in
        `{"aws.pipes.pipe-name": "pipe"}`; the two of the event are taken from the record.
        """
        if self.body is MISSING:
            return event
        values = _Values(event, payload(event), reserved)
        if isinstance(self.body, _Variable):
            return _alone(self.body, values)
        outcome = _filled(self.body, values)
        return outcome if self.is_json else _parsed_or_text(outcome)


def read_template(text: str | None) -> Template:
    """The template in `TargetParameters.InputTemplate`; None and an empty text mean no template.

    Raises InvalidTemplate for what AWS would not store:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
    """
    if not text:
        return Template()
    if len(text) > TEMPLATE_CHARACTERS:
        problem = f"it has {len(text)} characters, {TEMPLATE_CHARACTERS} are allowed"
        raise InvalidTemplate(problem, "shorten it or shape the record in the target")
    _check_reserved(text)
    body = _json_body(text)
    return Template(_split(text)) if body is MISSING else Template(body, is_json=True)


def _check_reserved(text: str) -> None:
    for name in _VARIABLE.findall(text):
        if not name.startswith("$") and name not in RESERVED:
            known = ", ".join(f"<{known}>" for known in sorted(RESERVED))
            raise InvalidTemplate(f"there is no reserved variable <{name:.60}>", f"use {known}")


def _json_body(text: str) -> Any:
    """The template as JSON with variables in it, or MISSING when it is free text.

    Variables outside quotes are read as NaN, which the parser asks the value of, one by one.
    """
    variables: list[_Variable] = []

    def marked(token: re.Match[str]) -> str:
        if token[0].startswith('"'):
            return token[0]
        if token[1] is None:
            return "no JSON"
        variables.append(_variable(token[1]))
        return "NaN"

    bare = _TOKEN.sub(marked, text)
    waiting = iter(variables)
    body = parsed(bare, constant=lambda _: next(waiting))
    return MISSING if body is MISSING else _with_texts(body)


def _with_texts(node: Any) -> Any:
    """The node with the texts split that have variables in them."""
    if isinstance(node, dict):
        return {key: _with_texts(child) for key, child in node.items()}
    if isinstance(node, list):
        return [_with_texts(child) for child in node]
    return _split(node) if isinstance(node, str) and _VARIABLE.search(node) else node


def _split(text: str) -> _Text:
    parts = _VARIABLE.split(text)
    return _Text(
        tuple(_variable(part) if n % 2 else part for n, part in enumerate(parts) if part or n % 2)
    )


def _variable(name: str) -> _Variable:
    if not _PATH.fullmatch(name):
        return _Variable(name, None)
    return _Variable(name, tuple(_step(match) for match in _STEP.finditer(name)))


def _step(match: re.Match[str]) -> Step:
    dotted, quoted, index, _ = match.groups()
    if index is not None:
        return int(index)
    return dotted if dotted is not None else quoted


def _value_at(node: Any, steps: Sequence[Step]) -> Any:
    """What the steps lead to, or MISSING."""
    for n, step in enumerate(steps):
        if step is _ALL:
            values = [_value_at(child, steps[n + 1 :]) for child in children(node)]
            return [one for one in values if one is not MISSING] or MISSING
        node = _child(node, step)
    return node


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, dict):
        return node.get(step, MISSING)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return node[step]
    return MISSING


def _filled(node: Any, values: _Values) -> Any:
    """The node with its variables replaced; MISSING for a variable that has no value."""
    if isinstance(node, _Variable):
        return values.of(node)
    if isinstance(node, _Text):
        return values.text(node)
    if isinstance(node, dict):
        filled = {key: _filled(child, values) for key, child in node.items()}
        return {key: value for key, value in filled.items() if value is not MISSING}
    if isinstance(node, list):
        return [one for child in node if (one := _filled(child, values)) is not MISSING]
    return node


def _alone(variable: _Variable, values: _Values) -> Any:
    """A variable that is the whole template."""
    value = values.of(variable)
    if value is MISSING:
        return ""
    if variable.name in RESERVED or not isinstance(value, (dict, list)):
        return value
    return _parsed_or_text(_plain(value))


def _plain(value: Any, *, quotes: bool = False) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if quotes else text.replace('"', "")


def _parsed_or_text(text: str) -> Any:
    value = parsed(text)
    return text if value is MISSING else value
