"""Where moto 5.2.5 spends time out of proportion; nothing here changes an answer.

| moto | the lab |
|---|---|
| parses an UpdateExpression twice a call, copies its tree, and walks it ten times to validate it | an expression that has passed moto's validation once, with the same names on a table of the same keys, is not validated again when it only SETs, REMOVEs or ADDs whole attributes: nothing in it then depends on the item or on the values |
| collects the placeholders of an UpdateExpression for every call | once for each expression |
| takes a condition apart twice a call, with six patterns for each word | once for each condition |
| adds up the size of the whole item for every attribute that is set | only when the item may be near the limit |
| searches every answer for the place of its RequestId | only one that names it, as XML does |
| lists the methods of a service's class for every request | once |
| visits every member of every record of an answer, present or not | only those that are present, when all of a dict is spelled as in the service model; a text is taken as it is |
| looks for every member of an answer under up to six spellings | first under its own; under no other when all of a dict is spelled as in the service model |
| (botocore) reads a member of an answer through three calls; works out the local time of a timestamp in Python | takes texts as they are; Python's own local time |
| (botocore) reads the service models from disk for every session, so for every new environment of a function | once in this process |
| counts the messages of a queue three times for each message sent or received, and lists them all to give out ten | counts when asked, stops at the tenth |
| lists the methods of a service's class for every call | once for each class |
| makes an RSA key for each subscription | one for all in a process |
| works out all addresses of a service for every request | once for each service |
| takes an address apart and puts it together again, through a builder made for tests | once for each address |

`tests/embedded_aws/test_performance.py` compares the answers with bare moto's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache, lru_cache
from io import BytesIO
from typing import Any

import botocore.session
import moto.core.responses
from botocore.loaders import create_loader
from botocore.parsers import BaseJSONParser
from botocore.utils import parse_timestamp
from dateutil.tz import tzlocal
from moto.core.base_backend import BaseBackend
from moto.core.request import Request, environ_key_for_header
from moto.core.responses import BaseResponse
from moto.core.serialize import BaseJSONSerializer, JSONSerializer, ResponseSerializer
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
from moto.dynamodb.parsing import ast_nodes as ast
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.validators import UpdateExpressionValidator
from moto.sns.models import Subscription
from moto.sqs.models import Queue, SQSBackend

from inventory_lab.embedded_aws.patching import Patch

service_models = cache(create_loader)
"""The loader of a search path, which remembers what it has read."""

_SIGNING_KEYS: dict[str, Any] = {}

PLAIN_ACTIONS = (
    ast.UpdateExpressionSetAction,
    ast.UpdateExpressionRemoveAction,
    ast.UpdateExpressionAddAction,
)
LARGE_ITEM_BYTES = 100_000
"""Far below the limit of 400 KB, at which moto has to add up exactly."""
COUNTS = (
    "approximate_number_of_messages",
    "approximate_number_of_messages_delayed",
    "approximate_number_of_messages_not_visible",
)
OTHER_ACTIONS = (ast.UpdateExpressionDeleteAction,)


class CacheableUpdate:
    """An expression in which every action names a whole attribute and, except for REMOVE, a placeholder."""

    def __init__(self, actions: list[Any]) -> None:
        self._actions = actions
        self._passed: set[Any] = set()

    def has_passed(self, names: Any, values: Any, table: Any) -> bool:
        """True when moto has validated the expression with these names on such a table before."""
        placeholders = values or {}
        defined = all(_placeholder(a) in placeholders for a in self._actions if len(a.children) > 1)
        return defined and self._key(names, table) in self._passed

    def remember(self, names: Any, table: Any) -> None:
        """Note that moto has validated it, unless it sets an attribute of a key, which may depend on
        the value.
        """
        typed = {definition["AttributeName"] for definition in table.attr}
        if not typed & {_attribute(action, names or {}) for action in self._actions}:
            self._passed.add(self._key(names, table))

    def resolved(self, values: Any) -> Any:
        """The tree that moto's validation would give: placeholders replaced by values."""
        return ast.UpdateExpression([_resolved(action, values) for action in self._actions])

    def _key(self, names: Any, table: Any) -> Any:
        typed = tuple(definition["AttributeName"] for definition in table.attr)
        return frozenset((names or {}).items()), typed


