"""How answers are written by moto and read by botocore."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import botocore.session
import moto.core.responses
from botocore.loaders import create_loader
from botocore.parsers import BaseJSONParser
from botocore.utils import parse_timestamp
from dateutil.tz import tzlocal
from moto.core.responses import BaseResponse
from moto.core.serialize import BaseJSONSerializer, JSONSerializer, ResponseSerializer

from inventory_lab.embedded_aws.patching import Patch
from inventory_lab.embedded_aws.performance.faster import faster
from inventory_lab.embedded_aws.performance.writers import writer_of

service_models = cache(create_loader)
"""The loader of a search path, which remembers what it has read."""


def patches() -> list[Patch]:
    """Answers are written and read without looking for what is not in them."""
    spelling = "looks for a member under its own name first"
    return [
        Patch(
            owner=botocore.session,
            name="create_loader",
            signature="(search_path_string=None)",
            kind="speed",
            why="service models are read once in a process",
            replacement=service_models,
        ),
        faster(
            ResponseSerializer,
            "get_value",
            "(self, value, key, shape)",
            spelling,
            _own_spelling_first,
        ),
        *(
            faster(
                BaseJSONSerializer,
                f"_serialize_type_{kind}",
                "(self, serialized, value, shape, key)",
                "a plain value is written by a function of its shape",
                _written_by_shape,
            )
            for kind in ("structure", "list", "map")
        ),
        faster(
            BaseJSONParser,
            "_handle_structure",
            "(self, shape, value)",
            "a text is taken as it is",
            _texts_taken_as_they_are,
        ),
        faster(
            BaseJSONParser,
            "_handle_timestamp",
            "(self, shape, value)",
            "the local time is Python's",
            _local_time,
        ),
        faster(
            BaseResponse,
            "_enrich_response",
            "staticmethod(headers, body)",
            "an answer without a RequestId is not searched for its place",
            lambda enrich: staticmethod(_searched_when_it_may_be_there(enrich)),
        ),
        faster(
            moto.core.responses,
            "method_names_from_class",
            "(clazz)",
            "the methods of a class are listed once",
            cache,
        ),
    ]


def _own_spelling_first(get_value: Callable[..., Any]) -> Callable[..., Any]:
    def own_spelling_first(self: Any, value: Any, key: str, shape: Any) -> Any:
        if type(value) is not dict or self._value_picker.response_transformers:
            return get_value(self, value, key, shape)
        if key in value:
            return value[key]
        spelled_as_in_the_model = value.keys() <= getattr(shape, "parent", shape).members.keys()
        return None if spelled_as_in_the_model else get_value(self, value, key, shape)

    return own_spelling_first


def _written_by_shape(serialize: Callable[..., Any]) -> Callable[..., Any]:
    def written_by_shape(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        transformed = self._value_picker.response_transformers
        if not key or transformed or type(self) is not JSONSerializer:
            serialize(self, serialized, value, shape, key)
            return
        try:
            written = writer_of(shape)(value)
        except TypeError:
            serialize(self, serialized, value, shape, key)
        else:
            self._default_serialize(serialized, written, shape, key)

    return written_by_shape


def _members(shape: Any) -> list[tuple[str, str, str, Any]]:
    """Name, name in JSON, type and shape of each member; the list stays with the shape."""
    try:
        members: list[tuple[str, str, str, Any]] = shape.listed_members
    except AttributeError:
        members = shape.listed_members = [
            (name, member.serialization.get("name", name), member.type_name, member)
            for name, member in shape.members.items()
        ]
    return members


def _texts_taken_as_they_are(parse: Callable[..., Any]) -> Callable[..., Any]:
    def texts_taken_as_they_are(self: Any, shape: Any, value: Any) -> Any:
        if type(value) is not dict or shape.is_document_type or shape.is_tagged_union:
            return parse(self, shape, value)
        parsed = {}
        for name, json_name, kind, member in _members(shape):
            content = value.get(json_name)
            if content is not None:
                plain = kind == "string" and type(content) is str
                parsed[name] = content if plain else self._parse_shape(member, content)
        return parsed

    return texts_taken_as_they_are


def _searched_when_it_may_be_there(enrich: Callable[..., Any]) -> Callable[..., Any]:
    """An XML answer names its request in the text; a large JSON answer need not be searched."""

    def searched_when_it_may_be_there(headers: dict[str, str], body: Any) -> Any:
        if not isinstance(body, str) or "<RequestId>" in body:
            return enrich(headers, body)
        return enrich(headers, "")[0], body

    return searched_when_it_may_be_there


@lru_cache(maxsize=4)
def _zone(*_: Any) -> Any:
    """The time zone of the process, made once for what it is made of."""
    return tzlocal()


def _local_time(parse: Callable[..., Any]) -> Callable[..., Any]:
    """Seconds as the local time, which Python works out itself, with the time zone that botocore gives it."""

    def local_time(self: Any, shape: Any, value: Any) -> Any:
        if type(value) not in (int, float) or self._timestamp_parser is not parse_timestamp:
            return parse(self, shape, value)
        try:
            local = _zone(time.timezone, time.altzone, time.daylight, *time.tzname)
            return datetime.fromtimestamp(value).replace(tzinfo=local)  # noqa: DTZ006 its own
        except (OSError, OverflowError, ValueError):
            return parse(self, shape, value)

    return local_time
