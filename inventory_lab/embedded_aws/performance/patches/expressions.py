"""Update expressions of DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
from moto.dynamodb.parsing import ast_nodes as ast
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.validators import UpdateExpressionValidator

from inventory_lab.embedded_aws.patching import Patch
from inventory_lab.embedded_aws.performance.faster import faster

PLAIN_ACTIONS = (
    ast.UpdateExpressionSetAction,
    ast.UpdateExpressionRemoveAction,
    ast.UpdateExpressionAddAction,
)
OTHER_ACTIONS = (ast.UpdateExpressionDeleteAction,)
LARGE_ITEM_BYTES = 100_000
"""Far below the limit of 400 KB, at which moto has to add up exactly."""


def patches() -> list[Patch]:
    """What an expression says is worked out once, not for every call that has it."""
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
        faster(
            ast.Node,
            "find_clauses",
            "(self, clause_types)",
            "the placeholders of an expression are collected once",
            _collected_once,
        ),
        faster(
            LimitedSizeDict,
            "__setitem__",
            "(self, key, value)",
            "a small item is not measured exactly",
            _measured_when_large,
        ),
        faster(validator, "__init__", started, once, _started),
        faster(validator, "validate", "(self)", once, _validated),
    ]


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
