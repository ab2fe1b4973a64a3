"""The condition keys of a request, computed only when a policy uses them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html and, for the
keys of a service, its page in the Service Authorization Reference. A request is denied when a policy
uses a key that AWS has and the lab does not know. A key that no request in the lab can have, such as
aws:SourceVpc, is absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from inventory_lab.exceptions import UnknownToTheLab
from inventory_lab.iam.evaluation.calls import Call
from inventory_lab.iam.evaluation.patterns import Value

ContextValue = Value | None
Provider = Callable[[], Any]
"""Returns the value of a key, or None; for a key that ends with `/`, all values by the name after it."""

ABSENT = {
    "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:federatedprovider",
    "aws:multifactorauthage", "aws:multifactorauthpresent", "aws:principalorgid",
    "aws:principalorgpaths", "aws:principalservicename", "aws:principalservicenameslist",
    "aws:sourceidentity", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner",
    "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpcsourceip", "aws:referer",
    "aws:sourcearn", "aws:sourceaccount",
    "lambda:functionarn", "lambda:invokedviafunctionurl", "iam:passedtoservice",
    "dynamodb:enclosingoperation", "dynamodb:fulltablescan",
}  # fmt: skip
"""Keys that only special requests have; for those a provider returns the value."""

_NAMING = (
    "AttributeUpdates", "Expected", "Item", "Key", "KeyConditions", "QueryFilter", "ScanFilter",
)  # fmt: skip
_KEYWORDS = {"set", "remove", "add", "delete", "and", "or", "not", "between", "in"}


class RequestContext(Mapping[str, Value]):
    """Condition keys by name in lower case; each value is computed at most once.

    `providers` is called when the first key is read. To read a key of `aws:` or of one of `prefixes`
    that has no provider raises UnknownToTheLab.
    """

    def __init__(
        self, providers: Callable[[], Mapping[str, Provider]], prefixes: Iterable[str]
    ) -> None:
        self._prefixes = {"aws", *prefixes}
        self._make = providers
        self._made: dict[str, Provider] = {}
        self._values: dict[str, ContextValue] = {}

    @property
    def _providers(self) -> Mapping[str, Provider]:
        if not self._made:
            self._made = {key.lower(): provider for key, provider in self._make().items()}
        return self._made

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._value(key) is not None

    def __getitem__(self, key: str) -> Value:
        value = self._value(key)
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._providers if self._value(key) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _value(self, key: str) -> ContextValue:
        if key not in self._values:
            self._values[key] = self._read(key)
        return self._values[key]

    def _read(self, key: str) -> ContextValue:
        name, slash, rest = key.partition("/")
        try:
            if key in self._providers:
                return cast(ContextValue, self._providers[key]())
            if slash and f"{name}/" in self._providers:
                return _of_mapping(self._providers[f"{name}/"](), rest)
        except (LookupError, TypeError, ValueError, AttributeError) as exc:
            # Mapping.get() would treat a KeyError as an absent key
            raise UnknownToTheLab(f"the value of {key} in this request") from exc
        if key in ABSENT or key.partition(":")[0] not in self._prefixes:
            return None
        raise UnknownToTheLab(f"the condition key {key} here")


def _of_mapping(tags: Any, name: str) -> ContextValue:
    """A tag's value. The tag key is case-insensitive, as all condition keys are."""
    return next((value for key, value in (tags or {}).items() if key.lower() == name), None)


def of_call(call: Call, now: datetime) -> dict[str, Provider]:
    """The keys that depend only on the call: global keys and those of its service."""
    of_all: dict[str, Provider] = {
        "aws:CurrentTime": lambda: zulu(now),
        "aws:EpochTime": lambda: str(int(now.timestamp())),
        "aws:PrincipalIsAWSService": lambda: "false",
        "aws:RequestedRegion": lambda: call.region,
        "aws:RequestTag/": lambda: request_tags(call.params),
        "aws:SecureTransport": lambda: "true" if call.secure else "false",
        "aws:SourceIp": lambda: "127.0.0.1",
        "aws:TagKeys": lambda: tag_keys(call.params) or None,
        "aws:ViaAWSService": lambda: "false",
    }
    return of_all | {key: _reader(read, call) for key, read in _KEYS.get(call.service, {}).items()}


