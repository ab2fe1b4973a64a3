"""Asks IAM about every arrow of the map: which calls it means, and the answer to each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from botocore.exceptions import ClientError

from inventory_lab.exceptions import InvalidPolicy, UnknownToTheLab
from inventory_lab.iam.account.evaluator import Caller, PolicyEvaluator
from inventory_lab.iam.account.explanation import Explanation, explain_access
from inventory_lab.iam.evaluation.decision import Decision
from inventory_lab.resources import queues, roles, user
from inventory_lab.resources.account import Account
from inventory_lab.views.pipeline_map import Access, Arrow

READ_STREAM = (
    "DescribeStream",
    "DescribeStreamSummary",
    "GetRecords",
    "GetShardIterator",
    "ListShards",
)
"""What a pipe's role needs, and a mapping's with ListStreams beside it:
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html"""
WRITES = {"fold": ("BatchGetItem", "UpdateItem"), "per_record": ("UpdateItem", "DeleteItem")}
"""The calls that each handler makes to the table."""


@dataclass(frozen=True, slots=True)
class _Request:
    principal: str
    action: str
    resource: str


def access_of(account: Account, evaluator: PolicyEvaluator, arrow: Arrow) -> tuple[Access, ...]:
    """IAM's answers to the calls of an arrow: the role's trust policy first, where there is a role."""
    ends = arrow.source, arrow.target
    if ends == ("mapping", "function"):
        return ()  # Lambda invokes the function itself: no policy is asked
    services = {
        ("stream", "pipe"): ("pipe", "pipes.amazonaws.com"),
        ("function", "table"): ("function", "lambda.amazonaws.com"),
    }
    answers = [_trust(account, evaluator, *services[ends])] if ends in services else []
    if ends == ("topic", "alerts_queue"):
        return (_delivery(account, evaluator),)
    return (*answers, *(_identity(account, evaluator, r) for r in _requests(account, ends)))


def _requests(account: Account, ends: tuple[str, str]) -> Iterator[_Request]:
    """The calls of an arrow that a principal of this account makes."""
    table = account.arn("dynamodb", f"table/{account.settings.name('table')}")
    principal, service, actions, resource = {
        ("producer", "stream"): ("producer", "kinesis", ("PutRecords",), account.stream_arn()),
        ("stream", "pipe"): ("pipe", "kinesis", READ_STREAM, account.stream_arn()),
        ("stream", "mapping"): ("function", "kinesis", READ_STREAM, account.stream_arn()),
        ("mapping", "dead_letter_queue"): _sends(account, "function", "dead_letter_queue"),
        ("pipe", "function"): ("pipe", "lambda", ("InvokeFunction",), account.function_arn()),
        ("pipe", "dead_letter_queue"): _sends(account, "pipe", "dead_letter_queue"),
        ("function", "table"): ("function", "dynamodb", WRITES[account.settings.handler], table),
        ("function", "topic"): ("function", "sns", ("Publish",), account.topic_arn()),
        ("function", "rejected_queue"): _sends(account, "function", "rejected_queue"),
    }[ends]
    for action in actions:
        yield _Request(principal, f"{service}:{action}", resource)
    if ends == ("stream", "mapping"):
        yield _Request(principal, "kinesis:ListStreams", "*")


def _sends(account: Account, principal: str, kind: str) -> tuple[str, str, tuple[str, ...], str]:
    return principal, "sqs", ("SendMessage",), account.queue_arn(kind)


def _identity(account: Account, evaluator: PolicyEvaluator, request: _Request) -> Access:
    """The answer to a call that a user or a role makes."""
    shown = replace(request, principal=_name(account, request.principal))
    missing = _missing_principal(account, request.principal)
    if missing:
        return _not_known(shown, f"there is no {missing} yet")
    caller = Caller.of_arn(account.principal_arn(request.principal))
    asked = partial(explain_access, evaluator, caller, request.action, request.resource)
    return _answered(lambda: of_explanation(asked(account.settings.region), shown.principal), shown)


def _name(account: Account, principal: str) -> str:
    kind = "producer_user" if principal == "producer" else f"{principal}_role"
    return account.settings.name(kind)


def of_explanation(explanation: Explanation, principal: str) -> Access:
    """IAM's answer as the map shows it."""
    request, sid = (
        explanation.request,
        (explanation.statement or {}).get("Sid", "a statement without Sid"),
    )
    reason = "" if explanation.allowed else dict(explanation.rows())["decision"]
    if explanation.differences:
        unlike = "; ".join(
            f"{d.part}: {d.statement} ≠ {d.request}" for d in explanation.differences
        )
        reason += f" (nearest: {sid} in {explanation.policy}: {unlike})"
    decided = explanation.statement is not None and not explanation.differences
    return Access(
        "allowed" if explanation.allowed else "denied", principal, request.action, request.resource,
        explanation.policy if decided else "", str(sid) if decided else "", reason,
    )  # fmt: skip


def _trust(account: Account, evaluator: PolicyEvaluator, kind: str, service: str) -> Access:
    """Whether the role's trust policy lets its service assume it."""
    role = account.role_arn(f"{kind}_role")
    request = _Request(service, "sts:AssumeRole", role)
    missing = _missing_principal(account, kind)
    if missing:
        return _not_known(request, f"there is no {missing} yet")
    source = account.function_arn()
    if kind == "pipe":
        source = account.arn("pipes", f"pipe/{account.settings.name('pipe')}")
    policy = f"the trust policy of {_name(account, kind)}"
    asked = partial(evaluator.service_may_assume, role, service, source)
    return _answered(lambda: _of_service(asked(), request, policy), request)


def _delivery(account: Account, evaluator: PolicyEvaluator) -> Access:
    """Whether the inbox's own policy lets the topic send to it."""
    request = _Request("sns.amazonaws.com", "sqs:SendMessage", account.queue_arn("alerts_queue"))
    name = account.settings.name("alerts_queue")
    if queues.describe(account, "alerts_queue") is None:
        return _not_known(request, f"there is no queue {name} yet")
    policy = f"the policy of {name}"
    asked = partial(
        evaluator.service_may,
        request.principal,
        request.action,
        request.resource,
        account.topic_arn(),
    )
    return _answered(lambda: _of_service(asked(), request, policy), request)


def _of_service(decision: Decision, request: _Request, policy: str) -> Access:
    statement = decision.statement
    sid = "" if statement is None else str(statement.get("Sid", "a statement without Sid"))
    return Access(
        "allowed" if decision.allowed else "denied", request.principal, request.action,
        request.resource, policy if sid else "", sid, "" if sid else f"no statement in {policy} allows it",
    )  # fmt: skip


def _answered(ask: Callable[[], Access], request: _Request) -> Access:
    """The answer; "not known" with the reason when IAM's answer depends on what cannot be read."""
    try:
        return ask()
    except (UnknownToTheLab, InvalidPolicy) as exc:
        return _not_known(request, str(exc))
    except ClientError as exc:
        error = exc.response["Error"]
        if error["Code"] not in ("AccessDenied", "AccessDeniedException"):
            raise
        return _not_known(
            request, f"your credentials may not read the policies: {error['Message']}"
        )


def _not_known(request: _Request, reason: str) -> Access:
    return Access("not known", request.principal, request.action, request.resource, reason=reason)


def _missing_principal(account: Account, principal: str) -> str:
    """The user or role that does not exist yet; empty when it exists."""
    if principal == "producer":
        name = account.settings.name("producer_user")
        return "" if user.describe(account) else f"user {name}"
    role = f"{principal}_role"
    return "" if roles.describe(account, role) else f"role {account.settings.name(role)}"
