"""Decides a call: which policies apply, which condition keys it has, and what the resource's policy says.

Within an account it is enough that an identity-based policy or the resource's policy allows the call. An
explicit deny in either is final, and a permissions boundary limits both:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html
A role's trust policy must allow the caller; when it names the account as a whole, the caller's own
policies must allow it too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from inventory_lab.exceptions import InvalidPolicy, UnknownToTheLab
from inventory_lab.iam.account.principal_policies import AttachedPolicies, PrincipalPolicies
from inventory_lab.iam.account.resource_policies import ClientOf, Lookups
from inventory_lab.iam.evaluation.calls import Call, Need, functions
from inventory_lab.iam.evaluation.context import (
    Provider,
    RequestContext,
    of_call,
    parts_of,
    zulu,
)
from inventory_lab.iam.evaluation.decision import (
    RESOURCE,
    TRUST,
    AccessRequest,
    Decision,
    evaluate,
    evaluate_resource_policy,
)
from inventory_lab.iam.evaluation.document import Policy

Principals = list[tuple[str, str]]
_NAMES_KEYS = {
    "BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "TransactGetItems",
    "TransactWriteItems", "UpdateItem",
}  # fmt: skip
_WITH_POLICIES = ("sqs", "sns", "lambda", "kinesis")
_EQUALS = re.compile(r"([#\w]+)\s*=\s*(:\w+)")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signs a call; `session` is the session name of an assumed role."""

    arn: str
    kind: Literal["root", "user", "role"]
    name: str = ""
    session: str = ""
    issued: datetime | None = None

    @classmethod
    @lru_cache(maxsize=1024)
    def of_arn(cls, arn: str) -> Caller:
        """The caller with the ARN of a user, a role or a session. Raises ValueError for another ARN."""
        kind, _, path = arn.split(":", 5)[-1].partition("/")
        name, _, session = path.partition("/")
        match kind:
            case "root":
                return cls(arn, "root")
            case "user":
                return cls(arn, "user", path.rpartition("/")[2])
            case "role":
                return cls(arn, "role", path.rpartition("/")[2])
            case "assumed-role":
                return cls(arn, "role", name, session)
        raise ValueError(f"{arn!r} is not the ARN of a user, a role or a session of a role")

    def account(self) -> str:
        """The account's number."""
        return self.arn.split(":")[4]

    def iam_arn(self) -> str:
        """The ARN of the user or role."""
        if self.kind != "role":
            return self.arn
        return f"arn:{self.arn.split(':')[1]}:iam::{self.account()}:role/{self.name}"

    def itself(self) -> Principals:
        """The principals by which a policy names this caller."""
        return [("AWS", self.arn), ("AWS", self.iam_arn())]

    def its_account(self) -> Principals:
        """The principals by which a policy names everybody in the account."""
        root = f"arn:{self.arn.split(':')[1]}:iam::{self.account()}:root"
        return [("AWS", root), ("AWS", self.account())]


