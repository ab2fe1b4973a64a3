"""The source of a handler: a file, a string or a function."""

from __future__ import annotations

import builtins
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from inventory_lab.exceptions import BadHandler

Handler = Callable[[object, object], object]
CONSTANTS = (str, bytes, int, float, bool, type(None), tuple, frozenset)


def source_of(handler: str | Path | Handler) -> tuple[str | Path, str]:
    """What to deploy, and the name of the function in it; "" when the caller names it.

    A function takes the functions, modules and constants that it uses along. Raises BadHandler for
    one that uses anything else.
    """
    if isinstance(handler, str | Path):
        return handler, ""
    if not isinstance(handler, FunctionType):
        raise BadHandler(repr(handler), "a handler is a file, Python text or a function")
    if handler.__name__ == "<lambda>":
        raise BadHandler("the lambda", "a handler has a name: write it with def")
    lines = dict.fromkeys(_lines(handler, {handler.__name__}))
    return "\n".join(["from __future__ import annotations", *lines]), handler.__name__


def _lines(function: FunctionType, seen: set[str]) -> Iterator[str]:
    for name in sorted(_names(function.__code__)):
        if name not in seen and name in function.__globals__:
            seen.add(name)
            yield from _definition(name, function.__globals__[name], function.__module__, seen)
    yield _source(function)


def _definition(name: str, value: object, home: str, seen: set[str]) -> Iterator[str]:
    if isinstance(value, ModuleType):
        yield f"import {value.__name__} as {name}"
    elif isinstance(value, FunctionType) and value.__module__ == home:
        yield from _lines(value, seen)
    elif isinstance(value, CONSTANTS):
        yield f"{name} = {value!r}"
    elif hasattr(value, "__module__") and hasattr(value, "__qualname__"):
        yield f"from {value.__module__} import {value.__qualname__} as {name}"
    else:
        raise BadHandler(
            "the function",
            f"it uses {name}, a {type(value).__name__}, which is not taken along: make it in the function, or "
            "give the file instead of the function",
        )


def _names(code: CodeType) -> set[str]:
    inner = (c for c in code.co_consts if isinstance(c, CodeType))
    names = set(code.co_names).union(*map(_names, inner))
    return {name for name in names if not hasattr(builtins, name)}


def _source(function: FunctionType) -> str:
    try:
        return textwrap.dedent(inspect.getsource(function))
    except OSError as exc:
        raise BadHandler(function.__name__, "its source is not available; give a file") from exc
