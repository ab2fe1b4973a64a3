"""What each principal needs, seen by running the whole pipeline, against what its policies give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from inventory_lab import Lab, ProductAdded, QuantityChanged, Settings, connect
from inventory_lab.iam import AccessRequest, decide
from inventory_lab.iam.account.evaluator import Caller, PolicyEvaluator
from inventory_lab.iam.evaluation.calls import Call, Need
from inventory_lab.resources.policies import policy
from inventory_lab.settings import NAMES
from tests.resources.test_deployer import build_and_tear_down

ADMIN, PRODUCER = "inventory-lab-admin", "aws-de-user"
PIPE, FUNCTION = "inventory-pipe-role", "update-inventory-role"
Needed = set[tuple[str, str]]
"""Actions and resources."""


class Recorder:
    """Stands in for Judge.decide, and notes by caller what was needed."""

    def __init__(self) -> None:
        self.needed: dict[str, Needed] = {}
        self._decide = PolicyEvaluator.decide

    def __call__(self, evaluator: PolicyEvaluator, caller: Caller, call: Call, need: Need) -> Any:
        self.needed.setdefault(caller.name, set()).add((need.action, need.resource))
        return self._decide(evaluator, caller, call, need)


def run(lab: Lab) -> None:
    """Events of every fate, and all that the lab reads."""
    lab.build()
    lab.settle(lab.publish([ProductAdded("a", 5), ProductAdded("a", 5), ProductAdded("b", 5000)]))
    lab.session("admin").client("lambda").update_function_configuration(
        FunctionName="update-inventory", Handler="nothing.there"
    )
    lab.settle(lab.publish(QuantityChanged("a", 1)))
    for read in (lab.inventory, lab.records, lab.alerts, lab.rejected, lab.reports, lab.reconcile):
        read()
    lab.build()
    lab.redrive()
    lab.set_thresholds("a", high=50)
    lab.rebuild()


@pytest.fixture(scope="module")
def needed() -> dict[str, Needed]:
    """What each principal needed; the admin's in two parts."""
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PolicyEvaluator, "decide", lambda *arguments: recorder(*arguments))
        with connect(settings=Settings(reader="both")) as lab:
            build_and_tear_down(lab)
        deploying = recorder.needed.pop(ADMIN)
        with connect(settings=Settings(retries=0, reader="both")) as lab:
            run(lab)
    operating = recorder.needed.pop(ADMIN) - deploying
    return recorder.needed | {"deployer": deploying, "operator": operating}


@pytest.fixture(scope="module")
def lab(needed: dict[str, Needed]) -> Iterator[Lab]:
    with connect(settings=Settings(reader="both")) as lab:
        lab.build()
        yield lab


PRINCIPALS = {
    "producer": (PRODUCER, ["producer/put-to-one-stream"]),
    "pipe": (PIPE, ["pipe/permissions"]),
    "function": (FUNCTION, ["function/permissions", "function/permissions-mapping"]),
    "admin": ("", ["admin/deployer", "admin/operator"]),
}


def of(principal: str, needed: dict[str, Needed]) -> Needed:
    return needed["deployer"] | needed["operator"] if principal == "admin" else needed[PRINCIPALS[principal][0]]  # fmt: skip


def sibling(resource: str) -> str:
    """The same kind of resource with another name, which begins like the lab's."""
    settings = Settings()
    names = sorted((settings.name(kind) for kind in NAMES), key=len, reverse=True)
    name = next(name for name in names if name in resource)
    return resource.replace(name, f"{name}-2")


FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:update-inventory"
BY_FUNCTION = {f"lambda:{verb}EventSourceMapping" for verb in ("Create", "Delete", "Update")}
"""Mappings have no names: the function that they invoke tells whose they are."""
TAGS_OF_MAPPINGS = {"lambda:ListTags", "lambda:TagResource"}
"""Of a mapping no condition key tells the function when it is tagged."""


def is_of_mapping(action: str, resource: str) -> bool:
    return action in TAGS_OF_MAPPINGS and ":event-source-mapping:" in resource


BY_PREFIX = {"iam:RemoveUserFromGroup"}
"""What lessons make has no name in the settings: the prefix alone tells that it is the lab's."""


def test_the_deployer_takes_users_out_of_groups_of_its_prefix_only() -> None:
    with connect(settings=Settings(prefix="team-7-")) as lab:
        document = json.loads(policy("admin/deployer", lab.account))
    group = "arn:aws:iam::123456789012:group/"
    assert may(document, "iam:RemoveUserFromGroup", f"{group}team-7-clerks")
    assert not may(document, "iam:RemoveUserFromGroup", f"{group}team-8-clerks")


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_each_principal_may_do_what_it_needs_on_its_own_resource_and_not_on_a_sibling(
    principal: str, needed: dict[str, Needed], lab: Lab
) -> None:
    decisions = of(principal, needed)
    assert decisions
    for action, resource in sorted(decisions):
        context = {
            role: {"iam:PassedToService": f"{service}.amazonaws.com"}
            for role, service in ((PIPE, "pipes"), (FUNCTION, "lambda"))
        }.get(resource.rpartition("/")[2], {})
        explain = lab.explain_access
        if action in BY_FUNCTION:
            context = {"lambda:FunctionArn": FUNCTION_ARN}
            other = {"lambda:FunctionArn": f"{FUNCTION_ARN}-2"}
            assert not explain(principal, action, resource, other).allowed, action
        assert explain(principal, action, resource, context).allowed, (action, resource)
        named = action not in BY_PREFIX | BY_FUNCTION and not is_of_mapping(action, resource)
        if resource != "*" and named:
            assert not explain(principal, action, sibling(resource), context).allowed, action


