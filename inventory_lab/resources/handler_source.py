"""A learner's own handler: Python source, from a file or as text, checked before it is deployed."""

from __future__ import annotations

import symtable
from pathlib import Path

from inventory_lab.exceptions import BadHandler

MODULE = "lambda_function"
"""As the Lambda console names it."""


def read_source(source: str | Path, function: str) -> bytes:
    """The source of a module that has such a function. Text is taken for a path when it is one line
    that ends in .py. Raises BadHandler.
    """
    if not isinstance(source, str | Path):
        raise BadHandler(repr(source), "a handler is a .py file or Python text")
    if not isinstance(source, str) or _looks_like_a_path(source):
        return _module(_read(Path(source)), str(source), function)
    try:
        return _module(source.encode(), "the source", function)
    except BadHandler as exc:
        if "\n" in source:
            raise
        raise BadHandler("the source", f"{exc.problem}; a path ends in .py") from None


def _module(data: bytes, where: str, function: str) -> bytes:
    if function not in _names(data, where):
        raise BadHandler(where, f"there is no function {function!r} in it")
    return data


def _looks_like_a_path(text: str) -> bool:
    return "\n" not in text and text.endswith(".py")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise BadHandler(str(path), exc.strerror or str(exc)) from exc


def _names(data: bytes, where: str) -> set[str]:
    """What the module defines, assigns or imports at its top level."""
    try:
        compile(data, where, "exec", dont_inherit=True)
        table = symtable.symtable(data, where, "exec")  # type: ignore[arg-type]
    except SyntaxError as exc:
        raise BadHandler(where, f"line {exc.lineno}: {exc.msg}") from exc
    except ValueError as exc:
        raise BadHandler(where, str(exc)) from exc
    return {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
