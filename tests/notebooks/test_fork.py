"""One command points a fork at itself."""

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


def test_every_notebook_badge_and_the_project_point_at_the_fork(checkout: Path) -> None:
    changed = {path.relative_to(checkout).as_posix() for path in fork.point(checkout, MINE)}
    assert course.repository(checkout) == MINE
    for path in course.notebooks():
        assert {f"notebooks/{path.name}", f"notebooks/solutions/{path.name}"} <= changed
        copy = course.read(checkout / "notebooks" / path.name)
        assert copy.cells[2].source == course.setup_cell(MINE)
        table = (checkout / "notebooks" / "README.md").read_text(encoding="utf-8")
        assert index.badge(MINE, path.name) in table


def test_nothing_of_the_old_address_is_left(checkout: Path) -> None:
    old = course.repository().removeprefix("https://github.com/")
    list(fork.point(checkout, MINE))
    for path in checkout.rglob("*.*"):
        assert f"/{old}" not in path.read_text(encoding="utf-8"), path.name


def test_pointing_back_restores_every_byte(checkout: Path) -> None:
    before = {path: path.read_bytes() for path in checkout.rglob("*.*")}
    list(fork.point(checkout, MINE))
    list(fork.point(checkout, course.repository()))
    assert {path: path.read_bytes() for path in checkout.rglob("*.*")} == before


@pytest.mark.parametrize(
    "address", ["", "my-fork", "https://gitlab.com/a/b", "https://github.com/a"]
)
def test_what_is_no_address_on_github_changes_nothing(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (course.ROOT / "pyproject.toml").read_bytes()
    assert fork.main([address]) == 2
    assert "ADDRESS=https://github.com/owner/name" in capsys.readouterr().out
    assert (course.ROOT / "pyproject.toml").read_bytes() == before
