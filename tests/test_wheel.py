"""The wheel that a learner uploads to Colab, unpacked in an empty folder, runs the pipeline."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WHEEL = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make wheel` does, by the backend that pyproject.toml names; no package is installed."""
    folder = tmp_path_factory.mktemp("dist")
    build = "import sys, hatchling.build as b; b.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, folder], cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("inventory_lab-*.whl")
    return path


def test_it_runs_the_demo_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    ZipFile(wheel).extractall(tmp_path / "unpacked")
    script = f"import sys; sys.path.insert(0, {str(tmp_path / 'unpacked')!r})\n"
    script += "from inventory_lab import versions; versions()\n"
    script += "from inventory_lab.__main__ import main\n"
    script += "sys.exit(main(['demo', '--events', '20', '--json']))"
    run = subprocess.run(
        [sys.executable, "-I", "-c", script],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    *versions, facts = run.stdout.splitlines()
    assert run.returncode == 0, run.stderr
    assert all(line.endswith(" ok") for line in versions)
    assert json.loads(facts)["exact"] is True


def test_it_has_every_file_of_the_library_and_nothing_else(wheel: Path) -> None:
    folders = {"inventory_lab": "inventory_lab"} | WHEEL["force-include"]
    expected = {
        f"{target}/{path.relative_to(ROOT / source).as_posix()}"
        for source, target in folders.items()
        for path in (ROOT / source).rglob("*.*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name} == expected


def test_the_console_command_is_the_command_line() -> None:
    module, _, name = PYPROJECT["project"]["scripts"]["inventory-lab"].partition(":")
    assert callable(getattr(import_module(module), name))
