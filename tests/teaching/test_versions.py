from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from inventory_lab import versions
from inventory_lab.teaching import versions as installed

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
PROJECT = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]


def test_every_dependency_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    versions()
    lines = capsys.readouterr().out.splitlines()
    names = [re.split("[^a-z0-9-]", wanted)[0] for wanted in PROJECT["dependencies"]]
    assert sorted(line.split()[0] for line in lines) == sorted(["Python", *names])
    assert {line.split(maxsplit=1)[1] for line in lines} == {"ok"}


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ("2.1.9", "too old"), ("2.2", "ok"), ("2.2.0", "ok"), ("2.2.2+cu12", "ok"), ("2.10", "ok"),
        ("3.9.9", "ok"), ("4.0", "too new"), ("4.0.0rc1", "too new"), ("10", "too new"),
    ],
)  # fmt: skip
def test_a_version_is_compared_by_its_numbers(version: str, verdict: str) -> None:
    assert installed.fit(version, "<4,>=2.2") == verdict


def test_a_package_that_does_not_fit_is_told_with_what_is_wanted() -> None:
    found = {"boto3": "1.39.0", "moto": "", "pandas": "3.0"}
    wanted = ["boto3<2,>=1.40", "moto[dynamodb]<5.3,>=5.2.5", "pandas<4,>=2.2"]
    assert list(installed.lines(wanted, found.__getitem__)) == [
        "boto3           too old: 1.39.0, wanted <2,>=1.40",
        "moto            missing: none, wanted <5.3,>=5.2.5",
        "pandas          ok",
    ]


def test_the_ranges_are_of_the_form_that_versions_can_read() -> None:
    for wanted in [*PROJECT["dependencies"], PROJECT["requires-python"]]:
        assert re.fullmatch(r"([a-z0-9-]+(\[[a-z,]+\])?)?>=[0-9.]+,<[0-9.]+", wanted)
