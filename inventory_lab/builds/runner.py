"""Runs one build as CodeBuild does: the source from S3, the phases in order, artifacts and test reports.

The commands run in a child process (`shell.py`). Everything that a build does on AWS is called here with
the credentials of the build's service role, so IAM decides it.

https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from inventory_lab.builds.artifacts import chosen
from inventory_lab.builds.buildspec import PHASES, Buildspec, Phase, read_buildspec
from inventory_lab.builds.junit import read_cases
from inventory_lab.builds.log import BuildLog
from inventory_lab.builds.shell import TIMED_OUT, Done, Shell
from inventory_lab.exceptions import BadBuildspec, PhaseFailed, ReportRefused, RoleNotAssumable
from inventory_lab.resources.function import zip_of

if TYPE_CHECKING:
    import boto3

BUILDSPEC = "buildspec.yml"
LONGEST_BUILD_SECONDS = 300
"""Real seconds after which the commands of a build are ended, even if the project's time-out is longer."""
_ENDS_THE_BUILD = {"INSTALL", "PRE_BUILD"}
"""After a failure in them nothing more runs and nothing is uploaded. After one in BUILD, POST_BUILD and
UPLOAD_ARTIFACTS still come."""


class BuildAgent(Protocol):
    """What the embedded AWS gives for a build that is taken out of its queue."""

    build: Mapping[str, Any]

    def session(self) -> boto3.Session:
        """A session of the build's service role. Raises RoleNotAssumable."""

    def begin_phase(self, phase: str) -> None:
        """The build enters a phase."""

    def end_phase(self, code: str = "", message: str = "", status: str = "") -> None:
        """The phase ends; it failed if there is a code."""

    def put_artifact(self, sha256: str) -> None:
        """The output is in its bucket."""

    def put_report(self, name: str, cases: Sequence[Mapping[str, Any]]) -> str:
        """The ARN of the report of these test cases. Raises ReportRefused."""

    def complete(self, status: str) -> None:
        """The build ends."""


def run_build(
    agent: BuildAgent, now: Callable[[], datetime], seconds: float = LONGEST_BUILD_SECONDS
) -> None:
    """Run a build to its end. Whatever its source does wrong is a failed phase, not an error here.

    `seconds` is the real time that its commands may take together. Raises UnsupportedBuild.
    """
    with TemporaryDirectory(prefix="build-") as folder:
        run = _Run(agent, now, Path(folder), seconds)
        try:
            run.phases()
        except BaseException:
            run.stop()
            raise


