"""Lambda in this process: the deployed zip, run with the role's credentials.

| | moto 5.2.5 | the lab |
|---|---|---|
| Invoke (also from SNS and event rules) | runs Docker, or answers a canned text | runs the handler of the deployed zip |
| execution environment | a container | its own os.environ, boto3.DEFAULT_SESSION and modules of the zip, swapped in for the invocation |
| credentials | those of the caller | a session of the function's role |
| handler errors | as the container says | `X-Amz-Function-Error: Unhandled` and AWS's error payload |
| logs | one stream an invocation | one stream an environment, written with the role's credentials |

Not here yet: time-outs, asynchronous retries, payload limits, START/END/REPORT lines.

While a handler runs, `inventory_lab` in sys.modules is the zip's: code of `local/` that can run
meanwhile imports nothing late.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import random
import sys
import tempfile
import traceback
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import boto3
from botocore.exceptions import ClientError
from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaFunction

from inventory_lab.exceptions import RoleNotAssumable
from inventory_lab.local.clock import LabClock

KEPT_VARIABLES = (
    "AWS_CONFIG_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_SHARED_CREDENTIALS_FILE",
    "HOME", "LANG", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR",
)  # fmt: skip
TASK_ROOT = "/var/task"

SERVICE = "lambda.amazonaws.com"
SessionOfRole = Callable[[str, str, str], Any]
"""A boto3 session of a role, given its ARN, the service and the ARN of what it is for."""


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The context object of one invocation:
    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    aws_request_id: str
    log_group_name: str
    log_stream_name: str
    deadline: float
    clock: LabClock
    identity: None = None
    client_context: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds of lab time until the time-out, never below 0."""
        return max(0, int((self.deadline - self.clock.timestamp()) * 1000))


class Environment:
    """One execution environment of one version of a function; warm from its second use on."""

    def __init__(self, code: bytes, variables: Mapping[str, str], log_stream: str) -> None:
        self.log_stream = log_stream
        self._folder = tempfile.TemporaryDirectory(prefix="inventory-lab-")
        self.root = Path(self._folder.name).resolve()
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            archive.extractall(self.root)
        self._provided = {path.stem for path in self.root.iterdir()}
        self._variables = dict(variables)
        self._modules: dict[str, ModuleType] = {}
        self._session: Any = None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Inside, this process looks like the environment; afterwards all is as it was."""
        variables, session = dict(os.environ), boto3.DEFAULT_SESSION
        path, entries = sys.path, list(sys.path)
        modules = self._swap_modules(self._modules)
        _replace_environ(self._variables)
        boto3.DEFAULT_SESSION = self._session
        sys.path.insert(0, str(self.root))
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path = path  # whatever the handler did to it
            sys.path[:] = entries
            self._session, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, session
            _replace_environ(variables)
            self._modules = self._swap_modules(modules)

    def close(self) -> None:
        """Remove the unpacked zip."""
        self._folder.cleanup()

    def _swap_modules(self, incoming: dict[str, ModuleType]) -> dict[str, ModuleType]:
        mine = [name for name in sys.modules if name.partition(".")[0] in self._provided]
        outgoing = {name: sys.modules.pop(name) for name in mine}
        sys.modules.update(incoming)
        return outgoing


class Functions:
    """Runs the functions that moto has on record."""

    def __init__(self, clock: LabClock, session_of_role: SessionOfRole) -> None:
        self._clock = clock
        self._session_of_role = session_of_role
        self._environments: dict[str, tuple[str, Environment, Any]] = {}
        self._ids = random.Random(0)  # request ids are the same in every run

    def invoke(self, function: LambdaFunction, event: Any) -> tuple[bytes, bool]:
        """The JSON that the handler gave back, or that describes its error, and whether it failed."""
        environment, logs = self._environment(function)
        context = self._context(function, environment)
        output = io.StringIO()
        with redirect_stdout(output), redirect_stderr(output), environment.entered():
            answer, failed = _run(str(function.handler), event, context, environment.root)
        _write_log(logs, context, output.getvalue(), int(self._clock.timestamp() * 1000))
        return answer, failed

    def close(self) -> None:
        """End all environments."""
        for _, environment, _ in self._environments.values():
            environment.close()
        self._environments.clear()

    def _environment(self, function: LambdaFunction) -> tuple[Environment, Any]:
        revision = json.dumps(
            [function.get_configuration(), function.environment_vars], default=str
        )
        standing = self._environments.get(function.function_arn)
        if standing and standing[0] == revision:
            return standing[1:]
        if standing:
            standing[1].close()
        session = self._session_of_role(function.role, SERVICE, function.function_arn)
        stream = f"{self._clock.now():%Y/%m/%d}/[$LATEST]{self._ids.getrandbits(128):032x}"
        variables = _variables(function, stream, session.get_credentials())
        environment = Environment(function.code_bytes, variables, stream)
        logs = session.client("logs", region_name=function.region)
        with _log_access():
            _make_log(logs, function.logs_group_name, stream)
        self._environments[function.function_arn] = (revision, environment, logs)
        return environment, logs

    def _context(self, function: LambdaFunction, environment: Environment) -> LambdaContext:
        return LambdaContext(
            function_name=function.function_name,
            function_version="$LATEST",
            invoked_function_arn=function.function_arn,
            memory_limit_in_mb=str(function.memory_size),
            aws_request_id=str(uuid.UUID(int=self._ids.getrandbits(128), version=4)),
            log_group_name=function.logs_group_name,
            log_stream_name=environment.log_stream,
            deadline=self._clock.timestamp() + int(function.timeout),
            clock=self._clock,
        )


@contextmanager
def installed(functions: Functions) -> Iterator[None]:
    """While open, whoever invokes a function of moto's runs it here."""

    def invoke(
        self: LambdaFunction, body: str | bytes, request_headers: Any, response_headers: Any
    ) -> bytes:
        kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "DryRun":
            return b""
        try:
            answer, failed = functions.invoke(self, _parsed(body))
        except RoleNotAssumable as exc:
            raise LambdaClientError("AccessDeniedException", str(exc)) from exc
        if failed and kind == "RequestResponse":
            response_headers["x-amz-function-error"] = "Unhandled"
        return answer if kind == "RequestResponse" else b""

    with patch.object(LambdaFunction, "invoke", invoke):
        yield
    functions.close()


