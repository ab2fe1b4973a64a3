"""Conditions and filters of DynamoDB as AWS reads them, where moto 5.2.5 does not.

| | moto | AWS | the lab |
|---|---|---|---|
| a condition that cannot be read, or names a value that is not defined | ends in Python's ValueError or KeyError | ValidationException | ValidationException, in other words than AWS's |
| a number such as `--3` among the values of an expression | ends in Python's ValueError or InvalidOperation | ValidationException | ValidationException |
| `<`, `>` or BETWEEN with a number and a string | ends in Python's TypeError | is false | is false |
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from moto.dynamodb import comparisons
from moto.dynamodb.comparisons import AttributeValue, ConditionExpressionParser
from moto.dynamodb.exceptions import MockValidationException

from inventory_lab.embedded_aws.patching import Patch, gap

_COMPARISONS = (
    comparisons.OpLessThan, comparisons.OpLessThanOrEqual, comparisons.OpGreaterThan,
    comparisons.OpGreaterThanOrEqual, comparisons.FuncBetween,
)  # fmt: skip


def patches() -> list[Patch]:
    """What makes conditions fail as on AWS. A condition is parsed once, not for every call that has it."""
    return [
        gap(
            ConditionExpressionParser,
            "parse",
            "(self)",
            "a condition that cannot be read, or has a value that is not a number, is a ValidationException",
            around=lambda parse: _read_or_refused(parsed_once(parse)),
        ),
        *(_compared(comparison) for comparison in _COMPARISONS),
    ]


def _compared(comparison: type) -> Patch:
    return gap(
        comparison,
        "expr",
        "(self, item)",
        "values of two types are compared, which is false",
        around=_false_for_two_types,
    )


def _read_or_refused(parse: Callable[..., Any]) -> Callable[..., Any]:
    """moto's parser gives up with an error of Python's, which would be the caller's traceback."""

    def read_or_refused(self: Any) -> Any:
        for value in (self.expression_attribute_values or {}).values():
            if "N" in value:
                _require_a_number(value["N"])
        try:
            return parse(self)
        except KeyError as exc:
            problem = f"{exc.args[0]} is used in it and not defined"
        except (ValueError, IndexError) as exc:
            problem = f"Syntax error; {exc}"
        raise MockValidationException(f"Invalid expression: {problem}")

    return read_or_refused


def _require_a_number(text: str) -> None:
    """Python's Decimal takes more than AWS does: NaN, Infinity and 1_000."""
    try:
        is_number = Decimal(text).is_finite() and "_" not in text
    except InvalidOperation:
        is_number = False
    if not is_number:
        raise not_a_number(text)


def not_a_number(text: str) -> MockValidationException:
    """What AWS answers to a value of type N that is not a number."""
    return MockValidationException(f"The parameter cannot be converted to a numeric value: {text}")


class _SyntaxParser(ConditionExpressionParser):
    """The parser that stops at the syntax tree, which is a tree of named tuples."""

    def _make_op_condition(self, node: Any) -> Any:
        return node


class _Evaluator(ConditionExpressionParser):
    """Makes of a syntax tree what evaluates an item, with the values of one call."""

    def _make_operand(self, node: Any) -> Any:
        if node.kind == self.Kind.EXPRESSION_ATTRIBUTE_VALUE:
            return AttributeValue(self.expression_attribute_values[node.text])
        return super()._make_operand(node)


def parsed_once(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A condition's syntax tree stays, with its placeholders; each call brings its own values."""

    @lru_cache(maxsize=256)
    def syntax(condition: str, names: tuple[Any, ...], placeholders: tuple[str, ...]) -> Any:
        parser = _SyntaxParser(condition, dict(names), {name: {} for name in placeholders})
        return parse(parser), parser.expr_attr_names_found, parser.expr_attr_values_found

    def with_known_syntax(self: Any) -> Any:
        condition = self.condition_expression
        names, values = self.expression_attribute_names, self.expression_attribute_values
        if not condition:
            return parse(self)
        try:
            known = syntax(condition, tuple((names or {}).items()), tuple(values or ()))
        except Exception:  # noqa: BLE001 moto raises it again, with the facts of this call
            return parse(self)
        tree, names_of_it, values_of_it = known
        self.expr_attr_names_found.extend(names_of_it)
        self.expr_attr_values_found.extend(values_of_it)
        return _Evaluator(condition, names, values)._make_op_condition(tree)

    return with_known_syntax


def _false_for_two_types(expr: Callable[..., bool]) -> Callable[..., bool]:
    """Python refuses to order a number and a string."""

    def false_for_two_types(self: Any, item: Any) -> bool:
        try:
            return expr(self, item)
        except TypeError:
            return False

    return false_for_two_types
