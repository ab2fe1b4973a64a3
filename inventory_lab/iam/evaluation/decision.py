"""The decision: an explicit deny wins, else one allow is enough, else the answer is no.

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
    """Who wants to do what with which resource ("*" where an action has none); `context` holds the
    condition keys of the request, whose case does not count.
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
    """The answer; `statement` is the one that decided, None when none spoke for the request.

    `policy_type` names the kind of policy that decided, or that was lacking, in AWS's words.
    """

    allowed: bool
    explicit_deny: bool
    statement: Document | None
    policy_type: str = IDENTITY


def decide(
    policies: Iterable[Document], request: AccessRequest, boundary: Document | None = None
) -> Decision:
    """What identity-based policies and a permissions boundary say. Raises InvalidPolicy."""
    cap = None if boundary is None else read_policy(boundary)
    return evaluate([read_policy(policy) for policy in policies], request, cap)


def evaluate(
    policies: Iterable[Policy], request: AccessRequest, boundary: Policy | None = None
) -> Decision:
    """`decide` on policies that have been read."""
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
    """What a policy on the resource (or a role's trust policy) says to a caller who is known by any
    of `principals`, each a type such as AWS or Service and a value, and to everybody in `account`.
    """
    applying = [s for s in policy if applies(s, request) and _meets(s, principals, account)]
    for statement in sorted(applying, key=lambda s: not s.denies):
        return Decision(not statement.denies, statement.denies, statement.source, kind)
    return Decision(False, False, None, kind)


def applies(statement: Statement, request: AccessRequest) -> bool:
    """Whether action, resource and conditions of the statement fit the request."""
    return (
        statement.covers_action(request.action)
        and statement.covers_resource(request.resource, request.context)
        and statement.fulfilled(request.context)
    )


def _meets(
    statement: Statement, itself: Sequence[tuple[str, str]], account: Sequence[tuple[str, str]]
) -> bool:
    """Whether the statement is about the caller. A Deny of all but some spares only who is named by
    every name of its own, not its whole account:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    if not statement.all_but_principals:
        return any(_names(statement, name) for name in (*itself, *account))
    if statement.denies:
        return not all(_names(statement, name) for name in itself)
    return not any(_names(statement, name) for name in (*itself, *account))


def _names(statement: Statement, own: tuple[str, str]) -> bool:
    """Everybody is meant by *, services too."""
    return own in statement.principals or ("AWS", "*") in statement.principals
