"""Event source mappings, which moto 5.2.5 keeps on record without states, defaults, checks or records.

The API's five operations and its tags go to `Mappings`; `mapping_requests.py` has the parameters,
`mappings.py` the life of a mapping, `mapping_consumer.py` what it delivers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from moto.awslambda.exceptions import LambdaClientError, UnknownFunctionException
from moto.awslambda.models import LambdaBackend
from moto.awslambda.responses import LambdaResponse
from moto.kinesis.models import kinesis_backends

from inventory_lab.embedded_aws.awslambda.mapping_requests import MOST_ITEMS, page_of
from inventory_lab.embedded_aws.awslambda.mappings import Mappings
from inventory_lab.embedded_aws.patching import Patch, gap, hook
from inventory_lab.exceptions import RefusedByLambda
from inventory_lab.iam.account.evaluator import Caller, PolicyEvaluator
from inventory_lab.iam.evaluation.calls import Call, Need

Response = tuple[int, dict[str, Any], str]


class _Surroundings:
    """The functions and streams of moto's backends, and the policies of roles."""

    def __init__(self, backend: Any, evaluator: PolicyEvaluator) -> None:
        self._backend = backend
        self._evaluator = evaluator

    def function_arn(self, name: str) -> str | None:
        try:
            function = self._backend.get_function(name)
        except (LambdaClientError, UnknownFunctionException):
            return None
        qualifier = name.split(":function:")[-1].partition(":")[2]
        arn: str = self._backend.get_function(name.removesuffix(f":{qualifier}")).function_arn
        return f"{arn}:{qualifier}" if qualifier and function else arn

    def role_of(self, function_arn: str) -> str:
        return str(self._backend.get_function(function_arn).role)

    def stream_exists(self, arn: str) -> bool:
        region, account = arn.split(":")[3:5]
        return any(s.arn == arn for s in kinesis_backends[account][region].streams.values())

    def may(self, function_arn: str, action: str, resource: str) -> bool:
        _, partition, _, region, account, _, name = function_arn.split(":")[:7]
        role = self.role_of(function_arn).rpartition("/")[2]
        caller = Caller.of_arn(f"arn:{partition}:sts::{account}:assumed-role/{role}/{name}")
        call = Call(action.partition(":")[0], "", {}, region, account, partition)
        return self._evaluator.decide(caller, call, Need(action, resource))[1].allowed


def patches(mappings: Mappings, evaluator: PolicyEvaluator) -> list[Patch]:
    """What keeps, checks and shows event source mappings as AWS does."""
    api = _Api(mappings, evaluator)
    operations = {
        "create_event_source_mapping": api.create,
        "get_event_source_mapping": api.get,
        "list_event_source_mappings": api.select,
        "update_event_source_mapping": api.update,
        "delete_event_source_mapping": api.delete,
    }
    tags = [
        _of_tags("list_tags", "(self, resource_arn)", api.list_tags),
        _of_tags("tag_resource", "(self, resource_arn, tags)", api.tag),
        _of_tags("untag_resource", "(self, resource_arn, tag_keys)", api.untag),
    ]
    return [*(_operation(name, act) for name, act in operations.items()), *tags]


def _operation(name: str, act: Callable[[Any], tuple[int, Mapping[str, Any]]]) -> Patch:
    return gap(
        LambdaResponse,
        name,
        "(self)",
        "mappings with AWS's defaults, states, checks of the role and errors",
        _answering(act),
    )


def _of_tags(name: str, signature: str, of_mapping: Callable[..., Any]) -> Patch:
    return hook(
        LambdaBackend,
        name,
        signature,
        "the tags of a mapping, which this account keeps and moto does not",
        around=partial(_of_mappings, of_mapping),
    )


class _Api:
    """Each operation as a function of moto's request."""

    def __init__(self, mappings: Mappings, evaluator: PolicyEvaluator) -> None:
        self._mappings = mappings
        self._evaluator = evaluator

    def create(self, request: Any) -> tuple[int, Mapping[str, Any]]:
        around = _Surroundings(request.backend, self._evaluator)
        return 202, self._mappings.create(request.json_body, around)

    def get(self, request: Any) -> tuple[int, Mapping[str, Any]]:
        return 200, self._mappings.get(_uuid(request)).shown()

    def select(self, request: Any) -> tuple[int, Mapping[str, Any]]:
        query = {name: values[0] for name, values in request.querystring.items()}
        listed = self._mappings.select(
            query.get("EventSourceArn", ""), query.get("FunctionName", "")
        )
        return 200, page_of(listed, int(query.get("MaxItems", MOST_ITEMS)), query.get("Marker", ""))

    def update(self, request: Any) -> tuple[int, Mapping[str, Any]]:
        around = _Surroundings(request.backend, self._evaluator)
        return 202, self._mappings.update(_uuid(request), request.json_body, around)

    def delete(self, request: Any) -> tuple[int, Mapping[str, Any]]:
        return 202, self._mappings.delete(_uuid(request))

    def list_tags(self, arn: str) -> dict[str, str]:
        return self._mappings.tagged(arn)

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        self._mappings.tagged(arn).update(tags)

    def untag(self, arn: str, keys: list[str]) -> None:
        for key in keys:
            self._mappings.tagged(arn).pop(key, None)


def _answering(act: Callable[[Any], tuple[int, Mapping[str, Any]]]) -> Callable[[Any], Response]:
    def answering(self: Any) -> Response:
        with _as_lambda_errors():
            status, answer = act(self)
        return status, {"status": status}, json.dumps(answer)

    return answering


def _of_mappings(of_mapping: Callable[..., Any], act: Callable[..., Any]) -> Callable[..., Any]:
    """The tags of a mapping, or else those of a function."""

    def routed(self: Any, resource_arn: str, *args: Any, **kwargs: Any) -> Any:
        if ":event-source-mapping:" not in resource_arn:
            return act(self, resource_arn, *args, **kwargs)
        with _as_lambda_errors():
            return of_mapping(resource_arn, *args, **kwargs)

    return routed


@contextmanager
def _as_lambda_errors() -> Iterator[None]:
    try:
        yield
    except RefusedByLambda as exc:
        error = LambdaClientError(exc.code, exc.text)
        error.code = exc.status
        raise error from exc


def _uuid(request: Any) -> str:
    return str(request.path.rstrip("/").split("/")[-1])
