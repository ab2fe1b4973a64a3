"""The examples run, and print what README says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_example_of_somebody_elses_handler_prints_what_the_readme_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runpy.run_path(str(ROOT / "examples" / "test_your_handler.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert printed in (ROOT / "README.md").read_text(encoding="utf-8")
