"""Which files the patterns of a buildspec choose, and that the same files give the same zip."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from inventory_lab.builds.artifacts import chosen, zip_folder
from inventory_lab.builds.buildspec import Files

NAMES = ("app.py", "notes.txt", "package/inner.py", "package/deep/data.bin", ".git/config")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name in NAMES:
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"one\r\ntwo")
    return tmp_path / "src"


CHOSEN = {
    "**/*": {"app.py", "notes.txt", "package/inner.py", "package/deep/data.bin"},
    "*.py": {"app.py"},
    "**/*.py": {"app.py", "package/inner.py"},
    "package/**/*": {"package/inner.py", "package/deep/data.bin"},
    "package/*": {"package/inner.py"},
    "./app.py": {"app.py"},
    "missing.py": set(),
}


@pytest.mark.parametrize("pattern", CHOSEN)
def test_a_pattern_chooses_these_files(pattern: str, source: Path) -> None:
    assert set(chosen(Files((pattern,)), source)) == CHOSEN[pattern]


def test_names_are_below_the_base_directory(source: Path) -> None:
    assert set(chosen(Files(("**/*",), "package"), source)) == {"inner.py", "deep/data.bin"}


def test_paths_can_be_discarded(source: Path) -> None:
    assert set(chosen(Files(("**/*.bin",), discard_paths=True), source)) == {"data.bin"}


def test_bytes_are_kept_as_they_are(source: Path) -> None:
    assert chosen(Files(("app.py",)), source)["app.py"] == b"one\r\ntwo"


def test_files_that_hold_credentials_are_no_source_of_a_build(source: Path) -> None:
    for name in (".env", "anna.env", ".env.local", ".aws/credentials", ".venv/lib.py"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text("secret")
    with ZipFile(BytesIO(zip_folder(source))) as archive:
        assert set(archive.namelist()) == CHOSEN["**/*"]
    assert "anna.env" in chosen(Files(("**/*",)), source), (
        "an artifact has what its buildspec names"
    )


def test_the_same_files_give_the_same_zip(source: Path) -> None:
    first = zip_folder(source)
    (source / "app.py").touch()
    assert zip_folder(source) == first


@pytest.mark.parametrize("name", ["nowhere", "buildspec.yml"])
def test_only_a_folder_can_be_built(name: str, tmp_path: Path) -> None:
    (tmp_path / "buildspec.yml").touch()
    with pytest.raises(NotADirectoryError, match=f"{name} is not a folder; a build needs one"):
        zip_folder(tmp_path / name)
