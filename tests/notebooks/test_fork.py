"""One command gives the course an address, and takes it away again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools import course, fork, index

MINE = "https://github.com/somebody-else/their-copy"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what names the repository."""
    shutil.copytree(course.FOLDER, tmp_path / "notebooks")
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(course.ROOT / name, tmp_path)
    return tmp_path


def test_every_notebook_badge_and_the_project_point_at_the_address(checkout: Path) -> None:
    changed = {path.relative_to(checkout).as_posix() for path in fork.point(checkout, MINE)}
    assert course.repository(checkout) == MINE
    for path in course.notebooks():
        assert {f"notebooks/{path.name}", f"notebooks/solutions/{path.name}"} <= changed
        for copy in (path.name, f"solutions/{path.name}"):
            cells = course.read(checkout / "notebooks" / copy).cells
            assert course.setup_cell(MINE) in [cell.source for cell in cells]
        table = (checkout / "notebooks" / "README.md").read_text(encoding="utf-8")
        assert index.badge(MINE, path.name) in table


def test_a_second_address_leaves_nothing_of_the_first(checkout: Path) -> None:
    list(fork.point(checkout, MINE))
    list(fork.point(checkout, "https://github.com/a/b"))
    for path in checkout.rglob("*.*"):
        assert "their-copy" not in path.read_text(encoding="utf-8"), path.name


def test_taking_the_address_away_restores_every_byte(checkout: Path) -> None:
    before = {path: path.read_bytes() for path in checkout.rglob("*.*")}
    list(fork.point(checkout, MINE))
    list(fork.point(checkout, course.repository()))
    assert {path: path.read_bytes() for path in checkout.rglob("*.*")} == before


@pytest.mark.skipif(bool(course.repository()), reason="the course has an address")
def test_without_an_address_no_cell_installs_from_one_and_no_badge_links_to_one() -> None:
    for path in (*course.FOLDER.rglob("*.ipynb"), index.README):
        text = path.read_text(encoding="utf-8")
        assert "git+http" not in text, path.name
        assert "colab.research.google.com/github" not in text, path.name


@pytest.mark.parametrize(
    "address", ["", "my-fork", "https://gitlab.com/a/b", "https://github.com/a"]
)
def test_what_is_not_an_address_on_github_changes_nothing(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (course.ROOT / "pyproject.toml").read_bytes()
    assert fork.main([address]) == 2
    assert "ADDRESS=https://github.com/owner/name" in capsys.readouterr().out
    assert (course.ROOT / "pyproject.toml").read_bytes() == before
