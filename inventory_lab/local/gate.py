"""IAM in force: every API call in this process is decided before it is made.

| | moto 5.2.5 | the lab |
|---|---|---|
| who calls | any key is good | the user or role whose key, secret and token sign the call |
| what is decided | nothing, or actions alone | each action on each resource, with conditions, boundaries and resource policies |
| a denial | an XML page | AWS's code, status and text, by service |

`before-parameter-build` keeps the parameters of the API call, `before-call` decides. Both stand among
botocore's built-in handlers while the gate is open, so each session that is made has them. moto takes
no request that the gate has not passed, so what was made earlier or elsewhere fails closed.
`tests/local/test_gate.py` tells when moto decides by itself.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from botocore import UNSIGNED, handlers
from botocore.awsrequest import AWSResponse
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.botocore_stubber import BotocoreStubber
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from inventory_lab.exceptions import InvalidPolicy, UndecidedCall, UnknownToTheLab
from inventory_lab.local.access import answers
from inventory_lab.local.access.answers import Refusal
from inventory_lab.local.access.calls import Call
from inventory_lab.local.access.documents import document_problem
from inventory_lab.local.access.judge import Caller, Judge
from inventory_lab.local.access.operations import needs

PASSED = "X-Inventory-Lab-Passed"
_PARAMETERS = "inventory_lab_parameters"
_READING = ("Get", "List", "Simulate")
_CHANGES_RESOURCE_POLICIES = {
    "AddPermission", "CreateFunction", "CreateQueue", "CreateTopic", "DeleteFunction", "DeleteQueue",
    "DeleteTopic", "RemovePermission", "SetQueueAttributes", "SetTopicAttributes",
}  # fmt: skip

Answer = tuple[AWSResponse, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key as AWS keeps it: whose it is, and what signs with it."""

    caller: Caller
    secret: str
    token: str | None = None


class Gate:
    """Decides for one lab. `root` are the keys of the account itself."""

    def __init__(self, judge: Judge, region: str) -> None:
        self.judge = judge
        self._partition = get_partition(region)
        self._pass = secrets.token_hex(16)
        root = Caller(f"arn:{self._partition}:iam::{DEFAULT_ACCOUNT_ID}:root", "root")
        self.root_key = f"AKIA{secrets.token_hex(8).upper()}"
        self._known = {self.root_key: Keys(root, secrets.token_hex(20))}

    @property
    def root_secret(self) -> str:
        """The secret of the account's own key."""
        return self._known[self.root_key].secret

    def keep_parameters(self, params: Any, context: dict[str, Any], **_: Any) -> None:
        """Handles before-parameter-build: the parameters, which later handlers may still change."""
        context[_PARAMETERS] = params

    def decide(
        self, model: Any, params: Any, request_signer: Any, context: Mapping[str, Any], **_: Any
    ) -> Answer | None:
        """Handles before-call: an error answer, or none and the request may pass."""
        service, operation = model.service_model.service_name, model.name
        if request_signer.signature_version is UNSIGNED:
            return _answer(answers.unknown_key(service))
        if request_signer._credentials is None:
            return None  # botocore says so itself when it comes to sign
        found = self._caller(service, request_signer)
        if isinstance(found, Refusal):
            return _answer(found)
        if (service, operation) == ("sts", "GetCallerIdentity"):
            return self._identity(found, params)
        parameters = _with_what_is_meant(service, operation, context.get(_PARAMETERS) or {}, found)
        region = request_signer.region_name
        call = Call(service, operation, parameters, region, found.account(), self._partition)
        refusal = self.refusal(found, call)
        if refusal:
            return _answer(refusal)
        self.let_pass(model, params, parameters)
        return None

    def let_pass(self, model: Any, params: Any, parameters: Mapping[str, Any]) -> None:
        """Mark a request as passed, and forget the policies that it is going to change."""
        params["headers"][PASSED] = self._pass
        service, operation = model.service_model.service_name, model.name
        if service == "iam" and not operation.startswith(_READING):
            self.judge.attached.forget(parameters)
        if operation in _CHANGES_RESOURCE_POLICIES:
            self.judge.lookups.forget_policies()

    def pass_unasked(self, model: Any, params: Any, context: Mapping[str, Any], **_: Any) -> None:
        """Handles before-call of AWS's own sessions, which nobody has to allow anything."""
        self.let_pass(model, params, context.get(_PARAMETERS) or {})

    def refusal(self, caller: Caller, call: Call) -> Refusal | None:
        """Why the call is refused; None when everything it needs is allowed."""
        try:
            for need in needs(call):
                request, decision = self.judge.decide(caller, call, need)
                if not decision.allowed:
                    return answers.denied(call.service, request, decision)
        except (UnknownToTheLab, InvalidPolicy) as exc:
            action = f"{call.service}:{call.operation}"
            message = f"User: {caller.arn} is not authorized to perform: {action} because {exc}"
            return answers.refused(call.service, message)
        return document_problem(call) or self._unassumable_role(call)

    def _unassumable_role(self, call: Call) -> Refusal | None:
        """CreateFunction and its kin are refused when Lambda may not assume the role."""
        role = call.params.get("Role")
        if call.service != "lambda" or not role:
            return None
        source = call.arn(f"function:{call.params.get('FunctionName')}")
        if self.judge.service_may_assume(str(role), "lambda.amazonaws.com", source).allowed:
            return None
        message = "The role defined for the function cannot be assumed by Lambda."
        return Refusal("InvalidParameterValueException", 400, message)

    def _caller(self, service: str, signer: Any) -> Caller | Refusal:
        given = signer._credentials.get_frozen_credentials()
        keys = self._known.get(given.access_key) or _keys(given.access_key, self._partition)
        if keys is None or (keys.token or None) != (given.token or None):
            return answers.unknown_key(service)
        return keys.caller if keys.secret == given.secret_key else answers.wrong_secret(service)

    def _identity(self, caller: Caller, params: Any) -> Answer | None:
        """GetCallerIdentity needs no permission; moto does not know root."""
        params["headers"][PASSED] = self._pass
        if caller.kind != "root":
            return None
        account = caller.account()
        answer = {"UserId": account, "Account": account, "Arn": caller.arn}
        return _response(200), answer | {"ResponseMetadata": {"HTTPStatusCode": 200}}

    def has_passed(self, headers: Mapping[str, Any]) -> bool:
        """Whether a request carries the mark."""
        mark = headers.get(PASSED)
        return (mark.decode() if isinstance(mark, bytes) else mark) == self._pass


