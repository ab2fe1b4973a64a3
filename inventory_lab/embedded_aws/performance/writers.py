"""Functions that write answers as JSON, one for each shape of a service model. Free of moto.

A writer takes what an answer usually consists of: dicts spelled as in the model, and plain values. For
everything else it raises TypeError, and the caller writes the answer in the slow way.
"""

from __future__ import annotations

from base64 import b64encode
from calendar import timegm
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape

Writer = Callable[[Any], Any]
"""The JSON value of a member of an answer. Raises TypeError."""


def writer_of(shape: Shape) -> Writer:
    """The writer of a shape, which stays with the shape.

    >>> from botocore.model import StringShape
    >>> writer_of(StringShape("Name", {"type": "string"}))("Phone")
    'Phone'
    """
    try:
        writer: Writer = shape.writer
    except AttributeError:
        writer = shape.writer = _MAKERS.get(shape.type_name, _unknown)(shape)
    return writer


def _structure(shape: Any) -> Writer:
    names = {name: m.serialization.get("name", name) for name, m in shape.members.items()}

    def write(value: Any) -> dict[str, Any]:
        if type(value) is not dict or not value.keys() <= names.keys():
            raise TypeError
        return {
            names[name]: writer_of(shape.members[name])(content)
            for name, content in value.items()
            if content is not None
        }

    return _unknown(shape) if shape.is_document_type else write


def _list(shape: Any) -> Writer:
    def write(value: Any) -> list[Any]:
        if type(value) is not list:
            raise TypeError
        return [*map(writer_of(shape.member), value)]

    return write


def _map(shape: Any) -> Writer:
    def write(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise TypeError
        content = writer_of(shape.value)
        return {key: content(member) for key, member in value.items()}

    return write


def _as_it_is(kind: type) -> Callable[[Shape], Writer]:
    def write(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError
        return value

    return lambda _: write


def _blob(_: Shape) -> Writer:
    def write(value: Any) -> str:
        if type(value) is not bytes:
            raise TypeError
        return b64encode(value).decode()

    return write


def _timestamp(shape: Any) -> Writer:
    def write(value: Any) -> float:
        if type(value) is not datetime or value.tzinfo is not UTC:
            raise TypeError
        seconds = timegm(value.timetuple())
        return seconds + value.microsecond // 1000 / 1000 if value.microsecond else seconds

    return _unknown(shape) if "timestampFormat" in shape.serialization else write


def _unknown(_: Shape) -> Writer:
    def write(_: Any) -> Any:
        raise TypeError

    return write


_MAKERS: dict[str, Callable[[Any], Writer]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _as_it_is(str),
    "integer": _as_it_is(int),
    "long": _as_it_is(int),
    "boolean": _as_it_is(bool),
    "blob": _blob,
    "timestamp": _timestamp,
}
