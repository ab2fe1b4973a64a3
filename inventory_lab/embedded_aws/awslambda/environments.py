"""Execution environments: the unpacked zip, warm from its second use on.

| | AWS | the lab |
|---|---|---|
| supported: globals, `os.environ`, boto3's default session, log levels | kept while the environment lives | the same; swapped in for the invocation, and out again |
| supported: modules of the zip | its own | its own, so that two versions of one module live side by side |
| supported: variables of the runtime | set | the same |
| differs: modules outside the zip | its own | shared with the notebook; so are boto3 and botocore inside it |
| differs: current directory, /tmp, `/var/task` | its own | the notebook's; the zip is in a temporary folder |

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import importlib
import io
import logging
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3

from inventory_lab.embedded_aws.awslambda.bytecode import import_hook
from inventory_lab.embedded_aws.awslambda.logs import LogStream, Output, RootLogger, of_invocation
from inventory_lab.embedded_aws.awslambda.runtime import TASK_ROOT, Handler
from inventory_lab.turns import invocation

KEPT_VARIABLES = (
    "AWS_CONFIG_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_SHARED_CREDENTIALS_FILE",
    "HOME", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR",
)  # fmt: skip
SHARED = {"boto3", "botocore"}
"""Of these a zip's copy is not used: its calls would go to AWS itself."""


class Environment:
    """One execution environment of one version of a function."""

    def __init__(
        self, code: bytes, variables: Mapping[str, str], log: LogStream, now: Callable[[], datetime]
    ) -> None:
        self.log = log
        self.output = Output(now)
        self.handle: Handler | None = None
        self.busy = False
        self._folder = tempfile.TemporaryDirectory(prefix="inventory-lab-")
        self.root = Path(self._folder.name).resolve()
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            archive.extractall(self.root)
        self._provided = set(_importable(self.root)) - SHARED
        self._inside = tuple(f"{name}." for name in self._provided)
        self._variables = dict(variables)
        self._modules: dict[str, ModuleType] = {}
        self._loggers: dict[str, Any] = {}
        self._root_logger = RootLogger(self.output)
        self._session: Any = None

    @contextmanager
    def entered(self, request_id: str, trace_id: str) -> Iterator[None]:
        """Inside, this process looks like the environment; afterwards all is as it was."""
        self._root_logger.handler.request_id = request_id
        self._variables["_X_AMZN_TRACE_ID"] = trace_id
        self.busy = True
        with ExitStack() as stack:
            stack.callback(setattr, self, "busy", False)
            for place in (self._variables_in_place, self._modules_in_place, self._session_in_place):
                stack.enter_context(place())
            stack.enter_context(self._root_logger.in_place())
            stack.enter_context(invocation())
            stack.enter_context(self._output_in_place())
            yield

    def close(self) -> None:
        """Remove the unpacked zip."""
        self._folder.cleanup()

    @contextmanager
    def _variables_in_place(self) -> Iterator[None]:
        outside = dict(os.environ)
        _replace_environ(outside, self._variables)
        try:
            yield
        finally:
            self._variables = dict(os.environ)
            _replace_environ(self._variables, outside)

    @contextmanager
    def _output_in_place(self) -> Iterator[None]:
        """Closed at the end, because the destructor of an open file swallows Ctrl-C; who keeps one may still
        write to it.
        """
        out = of_invocation(self.output, sys.stdout)
        err = of_invocation(self.output, sys.stderr)
        with closing(out), closing(err), redirect_stdout(out), redirect_stderr(err):
            yield

    @contextmanager
    def _session_in_place(self) -> Iterator[None]:
        outside, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, self._session
        try:
            yield
        finally:
            self._session, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, outside

    @contextmanager
    def _modules_in_place(self) -> Iterator[None]:
        path, entries, known = sys.path, list(sys.path), logging.Logger.manager.loggerDict
        modules = self._swap(sys.modules, self._modules)
        loggers = self._swap(known, self._loggers)
        sys.path.insert(0, str(self.root))
        hook = import_hook(self.root)
        sys.path_hooks.insert(0, hook)
        if self.handle is None:
            importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path_hooks.remove(hook)
            sys.path = path  # whatever the handler did to it
            sys.path[:] = entries
            self._modules = self._swap(sys.modules, modules)
            self._loggers = self._swap(known, loggers)

    def _swap(self, registry: dict[str, Any], incoming: dict[str, Any]) -> dict[str, Any]:
        """Put these entries into the registry; returns those that they replace."""
        provided, inside = self._provided, self._inside
        mine = [name for name in registry if name in provided or name.startswith(inside)]
        outgoing = {name: registry.pop(name) for name in mine}
        registry.update(incoming)
        return outgoing


def _importable(folder: Path) -> Iterator[str]:
    for path in folder.iterdir():
        if path.is_dir() or path.suffix == ".py":
            yield path.stem


def variables(function: Any, log: LogStream, credentials: Any) -> dict[str, str]:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    own: dict[str, str] = function.environment_vars
    return kept | {"LANG": "en_US.UTF-8"} | own | {
        "_HANDLER": str(function.handler),
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log.group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log.name,
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": TASK_ROOT,
        "TZ": ":UTC",
    }  # fmt: skip


def _replace_environ(current: Mapping[str, str], variables: Mapping[str, str]) -> None:
    """Replace the current variables by others; what is in both stays."""
    for name in current.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(dict(variables.items() - current.items()))
