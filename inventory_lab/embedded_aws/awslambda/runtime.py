"""What Lambda's Python runtime does with a handler: find it, call it, put its end into a payload.

| | AWS | the lab |
|---|---|---|
| supported: faults before the handler runs | `Runtime.ImportModuleError`, `.HandlerNotFound`, `.UserCodeSyntaxError`, `.MalformedHandlerName`, `.BuiltInModuleConflict` | the same types and texts |
| supported: an exception of the handler | its type, message and stack | the same, with the paths of Lambda |
| supported: the end of the process (`sys.exit`) | `Runtime.ExitError` | the same; the notebook continues |
| supported: a result that is not JSON | `Runtime.MarshalError` | the same |
| supported: Decimal in a result | a number | the same |
| supported: the context object | Python's | the same; the remaining time is lab time |
| differs: `os._exit` and crashes | end the sandbox | end the notebook |
| differs: Python, and packages outside the zip | those of the runtime | those of the notebook |

https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from __future__ import annotations

import base64
import importlib
import json
import math
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from inventory_lab.embedded_aws.awslambda.logs import Output
from inventory_lab.embedded_aws.awslambda.timeouts import Limit, TimedOut
from inventory_lab.embedded_aws.clock import LabClock

TASK_ROOT = "/var/task"
LARGEST_RESPONSE = 6_291_556
"""Bytes; 6 MB and 100, as AWS says itself."""
_CLIENT = (
    "installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name",
)  # fmt: skip

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """How an invocation ended: the payload, the type of the error if any, and whether the environment
    ended with it.
    """

    payload: bytes
    error: str = ""
    ended: bool = False


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The context object of one invocation."""

    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    aws_request_id: str
    log_group_name: str
    log_stream_name: str
    deadline: datetime
    clock: LabClock
    identity: Any = field(
        default_factory=lambda: SimpleNamespace(
            cognito_identity_id=None, cognito_identity_pool_id=None
        )
    )
    client_context: Any = None
    tenant_id: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds of lab time until the time-out, never below 0."""
        return max(0, (self.deadline - self.clock.now()) // timedelta(milliseconds=1))


def client_context(header: str) -> Any:
    """The object that a caller's ClientContext gives; None without one."""
    if not header:
        return None
    client_context_data = json.loads(base64.b64decode(header))
    client = client_context_data.get("client")
    return SimpleNamespace(
        custom=client_context_data.get("custom"),
        env=client_context_data.get("env"),
        client=client and SimpleNamespace(**{name: client.get(name) for name in _CLIENT}),
    )


