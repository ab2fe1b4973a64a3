from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from inventory_lab import versions
from inventory_lab.teaching import versions as installed

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_every_dependency_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    versions()
    lines = capsys.readouterr().out.splitlines()
    names = [Requirement(line).name for line in PROJECT["dependencies"]]
    assert [line.split()[0] for line in lines] == ["Python", *names]
    assert {line.split(maxsplit=1)[1] for line in lines} == {"ok"}


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ("2.1.9", "too old"), ("2.2", "ok"), ("2.2.0", "ok"), ("2.2.2+cu12", "ok"), ("2.10", "ok"),
        ("2.2rc1", "ok"), ("3.9.9", "ok"), ("4.0", "too new"), ("4.0.0rc1", "too new"),
        ("10", "too new"),
    ],
)  # fmt: skip
def test_a_version_is_compared_by_its_numbers(version: str, verdict: str) -> None:
    assert installed.fit(version, Requirement("pandas<4,>=2.2")) == verdict


def test_a_package_that_does_not_fit_has_its_version_and_range_on_its_line() -> None:
    versions_here = {"boto3": "1.39.0", "moto": "", "pandas": "3.0"}
    needed = ["boto3<2,>=1.40", "moto[dynamodb]<5.3,>=5.2.5", "pandas<4,>=2.2"]
    assert list(installed.lines(needed, versions_here.__getitem__)) == [
        "boto3           too old: 1.39.0, needs <2,>=1.40",
        "moto            missing: none, needs <5.3,>=5.2.5",
        "pandas          ok",
    ]


def test_a_checkout_that_is_not_installed_has_the_ranges_of_its_pyproject(tmp_path: Path) -> None:
    """`-I -S` leaves out the installed packages; those that are needed come by their folder."""
    shutil.copytree(ROOT / "inventory_lab", tmp_path / "inventory_lab")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    packages = tmp_path / "packages"
    packaging = Path(sys.modules["packaging"].__file__ or "").parent
    shutil.copytree(packaging, packages / "packaging")
    script = f"import sys; sys.path += {[str(tmp_path), str(packages)]!r}\n"
    script += "from inventory_lab import versions\nversions()"
    command = [sys.executable, "-I", "-S", "-c", script]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.startswith(
        "Python          ok\nboto3           missing: none, needs <2,>=1.40"
    )


def test_a_folder_of_another_project_is_not_taken_for_the_checkout(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "another"\n')
    assert installed.requirements(tmp_path)[0].startswith("Python")


def test_requirements_txt_names_the_same_ranges_and_no_path() -> None:
    """pip reads a path in it from the folder where it was started, not from the folder of the file."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines == [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["notebook"]]


def test_the_ranges_have_a_lower_and_an_upper_bound() -> None:
    for line in [*PROJECT["dependencies"], PROJECT["requires-python"]]:
        assert re.fullmatch(r"([a-z0-9-]+(\[[a-z,]+\])?)?>=[0-9.]+,<[0-9.]+", line)
