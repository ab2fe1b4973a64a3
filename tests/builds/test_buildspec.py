"""What a buildspec may say, and what is refused by name."""

from __future__ import annotations

import pytest

from inventory_lab.builds.buildspec import Files, Phase, read_buildspec
from inventory_lab.exceptions import BadBuildspec

WHOLE = """
version: 0.2
env:
  variables: {STAGE: test, DEBUG: true}
phases:
  install:
    runtime-versions: {python: 3.13}
    on-failure: ABORT
    commands: echo one
  build:
    commands: [echo two, echo three]
    finally: [echo four]
reports:
  unit: {files: [unit.xml], base-directory: reports, file-format: JUNITXML}
artifacts: {files: ['**/*'], base-directory: dist, discard-paths: yes}
"""


def test_every_part_is_read() -> None:
    spec = read_buildspec(WHOLE)
    assert spec.variables == {"STAGE": "test", "DEBUG": "true"}
    assert spec.phases == {
        "install": Phase(("echo one",), aborts=True),
        "build": Phase(("echo two", "echo three"), ("echo four",)),
    }
    assert spec.reports == {"unit": Files(("unit.xml",), "reports")}
    assert spec.artifacts == Files(("**/*",), "dist", True)


REFUSED = {
    "version is 0.1": "version: 0.1\nphases: {build: {commands: [a]}}",
    "version is None": "phases: {build: {commands: [a]}}",
    "phases has no phase": "version: 0.2",
    "phases/deploy is not a key": "version: 0.2\nphases: {deploy: {commands: [a]}}",
    "phases/build/comands": "version: 0.2\nphases: {build: {comands: [a]}}",
    "phases/build/commands is not a list of texts": "version: 0.2\nphases: {build: {commands: [{a: b}]}}",
    "phases/build/on-failure CONTINUE": "version: 0.2\nphases: {build: {on-failure: CONTINUE}}",
    "env/secrets-manager": "version: 0.2\nenv: {secrets-manager: {A: b}}\nphases: {build: {commands: [a]}}",
    "cache is not a key": "version: 0.2\ncache: {paths: [a]}\nphases: {build: {commands: [a]}}",
    "artifacts/files names no file": "version: 0.2\nartifacts: {base-directory: a}\nphases: {build: {commands: [a]}}",
    "file-format NUNITXML": "version: 0.2\nreports: {u: {files: [a], file-format: NUNITXML}}\nphases: {build: {commands: [a]}}",
    "the buildspec is not a mapping": "- a",
    "YAML": "version: 0.2\nphases: [",
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_run_is_refused_with_its_place(why: str) -> None:
    with pytest.raises(BadBuildspec) as raised:
        read_buildspec(REFUSED[why])
    assert why in str(raised.value)
