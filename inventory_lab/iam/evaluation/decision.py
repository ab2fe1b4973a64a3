"""The decision: an explicit deny wins; otherwise one allow is enough; otherwise the request is denied.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from inventory_lab.iam.evaluation.context import RequestContext
from inventory_lab.iam.evaluation.document import Document, Policy, Statement, read_policy
from inventory_lab.iam.evaluation.patterns import Value

IDENTITY, BOUNDARY = "identity-based policy", "permissions boundary"
RESOURCE, TRUST = "resource-based policy", "role trust policy"


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Who asks for which action on which resource ("*" for an action without resources); `context` has
    the condition keys of the request, which are case-insensitive.
    """

    principal_arn: str
    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.context, RequestContext):
            lowered = {key.lower(): value for key, value in self.context.items()}
            object.__setattr__(self, "context", lowered)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer; `statement` is the statement that decided, None when no statement allows the request.

    `policy_type` is the type of the policy that decided, or of the policy that is missing, in AWS's words.
    """

    allowed: bool
    explicit_deny: bool
    statement: Document | None
    policy_type: str = IDENTITY


def decide(
    policies: Iterable[Document], request: AccessRequest, boundary: Document | None = None
) -> Decision:
    """The decision of identity-based policies and a permissions boundary. Raises InvalidPolicy."""
    cap = None if boundary is None else read_policy(boundary)
    return evaluate([read_policy(policy) for policy in policies], request, cap)


def evaluate(
    policies: Iterable[Policy], request: AccessRequest, boundary: Policy | None = None
) -> Decision:
    """`decide` for policies that have been read with `read_policy`.

    >>> policy = read_policy({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
    >>> evaluate([policy], AccessRequest("arn:aws:iam::123456789012:user/ana", "s3:GetObject", "*")).allowed
    True
    """
    applying = [
        statement for policy in policies for statement in policy if applies(statement, request)
    ]
    capping = None if boundary is None else [s for s in boundary if applies(s, request)]
    for statements, policy_type in ((applying, IDENTITY), (capping or [], BOUNDARY)):
        for statement in statements:
            if statement.denies:
                return Decision(False, True, statement.source, policy_type)
    if not applying:
        return Decision(False, False, None, IDENTITY)
    if capping == []:
        return Decision(False, False, None, BOUNDARY)
    return Decision(True, False, applying[0].source, IDENTITY)


def evaluate_resource_policy(
    policy: Policy,
    request: AccessRequest,
    principals: Sequence[tuple[str, str]],
    kind: str = RESOURCE,
    account: Sequence[tuple[str, str]] = (),
) -> Decision:
    """The decision of a resource's policy, or of a role's trust policy.

    A statement applies when it names one of `principals`, which are names of the caller, or one of
    `account`, which are names of everybody in the account. A name is a type, such as AWS or Service,
    and a value.
    """
    applying = [s for s in policy if applies(s, request) and _meets(s, principals, account)]
    for statement in sorted(applying, key=lambda s: not s.denies):
        return Decision(not statement.denies, statement.denies, statement.source, kind)
    return Decision(False, False, None, kind)


def applies(statement: Statement, request: AccessRequest) -> bool:
    """Whether action, resource and conditions of the statement match the request."""
    return (
        statement.covers_action(request.action)
        and statement.covers_resource(request.resource, request.context)
        and statement.fulfilled(request.context)
    )


def _meets(
    statement: Statement, itself: Sequence[tuple[str, str]], account: Sequence[tuple[str, str]]
) -> bool:
    """Whether the statement applies to the caller. A Deny with NotPrincipal does not apply to a caller
    only when it names the caller by every one of its names; the name of the account is not enough:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    if not statement.all_but_principals:
        return any(_names(statement, name) for name in (*itself, *account))
    if statement.denies:
        return not all(_names(statement, name) for name in itself)
    return not any(_names(statement, name) for name in (*itself, *account))


def _names(statement: Statement, own: tuple[str, str]) -> bool:
    """Whether the statement names this principal; * means everybody, services too."""
    return own in statement.principals or ("AWS", "*") in statement.principals
