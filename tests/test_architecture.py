"""The packages of the library and the one direction of their imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

import inventory_lab

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "inventory_lab"

LIBRARY = {"domain", "function", "exceptions", "settings", "turns", "warn"}
MAY_IMPORT = {
    "domain": set(),
    "records": {"domain"},
    "exceptions": {"domain", "records"},
    "html": set(),
    "turns": set(),
    "warn": set(),
    "function": {"domain"},
    "settings": {"exceptions"},
    "iam": {"exceptions", "html"},
    "resources": {*LIBRARY, "html"},
    "producer": {*LIBRARY, "records"},
    "observe": {*LIBRARY, "html", "resources"},
    "operate": {*LIBRARY, "html", "resources", "producer", "observe"},
    "views": {*LIBRARY, "html", "iam", "resources", "observe"},
    "embedded_aws": {"exceptions", "iam", "turns"},
    "builds": {*LIBRARY, "html", "resources"},
    "backends": {*LIBRARY, "html", "resources", "observe", "builds", "embedded_aws", "iam"},
    "lab": {*LIBRARY, "html", "iam", "resources", "producer", "observe", "operate", "views", "builds", "backends", "embedded_aws"},
    "teaching": {*LIBRARY, "html", "iam", "builds", "resources", "producer", "observe", "views", "lab"},
    "testing": {*LIBRARY, "html", "resources", "producer", "observe", "lab", "embedded_aws"},
    "commands": {*LIBRARY, "resources", "lab"},
    "__main__": {*LIBRARY, "commands", "producer", "observe", "views", "lab", "teaching", "testing"},
    "__init__": {*LIBRARY, "iam", "producer", "observe", "views", "builds", "lab", "teaching", "testing", "embedded_aws"},
}  # fmt: skip
"""Each package and the others that its files may import: inventory_lab/README.md draws the arrows."""


def may_import_moto(path: Path) -> bool:
    """Only patches, and the file that starts moto."""
    inside = path.relative_to(PACKAGE).parts
    if inside[0] != "embedded_aws":
        return False
    return inside[1:] == ("account.py",) or {"patches", "patches.py"} & set(inside) != set()


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


def package_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    packages = {name.split(".")[1] for name in imported(path) if name.startswith("inventory_lab.")}
    names = {
        name for name in packages if (PACKAGE / name).exists() or (PACKAGE / f"{name}.py").exists()
    }
    assert names - {package_of(path)} <= MAY_IMPORT[package_of(path)]


def test_the_rule_sees_relative_and_late_imports() -> None:
    text = "def f():\n    from ..embedded_aws import account\n    from . import inventory\n"
    names = set(imported(PACKAGE / "domain" / "events.py", text))
    assert {
        "inventory_lab.embedded_aws",
        "inventory_lab.embedded_aws.account",
        "inventory_lab.domain",
    } <= names


def test_only_patches_import_moto() -> None:
    importing = [p for p in SOURCES if any(n.split(".")[0] == "moto" for n in imported(p))]
    assert [str(path) for path in importing if not may_import_moto(path)] == []
    assert importing


def test_domain_and_function_need_only_the_standard_library_and_boto3() -> None:
    allowed = set(sys.stdlib_module_names) | {"boto3", "botocore", "inventory_lab"}
    for path in SOURCES:
        if package_of(path) in {"domain", "function"}:
            assert {name.split(".")[0] for name in imported(path)} <= allowed
        if package_of(path) == "domain":
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


def public_names() -> Iterator[str]:
    """The names of the package, and the methods and properties of its public classes."""
    for name in inventory_lab.__all__:
        yield name
        public = getattr(inventory_lab, name)
        for member, value in vars(public).items() if isinstance(public, type) else ():
            is_method = isinstance(value, (FunctionType, classmethod, staticmethod, property))
            if is_method and member[0] != "_":
                yield f"{name}.{member}"


@pytest.mark.parametrize("name", list(public_names()))
def test_every_public_name_has_a_sentence_and_an_example(name: str) -> None:
    documented: object = inventory_lab
    for part in name.split("."):
        documented = getattr(documented, part)
    summary, _, rest = (documented.__doc__ or "").partition("\n")
    assert summary.endswith((".", "?")), "the first line of the docstring is a sentence"
    assert ">>> " in rest, (
        "tests/test_docstrings.py runs the example; it has the public names and `lab`"
    )


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        inventory_lab.conect  # noqa: B018


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
        isinstance(b, ast.Name) and b.id in {"Exception", "InventoryLabError", "UserWarning"}
        for b in node.bases
    )


def test_the_map_names_only_what_exists() -> None:
    for name in ("README.md", "embedded_aws/README.md"):
        text = (PACKAGE / name).read_text(encoding="utf-8").partition("## Patches")[0]
        paths = re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:/|\.py))`", text)
        homes = (PACKAGE, (PACKAGE / name).parent, ROOT, PACKAGE / "iam", PACKAGE / "backends")
        assert [path for path in paths if not any((h / path).exists() for h in homes)] == []


def test_the_map_names_every_package() -> None:
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    packages = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert [name for name in sorted(packages) if f"`{name}/`" not in text] == []


def test_the_map_says_how_many_lines_explain_the_pipeline_and_they_are_below_three_thousand() -> (
    None
):
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    table = text.partition("To understand the pipeline")[2].partition("\n\n`resources/` has")[0]
    rows = re.findall(r"^\|(.*)\|.*\|$", table, re.MULTILINE)
    named = [PACKAGE / path for row in rows for path in re.findall(r"`([^`]+)`", row)]
    files = [f for path in named for f in (path.glob("*.py") if path.is_dir() else [path])]
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    assert f"They are {round(lines, -2):,} lines." in table
    assert lines < 3_000
