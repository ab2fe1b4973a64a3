"""Small mechanical changes of a solution, each of which an exercise must notice."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

SHOWN = 60
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


def mutations(source: str) -> Iterator[tuple[str, str]]:
    """A label and the changed source of each mutation: a statement dropped, a constant changed, a
    condition negated, an operator swapped. Docstrings and `pass` stay.
    """
    tree = ast.parse(source)
    for number, node in enumerate(ast.walk(tree)):
        for label, change in _changes(node):
            mutant = copy.deepcopy(tree)
            change(list(ast.walk(mutant))[number])
            yield label, ast.unparse(ast.fix_missing_locations(mutant))


def _changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    yield from _dropped(node)
    if isinstance(node, ast.Constant) and not _is_docstring_value(node):
        value = _other(node.value)
        if value is not None:
            yield f"{node.value!r} → {value!r}"[:SHOWN], lambda n: setattr(n, "value", value)
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield f"not: {_text(node.test)}", _negate
    if isinstance(node, ast.comprehension) and node.ifs:
        yield f"not: {_text(node.ifs[0])}", _negate_filter
    yield from _swaps(node)
