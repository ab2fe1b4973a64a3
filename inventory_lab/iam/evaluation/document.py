"""Policy documents, read strictly: a document that AWS would reject is rejected, with its element named.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from inventory_lab.exceptions import InvalidPolicy
from inventory_lab.iam.evaluation.conditions import Condition, read_condition
from inventory_lab.iam.evaluation.patterns import ARN_PARTS, Context, PolicyPattern, glob

Kind = Literal["identity", "resource", "trust"]
Document = Mapping[str, Any]

VERSIONS = ("2012-10-17", "2008-10-17")
_ELEMENTS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource",
    "Condition",
}  # fmt: skip
_PRINCIPALS = {"AWS", "Service", "Federated", "CanonicalUser"}
_ACTION = re.compile(r"\*|\*:\*|[A-Za-z0-9-]+:[\w*?-]+", re.ASCII)
_ARN_START = re.compile(r"arn:[a-z*?-]+:[a-z0-9-]+:")
_VARIABLE = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `source` is the statement as written. Without resources it covers every resource."""

    source: Document
    denies: bool
    actions: tuple[Callable[[str], bool], ...]
    all_but_actions: bool
    resources: tuple[PolicyPattern, ...]
    all_but_resources: bool
    principals: tuple[tuple[str, str], ...]
    all_but_principals: bool
    conditions: tuple[Condition, ...]

    def covers_action(self, action: str) -> bool:
        """Whether the statement covers the action; case does not matter."""
        return _any_fits(self.actions, action) != self.all_but_actions

    def covers_resource(self, resource: str, context: Context) -> bool:
        """Whether the statement covers the resource."""
        outcomes = {_outcome(text, resource, context) for text in self.resources}
        if self.all_but_resources:
            return not outcomes & {True, None}
        return True in outcomes or not outcomes

    def fulfilled(self, context: Context) -> bool:
        """Whether all conditions hold."""
        return all(condition.holds(context) for condition in self.conditions)


@lru_cache(maxsize=8192)
def _any_fits(patterns: tuple[Callable[[str], bool], ...], action: str) -> bool:
    return any(fits(action) for fits in patterns)


Policy = tuple[Statement, ...]


def read_policy(document: Document | str, kind: Kind = "identity") -> Policy:
    """The statements of a document, a mapping or JSON. Raises InvalidPolicy, naming the element.

    >>> read_policy({"Statement": {"Effect": "Allow", "Action": "s3:GetObject"}})
    Traceback (most recent call last):
    inventory_lab.exceptions.InvalidPolicy: invalid policy: Resource or NotResource is needed, but not both
    """
    text = document if isinstance(document, str) else _as_json(document)
    return _read(text, kind)


@lru_cache(maxsize=512)
def _read(text: str, kind: Kind) -> Policy:
    document = _parsed(text)
    version = document.get("Version", VERSIONS[1])
    if version not in VERSIONS:
        raise InvalidPolicy("Version", f"is {version!r}; it must be {' or '.join(VERSIONS)}")
    _no_others("the policy", document, {"Version", "Id", "Statement"})
    if not isinstance(document.get("Id", ""), str):
        raise InvalidPolicy("Id", f"is {document['Id']!r:.60}; it must be a string")
    sources = _statements(document)
    _check_sids(sources, kind)
    return tuple(_statement(source, kind, version == VERSIONS[0]) for source in sources)


