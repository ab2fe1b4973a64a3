"""What a learner has solved, kept as source: one file per exercise in the folder my_pipeline."""

from __future__ import annotations

import json
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
    if not source.startswith(("def ", "@")):
        return ""
    alias = "" if answer.__name__ == short else f"\n\n{short} = {answer.__name__}\n"
    return f"{''.join(_needed(answer, {answer.__name__}))}{source}{alias}"


def _needed(function: FunctionType, seen: set[str]) -> Iterator[str]:
    """The lines before a function that give it what it takes from the cells before it."""
    for name, value in globals_of(function).items():
        if name in seen:
            continue
        seen.add(name)
        if isinstance(value, ModuleType):
            yield f"import {value.__name__} as {name}\n"
        elif isinstance(value, FunctionType) and value.__module__ == "__main__":
            yield from _needed(value, seen)
            yield f"{source_of(value)}\n\n"
        elif isinstance(value, _PLAIN):
            yield f"{name} = {value!r}\n"
        elif getattr(value, "__module__", "__main__") != "__main__":
            yield f"from {value.__module__} import {getattr(value, '__name__', name)} as {name}\n"
