"""A check in a copy of the process: its failure is reported, its changes are gone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.copies import in_a_copy, needs_copies

pytestmark = needs_copies


def fail() -> None:
    raise AssertionError("2 is not 3")


def test_a_check_that_passes_has_nothing_to_say_and_changes_nothing_here() -> None:
    seen: list[str] = []
    assert in_a_copy(lambda: seen.append("there")) == ""
    assert seen == []


def test_a_check_that_fails_is_reported() -> None:
    assert in_a_copy(fail).endswith("AssertionError: 2 is not 3\n")


def test_a_copy_that_ends_without_a_word_has_not_passed() -> None:
    assert in_a_copy(lambda: os._exit(0)) == ""
    assert "status" in in_a_copy(lambda: os._exit(3))


def test_a_copy_leaves_the_files_of_this_process_and_takes_its_own_along(tmp_path: Path) -> None:
    names = tmp_path / "names"
    with tempfile.TemporaryDirectory() as ours:

        def remove_both() -> None:
            theirs = tempfile.TemporaryDirectory()
            names.write_text(theirs.name)
            tempfile.TemporaryDirectory.cleanup(kept)

        kept = tempfile.TemporaryDirectory(dir=ours)
        assert in_a_copy(remove_both) == ""
        assert Path(kept.name).exists()
        assert not Path(names.read_text()).exists()
        kept.cleanup()