OPERATORS_OWN = {
    "lambda:InvokeFunction", "dynamodb:BatchGetItem", "kinesis:DescribeStream", "logs:CreateLogGroup",
    "pipes:StopPipe",
}  # fmt: skip
"""An operator also invokes by hand, stops the pipe, waits for a stream with boto3, and on AWS reads how far the
table is. With `log_retention_days` build() creates the log group of the function."""


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_what_a_principal_does_not_need_is_denied(
    principal: str, needed: dict[str, Needed], lab: Lab
) -> None:
    everything = set().union(*needed.values())
    not_needed = everything - of(principal, needed)
    if principal == "admin":
        not_needed = {n for n in not_needed if n[0] not in OPERATORS_OWN}
    assert not_needed
    for action, resource in sorted(not_needed):
        explanation = lab.explain_access(principal, action, resource)
        assert not explanation.allowed, (principal, action, resource)
        assert not explanation.decision.explicit_deny


def statements(name: str, lab: Lab) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(policy(name, lab.account))["Statement"]
    return listed


def pairs(statement: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every action with every resource of a statement."""
    for element in ("Action", "Resource"):
        if isinstance(statement[element], str):
            statement = {**statement, element: [statement[element]]}
    yield from ((a, r) for a in statement["Action"] for r in statement["Resource"])


def covers(granted: tuple[str, str], need: tuple[str, str]) -> bool:
    """Whether an action on a resource of a policy, which may end in a wildcard, gives a need."""
    (action, resource), (needed_action, needed_resource) = granted, need
    if resource.endswith("*"):
        return action == needed_action and needed_resource.startswith(resource[:-1])
    return (action, resource) == (needed_action, needed_resource)


EXACT = {
    "admin/deployer": "deployer",
    "producer/put-to-one-stream": PRODUCER,
    "function/permissions": FUNCTION,
    "function/permissions-mapping": FUNCTION,
}


@pytest.mark.parametrize("name", EXACT)
def test_a_policy_gives_nothing_that_is_not_called(
    name: str, needed: dict[str, Needed], lab: Lab
) -> None:
    given = {pair for statement in statements(name, lab) for pair in pairs(statement)}
    idle = {pair for pair in given if not any(covers(pair, n) for n in needed[EXACT[name]])}
    of_those_who_put_one_by_one = {"kinesis:PutRecord"} if name.startswith("producer") else set()
    assert {action for action, _ in idle} == of_those_who_put_one_by_one


STATEMENTS = [
    ("admin/deployer", "deployer"),
    ("producer/put-to-one-stream", PRODUCER),
    ("pipe/permissions", PIPE),
    ("function/permissions", FUNCTION),
    ("function/permissions-mapping", FUNCTION),
]


@pytest.mark.parametrize(("name", "who"), STATEMENTS)
def test_each_statement_removed_breaks_exactly_what_it_is_for(
    name: str, who: str, needed: dict[str, Needed], lab: Lab
) -> None:
    whole = statements(name, lab)
    for left_out in whole:
        rest = {"Version": "2012-10-17", "Statement": [s for s in whole if s is not left_out]}
        granted = {n for n in needed[who] if any(covers(p, n) for s in whole for p in pairs(s))}
        broken = {
            (action, resource)
            for action, resource in granted
            if not may(rest if rest["Statement"] else None, action, resource)
        }
        should = {n for n in needed[who] if any(covers(pair, n) for pair in pairs(left_out))}
        assert broken == should, left_out["Sid"]
        assert broken, left_out["Sid"]


def may(document: dict[str, Any] | None, action: str, resource: str) -> bool:
    passed = {PIPE: "pipes", FUNCTION: "lambda"}.get(resource.rpartition("/")[2], "")
    context = {
        "iam:PassedToService": f"{passed}.amazonaws.com",
        "lambda:FunctionArn": FUNCTION_ARN,
    }
    request = AccessRequest("anybody", action, resource, context)
    return decide([document] if document else [], request).allowed


ALL_OF_KINESIS = [
    ("kinesis:DeleteStream", True),
    ("kinesis:PutRecord", True),
    ("sqs:SendMessage", False),
]


@pytest.mark.parametrize(("action", "allowed"), ALL_OF_KINESIS)
def test_the_broad_policy_gives_every_stream_away_and_nothing_else(
    action: str, allowed: bool, lab: Lab
) -> None:
    document = json.loads(policy("producer/all-of-kinesis", lab.account))
    anybodys = "arn:aws:kinesis:us-east-1:123456789012:stream/payroll"
    assert decide([document], AccessRequest("anybody", action, anybodys)).allowed is allowed
