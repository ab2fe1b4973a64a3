"""Lambda in this process: the deployed zip, run with the role's credentials.

| | AWS | the lab |
|---|---|---|
| supported: Invoke, DryRun, Event, LogType=Tail | answers by status, headers and payload | the same |
| supported: versions and aliases | each version has code and environments of its own | the same |
| supported: limits of a request | 6 MB; 1 MB when asynchronous | the same, with AWS's error |
| supported: new code or configuration | in force at the next invocation | the same |
| supported: a function that invokes itself | a second environment | the same |
| differs: concurrency | 1,000 at once | 10, nested in one another (as in a new account); reserved concurrency is not enforced |
| refused: what moto would start by itself (notifications of S3, log subscriptions) | runs | UnsupportedFunction |

moto 5.2.5 runs Docker for an Invoke, or answers a canned text; `tests/embedded_aws/awslambda/test_invocations.py` shows
what the lab answers. How an invocation goes is in `environments.py`, `runtime.py`, `timeouts.py`,
`logs.py` and `async_invocations.py`; topics and rules that may start one are in `sns/` and `events/`.

While a handler runs, `inventory_lab` in sys.modules is the zip's: code of `embedded_aws/` that can run
meanwhile imports nothing late.
"""

from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.awslambda.exceptions import LambdaClientError, UnknownFunctionException
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.awslambda.responses import LambdaResponse

from inventory_lab.embedded_aws.awslambda.async_invocations import (
    EventQueue,
    Invocation,
    SessionOfRole,
)
from inventory_lab.embedded_aws.awslambda.environments import Environment, variables
from inventory_lab.embedded_aws.awslambda.logs import Event, LogStream, report
from inventory_lab.embedded_aws.awslambda.runtime import (
    Answer,
    Handler,
    LambdaContext,
    Runtime,
    client_context,
)
from inventory_lab.embedded_aws.awslambda.timeouts import Limit, Real, RealTime, suspended
from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.patching import Patch, hook
from inventory_lab.exceptions import RoleNotAssumable, UnsupportedFunction

SERVICE = "lambda.amazonaws.com"
LARGEST_REQUEST = {"RequestResponse": 6 * 2**20, "Event": 2**20}
CONCURRENCY = 10
TAIL_BYTES = 4096

Measure = Callable[[str, float, bool], None]
"""Takes note of an invocation: the function's name, its duration, and whether it was an error."""
Response = tuple[int, dict[str, str], bytes]
INTERRUPTED = Answer(b"", "KeyboardInterrupt")
"""How an invocation ends that Ctrl-C has ended; its caller gets the interrupt instead."""


@dataclass(slots=True)
class PooledEnvironment:
    """An environment, and of what it was made."""

    revision: tuple[Any, ...]
    environment: Environment


