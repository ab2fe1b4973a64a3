"""Give the course a git address: `python -m tools.fork https://github.com/me/my-course`.

`none` instead of an address takes it away again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools import course, index, store

ADDRESS = re.compile(r"https://github\.com/[A-Za-z0-9-]+/[A-Za-z0-9._-]+")
URLS = re.compile(r"\[project\.urls\]\n(?:[^\[\n].*\n)*\n")
AFTER_URLS = "[project.scripts]"


def main(arguments: Sequence[str]) -> int:
    """Write the new address everywhere; the exit status is 2 for what is not an address on GitHub."""
    address = (arguments[0] if arguments else "").rstrip("/").removesuffix(".git")
    if address != "none" and not ADDRESS.fullmatch(address):
        print(
            "say make fork ADDRESS=https://github.com/owner/name; Colab opens notebooks from GitHub"
        )
        return 2
    for path in point(course.ROOT, "" if address == "none" else address):
        print(f"{path.relative_to(course.ROOT)} was changed to {address}")
    return 0


def point(root: Path, address: str) -> Iterator[Path]:
    """Write an address, or with "" none, into pyproject.toml, the setup cells and the table of the
    notebooks; yields the files that changed.
    """
    project, readme = root / "pyproject.toml", root / "notebooks" / "README.md"
    new = {
        project: with_address(project.read_text(encoding="utf-8"), address),
        readme: index.with_table(readme.read_text(encoding="utf-8"), address),
    }
    new |= {path: _with_setup_cell(path, address) for path in _notebooks(root)}
    for path, text in new.items():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            yield path


def with_address(pyproject: str, address: str) -> str:
    """The text of pyproject.toml with another address of the repository."""
    urls = f'[project.urls]\nRepository = "{address}"\n\n' if address else ""
    return URLS.sub("", pyproject).replace(AFTER_URLS, urls + AFTER_URLS)


def _with_setup_cell(path: Path, address: str) -> str:
    notebook = course.read(path)
    for cell in notebook.cells:
        if cell.id == "setup":
            cell.source = course.setup_cell(address)
    return store.text(notebook)


def _notebooks(root: Path) -> list[Path]:
    return sorted((root / "notebooks").rglob("[0-9][0-9]_*.ipynb"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
