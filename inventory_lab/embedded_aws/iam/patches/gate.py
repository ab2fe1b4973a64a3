"""IAM in force: every API call in this process is decided before it is made.

| | moto 5.2.5 | AWS, and the lab |
|---|---|---|
| who calls | any key is good | the user or role whose key, secret and token sign the call |
| what is decided | nothing, or actions alone | each action on each resource, with conditions, boundaries and resource policies |
| a denial | an XML page | AWS's code, status and text, by service |

`before-parameter-build` keeps the parameters of the API call, `before-call` decides. Both are among
botocore's built-in handlers while the gate is open, so each session that is made has them. moto takes
no request that the gate has not passed, so what was made earlier or elsewhere fails closed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from botocore import UNSIGNED, handlers
from botocore.awsrequest import AWSResponse
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.botocore_stubber import BotocoreStubber
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from inventory_lab.embedded_aws.faults import CALLER, TWICE
from inventory_lab.embedded_aws.iam.rejected_requests import problem_of_request
from inventory_lab.embedded_aws.kinesis.pages import stream_of_iterator, stream_of_token
from inventory_lab.embedded_aws.patching import Patch, hook
from inventory_lab.exceptions import InvalidPolicy, UndecidedCall, UnknownToTheLab
from inventory_lab.iam.account.evaluator import Caller, PolicyEvaluator
from inventory_lab.iam.evaluation import messages as answers
from inventory_lab.iam.evaluation.calls import Call
from inventory_lab.iam.evaluation.messages import Refusal
from inventory_lab.iam.evaluation.operations import needs
from inventory_lab.turns import uninterrupted

PASSED = "X-Inventory-Lab-Passed"
_PARAMETERS = "inventory_lab_parameters"
SESSION_SECONDS = 3600
_REGION = re.compile(r"[.-]([a-z]{2}(?:-[a-z]+)+-\d)[.]")
_READING = ("Get", "List", "Simulate")
_CHANGES_RESOURCE_POLICIES = {
    "AddPermission", "CreateFunction", "CreateQueue", "CreateTopic", "DeleteAlias", "DeleteFunction",
    "DeleteQueue", "DeleteResourcePolicy", "DeleteRole", "DeleteStream", "DeleteTopic", "DeleteUser",
    "PutResourcePolicy", "RemovePermission", "SetQueueAttributes", "SetTopicAttributes",
}  # fmt: skip
_CHANGES_TRUST = {"DeleteRole", "DeleteUser"}
"""Afterwards the trust policies that named the principal have its unique id."""

Observe = Callable[[str, str, Mapping[str, Any], Mapping[str, Any]], None]
"""Takes note of a call: service, operation, parameters and answer."""
Answer = tuple[AWSResponse, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key as AWS keeps it: its caller and its secret."""

    caller: Caller
    secret: str
    token: str | None = None