class PolicyEvaluator:
    """Evaluates calls. `client_of` returns clients that may read IAM, queues, topics, functions, streams
    and tables. `attached` and `lookups` read policies in another way than through the APIs.
    """

    def __init__(
        self,
        client_of: ClientOf,
        now: Callable[[], datetime],
        attached: AttachedPolicies | None = None,
        lookups: Lookups | None = None,
    ) -> None:
        self._now = now
        self.attached = attached or AttachedPolicies(lambda: client_of("iam", ""))
        self.lookups = lookups or Lookups(client_of)

    def policies_of(self, caller: Caller) -> PrincipalPolicies:
        """The policies of the caller; none for the root user, which has no policies."""
        if caller.kind == "root":
            return PrincipalPolicies()
        of = self.attached.of_user if caller.kind == "user" else self.attached.of_role
        return of(caller.name)

    def decide(self, caller: Caller, call: Call, need: Need) -> tuple[AccessRequest, Decision]:
        """The request, and the decision of all policies that apply to it.

        Raises UnknownToTheLab when a policy uses a condition key that the lab does not know,
        InvalidPolicy when a policy cannot be read.
        """
        principal = self.policies_of(caller)
        prefixes = {call.service, need.action.partition(":")[0]}
        context = RequestContext(lambda: self._keys(caller, principal, call, need), prefixes)
        request = AccessRequest(caller.arn, need.action, need.resource, context)
        identity = evaluate(principal.policies.values(), request, principal.boundary)
        if caller.kind == "root":
            identity = Decision(True, False, None)
        if need.action == "sts:AssumeRole":
            return request, self._trusted(caller, request, identity)
        if need.action.partition(":")[0] not in _WITH_POLICIES:
            return request, identity
        policy = self.lookups.policy(need.resource)
        return request, _with_resource_policy(caller, principal, policy, request, identity)

    def trust(self, role_arn: str) -> Policy:
        """The trust policy of a role; without statements when there is no such role."""
        principal = self.attached.of_role(role_arn.rpartition("/")[2])
        return principal.trust if principal.arn == role_arn else ()

    def service_may_assume(self, role_arn: str, service: str, source_arn: str) -> Decision:
        """Whether the role's trust policy lets a service assume it for one of its resources."""
        request = self._request_of_service(service, "sts:AssumeRole", role_arn, source_arn)
        return _answer_of_policy(lambda: self.trust(role_arn), request, service, TRUST)

    def service_may(self, service: str, action: str, resource: str, source_arn: str) -> Decision:
        """Whether the policy on a resource lets a service act on it for another resource."""
        request = self._request_of_service(service, action, resource, source_arn)
        return _answer_of_policy(lambda: self.lookups.policy(resource), request, service, RESOURCE)

    def _request_of_service(
        self, service: str, action: str, resource: str, source_arn: str
    ) -> AccessRequest:
        parts = (source_arn.split(":") + [""] * 6)[:6]
        call = Call(action.partition(":")[0], "", {}, parts[3], parts[4], parts[1])
        keys: Mapping[str, Provider] = of_call(call, self._now()) | {
            "aws:PrincipalIsAWSService": lambda: "true",
            "aws:PrincipalServiceName": lambda: service,
            "aws:PrincipalServiceNamesList": lambda: [service],
            "aws:SourceAccount": lambda: call.account,
            "aws:SourceArn": lambda: source_arn,
            "aws:SourceOwner": lambda: call.account,
        }
        return AccessRequest(
            service, action, resource, RequestContext(lambda: keys, {call.service})
        )

    def _trusted(self, caller: Caller, request: AccessRequest, identity: Decision) -> Decision:
        trust = self.trust(request.resource)
        everyone = evaluate_resource_policy(
            trust, request, caller.itself(), TRUST, caller.its_account()
        )
        if identity.explicit_deny or not everyone.allowed:
            return identity if identity.explicit_deny else everyone
        named = evaluate_resource_policy(trust, request, caller.itself(), TRUST)
        within = _within_boundary(caller, self.policies_of(caller), request)
        return named if named.allowed and within else identity

    def _keys(
        self, caller: Caller, principal: PrincipalPolicies, call: Call, need: Need
    ) -> dict[str, Provider]:
        return {
            **of_call(call, self._now()),
            **_of_caller(caller, principal, self._now()),
            **{key: _constant(value) for key, value in need.context.items()},
            "aws:ResourceAccount": lambda: call.account,
            "aws:ResourceTag/": lambda: self._resource_tags(need.resource),
            **self._looked_up(call, need),
        }

    def _looked_up(self, call: Call, need: Need) -> dict[str, Provider]:
        """The keys of a service that depend on more than the call."""
        if call.service == "dynamodb":
            return {"dynamodb:LeadingKeys": lambda: self._leading_keys(call, need)}
        if call.operation.endswith("EventSourceMapping"):
            return {"lambda:FunctionArn": lambda: self._function_of_mapping(call)}
        if call.service == "iam":
            return {
                "iam:PermissionsBoundary": lambda: self._boundary(call),
                "iam:ResourceTag/": lambda: self._resource_tags(need.resource),
            }
        return {}

    def _function_of_mapping(self, call: Call) -> str | None:
        """The function of an event source mapping, named by the request or by the mapping:
        https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
        """
        if call.params.get("FunctionName"):
            return functions(call)[0]
        return self.lookups.function_of_mapping(str(call.params.get("UUID")), call.region)

    def _resource_tags(self, arn: str) -> Mapping[str, str]:
        kind, _, name = arn.split(":")[-1].partition("/")
        if ":iam:" in arn and kind in ("user", "role"):
            of = self.attached.of_user if kind == "user" else self.attached.of_role
            return of(name).tags
        return self.lookups.tags(arn)

    def _boundary(self, call: Call) -> str | None:
        if call.params.get("PermissionsBoundary"):
            return str(call.params["PermissionsBoundary"])
        if call.operation in ("CreateUser", "CreateRole"):
            return None
        if call.params.get("UserName"):
            return self.attached.of_user(str(call.params["UserName"])).boundary_arn or None
        return self.attached.of_role(str(call.params.get("RoleName"))).boundary_arn or None

    def _leading_keys(self, call: Call, need: Need) -> list[str] | None:
        if {"Statement", "Statements", "TransactStatements"} & call.params.keys():
            raise UnknownToTheLab("the keys in a PartiQL statement")
        key = self.lookups.partition_key(need.resource)
        if key is None:
            return None
        values = sorted(set(_key_values(call.params, key, need.resource.split("/")[1])))
        if not values and call.operation in _NAMES_KEYS:
            raise UnknownToTheLab("how this request names its keys")
        return values or None


