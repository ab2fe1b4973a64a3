"""The tables of the notebooks in README.md and notebooks/README.md, made from the notebooks:
`python -m tools.index`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tools import course

README = course.FOLDER / "README.md"
FRONT = course.ROOT / "README.md"
BRANCH = "main"
TABLE = re.compile(r"(?<=<!-- table: begin -->\n).*?(?=<!-- table: end -->)", re.DOTALL)
FRONT_TABLE = re.compile(r"(?<=<!-- course: begin -->\n).*?(?=<!-- course: end -->)", re.DOTALL)
TITLE = re.compile(r"# (\d\d) (\S.*)")
MINUTES = re.compile(r"\*\*Minutes:\*\* (\d+)")
NEEDS = re.compile(r"\*\*Before you start:\*\* ([^\n]+?)\.?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a notebook says of itself in its first two cells."""

    file: str
    number: str
    title: str
    minutes: int
    needs: str


def entry(path: Path) -> Entry:
    """The entry of a notebook. Raises ValueError when its opening does not say all of it."""
    notebook = course.read(path)
    facts = next((c.source for c in notebook.cells if c.id == "objectives"), "")
    title = notebook.cells[0].source.splitlines()[0]
    matches = TITLE.fullmatch(title), MINUTES.search(facts), NEEDS.search(facts)
    if not all(matches):
        raise ValueError(f"{path.name}: its first cells do not give title, minutes and needs")
    heading, minutes, needs = (match for match in matches if match)
    return Entry(path.name, heading[1], heading[2], int(minutes[1]), needs[1])


def badge(address: str, file: str) -> str:
    """A link that opens the notebook in Colab."""
    where = address.removeprefix("https://github.com/")
    target = f"https://colab.research.google.com/github/{where}/blob/{BRANCH}/notebooks/{file}"
    return f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({target})"


def table(entries: list[Entry], address: str) -> str:
    """The table, a notebook a row, and the sum of the minutes; Colab opens notebooks from an address,
    so without one that column is left out.
    """
    titles = [
        "notebook",
        "minutes",
        "before you start",
        "solution",
        *(["Colab"] if address else []),
    ]
    lines = ["---", "---:", *["---"] * (len(titles) - 2)]
    rows = [
        titles,
        *([*_cells(e), *([badge(address, e.file)] if address else [])] for e in entries),
    ]
    head, *body = (f"| {' | '.join(cells)} |" for cells in rows)
    total = f"\nTogether {sum(e.minutes for e in entries)} minutes."
    return "\n".join([head, f"|{'|'.join(lines)}|", *body, total, ""])


def _cells(e: Entry) -> list[str]:
    link = f"[{e.number} {e.title}]({e.file})"
    page = f"instructor/{Path(e.file).stem}.md"
    teaching = f" · [instructor]({page})" if (course.FOLDER / page).is_file() else ""
    return [link, str(e.minutes), e.needs, f"[solution](solutions/{e.file}){teaching}"]


def with_table(text: str, address: str) -> str:
    """The text of the README with the table as the notebooks have it now."""
    new = table([entry(path) for path in course.notebooks()], address)
    return TABLE.sub(lambda _: new, text)


def front_table(paths: list[Path]) -> str:
    """The table of the main README: each notebook, its minutes, and what the learner writes in it."""
    rows = ["| notebook | minutes | what you write |", "|---|---:|---|"]
    for path in paths:
        e, names = entry(path), filter(None, map(course.exercise_of, course.read(path).cells))
        written = ", ".join(f"`{name.rpartition('/')[2]}`" for name in names)
        link = f"[{e.number} {e.title}](notebooks/{e.file})"
        rows.append(f"| {link} | {e.minutes} | {written} |")
    return "\n".join([*rows, ""])


def with_front_table(text: str) -> str:
    """The text of the main README with its table as the notebooks have it now."""
    new = front_table(course.notebooks())
    return FRONT_TABLE.sub(lambda _: new, text)


def main() -> None:
    """Write the tables into the two READMEs, and the plans."""
    from tools.plans import with_plans

    text = with_plans(README.read_text(encoding="utf-8"))
    README.write_text(with_table(text, course.repository()), encoding="utf-8", newline="\n")
    text = FRONT.read_text(encoding="utf-8")
    FRONT.write_text(with_front_table(text), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
