"""Where moto 5.2.5 spends time out of proportion; nothing here changes an answer.

| moto | the lab |
|---|---|
| parses an UpdateExpression twice a call, copies its tree, and walks it ten times to validate it | an expression that has passed moto's validation once, with the same names on a table of the same keys, is not validated again when it only SETs, REMOVEs or ADDs whole attributes: nothing in it then depends on the item or on the values |
| looks for every member of an answer under up to six spellings | first under its own; under no other when all of a dict is spelled as in the service model |
| (botocore) reads the service models from disk for every session, so for every new environment of a function | once in this process |
| counts the messages of a queue three times for each message sent or received, and lists them all to give out ten | counts when asked, stops at the tenth |

`tests/embedded_aws/test_performance.py` compares the answers with bare moto's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, lru_cache
from typing import Any
from unittest.mock import patch

import botocore.session
from botocore.loaders import create_loader
from moto.core.serialize import ResponseSerializer
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.parsing import ast_nodes as ast
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.validators import UpdateExpressionValidator
from moto.sqs.models import Queue, SQSBackend

service_models = cache(create_loader)
"""The loader of a search path, which remembers what it has read."""

PLAIN_ACTIONS = (
    ast.UpdateExpressionSetAction,
    ast.UpdateExpressionRemoveAction,
    ast.UpdateExpressionAddAction,
)
COUNTS = (
    "approximate_number_of_messages",
    "approximate_number_of_messages_delayed",
    "approximate_number_of_messages_not_visible",
)
OTHER_ACTIONS = (ast.UpdateExpressionDeleteAction,)


class CacheableUpdate:
    """An expression whose every action names a whole attribute and, but for REMOVE, a placeholder."""

    def __init__(self, actions: list[Any]) -> None:
        self._actions = actions
        self._passed: set[Any] = set()

    def has_passed(self, names: Any, values: Any, table: Any) -> bool:
        """True when moto has validated the expression with these names on such a table before."""
        given = values or {}
        defined = all(_placeholder(a) in given for a in self._actions if len(a.children) > 1)
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


@contextmanager
def patched() -> Iterator[None]:
    """While open, moto answers the same, only sooner."""
    validator = UpdateExpressionValidator
    repairs: list[tuple[Any, str, Any]] = [
        (botocore.session, "create_loader", service_models),
        (UpdateExpressionParser, "make", staticmethod(_parsed_once(UpdateExpressionParser.make))),
        (validator, "__init__", _started(validator.__init__)),
        (validator, "validate", _validated(validator.validate)),
        (ResponseSerializer, "get_value", _own_spelling_first(ResponseSerializer.get_value)),
    ]
    repairs += [(Queue, name, _counted_when_asked(getattr(Queue, name))) for name in COUNTS]
    repairs.append((Queue, "messages", _listed_as_far_as_needed(Queue.messages)))
    for name in ("send_message", "receive_message"):
        repairs.append((SQSBackend, name, _uncounted(getattr(SQSBackend, name))))
    with ExitStack() as stack:
        for owner, name, repair in repairs:
            stack.enter_context(patch.object(owner, name, repair))
        yield


def _parsed_once(make: Callable[[str], Any]) -> Callable[[str], Any]:
    @lru_cache(maxsize=256)
    def parsed(expression: str) -> Any:
        tree = make(expression)
        tree.plain = _plain(tree)
        return tree

    return parsed


def _started(start: Callable[..., None]) -> Callable[..., None]:
    """The validator's __init__, which copies the tree, only where it will be needed."""

    def started(self: Any, expression: Any, **facts: Any) -> None:
        self.plain = expression.plain
        self.names = facts["expression_attribute_names"]
        self.values = facts["expression_attribute_values"]
        self.table = facts["table"]
        given = self.names, self.values, self.table
        self.known = self.plain is not None and self.plain.has_passed(*given)
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


def _uncounted(act: Callable[..., Any]) -> Callable[..., Any]:
    """Sending and receiving read all attributes of the queue to learn of one, which is no count."""

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