class Functions:
    """Runs the functions that moto has on record."""

    def __init__(
        self,
        clock: LabClock,
        session_of_role: SessionOfRole,
        real: Real | None = None,
        measure: Measure = lambda _name, _milliseconds, _failed: None,
    ) -> None:
        self._measure = measure
        self._clock = clock
        self._real = real or RealTime()
        self._session_of_role = session_of_role
        self._pool: dict[str, list[PooledEnvironment]] = {}
        self._ids = random.Random(0)  # request ids are the same in every run
        self._nested = 0
        self.events = EventQueue(clock, self, session_of_role)

    def find(self, arn: str) -> Any:
        """The function that an ARN names, with its version or alias; None when there is none."""
        _, _, _, region, account, _, name = arn.split(":", 6)
        try:
            return lambda_backends[account][region].get_function(name)
        except UnknownFunctionException:
            return None

    def new(self, arn: str, payload: bytes, caller: str = "") -> Invocation:
        """An invocation with an id of its own."""
        return Invocation(arn, payload, self._id(), caller)

    def queue(self, arn: str, payload: bytes) -> None:
        """Invoke a function asynchronously."""
        self.events.put(self.new(arn, payload))

    def run(self, function: Any, invocation: Invocation) -> tuple[Answer, list[Event]]:
        """The answer of the function, and what it wrote.

        Raises RoleNotAssumable, and AWS's error for a payload that is not JSON or too much at once.
        """
        with suspended():
            return self._run(function, invocation)

    def _run(self, function: Any, invocation: Invocation) -> tuple[Answer, list[Event]]:
        event = _parsed(invocation.payload)
        if self._nested >= CONCURRENCY:
            raise _error("TooManyRequestsException", "Rate Exceeded.", 429)
        existing = self._existing(function)
        self._nested += 1
        ended = False
        try:
            answer = self._invoke(function, existing.environment, event, invocation)
            ended = answer.ended
        finally:
            self._nested -= 1
            events = existing.environment.output.taken()
            existing.environment.log.put(events)
            if ended:
                self._end(function.function_arn, existing)
        return answer, events

    def close(self) -> None:
        """End all environments, and forget what is queued."""
        self.events.clear()
        for arn, pool in self._pool.items():
            for existing in list(pool):
                self._end(arn, existing)

    def _invoke(
        self, function: Any, environment: Environment, event: Any, invocation: Invocation
    ) -> Answer:
        request_id, output, init = invocation.request_id, environment.output, None
        started_at, answer = self._clock.now(), INTERRUPTED
        handler: Handler | Answer | None = environment.handle
        try:
            with environment.entered(request_id, self._trace_id()):
                if handler is None:
                    handler = self._load(function, environment, invocation)
                    init, started_at = self._milliseconds(started_at), self._clock.now()
                output.entry(f"START RequestId: {request_id} Version: {function.version}")
                answer = (
                    handler
                    if isinstance(handler, Answer)
                    else self._call(handler, function, environment, event, invocation)
                )
        finally:
            output.entry(f"END RequestId: {request_id}")
            duration, status = self._milliseconds(started_at), _status(answer)
            self._measure(function.function_name, duration, bool(answer.error))
            output.entry(report(request_id, duration, function.memory_size, init, status))
        return answer

    def _load(
        self, function: Any, environment: Environment, invocation: Invocation
    ) -> Handler | Answer:
        """Import the handler; the time-out applies to the import too."""
        limit = Limit(function.timeout, self._clock, self._real)
        runtime = self._runtime(function, environment, invocation, limit)
        with limit.in_force():
            handler = runtime.load(str(function.handler))
        environment.handle = None if isinstance(handler, Answer) else handler
        return handler

    def _call(
        self,
        handle: Handler,
        function: Any,
        environment: Environment,
        event: Any,
        invocation: Invocation,
    ) -> Answer:
        limit = Limit(function.timeout, self._clock, self._real)
        runtime = self._runtime(function, environment, invocation, limit)
        with limit.in_force():
            return runtime.call(handle, event)

    def _runtime(
        self, function: Any, environment: Environment, invocation: Invocation, limit: Limit
    ) -> Runtime:
        context = LambdaContext(
            function_name=function.function_name,
            function_version=str(function.version),
            invoked_function_arn=invocation.arn,
            memory_limit_in_mb=str(function.memory_size),
            aws_request_id=invocation.request_id,
            log_group_name=environment.log.group,
            log_stream_name=environment.log.name,
            deadline=limit.deadline,
            clock=self._clock,
            client_context=client_context(invocation.caller),
        )
        return Runtime(context, limit, environment.root, environment.output)

    def _existing(self, function: Any) -> PooledEnvironment:
        """An environment that is free and up to date, if need be a new one."""
        arn, revision = function.function_arn, _revision(function)
        for existing in list(self._pool.get(arn, [])):
            if not existing.environment.busy:
                if existing.revision == revision:
                    return existing
                self._end(arn, existing)
        existing = PooledEnvironment(revision, self._environment(function))
        self._pool.setdefault(arn, []).append(existing)
        return existing

    def _environment(self, function: Any) -> Environment:
        session = self._session_of_role(function.role, SERVICE, unqualified(function.function_arn))
        stream = (
            f"{self._clock.now():%Y/%m/%d}/[{function.version}]{self._ids.getrandbits(128):032x}"
        )
        logs = session.client("logs", region_name=function.region)
        log = LogStream(logs, function.logs_group_name, stream)
        own = variables(function, log, session.get_credentials())
        return Environment(function.code_bytes, own, log, self._clock.now)

    def _end(self, arn: str, existing: PooledEnvironment) -> None:
        existing.environment.close()
        self._pool[arn].remove(existing)

    def _id(self) -> str:
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    def _trace_id(self) -> str:
        root, parent = self._ids.getrandbits(96), self._ids.getrandbits(64)
        return (
            f"Root=1-{int(self._clock.timestamp()):08x}-{root:024x};Parent={parent:016x};Sampled=0"
        )

    def _milliseconds(self, batch_starts: Any) -> float:
        return float((self._clock.now() - batch_starts).total_seconds() * 1000)


