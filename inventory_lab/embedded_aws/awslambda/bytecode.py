"""The modules of a zip, compiled once in a process and not once for every environment."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import lru_cache
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import CodeType
from typing import Any

from inventory_lab.embedded_aws.patching import Patch


def patches() -> list[Patch]:
    """The methods that a dataclass writes for itself are compiled once, however often its module is
    imported; left out where the dataclasses of this Python have an `exec` of their own.
    """
    methods = Patch(
        owner=dataclasses, name="exec", new=True, kind="speed", replacement=_executed,
        why="the methods of a dataclass are compiled once, not in each environment of a function",
    )  # fmt: skip
    return [] if methods.problem() else [methods]


def import_hook(root: Path) -> Callable[[str], FileFinder]:
    """A hook for `sys.path_hooks` that imports what lies in this folder, and nothing else."""
    loaders = (
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (_Loader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )

    def finder(path: str) -> FileFinder:
        if not Path(path).is_relative_to(root):
            raise ImportError
        return FileFinder(path, *loaders)

    return finder


class _Loader(SourceFileLoader):
    """Loads a module of a zip."""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 a loader knows its path
        """The module's code; raises SyntaxError and OSError."""
        return self.source_to_code(self.get_data(self.path), self.path)

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        """The code of this source, in which tracebacks name this path; raises SyntaxError."""
        try:
            return _in_file(_compiled(bytes(data)), path)
        except SyntaxError:
            return compile(data, path, "exec", dont_inherit=True)  # names the path


@lru_cache(maxsize=512)
def _compiled(source: bytes) -> CodeType:
    return compile(source, "<zip>", "exec", dont_inherit=True)


def _executed(source: str, names: dict[str, Any], local_names: dict[str, Any]) -> None:
    """As the built-in exec does it."""
    exec(_compiled_method(source), names, local_names)  # noqa: S102 the source is the dataclass's


@lru_cache(maxsize=4096)
def _compiled_method(source: str) -> CodeType:
    return compile(source, "<string>", "exec", dont_inherit=True)


def _in_file(code: CodeType, path: str) -> CodeType:
    consts = (_in_file(c, path) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_filename=path, co_consts=tuple(consts))