def _parsed(body: str | bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError as exc:
        raise LambdaClientError(
            "InvalidRequestContentException", f"Could not parse request body into json: {exc}"
        ) from exc


def _run(handler: str, event: Any, context: LambdaContext, root: Path) -> tuple[bytes, bool]:
    module_name, _, function_name = handler.rpartition(".")
    try:
        handle = getattr(importlib.import_module(module_name), function_name)
        result = handle(event, context)
    except KeyboardInterrupt:
        raise
    except BaseException as exc:  # noqa: BLE001 whatever a handler raises is its answer
        return _error(type(exc).__name__, _message(exc), context, _stack(exc, root)), True
    try:
        return json.dumps(result).encode(), False
    except (TypeError, ValueError, RecursionError) as exc:
        message = f"Unable to marshal response: {exc}"
        return _error("Runtime.MarshalError", message, context, []), True


def _error(kind: str, message: str, context: LambdaContext, stack: list[str]) -> bytes:
    print(f"[ERROR] {kind}: {message}", *stack, sep="\n")
    body = {
        "errorMessage": message,
        "errorType": kind,
        "requestId": context.aws_request_id,
        "stackTrace": stack,
    }
    return json.dumps(body).encode()


def _message(exc: BaseException) -> str:
    try:
        return str(exc)
    except Exception as worse:  # noqa: BLE001 a handler's exception may be broken itself
        return f"its message could not be read ({type(worse).__name__})"


def _stack(exc: BaseException, root: Path) -> list[str]:
    """The frames inside the zip, with the paths they would have in Lambda."""
    frames = [
        f for f in traceback.extract_tb(exc.__traceback__) if f.filename.startswith(str(root))
    ]
    return [line.replace(str(root), TASK_ROOT) for line in traceback.format_list(frames)]


def _variables(function: LambdaFunction, log_stream: str, credentials: Any) -> dict[str, str]:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    own: dict[str, str] = function.environment_vars
    return kept | own | {
        "_HANDLER": function.handler,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "LAMBDA_TASK_ROOT": TASK_ROOT,
        "TZ": ":UTC",
    }  # fmt: skip


def _make_log(logs: Any, group: str, stream: str) -> None:
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=group)
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)


def _write_log(logs: Any, context: LambdaContext, output: str, milliseconds: int) -> None:
    """Write the lines; a log that somebody deleted is made anew."""
    events = [{"timestamp": milliseconds, "message": line} for line in output.splitlines() if line]
    group, stream = context.log_group_name, context.log_stream_name
    request = {"logGroupName": group, "logStreamName": stream, "logEvents": events}
    if not events:
        return
    with _log_access():
        try:
            logs.put_log_events(**request)
        except logs.exceptions.ResourceNotFoundException:
            _make_log(logs, group, stream)
            logs.put_log_events(**request)


@contextmanager
def _log_access() -> Iterator[None]:
    """As on AWS, a role that may not write logs has none; the function runs all the same."""
    try:
        yield
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "AccessDeniedException":
            raise


def _replace_environ(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
