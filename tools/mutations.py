"""Small mechanical changes of a solution, each of which an exercise must notice."""

from __future__ import annotations

import ast
import copy
import difflib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
Change = Callable[[Any], object]


def mutations(source: str) -> Iterator[tuple[str, str]]:
    """A label and the changed source of each mutation: a statement dropped, a constant changed, a
    condition negated, an operator swapped. Docstrings stay. The label is the line before → after,
    with a number from the second with the same lines on.
    """
    tree = ast.parse(source)
    docstrings = {id(node) for node in _docstrings(tree)}
    before = ast.unparse(tree)
    labels: Counter[str] = Counter()
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in docstrings:
            continue
        for change in _changes(node, docstrings):
            mutant = copy.deepcopy(tree)
            change(list(ast.walk(mutant))[number])
            after = ast.unparse(ast.fix_missing_locations(mutant))
            text = label(before, after)
            labels[text] += 1
            yield (text if labels[text] == 1 else f"{text} ({labels[text]})"), after


def label(before: str, after: str) -> str:
    """The lines that differ, as `before → after`."""
    lines = [x for x in difflib.ndiff(before.splitlines(), after.splitlines()) if x[0] in "-+"]
    old, new = (" ".join(x[1:].strip() for x in lines if x[0] == sign) for sign in "-+")
    return f"{old or 'nothing'} → {new or 'dropped'}"


def _docstrings(tree: ast.AST) -> Iterator[ast.AST]:
    """The docstrings of functions and classes, statements and their values."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            yield node.body[0]
            yield node.body[0].value  # type: ignore[attr-defined]


def _changes(node: ast.AST, kept: set[int]) -> Iterator[Change]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list) and not isinstance(node, ast.Module):
            yield from (_drop(name, i) for i, s in enumerate(block) if _counts(s, kept))
    if isinstance(node, ast.Constant) and _other(node.value) is not None:
        yield lambda n: setattr(n, "value", _other(n.value))
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
    for i in range(len(getattr(node, "ifs", ()))):
        yield lambda n, i=i: n.ifs.__setitem__(i, ast.UnaryOp(ast.Not(), n.ifs[i]))
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in SWAPPED:
        yield lambda n: setattr(n, "op", SWAPPED[type(n.op)]())
    for i, operator in enumerate(getattr(node, "ops", ())):
        if type(operator) in SWAPPED:
            yield lambda n, i=i: n.ops.__setitem__(i, SWAPPED[type(n.ops[i])]())


def _counts(statement: ast.stmt, kept: set[int]) -> bool:
    return id(statement) not in kept and not isinstance(statement, ast.Pass)


def _drop(block: str, position: int) -> Change:
    def change(node: Any) -> None:
        getattr(node, block)[position] = ast.Pass()

    return change


def _other(value: object) -> object:
    """Another constant of the same type; None for what is left alone."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
        case bytes():
            return value + b"x"
    return None