def _answer_of_policy(
    policy: Callable[[], Policy], request: AccessRequest, service: str, kind: str
) -> Decision:
    """The decision of a policy for a service: denied when it cannot be evaluated."""
    try:
        return evaluate_resource_policy(policy(), request, [("Service", service)], kind)
    except (UnknownToTheLab, InvalidPolicy):
        return Decision(False, False, None, kind)


def _with_resource_policy(
    caller: Caller,
    principal: PrincipalPolicies,
    policy: Policy,
    request: AccessRequest,
    identity: Decision,
) -> Decision:
    everyone = evaluate_resource_policy(
        policy, request, caller.itself(), RESOURCE, caller.its_account()
    )
    if identity.explicit_deny or everyone.explicit_deny:
        return identity if identity.explicit_deny else everyone
    if identity.allowed:
        return identity
    named = evaluate_resource_policy(policy, request, caller.itself())
    return named if named.allowed and _within_boundary(caller, principal, request) else identity


def _within_boundary(caller: Caller, principal: PrincipalPolicies, request: AccessRequest) -> bool:
    """A boundary does not limit what a resource's policy grants to a user; it limits a role."""
    if principal.boundary is None or caller.kind == "user":
        return True
    return evaluate([principal.boundary], request).allowed


def _of_caller(caller: Caller, principal: PrincipalPolicies, now: datetime) -> dict[str, Provider]:
    """The keys of the caller. Sessions of the pipe's and function's roles count as issued now, because
    the services renew them.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
    """
    userid = (
        f"{principal.unique_id}:{caller.session}" if caller.kind == "role" else principal.unique_id
    )
    kinds = {"root": "Account", "user": "User", "role": "AssumedRole"}
    return {
        "aws:PrincipalAccount": caller.account,
        "aws:PrincipalArn": caller.iam_arn,
        "aws:MultiFactorAuthPresent": lambda: "false" if caller.kind == "role" else None,
        "aws:PrincipalTag/": lambda: principal.tags,
        "aws:PrincipalType": lambda: kinds[caller.kind],
        "aws:TokenIssueTime": lambda: zulu(caller.issued or now) if caller.kind == "role" else None,
        "lambda:SourceFunctionArn": lambda: _source_function(caller),
        "aws:userid": lambda: userid,
        "aws:username": lambda: caller.name if caller.kind == "user" else None,
    }


def _source_function(caller: Caller) -> None:
    if caller.kind == "role":
        raise UnknownToTheLab("whether a function makes this call")


def _constant(value: str) -> Provider:
    return lambda: value


def _key_values(params: Mapping[str, Any], key: str, table: str) -> Iterator[str]:
    """The values of the partition key of one table in a DynamoDB request."""
    for parameter in ("Key", "Item"):
        if key in params.get(parameter, {}):
            yield _plain(params[parameter][key])
    for request in parts_of(params, table):
        yield from _key_values(request, key, table)
    for value in params.get("KeyConditions", {}).get(key, {}).get("AttributeValueList", []):
        yield _plain(value)
    names, values = (params.get(f"ExpressionAttribute{kind}", {}) for kind in ("Names", "Values"))
    for name, value in _EQUALS.findall(params.get("KeyConditionExpression", "")):
        if names.get(name, name) == key:
            yield _plain(values[value])


def _plain(value: Any) -> str:
    """The text of a typed attribute value."""
    return str(next(iter(value.values()))) if isinstance(value, Mapping) else str(value)