def patches() -> list[Patch]:
    """What makes moto and botocore answer the same, only sooner."""
    return [*_expression_patches(), *_answer_patches(), *_queue_patches(), *_process_patches()]


def _expression_patches() -> list[Patch]:
    validator = UpdateExpressionValidator
    started = (
        "(self, expression, expression_attribute_names, expression_attribute_values, item, table)"
    )
    once = "an expression that passed is not validated again"
    return [
        Patch(
            owner=UpdateExpressionParser,
            name="make",
            signature="classmethod(cls, expression_str)",
            kind="speed",
            why="an expression is parsed once",
            around=lambda make: staticmethod(_parsed_once(make)),
            upstream=True,
        ),
        _faster(
            ast.Node,
            "find_clauses",
            "(self, clause_types)",
            "the placeholders of an expression are collected once",
            _collected_once,
        ),
        _faster(
            ConditionExpressionParser,
            "_lex_condition_expression",
            "(self)",
            "a condition is taken apart once",
            _taken_apart_once,
        ),
        _faster(
            LimitedSizeDict,
            "__setitem__",
            "(self, key, value)",
            "a small item is not measured exactly",
            _measured_when_large,
        ),
        _faster(validator, "__init__", started, once, _started),
        _faster(validator, "validate", "(self)", once, _validated),
    ]


def _answer_patches() -> list[Patch]:
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
        _faster(
            ResponseSerializer,
            "get_value",
            "(self, value, key, shape)",
            spelling,
            _own_spelling_first,
        ),
        _faster(
            BaseJSONSerializer,
            "_serialize_type_structure",
            "(self, serialized, value, shape, key)",
            "visits only the members that are present",
            _members_that_are_present,
        ),
        _faster(
            BaseJSONParser,
            "_handle_structure",
            "(self, shape, value)",
            "a text is taken as it is",
            _texts_taken_as_they_are,
        ),
        _faster(
            BaseJSONParser,
            "_handle_timestamp",
            "(self, shape, value)",
            "the local time is Python's",
            _local_time,
        ),
        _faster(
            BaseResponse,
            "_enrich_response",
            "staticmethod(headers, body)",
            "an answer without a RequestId is not searched for its place",
            lambda enrich: staticmethod(_searched_when_it_may_be_there(enrich)),
        ),
        _faster(
            moto.core.responses,
            "method_names_from_class",
            "(clazz)",
            "the methods of a class are listed once",
            cache,
        ),
    ]


def _queue_patches() -> list[Patch]:
    counted, listed = "counts messages when asked", "lists as many messages as are received"
    sent = (
        "(self, queue_name, message_body, message_attributes=None, delay_seconds=None, "
        "deduplication_id=None, group_id=None, system_attributes=None, validate_group_id=True)"
    )
    received = (
        "(self, queue_name, count, wait_seconds_timeout, visibility_timeout, "
        "message_attribute_names=None)"
    )
    return [
        *(_faster(Queue, name, "property(self)", counted, _counted_when_asked) for name in COUNTS),
        _faster(Queue, "messages", "property(self)", listed, _listed_as_far_as_needed),
        _faster(SQSBackend, "send_message", sent, counted, _uncounted),
        _faster(SQSBackend, "receive_message", received, counted, _uncounted),
    ]


def _process_patches() -> list[Patch]:
    """What is the same for all accounts of a process."""
    key = "messages are signed with one key"
    return [
        _faster(Subscription, "private_key", "(self)", key, _one_key),
        _faster(
            BaseBackend,
            "urls",
            "property(self)",
            "the addresses of a service are worked out once",
            _once_for_each_class,
        ),
        Patch(
            owner=Request,
            name="from_primitives",
            signature="classmethod(cls, method, url, headers, body=None)",
            kind="speed",
            why="what requests to one address have in common is worked out once",
            around=lambda build: staticmethod(_from_a_template(build)),
            upstream=True,
        ),
    ]


def _from_a_template(build: Callable[..., Request]) -> Callable[..., Request]:
    """Builds a POST with a body of bytes from an empty one to the same address; others as moto does."""

    @lru_cache(maxsize=256)
    def template(url: str) -> dict[str, Any]:
        return dict(build("POST", url, {}).environ)

    def from_a_template(method: str, url: str, headers: Any, body: Any = None) -> Request:
        if method != "POST" or not isinstance(body, bytes) or any("_" in key for key in headers):
            return build(method, url, headers, body)
        environ = template(url) | {"wsgi.input": BytesIO(body)}
        for key, value in headers.items():
            text = value.decode() if isinstance(value, bytes) else value
            environ[environ_key_for_header(key)] = text
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return Request(environ)

    return from_a_template


