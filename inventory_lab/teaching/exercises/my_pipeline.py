"""What a learner has solved, kept as source: one file per exercise in the folder my_pipeline."""

from __future__ import annotations

import ast
import json
import linecache
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FunctionType, ModuleType

from inventory_lab.teaching.exercises.answer import function_of, globals_of, source_of

FOLDER_VARIABLE = "INVENTORY_LAB_MY_PIPELINE"
"""Names another folder than my_pipeline in the working directory."""
_PLAIN = (str, int, float, bool, bytes, tuple, list, dict, set, type(None))


def folder() -> Path:
    """Where solved exercises are kept."""
    return Path(os.environ.get(FOLDER_VARIABLE) or "my_pipeline")


def path_of(name: str) -> Path:
    """The file of an exercise: my_pipeline/02_create_stream.py."""
    return folder() / f"{name.replace('/', '_')}.py"


def keep(name: str, answer: object) -> None:
    """Keep an answer that passed. Nothing happens where its source or the folder cannot be had."""
    text = _text(name, answer)
    if not text:
        return
    with suppress(OSError):
        folder().mkdir(parents=True, exist_ok=True)
        path_of(name).write_text(text, encoding="utf-8", newline="\n")


def kept(name: str) -> object:
    """The answer that was kept; None when there is none or its file cannot be run."""
    try:
        return function_of(path_of(name).read_text(encoding="utf-8"), name.rpartition("/")[2])
    except Exception:  # noqa: BLE001 a file that a learner may have edited
        return None


def _text(name: str, answer: object) -> str:
    short = name.rpartition("/")[2]
    if not isinstance(answer, FunctionType):
        with suppress(TypeError, ValueError):
            return f"{short} = {json.loads(json.dumps(answer))!r}\n"
        return ""
    source = source_of(answer)
    if not source.startswith(("def ", "@", f"{short} = lambda")):
        return ""
    alias = "" if answer.__name__ in (short, "<lambda>") else f"\n\n{short} = {answer.__name__}\n"
    return f"{''.join(_needed(answer, {answer.__name__}))}{source}{alias}"


def _needed(function: FunctionType, seen: set[str]) -> Iterator[str]:
    """The lines before a function that give it what it takes from the cells before it."""
    for name, value in globals_of(function).items():
        yield from _one_needed(name, value, seen)


def _one_needed(name: str, value: object, seen: set[str]) -> Iterator[str]:
    """The lines that give a name its value."""
    if name in seen:
        return
    seen.add(name)
    own = getattr(value, "__module__", "__main__") == "__main__"
    if isinstance(value, ModuleType):
        yield f"import {value.__name__} as {name}\n"
    elif isinstance(value, FunctionType) and own:
        yield from _needed(value, seen)
        yield f"{source_of(value)}\n\n"
    elif isinstance(value, type) and own:
        yield from _class(value, seen)
    elif isinstance(value, _PLAIN):
        yield f"{name} = {value!r}\n"
    elif not own:
        yield f"from {value.__module__} import {getattr(value, '__name__', name)} as {name}\n"


def _class(kind: type, seen: set[str]) -> Iterator[str]:
    """The source of a class and what it needs; nothing where no method says in which cell it is: Python
    itself does not find the source of a class in a notebook.
    """
    methods = [each for each in vars(kind).values() if isinstance(each, FunctionType)]
    for file in dict.fromkeys(method.__code__.co_filename for method in methods):
        lines = linecache.getlines(file)
        for node in ast.walk(ast.parse("".join(lines))):
            if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
                own = [method for method in methods if method.__code__.co_filename == file]
                for method in own:
                    yield from _needed(method, seen)
                around = own[0].__globals__
                for name in sorted(_names_around(node) & set(around)):
                    yield from _one_needed(name, around[name], seen)
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                yield "".join(lines[first - 1 : node.end_lineno]) + "\n\n"
                return


def _names_around(node: ast.ClassDef) -> set[str]:
    """The names in the decorators and the bases of a class."""
    parts = (inner for part in (*node.decorator_list, *node.bases) for inner in ast.walk(part))
    return {part.id for part in parts if isinstance(part, ast.Name)}
