"""What CreateFunction and UpdateFunctionConfiguration accept, where moto 5.2.5 takes anything.

| | AWS | the lab |
|---|---|---|
| supported: names of variables | reserved and malformed ones refused | the same |
| supported: all variables together | 4 KB | the same |
| supported: Timeout, MemorySize | 900 s, 10,240 MB | the same |
| supported: DeadLetterConfig | kept, if the role may send to it | the same (moto forgets it) |
| supported: PutFunctionEventInvokeConfig | replaces; Update merges | the same (moto keeps the first) |
| supported: a zip that is none | refused | the same |
| supported: AddPermission with a statement id that is there | ResourceConflictException | the same (moto keeps both) |
| differs: PutFunctionEventInvokeConfig with a Qualifier | of that version or alias | of the function |
| refused: container images, layers, runtimes other than Python, aliases of two versions, S3 as OnFailure | accepted | UnsupportedFunction |

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction

from inventory_lab.exceptions import UnsupportedFunction
from inventory_lab.iam.account.evaluator import Caller, PolicyEvaluator
from inventory_lab.iam.evaluation.calls import Call, Need

RESERVED = {
    "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_HANDLER", "_X_AMZN_TRACE_ID",
}  # fmt: skip
VARIABLE_BYTES = 4096
HIGHEST = {"Timeout": 900, "MemorySize": 10_240}
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
_UNABLE = (
    "Lambda was unable to configure your environment variables because the environment variables "
    "you have provided "
)
_SENDS = {"sqs": ("sqs:SendMessage", "SQS"), "sns": ("sns:Publish", "SNS")}


class _StatementIdTaken(LambdaClientError):
    """As on AWS."""

    code = 409

    def __init__(self, sid: str) -> None:
        super().__init__(
            "ResourceConflictException",
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, "
            "or remove the existing statement.",
        )


@contextmanager
def patched(evaluator: PolicyEvaluator) -> Iterator[None]:
    """While open, functions are made and changed as AWS lets them."""
    function, backend = LambdaFunction, LambdaBackend
    repairs: list[tuple[Any, str, Any]] = [
        (function, "dead_letter_arn", ""),
        (function, "update_configuration", _updated(function.update_configuration, evaluator)),
        (function, "update_function_code", _recoded(function.update_function_code)),
        (function, "get_configuration", _shown(function.get_configuration)),
        (backend, "create_function", _created(backend.create_function, evaluator)),
        (backend, "create_alias", _of_one_version(backend.create_alias)),
        (backend, "update_alias", _of_one_version(backend.update_alias)),
        (backend, "create_event_source_mapping", _no_mapping),
        (backend, "add_permission", _of_a_new_id(backend.add_permission)),
        (backend, "put_function_event_invoke_config", _replaced),
        (backend, "update_function_event_invoke_config", _merged),
    ]
    put = backend.put_function_event_invoke_config
    with ExitStack() as stack:
        stack.enter_context(patch.object(backend, "_put_event_invoke_config", put, create=True))
        for owner, name, repair in repairs:
            stack.enter_context(patch.object(owner, name, repair, create=True))
        yield


def _created(create: Callable[..., Any], evaluator: PolicyEvaluator) -> Callable[..., Any]:
    def created(self: Any, spec: dict[str, Any]) -> Any:
        _check(spec, spec["FunctionName"])
        _check_zip(spec.get("Code", {}))
        arn = f"arn:{self.partition}:lambda:{self.region_name}:{self.account_id}:function:{spec['FunctionName']}"
        target = _dead_letter_target(spec, spec["Role"], arn, evaluator)
        function = create(self, spec)
        function.dead_letter_arn = target or ""
        self.get_function(spec["FunctionName"]).dead_letter_arn = target or ""
        return function

    return created


def _updated(update: Callable[..., Any], evaluator: PolicyEvaluator) -> Callable[..., Any]:
    def updated(self: Any, changes: dict[str, Any]) -> Any:
        _check(changes, self.function_name)
        changes.get("Environment", {}).setdefault("Variables", {})
        role = changes.get("Role", self.role)
        target = _dead_letter_target(changes, role, self.function_arn, evaluator)
        if target is not None:
            self.dead_letter_arn = target
        update(self, changes)
        return self.get_configuration()

    return updated


def _recoded(update: Callable[..., Any]) -> Callable[..., Any]:
    def recoded(self: Any, spec: dict[str, Any]) -> Any:
        _check_zip(spec)
        return update(self, spec)

    return recoded


def _shown(show: Callable[..., Any]) -> Callable[..., Any]:
    def shown(self: Any, *args: Any, **kwargs: Any) -> Any:
        target = self.dead_letter_arn
        more = {"DeadLetterConfig": {"TargetArn": target}} if target else {}
        return show(self, *args, **kwargs) | more

    return shown


def _check(spec: Mapping[str, Any], name: str) -> None:
    _check_supported(spec, name)
    for member, highest in HIGHEST.items():
        if spec.get(member, 0) > highest:
            constraint = f"Member must have value less than or equal to {highest}"
            raise _invalid(
                f"Value '{spec[member]}' at '{member[0].lower()}{member[1:]}'", constraint
            )
    _check_variables(spec.get("Environment", {}).get("Variables", {}))


def _check_variables(variables: Mapping[str, str]) -> None:
    reserved = [name for name in variables if name in RESERVED]
    if reserved:
        raise InvalidParameterValueException(
            f"{_UNABLE}contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    if not all(_NAME.fullmatch(name) for name in variables):
        pattern = "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
        raise _invalid("Value at 'environment.variables'", pattern)
    measured = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    if variables and len(measured.encode()) > VARIABLE_BYTES:
        raise InvalidParameterValueException(
            f"{_UNABLE}exceeded the 4KB limit. String measured: {measured}"
        )


def _check_supported(spec: Mapping[str, Any], name: str) -> None:
    if spec.get("PackageType") == "Image":
        raise UnsupportedFunction(name, "its package is a container image")
    if spec.get("Layers"):
        raise UnsupportedFunction(name, "it has layers; put their modules into its zip")
    if not str(spec.get("Runtime", "python")).startswith("python"):
        raise UnsupportedFunction(name, f"its runtime is {spec['Runtime']}, not Python")


def _check_zip(code: Mapping[str, Any]) -> None:
    if "ZipFile" not in code:
        return
    try:
        data = base64.b64decode(code["ZipFile"])
    except binascii.Error:
        data = b""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise InvalidParameterValueException(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        )


def _dead_letter_target(
    spec: Mapping[str, Any], role: str, function_arn: str, evaluator: PolicyEvaluator
) -> str | None:
    """The target that a request names, empty when it takes it away; None when it says nothing."""
    if "DeadLetterConfig" not in spec:
        return None
    target = str(spec["DeadLetterConfig"].get("TargetArn") or "")
    if target:
        _check_may_send(target, role, function_arn, evaluator)
    return target


def _check_may_send(target: str, role: str, function_arn: str, evaluator: PolicyEvaluator) -> None:
    _, partition, _, region, account, _, name = function_arn.split(":")[:7]
    service = target.split(":")[2]
    if service not in _SENDS:
        raise InvalidParameterValueException(f"Invalid dead-letter target: {target}")
    action, product = _SENDS[service]
    session = f"arn:{partition}:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{name}"
    call = Call(service, "", {}, region, account, partition)
    if not evaluator.decide(Caller.of_arn(session), call, Need(action, target))[1].allowed:
        api = action.partition(":")[2]
        raise InvalidParameterValueException(
            f"The provided execution role does not have permissions to call {api} on {product}"
        )


def _of_one_version(act: Callable[..., Any]) -> Callable[..., Any]:
    def of_one_version(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        if (kwargs.get("routing_config") or {}).get("AdditionalVersionWeights"):
            raise UnsupportedFunction(name, "this alias divides invocations between two versions")
        return act(self, name, *args, **kwargs)

    return of_one_version


def _of_a_new_id(add: Callable[..., Any]) -> Callable[..., Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html"""

    def of_a_new_id(self: Any, name: str, qualifier: str, raw: str) -> Any:
        sid = json.loads(raw)["StatementId"]
        if any(
            found["Sid"] == sid for found in self.get_function(name, qualifier).policy.statements
        ):
            raise _StatementIdTaken(sid)
        return add(self, name, qualifier, raw)

    return of_a_new_id


def _no_mapping(backend: Any, spec: Mapping[str, Any]) -> None:  # noqa: ARG001
    raise UnsupportedFunction(
        str(spec.get("FunctionName")), "event source mappings are made with Lambda's own API"
    )


def _replaced(backend: Any, name: str, config: dict[str, Any]) -> Any:
    on_failure = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    if ":s3:" in on_failure:
        raise UnsupportedFunction(name, "its OnFailure destination is a bucket")
    answer = backend._put_event_invoke_config(name, config)
    function = backend.get_function(name)
    function.event_invoke_config = function.event_invoke_config[-1:]
    return answer


def _merged(backend: Any, name: str, config: dict[str, Any]) -> Any:
    configs = backend.get_function(name).event_invoke_config
    return _replaced(backend, name, (configs[-1].config if configs else {}) | config)


def _invalid(value: str, constraint: str) -> LambdaClientError:
    message = f"1 validation error detected: {value} failed to satisfy constraint: {constraint}"
    return LambdaClientError("ValidationException", message)
