"""The child process that runs the commands of a build.

It has no credentials, and AWS's clients in it reach an address that refuses. Otherwise it is a process
of this machine with the rights of its user: run only sources that you trust.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from inventory_lab.exceptions import UnsupportedBuild

REFUSING_ENDPOINT = "http://127.0.0.1:9"
"""Port 9 is that of a protocol nobody runs; a connection to it is refused at once."""
_NOWHERE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ENDPOINT_URL": REFUSING_ENDPOINT,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "PIP_NO_INDEX": "1",
}
TIMED_OUT = -1
"""The exit code of a command that did not end in time."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended: its exit code, and what it printed."""

    code: int
    output: str


class Shell:
    """Runs commands one after the other; each begins in the directory, and with the variables, in which
    the one before ended, as CodeBuild does since version 0.2 of the buildspec.
    """

    def __init__(
        self, home: Path, source: Path, variables: Mapping[str, str], seconds: float
    ) -> None:
        self._script, self._state = home / "command.sh", home / "state.sh"
        self._source = source
        self._deadline = time.monotonic() + seconds
        self._environ = _environ(home, variables)
        self._shell = _shell()
        self._state.write_text(f"cd {shlex.quote(str(source))}\n")

    def run(self, command: str, **variables: str) -> Done:
        """Run a command with more environment variables, which later commands see too."""
        exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
        state = shlex.quote(str(self._state))
        keep = f"_CWD=$(pwd); export _CWD; export -p > {state}; echo 'cd \"$_CWD\"' >> {state}"
        lines = [f". {state}", *exports, f"trap {shlex.quote(keep)} EXIT", "set -a", command]
        self._script.write_text("\n".join(lines) + "\n")
        return self._wait()

    def _wait(self) -> Done:
        child = subprocess.Popen(  # noqa: S603 the learner's own build
            [self._shell, str(self._script)],
            cwd=self._source,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            output, _ = child.communicate(timeout=max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _kill(child)
            return Done(TIMED_OUT, child.communicate()[0].decode("utf-8", "replace"))
        except BaseException:
            _kill(child)
            raise
        return Done(child.returncode, output.decode("utf-8", "replace"))


def _environ(home: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """What the child knows: where programs are, the build's variables, and nothing of this process."""
    programs = home / "bin"
    programs.mkdir()
    for name in ("python", "python3"):  # the Python of this process, with its packages
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        program.chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])
    own = {"PATH": path, "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8", "CI": "true"}
    return {**own, "PYTHONDONTWRITEBYTECODE": "1", **variables, **_NOWHERE}


def _shell() -> str:
    """The path of sh. Raises UnsupportedBuild."""
    shell = shutil.which("sh")
    if shell is None:
        raise UnsupportedBuild(
            "builds run their commands with sh, which this machine does not have"
        )
    return shell


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the command with everything that it started."""
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)
