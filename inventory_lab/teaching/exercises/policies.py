"""What a policy document allows, and what it allows besides: for exercises in which a policy is the answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any

import botocore.session

from inventory_lab.exceptions import InvalidPolicy, WrongAnswer
from inventory_lab.iam import AccessRequest, decide

PRINCIPAL = "arn:aws:iam::123456789012:user/learner"
ELSEWHERE = ("iam:PutUserPolicy", "s3:GetObject", "sts:AssumeRole", "ec2:RunInstances")
"""Actions that no policy of this course should allow on everything."""
MOST_NAMED = 3
Right = tuple[str, str]
"""An action and the ARN of a resource."""


def require_exactly(
    document: object, rights: Iterable[Right], context: Mapping[str, str] | None = None
) -> None:
    """Raise WrongAnswer unless the document allows these rights and nothing besides.

    Every action of the services in `rights` is tried, on each resource of `rights` and on a neighbour whose
    name is longer by "-2025"; and whatever action and resource the document itself names. `context` are
    condition keys of the requests that must pass.
    """
    expected = list(rights)
    for action, resource in expected:
        if not allows(document, action, resource, context):
            raise WrongAnswer(f"It does not allow {action} on {_readable(resource)}.")
    tried = allowed_besides(document, expected, context)
    besides = list(dict.fromkeys([*tried, *_named_besides(document, expected, context)]))
    if besides:
        named = ", ".join(f"{action} on {_readable(arn)}" for action, arn in besides[:MOST_NAMED])
        more = f" and {len(besides) - MOST_NAMED} more" if len(besides) > MOST_NAMED else ""
        raise WrongAnswer(f"It is too wide. Besides what it should, it allows {named}{more}.")


def allowed_besides(
    document: object, rights: Iterable[Right], context: Mapping[str, str] | None = None
) -> Iterator[Right]:
    """The rights that a document gives although they are not in `rights`."""
    expected = set(rights)
    resources = sorted({resource for _, resource in expected})
    services = sorted({action.partition(":")[0] for action, _ in expected})
    by_api = [action for service in services for action in actions_of(service)]
    tried = list(dict.fromkeys([*by_api, *sorted({a for a, _ in expected}), *ELSEWHERE]))
    for resource in (*resources, *(f"{resource}-2025" for resource in resources), "*"):
        for action in tried:
            if (action, resource) not in expected and allows(document, action, resource, context):
                yield action, resource


def _named_besides(
    document: object, rights: Sequence[Right], context: Mapping[str, str] | None
) -> Iterator[Right]:
    """The pairs that a statement names, such as an action of another service or a stream in every region,
    and allows although they are not in `rights`. A version of a function belongs to the function.
    """
    below = tuple(f"{resource}{mark}" for _, resource in rights for mark in ":/")
    services = {action.partition(":")[0].lower() for action, _ in rights}
    meant = {(action.lower(), resource) for action, resource in rights}
    for action, resource in _pairs(document):
        of_service = action.partition(":")[0].lower() in {*services, "*"}
        if of_service and (_is_pattern(action) or resource == "*" or resource.startswith(below)):
            continue  # tried by allowed_besides
        if (action.lower(), resource) not in meant and allows(
            document, _one(action), resource if resource == "*" else _one(resource), context
        ):
            yield action, resource


def _pairs(document: object) -> Iterator[Right]:
    """Each action with each resource of the statements that allow, as they are written."""
    parsed: Any = json.loads(document if isinstance(document, str) else json.dumps(document))
    for statement in listed(parsed["Statement"]):
        if statement["Effect"] == "Allow":
            yield from product(
                listed(statement.get("Action", [])), listed(statement.get("Resource", []))
            )


def listed(value: Any) -> list[Any]:
    """An element of a policy as a list, which may be written as one value."""
    return value if isinstance(value, list) else [value]


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def _one(pattern: str) -> str:
    """A name that a pattern covers."""
    return pattern.replace("*", "x").replace("?", "x")


@cache
def actions_of(service: str) -> tuple[str, ...]:
    """The actions of a service, such as "kinesis:PutRecord", by its API; those that delete come first."""
    name = {"monitoring": "cloudwatch"}.get(service, service)
    model = botocore.session.get_session().get_service_model(name)
    worst_first = sorted(model.operation_names, key=lambda name: not name.startswith("Delete"))
    return tuple(f"{service}:{operation}" for operation in worst_first)


def allows(
    document: object, action: str, resource: str, context: Mapping[str, str] | None = None
) -> bool:
    """Whether a document allows an action on a resource. Raises WrongAnswer when IAM would refuse it."""
    try:
        parsed: Any = json.loads(document) if isinstance(document, str) else document
        request = AccessRequest(PRINCIPAL, action, resource, dict(context or {}))
        return decide([parsed], request).allowed
    except (InvalidPolicy, ValueError, TypeError) as exc:
        raise WrongAnswer(f"IAM would refuse the document: {exc}", exc) from exc


def _readable(arn: str) -> str:
    """The last part of an ARN, such as stream/orders; all of it where a wildcard stands before that part."""
    *before, last = arn.split(":", 5)
    return arn if _is_pattern("".join(before)) else last
