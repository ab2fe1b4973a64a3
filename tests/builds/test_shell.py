"""The child process of a build: what it keeps between commands, and what it does not have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from inventory_lab.builds.shell import TIMED_OUT, Shell

MakeShell = Callable[..., Shell]


@pytest.fixture
def make(tmp_path: Path) -> MakeShell:
    def make(seconds: float = 60, **variables: str) -> Shell:
        home, source = tmp_path / "home", tmp_path / "the source's folder"
        home.mkdir()
        source.mkdir()
        return Shell(home, source, variables, seconds)

    return make


def test_a_command_has_an_exit_code_and_prints(make: MakeShell) -> None:
    done = make().run("echo out; echo err >&2; exit 3")
    assert (done.code, done.output) == (3, "out\nerr\n")


def test_directory_and_variables_last_from_command_to_command(make: MakeShell) -> None:
    shell = make()
    shell.run("mkdir 'a b' && cd 'a b'")
    shell.run('export GREETING="it\'s me"; COUNT=2')
    done = shell.run('echo "$(basename "$PWD") $GREETING $COUNT"')
    assert done.output == "a b it's me 2\n"


def test_they_last_also_when_a_command_ends_the_shell(make: MakeShell) -> None:
    shell = make()
    shell.run("KEPT=yes; exit 1")
    assert shell.run("echo $KEPT").output == "yes\n"


def test_a_variable_of_the_build_is_there_and_can_change(make: MakeShell) -> None:
    shell = make(BRANCH="main")
    assert shell.run("echo $BRANCH $GOOD", GOOD="1").output == "main 1\n"
    assert shell.run("echo $GOOD", GOOD="0").output == "0\n"


def test_no_credentials_and_nothing_else_of_this_process_are_passed_on(
    make: MakeShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_PROFILE", "PRIVATE_TOKEN"):
        monkeypatch.setenv(name, "leaked")
    assert "leaked" not in make().run("env").output


def test_a_client_of_aws_has_no_credentials_and_an_endpoint_that_refuses(make: MakeShell) -> None:
    shell = make(AWS_DEFAULT_REGION="us-east-1")
    call = "import boto3; boto3.client('sts').get_caller_identity()"
    done = shell.run(f'python -c "{call}"')
    assert done.code == 1
    assert "NoCredentialsError" in done.output
    keys = "AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_MAX_ATTEMPTS=1"
    refused = shell.run(f'{keys} python -c "{call}"')
    assert "EndpointConnectionError" in refused.output


def test_a_command_that_does_not_end_is_ended_with_its_children(make: MakeShell) -> None:
    done = make(seconds=0.5).run("echo begun; sleep 60 & sleep 60")
    assert (done.code, done.output) == (TIMED_OUT, "begun\n")


def test_a_command_reads_nothing_from_this_process(make: MakeShell) -> None:
    assert make().run("cat; echo done").output == "done\n"