def zulu(moment: datetime) -> str:
    """The moment as AWS writes it.

    >>> from datetime import UTC
    >>> zulu(datetime(2026, 1, 5, 9, tzinfo=UTC))
    '2026-01-05T09:00:00Z'
    """
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def request_tags(params: Mapping[str, Any]) -> dict[str, str]:
    """The tags in a request; services write them in four ways."""
    tags: Any = next((params[name] for name in ("Tags", "tags") if params.get(name)), {})
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(t["Key" if "Key" in t else "key"]): str(_value_of(t)) for t in tags}


def tag_keys(params: Mapping[str, Any]) -> list[str]:
    """The keys of the tags in a request, also of tags to remove.

    >>> tag_keys({"Tags": [{"Key": "team", "Value": "7"}]}), tag_keys({"TagKeys": ["team"]})
    (['team'], ['team'])
    """
    removed: Any = next((params[n] for n in ("TagKeys", "tagKeys") if params.get(n)), [])
    return [*request_tags(params), *map(str, removed)]


def _value_of(tag: Mapping[str, Any]) -> Any:
    return tag["Value"] if "Value" in tag else tag.get("value", "")


def _reader(read: Callable[[Call], ContextValue], call: Call) -> Provider:
    return lambda: read(call)


def _param(name: str) -> Callable[[Call], ContextValue]:
    return lambda call: str(call.params[name]) if call.params.get(name) is not None else None


def _entries(name: str) -> Callable[[Call], ContextValue]:
    return lambda call: [str(e[name]) for e in call.params.get("Entries", []) if name in e] or None


def _attributes(call: Call) -> ContextValue:
    """The top-level attributes that a DynamoDB request names in any parameter."""
    if {"Statement", "Statements", "TransactStatements"} & call.params.keys():
        raise UnknownToTheLab("the attributes in a PartiQL statement")
    return sorted(_attributes_in(call.params)) or None


def _attributes_in(params: Mapping[str, Any]) -> set[str]:
    attributes: set[str] = set(params.get("AttributesToGet", []))
    for name in _NAMING:
        attributes |= set(params.get(name, {}))
    for name, text in params.items():
        if name.endswith("Expression") and isinstance(text, str):
            attributes |= set(_named_in(text, params.get("ExpressionAttributeNames", {})))
    for part in parts_of(params):
        attributes |= _attributes_in(part)
    return attributes


def parts_of(params: Mapping[str, Any], table: str | None = None) -> Iterator[Mapping[str, Any]]:
    """The single requests of a batch or a transaction, of one table or of all."""
    for name, requests in params.get("RequestItems", {}).items():
        if table in (None, name.rpartition("/")[2]):
            yield from _parts_of_table(requests)
    for entry in params.get("TransactItems", []):
        for part in entry.values():
            if table in (None, str(part.get("TableName")).rpartition("/")[2]):
                yield part


def _parts_of_table(requests: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(requests, Mapping):
        yield {name: value for name, value in requests.items() if name != "Keys"}
        yield from ({"Key": key} for key in requests.get("Keys", []))
    else:
        yield from (next(iter(request.values())) for request in requests)


def _named_in(expression: str, names: Mapping[str, str]) -> Iterator[str]:
    for token in re.findall(r"(?<![\w.:#])(#?[A-Za-z_]\w*)(?!\w|\s*\()", expression):
        if token.lower() not in _KEYWORDS:
            yield names.get(token, token)


_KEYS: Mapping[str, Mapping[str, Callable[[Call], ContextValue]]] = {
    "dynamodb": {
        "dynamodb:Attributes": _attributes,
        "dynamodb:ReturnConsumedCapacity": _param("ReturnConsumedCapacity"),
        "dynamodb:ReturnValues": _param("ReturnValues"),
        "dynamodb:Select": _param("Select"),
    },
    "lambda": {
        "lambda:FunctionUrlAuthType": _param("FunctionUrlAuthType"),
        "lambda:Principal": _param("Principal"),
    },
    "sns": {"sns:Endpoint": _param("Endpoint"), "sns:Protocol": _param("Protocol")},
    "iam": {"iam:PolicyARN": _param("PolicyArn")},
    "sts": {
        "sts:ExternalId": _param("ExternalId"),
        "sts:RoleSessionName": _param("RoleSessionName"),
        "sts:DurationSeconds": _param("DurationSeconds"),
    },
    "cloudwatch": {"cloudwatch:namespace": _param("Namespace")},
    "events": {
        "events:source": _entries("Source"),
        "events:detail-type": _entries("DetailType"),
    },
    "s3": {
        "s3:delimiter": _param("Delimiter"),
        "s3:max-keys": _param("MaxKeys"),
        "s3:prefix": _param("Prefix"),
        "s3:x-amz-acl": _param("ACL"),
    },
}  # fmt: skip
