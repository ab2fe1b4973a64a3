"""The repository's own buildspec and workflow: the same commands, and a deployment from main only."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

from inventory_lab.builds.buildspec import Buildspec, read_buildspec
from inventory_lab.builds.shell import Shell
from inventory_lab.resources.function import build_zip

ROOT = Path(__file__).parents[2]
MAIN, ROLE = "refs/heads/main", "arn:aws:iam::123456789012:role/deploy"


@pytest.fixture(scope="module")
def buildspec() -> Buildspec:
    return read_buildspec((ROOT / "buildspec.yml").read_text(encoding="utf-8"))


def test_the_workflow_runs_the_commands_of_the_buildspec(buildspec: Buildspec) -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    runs = [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    commands = [command for phase in buildspec.phases.values() for command in phase.commands]
    assert runs == [command for command in commands if command.startswith("make ")]
    assert workflow["jobs"]["test"]["env"] == buildspec.variables
    assert "github.ref == 'refs/heads/main'" in workflow["jobs"]["deploy"]["if"]


def test_every_command_is_a_target_of_the_makefile(buildspec: Buildspec) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {
        command.removeprefix("make ")
        for phase in buildspec.phases.values()
        for command in phase.commands
        if command.startswith("make ")
    }
    assert called <= targets


def test_after_a_failed_test_nothing_is_packaged_or_deployed(
    buildspec: Buildspec, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    shell = Shell(tmp_path / "home", tmp_path, {}, 30)
    first = buildspec.phases["post_build"].commands[0]
    assert shell.run(first, CODEBUILD_BUILD_SUCCEEDING="0").code == 1
    assert shell.run(first, CODEBUILD_BUILD_SUCCEEDING="1").code == 0


@pytest.mark.parametrize(
    ("ref", "role", "calls"),
    [(MAIN, ROLE, 3), ("refs/heads/main-2", ROLE, 0), ("", ROLE, 0), (MAIN, "", 0)],
)
def test_only_the_main_branch_deploys(
    buildspec: Buildspec, tmp_path: Path, ref: str, role: str, calls: int
) -> None:
    home, source = tmp_path / "home", tmp_path / "src"
    home.mkdir()
    source.mkdir()
    variables = {"CODEBUILD_WEBHOOK_HEAD_REF": ref, "DEPLOY_ROLE_ARN": role, "FUNCTION_NAME": "f"}
    shell = Shell(home, source, variables, 30)
    aws = home / "bin" / "aws"
    aws.write_text('#!/bin/sh\necho "aws $*"\n')
    aws.chmod(0o755)
    done = shell.run(buildspec.phases["post_build"].commands[-1])
    assert done.code == 0
    assert len(done.output.splitlines()) == calls
    assert ("update-function-code --profile deploy --function-name f" in done.output) == (calls > 0)


def test_the_package_is_the_code_that_build_deploys() -> None:
    makefile = (ROOT / "Makefile").read_text()
    command = re.search(
        r"^package:.*\n\tmkdir.*\n\t(.*) > dist/function.zip$", makefile, re.MULTILINE
    )
    assert command is not None
    script = command[1].replace("$(BIN)/", "")
    done = subprocess.run(["sh", "-c", script], cwd=ROOT, capture_output=True, check=True)  # noqa: S607
    assert done.stdout == build_zip()
    assert zipfile.ZipFile(io.BytesIO(done.stdout)).testzip() is None
