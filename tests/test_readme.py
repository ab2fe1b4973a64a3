"""What the README shows is what comes out."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```python\n((?:(?!```).)*?)```\n\n```text\n(.*?)```", README, re.DOTALL)


def test_there_is_something_to_compare() -> None:
    assert len(SHOWN) >= 2


@pytest.mark.parametrize(("code", "output"), SHOWN, ids=["access", "exact", "published twice"])
def test_a_block_of_python_prints_the_block_after_it(code: str, output: str) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})  # noqa: S102 our own README
    assert printed.getvalue() == output
