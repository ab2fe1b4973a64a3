"""The files that a build keeps: chosen by patterns, packed so that the same files give the same bytes."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from pathlib import Path

from inventory_lab.builds.buildspec import Files
from inventory_lab.resources.function import zip_of

LEFT_OUT = {".git", "__pycache__", ".pytest_cache"}
PRIVATE_FOLDERS, PRIVATE_FILES = {".aws", ".ssh", ".venv"}, ("*.env", ".env*")
"""What stays on this machine: files that hold credentials, and installed packages."""


def chosen(files: Files, source: Path) -> dict[str, bytes]:
    """The chosen files by name, below the base directory. `**/*` is all of them, `dir/**/*` those of
    one folder, `*.xml` those of the base directory itself.
    https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.artifacts.files
    """
    base = source / files.base_directory
    names = sorted({n for p in files.patterns for n in _matching(p, base)})
    contents = {name: (base / name).read_bytes() for name in names}
    if not files.discard_paths:
        return contents
    return {name.rpartition("/")[2]: data for name, data in contents.items()}


def zip_folder(folder: Path) -> bytes:
    """A zip of a folder's files, as the source of a build. Files named like .env, and the folders .aws, .ssh
    and .venv, are not uploaded: they hold credentials or installed packages. Raises NotADirectoryError.
    """
    if not folder.is_dir():
        raise NotADirectoryError(
            f"{folder} is not a folder; a build needs one, with a buildspec.yml"
        )
    names = (name for name in _names(folder) if not _is_private(Path(name)))
    return zip_of({name: (folder / name).read_bytes() for name in names})


def _is_private(path: Path) -> bool:
    named_like_one = any(fnmatch.fnmatchcase(path.name, pattern) for pattern in PRIVATE_FILES)
    return named_like_one or bool(PRIVATE_FOLDERS & set(path.parts))


def _matching(pattern: str, base: Path) -> Iterator[str]:
    within, is_deep, last = pattern.removeprefix("./").rpartition("**/")
    for name in _names(base):
        if is_deep and name.startswith(within):
            path = name.removeprefix(within)
            if fnmatch.fnmatchcase(path.rpartition("/")[2], last):
                yield name
        elif not is_deep and _fits(name, pattern.removeprefix("./")):
            yield name


def _fits(name: str, pattern: str) -> bool:
    """Whether each part of the path fits: a star does not match a slash."""
    parts, patterns = name.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatch.fnmatchcase, parts, patterns))


def _names(folder: Path) -> list[str]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    relative = (path.relative_to(folder) for path in paths)
    return [path.as_posix() for path in relative if not LEFT_OUT & set(path.parts)]
