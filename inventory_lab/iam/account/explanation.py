"""Why a request is allowed or denied: the statement that decided, or what the nearest one lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from inventory_lab.html import cell, table
from inventory_lab.iam.account.evaluator import Caller, PolicyEvaluator
from inventory_lab.iam.evaluation.calls import Call, Need
from inventory_lab.iam.evaluation.decision import (
    BOUNDARY,
    IDENTITY,
    RESOURCE,
    AccessRequest,
    Decision,
)
from inventory_lab.iam.evaluation.document import Document, Policy, Statement
from inventory_lab.iam.evaluation.messages import reason, spelled
from inventory_lab.iam.evaluation.patterns import ARN_PARTS

_PARTS = ("prefix", "partition", "service", "region", "account", "resource")


@dataclass(frozen=True, slots=True)
class Difference:
    """One part in which a statement does not match a request."""

    part: str
    statement: str
    request: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and its reason; a small table in a notebook.

    `policy` and `statement` are those that decided. When no statement decided, they are those of the
    nearest Allow (None when there is none), and `differences` are its differences from the request.
    """

    request: AccessRequest
    decision: Decision
    policy: str
    statement: Document | None
    differences: tuple[Difference, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the request is allowed."""
        return self.decision.allowed

    def rows(self) -> list[tuple[str, str]]:
        """The rows of the table: a label and its text."""
        rows = [
            ("principal", self.request.principal_arn),
            ("action", self.request.action),
            ("resource", self.request.resource),
            ("decision", self._verdict()),
        ]
        if self.statement is not None:
            sid = self.statement.get("Sid", "a statement without Sid")
            label = "nearest statement" if self.differences else "statement"
            rows.append((label, f"{sid} in {self.policy}"))
        rows += [(d.part, f"{d.statement} ≠ {d.request}") for d in self.differences]
        return rows

    def _verdict(self) -> str:
        if self.allowed:
            return "allowed"
        return f"denied {reason(spelled(self.request.action), self.decision)}"

    def __repr__(self) -> str:
        width = max(len(label) for label, _ in self.rows())
        return "\n".join(f"{label:{width}}  {text}" for label, text in self.rows())

    def _repr_html_(self) -> str:
        rows = [[cell(label), cell(text)] for label, text in self.rows()]
        sign = "✓ allowed" if self.allowed else "✗ denied"
        return table((sign, self.request.action), rows)


def explain_access(
    evaluator: PolicyEvaluator,
    caller: Caller,
    action: str,
    resource: str,
    region: str,
    context: Mapping[str, str] | None = None,
) -> Explanation:
    """Why the caller may or may not do this. `context` adds condition keys that only a real call has.

    Raises UnknownToTheLab when a policy uses what the lab does not know, InvalidPolicy when a policy
    cannot be read.
    """
    partition = caller.arn.split(":")[1]
    call = Call(action.partition(":")[0], "", {}, region, caller.account(), partition)
    request, decision = evaluator.decide(caller, call, Need(action, resource, context or {}))
    policies = _policies_of(evaluator, caller, resource, decision.policy_type)
    return explain(request, decision, policies)


def _policies_of(
    evaluator: PolicyEvaluator, caller: Caller, resource: str, policy_type: str
) -> Mapping[str, Policy]:
    """The policies of the type that decided, by name."""
    own = evaluator.policies_of(caller)
    if policy_type == RESOURCE:
        return {f"the policy of {resource}": evaluator.lookups.policy(resource)}
    if policy_type == BOUNDARY:
        return {own.boundary_arn: own.boundary or ()}
    if policy_type == IDENTITY:
        return own.policies
    return {f"the trust policy of {resource}": evaluator.trust(resource)}


def explain(
    request: AccessRequest, decision: Decision, policies: Mapping[str, Policy]
) -> Explanation:
    """The explanation of a decision that follows from these policies, which are by name."""
    if decision.statement is not None:
        for name, statement in _statements(policies):
            if statement.source is decision.statement:
                return Explanation(request, decision, name, statement.source)
        return Explanation(request, decision, f"the {decision.policy_type}", decision.statement)
    nearest = min(
        (
            (differences(statement, request), name, statement)
            for name, statement in _statements(policies)
            if not statement.denies
        ),
        key=lambda differing: (len(differing[0]), -_similarity(differing[0])),
        default=None,
    )
    if nearest is None or not nearest[0]:
        return Explanation(request, decision, "", None)
    return Explanation(request, decision, nearest[1], nearest[2].source, tuple(nearest[0]))


def differences(statement: Statement, request: AccessRequest) -> list[Difference]:
    """Where the statement does not match the request; empty when it applies."""
    differing = []
    source, context = statement.source, request.context
    if not statement.covers_action(request.action):
        differing.append(
            Difference("Action", _shown(source, "Action", request.action), request.action)
        )
    if not statement.covers_resource(request.resource, context):
        shown = _shown(source, "Resource", request.resource)
        differing.append(_resource_difference(shown, request.resource))
    for condition in statement.conditions:
        if not condition.holds(context):
            condition_text = f"{condition.name} {condition.key}: {', '.join(condition.values)}"
            value = context.get(condition.key.lower())
            value_text = "the request has no such key" if value is None else str(value)
            differing.append(Difference("Condition", condition_text, value_text))
    return differing


def _statements(policies: Mapping[str, Policy]) -> Iterator[tuple[str, Statement]]:
    for name, policy in policies.items():
        yield from ((name, statement) for statement in policy)


def _shown(source: Document, element: str, requested: str) -> str:
    """The entry of the element, or of its negation, that is most like the request's."""
    if element not in source:
        return f"all but {_most_like(_as_list(source[f'Not{element}']), requested)}"
    return _most_like(_as_list(source[element]), requested)


def _most_like(entries: Iterable[str], requested: str) -> str:
    return max(entries, key=lambda entry: SequenceMatcher(None, entry, requested).ratio())


def _resource_difference(shown: str, requested: str) -> Difference:
    """The one part in which two complete ARNs differ; otherwise both ARNs as a whole."""
    statement_parts, request_parts = (
        shown.split(":", ARN_PARTS - 1),
        requested.split(":", ARN_PARTS - 1),
    )
    if len(statement_parts) != ARN_PARTS or len(request_parts) != ARN_PARTS:
        return Difference("Resource", shown, requested)
    unlike = [n for n in range(ARN_PARTS) if statement_parts[n] not in (request_parts[n], "*")]
    if len(unlike) != 1:
        return Difference("Resource", shown, requested)
    part = unlike[0]
    label = "Resource" if part == ARN_PARTS - 1 else f"Resource ({_PARTS[part]})"
    return Difference(label, statement_parts[part], request_parts[part])


def _similarity(differing: list[Difference]) -> float:
    return sum(SequenceMatcher(None, d.statement, d.request).ratio() for d in differing)


def _as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
