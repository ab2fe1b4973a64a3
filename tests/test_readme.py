"""What the README shows is what comes out, and what it tells a reader to run exists."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from inventory_lab import __main__ as command_line
from inventory_lab import lab as lab_module
from tools.replay import stand_in

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(python|sh|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = [(match[1], match[2]) for match in BLOCK.finditer(README)]
PRINTED = re.compile(r"\n\n```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PYTHON = [
    (match[2], printed and printed[1])
    for match in BLOCK.finditer(README)
    if match[1] == "python"
    for printed in [PRINTED.match(README, match.end())]
]
COMMANDS = [
    line.partition("#")[0].strip()
    for language, block in BLOCKS
    if language == "sh"
    for line in block.splitlines()
]


def the_words_of(code: str) -> str:
    """The first line of a block that tells it from the others."""
    return next(line for line in code.splitlines() if "import" not in line and line.strip())[:40]


@pytest.fixture
def a_stand_in_for_the_account() -> Iterator[None]:
    with patch.object(lab_module, "_connect_aws", stand_in):
        yield
    if (lab := lab_module.local_lab()) is not None:
        lab.close()


def test_there_is_something_to_compare() -> None:
    assert len(PYTHON) >= 6
    assert sum(printed is not None for _, printed in PYTHON) >= 4


@pytest.mark.parametrize(
    ("code", "expected"), PYTHON, ids=[f"{n}: {the_words_of(c)}" for n, (c, _) in enumerate(PYTHON)]
)
@pytest.mark.usefixtures("a_stand_in_for_the_account")
def test_a_block_of_python_runs_and_prints_the_block_after_it(
    code: str, expected: str | None
) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})  # noqa: S102 our own README
    if expected is not None:
        assert printed.getvalue() == expected


def test_the_demo_prints_what_the_readme_shows(capsys: pytest.CaptureFixture[str]) -> None:
    """But for the lines that `…` leaves out, and the last one, which has the time."""
    shown = next(block for kind, block in BLOCKS if kind == "text" and "published 5000" in block)
    *lines, timed = [line.rstrip() for line in shown.splitlines()]
    assert command_line.main(["demo"]) == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    where = [printed.index(line) for line in lines if line != "…"]
    assert where == sorted(where)
    assert re.sub(r"[\d.]+", "N", printed[-1]) == re.sub(r"[\d.]+", "N", timed)


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE))
    assert {"demo", "lab", "test", "wheel"} <= named <= targets


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if "-m inventory_lab" in c or c.startswith("inventory-lab ")]
)
def test_every_command_of_the_library_is_one_that_it_takes(command: str) -> None:
    program = "inventory-lab" if command.startswith("inventory-lab") else "inventory_lab"
    command_line._parser().parse_args(shlex.split(command.partition(program)[2]))


def test_every_link_to_a_file_or_to_a_heading_leads_somewhere() -> None:
    heads = {
        re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-")
        for head in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    }
    for target in re.findall(r"\]\((?!https://)([^)]*)\)", README):
        assert target[1:] in heads if target[0] == "#" else (ROOT / target).exists(), target