class _Run:
    """One build while it runs; `status` is what it will end with."""

    def __init__(
        self, agent: BuildAgent, now: Callable[[], datetime], folder: Path, seconds: float
    ) -> None:
        self._agent, self._now, self._seconds = agent, now, seconds
        self._source, self._home = folder / "src", folder / "home"
        self._home.mkdir()
        self._log: BuildLog | None = None
        self._in_phase = False
        self.status = "SUCCEEDED"

    def phases(self) -> None:
        """Every phase in order, to COMPLETED."""
        if self._phase("PROVISIONING", self._provision) and self._phase(
            "DOWNLOAD_SOURCE", self._download
        ):
            self._commands()
        self._phase("FINALIZING", lambda: None)
        self._agent.complete(self.status)

    def stop(self) -> None:
        """End the build as stopped, because this program was interrupted."""
        if self._in_phase:
            self._agent.end_phase(status="STOPPED")
        self._agent.complete("STOPPED")

    def _phase(self, name: str, run: Callable[[], None]) -> bool:
        """Whether a phase succeeded; that it failed is reported."""
        self._agent.begin_phase(name)
        self._in_phase = True
        failure = _failure_of(run)
        failure = self._log_end_of(name, failure) or failure
        if failure:
            self.status = failure.status
            self._agent.end_phase(failure.code, failure.message, failure.status)
        else:
            self._agent.end_phase()
        self._in_phase = False
        return failure is None

    def _log_end_of(self, phase: str, failure: PhaseFailed | None) -> PhaseFailed | None:
        """Write what the phase logged; a failure when the role may not."""
        code, message = (failure.code, failure.message) if failure else ("", "")
        status = failure.status if failure else "SUCCEEDED"
        self._note(f"Phase complete: {phase} State: {status}")
        self._note(f"Phase context status code: {code} Message: {message}")
        return _failure_of(self._flush)

    def _provision(self) -> None:
        build = self._agent.build
        try:
            self._session = self._agent.session()
            names = build["logs"]["groupName"], build["logs"]["streamName"]
            log = BuildLog(self._session.client("logs"), *names, self._now)
            log.open()
        except RoleNotAssumable as exc:
            raise PhaseFailed("ACCESS_DENIED", str(exc)) from exc
        except ClientError as exc:
            raise PhaseFailed("ACCESS_DENIED", _no_log(build, exc)) from exc
        self._log = log

    def _download(self) -> None:
        source = self._agent.build["source"]
        self._source.mkdir()
        if source["type"] == "S3":
            self._unpack(source["location"])
        self._spec = self._read_buildspec(source.get("buildspec") or BUILDSPEC)
        self._shell = Shell(self._home, self._source, self._variables(), self._seconds)

    def _unpack(self, location: str) -> None:
        bucket, _, key = location.rpartition(":::")[2].partition("/")
        try:
            body = self._session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                archive.extractall(self._source)
        except ClientError as exc:
            raise PhaseFailed("CLIENT_ERROR", f"{_words(exc)} for primary source") from exc
        except zipfile.BadZipFile as exc:
            raise PhaseFailed(
                "CLIENT_ERROR", "zip: not a valid zip file for primary source"
            ) from exc

    def _read_buildspec(self, buildspec: str) -> Buildspec:
        try:
            text = buildspec
            if "\n" not in buildspec:
                text = (self._source / buildspec).read_text(encoding="utf-8")
            return read_buildspec(text)
        except (OSError, UnicodeDecodeError) as exc:
            message = f"stat {buildspec}: no such file or directory"
            raise PhaseFailed("YAML_FILE_ERROR", message) from exc
        except BadBuildspec as exc:
            raise PhaseFailed("YAML_FILE_ERROR", str(exc)) from exc

    def _variables(self) -> dict[str, str]:
        """Those of the buildspec, then of the project and of StartBuild, then CodeBuild's own:
        https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
        """
        build = self._agent.build
        overrides = build["environment"]["environmentVariables"]
        region = str(build["arn"]).split(":")[3]
        return {
            **self._spec.variables,
            **{variable["name"]: variable["value"] for variable in overrides},
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "CODEBUILD_BUILD_ARN": build["arn"],
            "CODEBUILD_BUILD_ID": build["id"],
            "CODEBUILD_BUILD_NUMBER": str(build["buildNumber"]),
            "CODEBUILD_INITIATOR": build["initiator"],
            "CODEBUILD_LOG_PATH": build["logs"]["streamName"],
            "CODEBUILD_SOURCE_VERSION": build.get("sourceVersion", ""),
            "CODEBUILD_SRC_DIR": str(self._source),
        }

    def _commands(self) -> None:
        """The phases of the buildspec, and what they left."""
        for name in PHASES:
            phase = self._spec.phases.get(name, Phase())
            succeeded = self._phase(name.upper(), partial(self._run, name, phase))
            ends = name.upper() in _ENDS_THE_BUILD or phase.aborts or self.status == "TIMED_OUT"
            if not succeeded and ends:
                return
        self._phase("UPLOAD_ARTIFACTS", self._upload)

    def _run(self, name: str, phase: Phase) -> None:
        """The commands until one fails, then those of `finally`, until one of them fails."""
        self._note(f"Entering phase {name.upper()}")
        _raise_first(self._first_failure(commands) for commands in (phase.commands, phase.finally_))

    def _first_failure(self, commands: Sequence[str]) -> PhaseFailed | None:
        for command in commands:
            self._note(f"Running command {command}")
            succeeding = "1" if self.status == "SUCCEEDED" else "0"
            done = self._shell.run(command, CODEBUILD_BUILD_SUCCEEDING=succeeding)
            self._write(done.output.splitlines())
            if done.code:
                self._note(f"Command did not exit successfully {command} {_exit(done)}")
                return _failure(command, done)
        return None

    def _upload(self) -> None:
        """Artifacts and reports; that one of them fails does not keep the other from being stored."""
        _raise_first(map(_failure_of, (self._put_artifacts, self._put_reports)))

    def _put_artifacts(self) -> None:
        if self._spec.artifacts is None or self._agent.build["artifacts"]["location"] == "":
            return
        files = chosen(self._spec.artifacts, self._source)
        if not files:
            raise PhaseFailed("CLIENT_ERROR", "no matching artifact paths found")
        body, location = zip_of(files), self._agent.build["artifacts"]["location"]
        bucket, _, key = location.partition(":::")[2].partition("/")
        try:
            self._session.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        except ClientError as exc:
            raise PhaseFailed(
                "CLIENT_ERROR", f"Error in UPLOAD_ARTIFACTS phase: {_words(exc)}"
            ) from exc
        self._agent.put_artifact(hashlib.sha256(body).hexdigest())

    def _put_reports(self) -> None:
        for name, files in self._spec.reports.items():
            reports = chosen(files, self._source)
            if not reports:
                raise PhaseFailed("CLIENT_ERROR", f"no matching report paths found for {name}")
            try:
                cases = [asdict(case) for data in reports.values() for case in read_cases(data)]
                self._agent.put_report(name, cases)
            except (ReportRefused, ValueError) as exc:
                raise PhaseFailed("CLIENT_ERROR", f"report {name}: {exc}") from exc

    def _note(self, text: str) -> None:
        if self._log is not None:
            self._log.note(text)

    def _write(self, lines: Sequence[str]) -> None:
        if self._log is not None:
            self._log.write(lines)

    def _flush(self) -> None:
        if self._log is not None:
            try:
                self._log.flush()
            except ClientError as exc:
                raise PhaseFailed("ACCESS_DENIED", _words(exc)) from exc


def _failure_of(step: Callable[[], None]) -> PhaseFailed | None:
    """How a step failed; None when it did not."""
    try:
        step()
    except PhaseFailed as exc:
        return exc
    return None


def _raise_first(failures: Iterable[PhaseFailed | None]) -> None:
    """Raise the first failure, after all of them were asked for."""
    for failure in [each for each in failures if each is not None]:
        raise failure


def _failure(command: str, done: Done) -> PhaseFailed:
    if done.code == TIMED_OUT:
        return PhaseFailed("BUILD_TIMED_OUT", "Build has timed out.", "TIMED_OUT")
    message = f"Error while executing command: {command}. Reason: {_exit(done)}"
    return PhaseFailed("COMMAND_EXECUTION_ERROR", message)


def _exit(done: Done) -> str:
    return f"exit status {done.code}"


def _no_log(build: Mapping[str, Any], exc: ClientError) -> str:
    """What CodeBuild says when the role may not write logs."""
    return (
        f"Service role {build['serviceRole']} does not allow AWS CodeBuild to create Amazon CloudWatch "
        f"Logs log streams for build {build['arn']}. Error message: {exc.response['Error']['Message']}"
    )


def _words(exc: ClientError) -> str:
    """The code of AWS's error, and its text."""
    error = exc.response["Error"]
    return f"{error['Code']}: {error['Message']}"