def _once_for_each_class(urls: property) -> property:
    known: dict[type, Any] = {}

    def of_class(self: Any) -> Any:
        if type(self) not in known:
            known[type(self)] = urls.fget(self)  # type: ignore[misc]
        return known[type(self)]

    return property(of_class)


def _one_key(private_key: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The 2,048 bits of a new key take a tenth of a second to find. Nothing checks the signature: the
    certificate that a message names cannot be fetched.
    """

    def one_key(subscription: Any) -> Any:
        if "sns" not in _SIGNING_KEYS:
            _SIGNING_KEYS["sns"] = private_key(subscription)
        return _SIGNING_KEYS["sns"]

    return one_key


def _faster(owner: Any, name: str, signature: str, why: str, around: Callable[[Any], Any]) -> Patch:
    return Patch(
        owner=owner,
        name=name,
        signature=signature,
        kind="speed",
        why=why,
        around=around,
        upstream=True,
    )


def _parsed_once(make: Callable[[str], Any]) -> Callable[[str], Any]:
    @lru_cache(maxsize=256)
    def parsed(expression: str) -> Any:
        tree = make(expression)
        tree.plain = _plain(tree)
        tree.collected = id(tree), {}
        return tree

    return parsed


def _collected_once(collect: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Only for a tree that was parsed once, and for no copy of it, which a validation changes."""

    def collected_once(self: Any, clause_types: Iterable[type]) -> list[Any]:
        owner, collected = getattr(self, "collected", (None, None))
        if collected is None or owner != id(self):
            return collect(self, clause_types)
        kinds = tuple(clause_types)
        if kinds not in collected:
            collected[kinds] = collect(self, kinds)
        return list(collected[kinds])

    return collected_once


def _taken_apart_once(take_apart: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The words of a condition; they are named tuples, which no later step changes."""

    @lru_cache(maxsize=256)
    def words(condition: str | None) -> tuple[Any, ...]:
        return tuple(take_apart(ConditionExpressionParser(condition, {}, {})))

    return lambda self: deque(words(self.condition_expression))


def _measured_when_large(set_item: Callable[..., None]) -> Callable[..., None]:
    def measured_when_large(self: Any, key: str, value: Any) -> None:
        if (
            _most_bytes(key)
            + _most_bytes(value)
            + sum(map(_most_bytes, self.values()))
            + sum(map(_most_bytes, self))
            > LARGE_ITEM_BYTES
        ):
            set_item(self, key, value)
        else:
            dict.__setitem__(self, key, value)

    return measured_when_large


def _most_bytes(value: Any) -> int:
    """At least the bytes that moto counts for a name or a scalar value; more for lists and maps."""
    content = value.value if type(value) is DynamoType else value
    if type(content) in (str, bytes):
        return 4 * len(content)
    return 5 if type(content) is bool else LARGE_ITEM_BYTES


def _started(start: Callable[..., None]) -> Callable[..., None]:
    """The validator's __init__, which copies the tree, only where it will be needed."""

    def started(self: Any, expression: Any, **facts: Any) -> None:
        self.plain = expression.plain
        self.names = facts["expression_attribute_names"]
        self.values = facts["expression_attribute_values"]
        self.table = facts["table"]
        self.known = self.plain is not None and self.plain.has_passed(
            self.names, self.values, self.table
        )
        if not self.known:
            start(self, expression, **facts)

    return started


def _validated(validate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def validated(self: Any) -> Any:
        if self.known:
            return self.plain.resolved(self.values)
        tree = validate(self)
        if self.plain is not None:
            self.plain.remember(self.names, self.table)
        return tree

    return validated


def _own_spelling_first(get_value: Callable[..., Any]) -> Callable[..., Any]:
    def own_spelling_first(self: Any, value: Any, key: str, shape: Any) -> Any:
        if type(value) is not dict or self._value_picker.response_transformers:
            return get_value(self, value, key, shape)
        if key in value:
            return value[key]
        spelled_as_in_the_model = value.keys() <= getattr(shape, "parent", shape).members.keys()
        return None if spelled_as_in_the_model else get_value(self, value, key, shape)

    return own_spelling_first


def _members_that_are_present(serialize: Callable[..., Any]) -> Callable[..., Any]:
    def members_that_are_present(
        self: Any, serialized: Any, value: Any, shape: Any, key: str
    ) -> None:
        if not key or not _is_spelled_as_modelled(self, value, shape):
            serialize(self, serialized, value, shape, key)
            return
        structure = self.MAP_TYPE()
        for name, json_name, kind, member in _members(shape):
            content = value.get(name)
            if type(content) is str and kind == "string":
                structure[json_name] = content
            elif kind == "blob" and content is not None:
                structure[json_name] = self._base64(content)
            elif content is not None:
                member.parent = shape
                self._serialize(structure, content, member, name)
        self._default_serialize(serialized, structure, shape, key)

    return members_that_are_present


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


def _local_time(parse: Callable[..., Any]) -> Callable[..., Any]:
    """Seconds as the local time, which Python works out itself, with the time zone that botocore gives it."""

    def local_time(self: Any, shape: Any, value: Any) -> Any:
        if type(value) not in (int, float) or self._timestamp_parser is not parse_timestamp:
            return parse(self, shape, value)
        try:
            return datetime.fromtimestamp(value).replace(tzinfo=tzlocal())  # noqa: DTZ006 its own
        except (OSError, OverflowError, ValueError):
            return parse(self, shape, value)

    return local_time


def _is_spelled_as_modelled(serializer: Any, value: Any, shape: Any) -> bool:
    """Whether a dict has only members of the shape, in the plain JSON protocol."""
    return (
        type(value) is dict
        and type(serializer) is JSONSerializer
        and not shape.is_document_type
        and not serializer._value_picker.response_transformers
        and value.keys() <= shape.members.keys()
    )


def _uncounted(act: Callable[..., Any]) -> Callable[..., Any]:
    """Sending and receiving read all attributes of the queue to learn of one, which is not a count."""

    def uncounted(self: Any, queue_name: str, *arguments: Any, **named: Any) -> Any:
        queue = self.get_queue(queue_name)
        queue.uncounted = True
        try:
            return act(self, queue_name, *arguments, **named)
        finally:
            queue.uncounted = False

    return uncounted


def _listed_as_far_as_needed(messages: Any) -> property:
    def listed(queue: Any) -> Any:
        if not getattr(queue, "uncounted", False):
            return messages.fget(queue)
        return (m for m in queue._messages if m.visible and not m.delayed)

    return property(listed)


def _counted_when_asked(count: Any) -> property:
    return property(lambda queue: 0 if getattr(queue, "uncounted", False) else count.fget(queue))


def _plain(tree: Any) -> CacheableUpdate | None:
    actions = tree.find_clauses(list(PLAIN_ACTIONS + OTHER_ACTIONS))
    return (
        CacheableUpdate(actions)
        if actions and all(_is_plain(action) for action in actions)
        else None
    )


def _is_plain(action: Any) -> bool:
    path, *values = action.children
    whole_attribute = len(path.children) == 1
    return (
        isinstance(action, PLAIN_ACTIONS)
        and whole_attribute
        and all(_is_placeholder(value) for value in values)
    )


def _is_placeholder(value: Any) -> bool:
    inner = value.children[0] if isinstance(value, ast.UpdateExpressionValue) else value
    alone = not isinstance(value, ast.UpdateExpressionValue) or len(value.children) == 1
    return alone and isinstance(inner, ast.ExpressionAttributeValue)


def _placeholder(action: Any) -> str:
    value = action.children[1]
    inner = value.children[0] if isinstance(value, ast.UpdateExpressionValue) else value
    return str(inner.get_value_name())


def _attribute(action: Any, names: dict[str, str]) -> str:
    node = action.children[0].children[0]
    if isinstance(node, ast.ExpressionAttributeName):
        return names[node.get_attribute_name_placeholder()]
    return str(node.get_attribute_name())


def _resolved(action: Any, values: Any) -> Any:
    path, *rest = action.children
    typed = [ast.DDBTypedValue(DynamoType(values[_placeholder(action)]))] if rest else []
    return type(action)([path, *typed])