def _statement(source: Any, kind: Kind, with_variables: bool) -> Statement:
    if not isinstance(source, dict):
        raise InvalidPolicy("Statement", f"is {source!r:.60}; it must be an object")
    _no_others("a statement", source, _ELEMENTS)
    if source.get("Effect") not in ("Allow", "Deny"):
        raise InvalidPolicy("Effect", f"is {source.get('Effect')!r}; it must be Allow or Deny")
    _check_principal_and_resource(source, kind)
    actions = _one_of(source, "Action", "NotAction")
    resources = [] if kind == "trust" else _one_of(source, "Resource", "NotResource")
    return Statement(
        source=source,
        denies=source["Effect"] == "Deny",
        actions=tuple(glob(_action(action, source), ignore_case=True) for action in actions),
        all_but_actions="NotAction" in source,
        resources=tuple(
            PolicyPattern(_resource(text, source), with_variables) for text in resources
        ),
        all_but_resources="NotResource" in source,
        principals=tuple(_principals(source)),
        all_but_principals="NotPrincipal" in source,
        conditions=tuple(_conditions(source.get("Condition", {}), with_variables)),
    )


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(
            text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as exc:
        raise InvalidPolicy("the document", f"is not JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise InvalidPolicy("the document", "is not a JSON object")
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise InvalidPolicy(name, "is repeated in one object")
    return dict(pairs)


def _as_json(document: Any) -> str:
    try:
        return json.dumps(document, default=dict)
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidPolicy("the document", f"is not JSON: {exc}") from exc


def _statements(document: Document) -> list[Any]:
    element = document.get("Statement")
    statements = element if isinstance(element, list) else [element]
    if not element:
        raise InvalidPolicy("Statement", "is missing or empty")
    return statements


def _check_sids(statements: Iterable[Any], kind: Kind) -> None:
    sids = [s["Sid"] for s in statements if isinstance(s, dict) and "Sid" in s]
    for sid in sids:
        if not isinstance(sid, str):
            raise InvalidPolicy("Sid", f"is {sid!r:.60}; it must be a string")
        if kind == "identity" and not re.fullmatch("[A-Za-z0-9]*", sid):
            raise InvalidPolicy("Sid", f"{sid!r:.60} has other characters than A-Z, a-z and 0-9")
        if sid and sids.count(sid) > 1:
            raise InvalidPolicy("Sid", f"{sid!r} is repeated; it must be unique in a policy")


def _no_others(owner: str, object_: Document, known: set[str]) -> None:
    for name in object_:
        if name not in known:
            raise InvalidPolicy(name, f"is not an element of {owner}")


def _check_principal_and_resource(source: Document, kind: Kind) -> None:
    named = {"Principal", "NotPrincipal"} & source.keys()
    if kind == "identity" and named:
        raise InvalidPolicy(named.pop(), "is not allowed in an identity-based policy")
    if kind != "identity" and len(named) != 1:
        raise InvalidPolicy("Principal", "or NotPrincipal is needed, but not both")
    if kind == "trust" and {"Resource", "NotResource"} & source.keys():
        raise InvalidPolicy(
            "Resource", "is not allowed in a trust policy: the resource is the role itself"
        )


def _one_of(source: Document, element: str, negation: str) -> list[str]:
    present = {element, negation} & source.keys()
    if len(present) != 1:
        raise InvalidPolicy(element, f"or {negation} is needed, but not both")
    return _strings(present.pop(), source)


def _strings(element: str, source: Document) -> list[str]:
    value = source[element]
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(string, str) for string in values):
        raise InvalidPolicy(element, f"is {value!r:.60}; it must be a string or a list of strings")
    return values


def _action(action: str, source: Document) -> str:
    if not _ACTION.fullmatch(action):
        element = "Action" if "Action" in source else "NotAction"
        raise InvalidPolicy(element, f"{action!r} is neither * nor service:Action")
    return action


def _resource(resource: str, source: Document) -> str:
    """The resource. An ARN has no variables before its fifth colon."""
    if resource == "*":
        return resource
    element = "Resource" if "Resource" in source else "NotResource"
    bare = _VARIABLE.sub("$", resource)
    whole = bare.count(":") >= ARN_PARTS - 1 or bare.endswith("*")
    if not _ARN_START.match(bare) or not whole:
        raise InvalidPolicy(element, f"{resource!r} is neither * nor an ARN")
    if "$" in "".join(bare.split(":")[: ARN_PARTS - 1]):
        raise InvalidPolicy(element, f"{resource!r} has a variable before its fifth colon")
    return resource


def _principals(source: Document) -> Iterable[tuple[str, str]]:
    """Each principal as its type and its value."""
    element = "NotPrincipal" if "NotPrincipal" in source else "Principal"
    principals = source.get(element, {})
    if principals == "*":
        yield "AWS", "*"
        return
    if not isinstance(principals, dict) or (element in source and not principals):
        raise InvalidPolicy(element, f"is {principals!r:.60}; it must be * or an object")
    _no_others(element, principals, _PRINCIPALS)
    for kind in principals:
        yield from ((kind, value) for value in _strings(kind, principals))


def _conditions(block: Any, with_variables: bool) -> Iterable[Condition]:
    if not isinstance(block, dict):
        raise InvalidPolicy("Condition", f"is {block!r:.60}; it must be an object")
    for name, keys in block.items():
        if not isinstance(keys, dict) or not keys:
            raise InvalidPolicy("Condition", f"{name} needs an object of keys and values")
        for key, values in keys.items():
            if ":" not in key:
                raise InvalidPolicy("Condition", f"key {key!r} has no prefix such as aws:")
            yield read_condition(name, key, _scalars(key, values), with_variables)


def _scalars(key: str, value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(scalar, (str, bool, int, float)) for scalar in values):
        raise InvalidPolicy("Condition", f"{key} is {value!r:.60}; it must be a value or a list")
    return [json.dumps(scalar) if not isinstance(scalar, str) else scalar for scalar in values]


def _outcome(text: PolicyPattern, resource: str, context: Context) -> bool | None:
    try:
        return text.matches(resource, context)
    except ValueError:
        return None