class Gate:
    """Decides for one lab. `root` are the keys of the account itself."""

    def __init__(
        self, evaluator: PolicyEvaluator, region: str, now: Callable[[], datetime]
    ) -> None:
        self.evaluator = evaluator
        self._now = now
        self._sessions: dict[str, tuple[datetime, int]] = {}
        self._of_sessions: dict[str, tuple[Any, Any, Keys | None]] = {}
        self.observe: Observe = lambda _service, _operation, _params, _answer: None
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
        self, model: Any, params: Any, request_signer: Any, context: dict[str, Any], **_: Any
    ) -> Answer | None:
        """Handles before-call: an error answer, or none and the request may pass."""
        service, operation = model.service_model.service_name, model.name
        if request_signer.signature_version is UNSIGNED:
            return _answer(answers.unknown_key(service))
        if request_signer._credentials is None:
            return None  # botocore raises NoCredentialsError itself when it signs
        if _PARAMETERS not in context:
            raise UndecidedCall(params["url"])
        caller = self._caller(service, request_signer, params["url"])
        if isinstance(caller, Refusal):
            return _answer(caller)
        if (service, operation) == ("sts", "GetCallerIdentity"):
            return self._identity(caller, params)
        parameters = _with_what_is_meant(service, operation, context[_PARAMETERS] or {}, caller)
        region = request_signer.region_name
        secure = not params["url"].startswith("http:")
        call = Call(
            service, operation, parameters, region, caller.account(), self._partition, secure
        )
        refusal = self.refusal(caller, call)
        if refusal:
            return _answer(refusal)
        context[CALLER] = caller
        self._forget_what_changes(model, context)  # should the call be interrupted
        self.let_pass(params)
        return None

    def let_pass(self, params: Any) -> None:
        """Mark a request as passed."""
        params["headers"][PASSED] = self._pass

    def pass_unasked(self, params: Any, **_: Any) -> None:
        """Handles before-call of AWS's own sessions, which nobody has to allow anything."""
        self.let_pass(params)

    def after_call(self, model: Any, parsed: Any, context: Mapping[str, Any], **_: Any) -> None:
        """Handles after-call: forgets the policies that the call has changed, and notes sessions."""
        self._forget_what_changes(model, context)
        self._report(model, parsed or {}, context)
        if model.name == "AssumeRole" and CALLER in context and "Credentials" in (parsed or {}):
            seconds = context[_PARAMETERS].get("DurationSeconds", SESSION_SECONDS)
            self._sessions[parsed["Credentials"]["AccessKeyId"]] = (self._now(), seconds)

    def _report(self, model: Any, parsed: Mapping[str, Any], context: Mapping[str, Any]) -> None:
        """Report a successful call of a user to the observer; calls of services are not reported."""
        caller = context.get(CALLER)
        if caller is not None and caller.kind != "role" and "Error" not in parsed:
            service, operation = model.service_model.service_name, model.name
            params = _with_what_is_meant(service, operation, context.get(_PARAMETERS) or {}, caller)
            self.observe(service, operation, params, parsed)

    def _forget_what_changes(self, model: Any, context: Mapping[str, Any]) -> None:
        service, operation = model.service_model.service_name, model.name
        if service == "iam" and not operation.startswith(_READING):
            named = {} if operation in _CHANGES_TRUST else context.get(_PARAMETERS) or {}
            self.evaluator.attached.forget(named)
        if operation in _CHANGES_RESOURCE_POLICIES:
            self.evaluator.lookups.forget_policies()

    def refusal(self, caller: Caller, call: Call) -> Refusal | None:
        """Why the call is refused; None when everything it needs is allowed."""
        if refused := _root_assumes(caller, call):
            return refused
        try:
            for need in needs(call):
                request, decision = self.evaluator.decide(caller, call, need)
                if not decision.allowed:
                    return answers.denied(call.service, request, decision)
            problem = problem_of_request(call, self.evaluator.attached.iam, self._owner_of)
        except (UnknownToTheLab, InvalidPolicy) as exc:
            return _unprocessed(caller, call, exc)
        except Exception as exc:  # noqa: BLE001 whatever cannot be evaluated is denied
            return _unprocessed(
                caller, call, UnknownToTheLab(f"how to evaluate this request ({exc!r})")
            )
        return problem or self._unassumable_role(call)

    def _owner_of(self, access_key: str) -> str | None:
        keys = _keys(access_key, self._partition)
        return None if keys is None else keys.caller.name

    def _unassumable_role(self, call: Call) -> Refusal | None:
        """CreateFunction and its kin are refused when Lambda may not assume the role."""
        role = call.params.get("Role")
        if call.service != "lambda" or not role:
            return None
        source = call.arn(f"function:{call.params.get('FunctionName')}")
        if self.evaluator.service_may_assume(str(role), "lambda.amazonaws.com", source).allowed:
            return None
        message = "The role defined for the function cannot be assumed by Lambda."
        return Refusal("InvalidParameterValueException", 400, message)

    def _caller(self, service: str, signer: Any, url: str) -> Caller | Refusal:
        credentials = signer._credentials.get_frozen_credentials()
        keys = self._known.get(credentials.access_key) or self._active(credentials.access_key)
        if keys is None or (keys.token or None) != (credentials.token or None):
            return answers.unknown_key(service)
        if keys.secret != credentials.secret_key:
            return answers.wrong_secret(service)
        region = _REGION.search(url.partition("://")[2].partition("/")[0])
        if region and region[1] != signer.region_name:
            return answers.wrong_region(service)
        issued, seconds = self._sessions.get(credentials.access_key, (None, 0))
        if issued and self._now() - issued > timedelta(seconds=seconds):
            return answers.expired(service)
        return replace(keys.caller, issued=issued) if issued else keys.caller

    def knows(self, access_key: str) -> bool:
        """Whether a key is still good."""
        return self._active(access_key) is not None

    def _active(self, access_key: str) -> Keys | None:
        """What AWS has on record for a key that may be used; None for an inactive one."""
        iam = iam_backends[DEFAULT_ACCOUNT_ID][self._partition]
        key = iam.access_keys.get(access_key)
        if key is None or key.status != "Active":
            return None
        known_key, role, keys = self._of_sessions.get(access_key, (None, None, None))
        if known_key is key and iam.roles.get(role.id) is role:
            return keys
        keys, role = _keys_of(iam, key, self._partition)
        if role is not None:
            self._of_sessions[access_key] = key, role, keys
        return keys

    def _identity(self, caller: Caller, params: Any) -> Answer | None:
        """GetCallerIdentity needs no permission; moto does not know root."""
        self.let_pass(params)
        if caller.kind != "root":
            return None
        account = caller.account()
        answer = {"UserId": account, "Account": account, "Arn": caller.arn}
        return _response(200), answer | {"ResponseMetadata": {"HTTPStatusCode": 200}}

    def handlers(self) -> list[tuple[str, Callable[..., Any], Any]]:
        """The gate's entries among botocore's built-in handlers."""
        return [
            ("before-parameter-build", self.keep_parameters, handlers.REGISTER_LAST),
            ("before-call", self.decide, handlers.REGISTER_LAST),
            ("after-call", self.after_call, handlers.REGISTER_LAST),
        ]

    def has_passed(self, headers: Mapping[str, Any]) -> bool:
        """Whether a request carries the mark, and is signed."""
        mark = headers.get(PASSED)
        marked = (mark.decode() if isinstance(mark, bytes) else mark) == self._pass
        return marked and "Authorization" in headers