def patches(functions: Functions) -> list[Patch]:
    """What makes the Invoke API run functions here, and moto run none."""

    def invoke(self: Any) -> Response:
        return _answered(functions, self, self.headers.get("X-Amz-Invocation-Type"))

    def invoke_async(self: Any) -> Response:
        return _answered(functions, self, "Event")

    runs_here = "runs the function in this process, where moto starts Docker"
    refused = "refuses what moto would start by itself"
    started = "(self, body, request_headers, response_headers)"
    return [
        hook(
            LambdaResponse,
            "use_raw_body",
            "bool",
            "passes the payload as it is, where moto parses it as a form",
            replacement=True,
        ),
        hook(LambdaResponse, "invoke", "(self)", runs_here, invoke),
        hook(LambdaResponse, "invoke_async", "(self)", runs_here, invoke_async),
        hook(LambdaFunction, "invoke", started, refused, _refuse),
    ]


def unqualified(arn: str) -> str:
    """The ARN of a function without version or alias."""
    return ":".join(arn.split(":")[:7])


def _answered(functions: Functions, request: Any, kind: str | None) -> Response:
    """Invoke's answer to a request as moto has read it."""
    path = request.parsed_url.path.rstrip("/")
    name = unquote(path.rpartition("/functions/")[2].rpartition("/")[0])
    qualifier = parse_qs(request.parsed_url.query).get("Qualifier", [None])[0]
    function = request.backend.get_function(name, qualifier)
    payload, kind = bytes(request.body), kind or "RequestResponse"
    if kind == "DryRun":
        return 204, {"status": "204"}, b""
    _check_size(payload, kind)
    arn = unqualified(function.function_arn) + _qualifier_of(name, qualifier)
    invocation = functions.new(arn, payload, request.headers.get("X-Amz-Client-Context", ""))
    if kind == "Event":
        _parsed(payload)
        functions.events.put(invocation)
        return 202, {"status": "202"}, b""
    try:
        answer, events = functions.run(function, invocation)
    except RoleNotAssumable as exc:
        raise LambdaClientError("AccessDeniedException", str(exc)) from exc
    headers = {
        "content-type": "application/json",
        "X-Amz-Executed-Version": str(function.version),
    }
    if answer.error:
        headers["X-Amz-Function-Error"] = "Unhandled"
    if request.headers.get("X-Amz-Log-Type") == "Tail":
        headers["X-Amz-Log-Result"] = _tail(events)
    return 200, headers, answer.payload


def _qualifier_of(name: str, qualifier: str | None) -> str:
    """`:version` or `:alias`, whether in the name, the ARN or beside it."""
    named = name.split(":function:")[-1].partition(":")[2]
    return f":{named or qualifier}" if named or qualifier else ""


def _check_size(payload: bytes, kind: str) -> None:
    if kind not in LARGEST_REQUEST:
        value = f"1 validation error detected: Value '{kind}' at 'invocationType'"
        known = "Member must satisfy enum value set: [Event, RequestResponse, DryRun]"
        message = f"{value} failed to satisfy constraint: {known}"
        raise _error("InvalidParameterValueException", message, 400)
    limit = LARGEST_REQUEST[kind]
    if len(payload) > limit:
        size = f"{len(payload)} byte payload is too large for the {kind} invocation type"
        raise _error("RequestTooLargeException", f"{size} (limit {limit} bytes)", 413)


def _parsed(payload: bytes) -> Any:
    try:
        return json.loads(payload or b"{}")
    except (ValueError, RecursionError) as exc:
        message = f"Could not parse request body into json: {exc}"
        raise _error("InvalidRequestContentException", message, 400) from exc


def _error(kind: str, message: str, status: int) -> LambdaClientError:
    error = LambdaClientError(kind, message)
    error.code = status
    return error


def _tail(events: list[Event]) -> str:
    text = "".join(f"{event['message']}\n" for event in events).encode(errors="replace")
    return base64.b64encode(text[-TAIL_BYTES:]).decode()


def _status(answer: Answer) -> str:
    """What REPORT says of an environment that ended."""
    if not answer.ended:
        return ""
    timeout = answer.error == "Sandbox.Timedout"
    return "Status: timeout" if timeout else f"Status: error\tError Type: {answer.error}"


def _revision(function: Any) -> tuple[Any, ...]:
    """Everything that an environment depends on; also the function object, which may be created again."""
    return (
        function, function.code_sha_256, function.handler, function.role, function.run_time,
        function.timeout, function.memory_size, function.description, dict(function.environment_vars),
    )  # fmt: skip


def _refuse(function: Any, *_: Any) -> bytes:
    raise UnsupportedFunction(
        function.function_name, "only Invoke, topics and event rules can start it"
    )
