"""The notebooks of the course: where they are, how they open, and the solutions of their exercises."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

from inventory_lab.teaching.exercises import solutions

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
SOLUTIONS = FOLDER / "solutions"

EXERCISE = re.compile(r'exercise\("(\d\d/(\w+))"')

IGNORED, HIDDEN = "nbval-ignore-output", "hide-input"
SETUP_FROM_ADDRESS = """\
import sys
from importlib.util import find_spec

REPOSITORY = "{address}"
sys.path += ["..", "../.."]  # a checkout of the course, installed or not

if not find_spec("inventory_lab"):
    if "google.colab" not in sys.modules:
        raise ModuleNotFoundError(
            f"inventory_lab is not installed here: clone {{REPOSITORY}}, run `make lab` in the clone, "
            "and open this notebook there (in VS Code, with the kernel of its .venv)"
        )
    %pip install --quiet git+{{REPOSITORY}}"""

SETUP_FROM_WHEEL = """\
import sys
from importlib.util import find_spec
from pathlib import Path

sys.path += ["..", "../.."]  # a checkout of the course, installed or not
if not find_spec("inventory_lab"):
    if "google.colab" not in sys.modules:
        raise ModuleNotFoundError(
            "inventory_lab is not installed here: run `make lab` in the folder of the course, "
            "and open this notebook there (in VS Code, with the kernel of its .venv)"
        )
    from google.colab import files

    wheels = [wheel.name for wheel in Path().glob("inventory_lab-*.whl")]
    if not wheels:
        print("Upload the wheel of the course: `make wheel` writes dist/inventory_lab-….whl")
        wheels = list(files.upload())
    wheel = max(wheels, default="inventory_lab-….whl")
    %pip install --quiet {wheel}"""

VERSIONS = """\
from inventory_lab import versions

versions()"""


def repository(root: Path = ROOT) -> str:
    """The git address of the course as pyproject.toml has it; "" when the course has none."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project.get("urls", {}).get("Repository", ""))


def setup_cell(address: str) -> str:
    """The source of the cell that installs the library in Colab, from the address or, when that is
    empty, from a wheel that the learner uploads; elsewhere it says what to do.
    """
    return SETUP_FROM_ADDRESS.format(address=address) if address else SETUP_FROM_WHEEL


def notebooks(folder: Path = FOLDER) -> list[Path]:
    """The notebooks of the course, in order."""
    return sorted(folder.glob("[0-9][0-9]_*.ipynb"))


def solution_of(path: Path) -> Path:
    """Where the solution of a notebook is."""
    return path.parent / "solutions" / path.name


def read(path: Path) -> Any:
    """A notebook from its file."""
    return nbformat.read(path, as_version=4)


def is_ignored(cell: Any) -> bool:
    """Whether nbval runs the cell without comparing what it prints."""
    return IGNORED in cell.metadata.get("tags", [])


def exercise_of(cell: Any) -> str:
    """The name of the exercise in a cell, such as "02/put_all"; "" for another cell."""
    match = EXERCISE.search(cell.source) if cell.cell_type == "code" else None
    return match[1] if match else ""


def with_solutions(notebook: Any) -> Any:
    """The solution notebook of a lesson: its exercises solved, each explained in a cell of its own."""
    result = v4.new_notebook(metadata=notebook.metadata)
    for cell in nbformat.from_dict(notebook).cells:
        result.cells.append(cell)
        if name := exercise_of(cell):
            cell.source = filled(cell.source, name, solutions.solution(name).source)
            explanation = v4.new_markdown_cell(_explained(name))
            explanation.id = f"why-{name.rpartition('/')[2].replace('_', '-')}"
            result.cells.append(explanation)
    return result


def filled(source: str, name: str, answer: str) -> str:
    """The cell of an exercise with an answer in the place of the open function or document."""
    lines, short = source.splitlines(), name.rpartition("/")[2]
    stub = next(node for node in ast.parse(source).body if short in _defined(node))
    before, after = lines[: stub.lineno - 1], lines[stub.end_lineno :]
    return "\n".join([*before, answer, *after])


def _defined(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {node.name} if isinstance(node, ast.FunctionDef) else set()


def _explained(name: str) -> str:
    """Why the solution is right, and what others try."""
    known = solutions.solution(name)
    wrong = "\n".join(
        f"<details><summary>{wrong.diagnosis}</summary>\n\n```python\n{wrong.source}\n```\n\n</details>\n"
        for wrong in known.wrong
    )
    why = " ".join(known.explanation.split())
    return f"**Why this is right.** {why}\n\n**Wrong answers, and what the exercise says:**\n\n{wrong}".rstrip()