BuiltIn = tuple[str, Callable[..., Any], Any]
"""An event of botocore, what handles it, and how it is registered."""


def patches(gate: Gate, others: Sequence[BuiltIn] = ()) -> list[Patch]:
    """What makes every session ask the gate and then the other handlers; moto takes nothing else."""
    return [
        hook(
            handlers,
            "BUILTIN_HANDLERS",
            "list",
            "every session asks the gate before a call; then faults and time-outs strike",
            around=lambda built_in: [*built_in, *gate.handlers(), *others],
        ),
        hook(
            BotocoreStubber,
            "process_request",
            "(self, request)",
            "no request is answered that the gate has not passed",
            around=partial(_passed_only, gate),
        ),
    ]


def _passed_only(gate: Gate, process: Callable[..., Any]) -> Callable[..., Any]:
    def process_passed(self: BotocoreStubber, request: Any) -> Any:
        if not gate.has_passed(request.headers):
            raise UndecidedCall(request.url.partition("?")[0])
        if TWICE in request.headers:
            process(self, request)
        return process(self, request)

    return uninterrupted(process_passed)


def _root_assumes(caller: Caller, call: Call) -> Refusal | None:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
    if caller.kind != "root" or (call.service, call.operation) != ("sts", "AssumeRole"):
        return None
    return Refusal("AccessDenied", 403, "Roles may not be assumed by root accounts.")


def _keys(access_key: str, partition: str) -> Keys | None:
    """What AWS knows about an access key; None when the key, its user or its role was deleted."""
    iam = iam_backends[DEFAULT_ACCOUNT_ID][partition]
    key = iam.access_keys.get(access_key)
    return None if key is None else _keys_of(iam, key, partition)[0]


def _keys_of(iam: Any, key: Any, partition: str) -> tuple[Keys | None, Any]:
    """The keys, and the role of a session."""
    if key.user_name:
        user = next((u for u in iam.users.values() if u.name == key.user_name), None)
        if user is None or not user.has_access_key(key.access_key_id):
            return None, None
        arn = f"arn:{partition}:iam::{DEFAULT_ACCOUNT_ID}:user/{key.user_name}"
        return Keys(Caller.of_arn(arn), key.secret_access_key), None
    session = sts_backends[DEFAULT_ACCOUNT_ID][partition].get_assumed_role_from_access_key(
        key.access_key_id
    )
    role = None if session is None else _role(iam, session.role_arn)
    if role is None or role.create_date > key.create_date:  # created again with the same name
        return None, None
    caller = Caller.of_arn(session.arn)
    return Keys(caller, session.secret_access_key, session.session_token), role


def _role(iam: Any, arn: str) -> Any:
    return next((role for role in iam.roles.values() if role.arn == arn), None)


def _unprocessed(caller: Caller, call: Call, why: Exception) -> Refusal:
    action = f"{call.service}:{call.operation}"
    message = f"User: {caller.arn} is not authorized to perform: {action} because {why}"
    return answers.refused(call.service, message)


def _with_what_is_meant(
    service: str, operation: str, params: Mapping[str, Any], caller: Caller
) -> Mapping[str, Any]:
    """The parameters, with the user or the stream that a call means without naming it."""
    if service == "iam" and "UserName" not in params and caller.kind == "user":
        named = any(name in params for name in ("RoleName", "GroupName", "PolicyArn", "PolicyName"))
        return params if named else {**params, "UserName": caller.name}
    if (service, operation) == ("kinesis", "GetRecords"):
        return {**params, "StreamName": stream_of_iterator(str(params.get("ShardIterator")))}
    if (service, operation) == ("kinesis", "ListShards") and params.get("NextToken"):
        token = str(
            params["NextToken"]
        )  # the token decides about the stream, whatever else the call names
        return {"StreamName": stream_of_token(token)}
    return params


def _answer(refusal: Refusal) -> Answer:
    return _response(refusal.status), refusal.parsed()


def _response(status: int) -> AWSResponse:
    return AWSResponse("https://decided.invalid", status, {}, None)
