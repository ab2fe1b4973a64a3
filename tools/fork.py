"""Point everything that names the repository at a fork: `python -m tools.fork https://github.com/me/my-fork`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools import course

ADDRESS = re.compile(r"https://github\.com/[A-Za-z0-9-]+/[A-Za-z0-9._-]+")


def main(arguments: Sequence[str]) -> int:
    """Write the new address everywhere; the exit status is 2 for what is no address on GitHub."""
    address = (arguments[0] if arguments else "").rstrip("/").removesuffix(".git")
    if not ADDRESS.fullmatch(address):
        print(
            "say make fork ADDRESS=https://github.com/owner/name; Colab opens notebooks from GitHub"
        )
        return 2
    for path in point(course.ROOT, address):
        print(f"{path.relative_to(course.ROOT)} points at {address}")
    return 0


def point(root: Path, address: str) -> Iterator[Path]:
    """Replace the address that pyproject.toml gives by another; the files that changed."""
    old = course.repository(root)
    owner_and_name = (each.removeprefix("https://github.com/") for each in (old, address))
    before, after = owner_and_name
    for path in _naming(root):
        text = path.read_text(encoding="utf-8")
        new = re.sub(rf"(github(?:\.com)?/){re.escape(before)}(?![\w.-])", rf"\g<1>{after}", text)
        if new != text:
            path.write_text(new, encoding="utf-8", newline="\n")
            yield path


def _naming(root: Path) -> list[Path]:
    notebooks = sorted((root / "notebooks").rglob("*.ipynb"))
    readmes = [root / "README.md", root / "notebooks" / "README.md"]
    return [root / "pyproject.toml", *readmes, *notebooks]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
