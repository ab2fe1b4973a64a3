"""A notebook as text and back: `python -m tools.cells show NOTEBOOK`, `python -m tools.cells write TEXT NOTEBOOK`.

A line `=== markdown ID` or `=== code ID TAG …` comes before each cell. Outputs are not in the text: run
`python -m tools.store NOTEBOOK` after writing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nbformat import v4

from tools import course, store

HEAD = re.compile(r"^=== (markdown|code) ([A-Za-z0-9_-]+)((?: [a-z-]+)*)$", re.MULTILINE)


def as_text(notebook: Any) -> str:
    """The cells as text."""
    return "\n\n".join(f"{_head(cell)}\n{cell.source}" for cell in notebook.cells) + "\n"


def from_text(text: str) -> Any:
    """The notebook of a text, without outputs. Raises ValueError for a text that has no heads."""
    heads = list(HEAD.finditer(text))
    if not heads:
        raise ValueError("no line like '=== markdown title' in the text")
    ends = [*(head.start() for head in heads[1:]), len(text)]
    cells = [
        _cell(h[1], h[2], h[3].split(), text[h.end() : e]) for h, e in zip(heads, ends, strict=True)
    ]
    return v4.new_notebook(cells=cells)


def _head(cell: Any) -> str:
    return " ".join(["===", cell.cell_type, cell.id, *cell.metadata.get("tags", [])])


def _cell(kind: str, name: str, tags: list[str], source: str) -> Any:
    new = v4.new_markdown_cell if kind == "markdown" else v4.new_code_cell
    cell = new(source.strip("\n"), metadata={"tags": tags} if tags else {})
    cell.id = name
    return cell


def main(arguments: Sequence[str]) -> Iterator[str]:
    """What to print."""
    match list(arguments):
        case ["show", notebook]:
            yield as_text(course.read(Path(notebook)))
        case ["write", text, notebook]:
            store.write(from_text(Path(text).read_text(encoding="utf-8")), Path(notebook))
            yield f"wrote {notebook}; now run python -m tools.store {notebook}\n"
        case _:
            yield f"{__doc__}\n"


if __name__ == "__main__":
    sys.stdout.writelines(main(sys.argv[1:]))