class Runtime:
    """The runtime in one invocation: its limit, its output, and the folder of the zip."""

    def __init__(self, context: LambdaContext, limit: Limit, root: Path, output: Output) -> None:
        self._context = context
        self._limit = limit
        self._root = root
        self._output = output
        output.is_over = limit.reached

    def load(self, handler: str) -> Handler | Answer:
        """The function that a handler names, or the answer when there is none."""
        module, dot, name = handler.rpartition(".")
        if not dot:
            reason = "not enough values to unpack (expected 2, got 1)"
            return self._no_handler("MalformedHandlerName", f"Bad handler '{handler}': {reason}")
        if module.split(".")[0] in sys.builtin_module_names:
            message = f"Cannot use built-in module {module} as a handler module"
            return self._no_handler("BuiltInModuleConflict", message)
        imported = self._import(module)
        if isinstance(imported, Answer):
            return imported
        if not hasattr(imported, name):
            message = f"Handler '{name}' missing on module '{module}'"
            return self._no_handler("HandlerNotFound", message)
        handle: Handler = getattr(imported, name)
        return handle

    def call(self, handle: Handler, event: Any) -> Answer:
        """Run the handler."""
        try:
            result = self._limit.call(handle, event, self._context)
        except KeyboardInterrupt:
            raise
        except BaseException as exc:  # noqa: BLE001 whatever a handler raises is its answer
            return self._too_late(exc) or self._raised(exc)
        return self._too_late() or self._marshalled(result)

    def _import(self, module: str) -> ModuleType | Answer:
        try:
            imported = self._limit.call(importlib.import_module, module.replace("/", "."))
        except KeyboardInterrupt:
            raise
        except BaseException as exc:  # noqa: BLE001 whatever a module raises ends the environment
            return self._too_late(exc) or replace(self._not_imported(module, exc), ended=True)
        return self._too_late() or imported

    def _not_imported(self, module: str, exc: BaseException) -> Answer:
        if isinstance(exc, ImportError):
            message = f"Unable to import module '{module}': {_message(exc)}"
            return self._no_handler("ImportModuleError", message)
        if isinstance(exc, SyntaxError):
            where = str(exc.filename).replace(str(self._root), TASK_ROOT)
            line = f'  File "{where}" Line {exc.lineno}\n    {exc.text}'
            message = f"Syntax error in module '{module}': {exc}"
            return self._no_handler("UserCodeSyntaxError", message, line)
        return self._raised(exc)

    def _no_handler(self, kind: str, message: str, *stack: str) -> Answer:
        return replace(self._failed(f"Runtime.{kind}", message, list(stack)), ended=True)

    def _raised(self, exc: BaseException) -> Answer:
        if isinstance(exc, SystemExit):
            return self._exited(exc.code)
        answer = self._failed(type(exc).__name__, _message(exc), _stack(exc, self._root))
        return answer if isinstance(exc, Exception) else self._exited(1)

    def _failed(self, kind: str, message: str, stack: list[str]) -> Answer:
        """A function error, as payload and in the log."""
        trace = "".join(["Traceback (most recent call last):\n", *stack]).rstrip()
        self._output.entry(f"[ERROR] {kind}: {message}\n{trace}")
        body = {
            "errorMessage": message,
            "errorType": kind,
            "requestId": self._context.aws_request_id,
            "stackTrace": stack,
        }
        return Answer(json.dumps(body).encode(), kind)

    def _exited(self, code: Any) -> Answer:
        """The function error of a process that has ended."""
        if code is not None and not isinstance(code, int):
            self._output.entry(str(code))
        status = code & 0xFF if isinstance(code, int) else int(code is not None)
        reason = f"with error: exit status {status}" if status else "without providing a reason"
        return self._ended("Runtime.ExitError", f"Runtime exited {reason}")

    def _too_late(self, exc: BaseException | None = None) -> Answer | None:
        """The function error of a handler that took too long; None when it did not."""
        if not isinstance(exc, TimedOut) and not self._limit.reached():
            return None
        return self._ended(
            "Sandbox.Timedout", f"Task timed out after {self._limit.seconds:.2f} seconds"
        )

    def _ended(self, kind: str, what: str) -> Answer:
        """A function error that the environment does not outlive; it has no stack."""
        message = f"RequestId: {self._context.aws_request_id} Error: {what}"
        self._output.entry(message)
        body = {"errorType": kind, "errorMessage": message}
        return Answer(json.dumps(body, separators=(",", ":")).encode(), kind, ended=True)

    def _marshalled(self, result: Any) -> Answer:
        try:
            payload = json.dumps(result, default=_number, ensure_ascii=False).encode()
        except (TypeError, ValueError, RecursionError) as exc:
            return self._failed("Runtime.MarshalError", f"Unable to marshal response: {exc}", [])
        return Answer(payload) if len(payload) <= LARGEST_RESPONSE else self._too_large()

    def _too_large(self) -> Answer:
        kind = "Function.ResponseSizeTooLarge"
        limit = f"maximum allowed payload size ({LARGEST_RESPONSE} bytes)"
        message = f"Response payload size exceeded {limit}."
        self._output.entry(f"[ERROR] {kind}: {message}")
        body = {"errorMessage": message, "errorType": kind}
        return Answer(json.dumps(body, separators=(",", ":")).encode(), kind)


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return math.nan if value.is_nan() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


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
