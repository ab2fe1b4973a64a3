"""What CreateFunction and UpdateFunctionConfiguration accept, where moto 5.2.5 takes anything.

| | AWS | the lab |
|---|---|---|
| supported: names of variables | reserved and malformed ones refused | the same |
| supported: all variables together | 4 KB | the same |
| supported: Timeout, MemorySize | 900 s, 10,240 MB | the same |
| supported: DeadLetterConfig | kept, if the role may send to it | the same (moto forgets it) |
| supported: PutFunctionEventInvokeConfig | replaces; Update merges | the same (moto keeps the first) |
| supported: code that is not a zip | refused | the same |
| supported: AddPermission with a statement id that is there | ResourceConflictException | the same (moto keeps both) |
| supported: AddPermission with a statement id such as a/b | ValidationException | the same |
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
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction

from inventory_lab.embedded_aws.patching import Patch, gap, hook
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
_STATEMENT_ID = "([a-zA-Z0-9-_]+)"
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


def patches(evaluator: PolicyEvaluator) -> list[Patch]:
    """What makes functions be created and changed as AWS lets them."""
    return [*_function_patches(evaluator), *_backend_patches(evaluator)]


def _function_patches(evaluator: PolicyEvaluator) -> list[Patch]:
    return [
        gap(
            LambdaFunction,
            "update_configuration",
            "(self, config_updates)",
            "refuses what AWS refuses: reserved variables, sizes; keeps DeadLetterConfig",
            around=partial(_updated, evaluator),
        ),
        gap(
            LambdaFunction,
            "update_function_code",
            "(self, updated_spec)",
            "refuses a file that is not a zip",
            around=_recoded,
        ),
        gap(
            LambdaFunction,
            "get_configuration",
            "(self, on_create=False)",
            "shows DeadLetterConfig",
            around=_shown,
        ),
    ]


def _backend_patches(evaluator: PolicyEvaluator) -> list[Patch]:
    return [
        gap(
            LambdaBackend,
            "create_function",
            "(self, spec)",
            "refuses what AWS refuses: reserved variables, sizes, a file that is not a zip; keeps "
            "DeadLetterConfig",
            around=partial(_created, evaluator),
        ),
        *(_alias(name) for name in ("create_alias", "update_alias")),
        gap(
            LambdaBackend,
            "add_permission",
            "(self, function_name, qualifier, raw)",
            "refuses a statement id that is taken, or has other characters than AWS allows",
            around=_of_a_new_id,
        ),
        gap(
            LambdaBackend,
            "put_function_event_invoke_config",
            "(self, function_name, config)",
            "replaces the configuration, where moto keeps the first one",
            around=_replaced,
        ),
        gap(
            LambdaBackend,
            "update_function_event_invoke_config",
            "(self, function_name, config)",
            "changes only what the request names",
            _merged,
        ),
    ]


def _alias(name: str) -> Patch:
    return hook(
        LambdaBackend,
        name,
        "(self, name, function_name, function_version, description, routing_config)",
        "refuses an alias of two versions, because invocations here go to one",
        around=_of_one_version,
    )


def _created(evaluator: PolicyEvaluator, create: Callable[..., Any]) -> Callable[..., Any]:
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


def _updated(evaluator: PolicyEvaluator, update: Callable[..., Any]) -> Callable[..., Any]:
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
        target = getattr(self, "dead_letter_arn", "")
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
        if not re.fullmatch(_STATEMENT_ID, sid):
            raise _invalid(
                f"Value '{sid}' at 'statementId'",
                f"Member must satisfy regular expression pattern: {_STATEMENT_ID}",
            )
        if any(
            statement["Sid"] == sid
            for statement in self.get_function(name, qualifier).policy.statements
        ):
            raise _StatementIdTaken(sid)
        return add(self, name, qualifier, raw)

    return of_a_new_id


def _replaced(put: Callable[..., Any]) -> Callable[..., Any]:
    def replaced(self: Any, name: str, config: dict[str, Any]) -> Any:
        on_failure = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
        if ":s3:" in on_failure:
            raise UnsupportedFunction(name, "its OnFailure destination is a bucket")
        answer = put(self, name, config)
        function = self.get_function(name)
        function.event_invoke_config = function.event_invoke_config[-1:]
        return answer

    return replaced


def _merged(self: Any, name: str, config: dict[str, Any]) -> Any:
    configs = self.get_function(name).event_invoke_config
    merged = (configs[-1].config if configs else {}) | config
    return self.put_function_event_invoke_config(name, merged)


def _invalid(value: str, constraint: str) -> LambdaClientError:
    message = f"1 validation error detected: {value} failed to satisfy constraint: {constraint}"
    return LambdaClientError("ValidationException", message)