@contextmanager
def installed(gate: Gate) -> Iterator[None]:
    """While open, sessions that are made ask the gate, and moto takes nothing else."""
    built_in = [
        ("before-parameter-build", gate.keep_parameters, handlers.REGISTER_LAST),
        ("before-call", gate.decide, handlers.REGISTER_LAST),
    ]
    handlers.BUILTIN_HANDLERS.extend(built_in)
    try:
        with patch.object(BotocoreStubber, "process_request", _passed_only(gate)):
            yield
    finally:
        for entry in built_in:
            handlers.BUILTIN_HANDLERS.remove(entry)


def _passed_only(gate: Gate) -> Callable[..., Any]:
    process = BotocoreStubber.process_request

    def process_passed(self: BotocoreStubber, request: Any) -> Any:
        if not gate.has_passed(request.headers):
            raise UndecidedCall(request.url.partition("?")[0])
        return process(self, request)

    return process_passed


def _keys(access_key: str, partition: str) -> Keys | None:
    """What AWS has on record for an access key; None when it is unknown, inactive or deleted."""
    iam = iam_backends[DEFAULT_ACCOUNT_ID][partition]
    key = iam.access_keys.get(access_key)
    if key is None or key.status != "Active":
        return None
    if key.user_name:
        arn = f"arn:{partition}:iam::{DEFAULT_ACCOUNT_ID}:user/{key.user_name}"
        return Keys(Caller.of_arn(arn), key.secret_access_key)
    session = sts_backends[DEFAULT_ACCOUNT_ID][partition].get_assumed_role_from_access_key(
        access_key
    )
    if session is None:
        return None
    return Keys(Caller.of_arn(session.arn), session.secret_access_key, session.session_token)


def _with_what_is_meant(
    service: str, operation: str, params: Mapping[str, Any], caller: Caller
) -> Mapping[str, Any]:
    """The parameters, with the user or the stream that a call means without naming it."""
    if service == "iam" and "UserName" not in params and caller.kind == "user":
        named = any(name in params for name in ("RoleName", "GroupName", "PolicyArn", "PolicyName"))
        return params if named else {**params, "UserName": caller.name}
    if (service, operation) == ("kinesis", "GetRecords"):
        return {**params, "StreamName": _stream_of(str(params.get("ShardIterator")))}
    return params


def _stream_of(iterator: str) -> str:
    """The stream that a shard iterator of moto's reads."""
    try:
        return base64.decodebytes(iterator.encode()).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _answer(refusal: Refusal) -> Answer:
    return _response(refusal.status), refusal.parsed()


def _response(status: int) -> AWSResponse:
    return AWSResponse("https://decided.invalid", status, {}, None)
