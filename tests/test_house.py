"""The rooms of the house and the one direction of its imports."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import inventory_lab

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "inventory_lab"

MAY_IMPORT = {
    "domain": set(),
    "function": {"domain"},
    "exceptions": {"domain"},
    "settings": {"exceptions"},
    "denials": {"exceptions"},
    "resources": {"domain", "function", "exceptions", "settings"},
    "producer": {"domain", "function", "exceptions", "settings"},
    "local": {"domain", "function", "exceptions", "settings"},
    "observe": {"domain", "function", "exceptions", "settings", "resources"},
    "operate": {"domain", "function", "exceptions", "settings", "resources", "producer", "observe"},
    "aws": {"domain", "function", "exceptions", "settings", "resources"},
    "lab": {"domain", "function", "exceptions", "settings", "resources", "producer", "observe", "operate", "local", "aws"},
    "lesson": {"exceptions", "resources", "lab"},
    "__main__": {"domain", "exceptions", "settings", "producer", "observe", "lab", "local"},
    "__init__": {"denials", "domain", "settings", "producer", "observe", "lab", "lesson", "local"},
}  # fmt: skip
KNOW_MOTO = {
    "local/boundaries.py", "local/deliveries.py", "local/engine.py", "local/function_settings.py",
    "local/functions.py", "local/gate.py", "local/kinesis_errors.py", "local/pipe_states.py",
    "local/queues.py", "local/shards.py", "local/speed.py", "local/stream_calls.py",
    "local/streams.py", "local/subscriptions.py", "local/tables.py",
}  # fmt: skip
HEAVY = {"pandas", "moto", "matplotlib", "ipywidgets"}
SOURCES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path, text: str | None = None) -> Iterator[str]:
    """The full names of the modules that a file imports, anywhere in it, relative ones resolved."""
    package = ["inventory_lab", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(text or path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("inventory_lab.")}
    names = {
        found for found in rooms if (PACKAGE / found).exists() or (PACKAGE / f"{found}.py").exists()
    }
    assert names - {room(path)} <= MAY_IMPORT[room(path)]


def test_the_rule_sees_relative_and_late_imports() -> None:
    text = "def f():\n    from ..local import engine\n    from . import inventory\n"
    found = set(imported(PACKAGE / "domain" / "events.py", text))
    assert {"inventory_lab.local", "inventory_lab.local.engine", "inventory_lab.domain"} <= found


def test_only_the_engine_and_the_repairs_know_moto() -> None:
    knowing = {
        str(path.relative_to(PACKAGE))
        for path in SOURCES
        if any(name.split(".")[0] == "moto" for name in imported(path))
    }
    assert knowing == KNOW_MOTO


def test_domain_and_function_need_only_the_standard_library_and_boto3() -> None:
    allowed = set(sys.stdlib_module_names) | {"boto3", "botocore", "inventory_lab"}
    for path in SOURCES:
        if room(path) in {"domain", "function"}:
            assert {name.split(".")[0] for name in imported(path)} <= allowed
        if room(path) == "domain":
            assert not {"boto3", "botocore", "time"} & {
                name.split(".")[0] for name in imported(path)
            }


@pytest.mark.parametrize(
    "module", ["inventory_lab", "inventory_lab.domain.inventory", "inventory_lab.lab"]
)
def test_importing_needs_neither_pandas_nor_moto(module: str) -> None:
    code = f"import sys, {module}; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_can_be_imported_and_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for name in inventory_lab.__all__:
        assert getattr(inventory_lab, name)
        assert name in readme, name


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        inventory_lab.conect  # noqa: B018


def test_requirements_and_pyproject_give_the_same_ranges() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {*project["dependencies"], *project["optional-dependencies"]["notebook"]}
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert {line for line in lines if line and not line.startswith(("#", "-e"))} == wanted


def test_ci_calls_the_test_command_that_the_readme_names() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert "make test" in (ROOT / "README.md").read_text()


def test_every_error_is_in_one_module() -> None:
    from inventory_lab import exceptions

    defined = {
        node.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and _is_error(node)
    }
    assert defined == set(exceptions.__all__)


def _is_error(node: ast.ClassDef) -> bool:
    return any(
        isinstance(b, ast.Name) and b.id in {"Exception", "InventoryLabError"} for b in node.bases
    )
