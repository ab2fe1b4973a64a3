"""The event source mappings of an account: how they are made, changed and deleted. Free of moto.

| | AWS | the lab |
|---|---|---|
| supported: the function's role | must be able to read the stream and to send to OnFailure, at creation and at updates | the same, with AWS's text for the stream |
| supported: a second mapping of the same stream and function | ResourceConflictException | the same |
| supported: a mapping that is switched off and on | continues where it was | the same |
| supported: LastProcessingResult | `No records processed`, `OK`, `PROBLEM: ...` | the same, with the error of the last call |
| supported: deleting the function | leaves its mappings | the same; they say PROBLEM until deleted |
| differs: states | Creating, Enabling, Disabling, Updating and Deleting last for seconds | they are in the answer that begins them, and have ended with it |
| differs: the session that reads | is called awslambda_... | has the name of the function |
| differs: ListEventSourceMappings | pages of 100 | one page |

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html,
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from inventory_lab.embedded_aws.awslambda.mapping_requests import (
    DEFAULTS,
    UPDATABLE,
    check_creation,
    check_update,
    destination,
)
from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.exceptions import RefusedByLambda

READS = ("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords",
         "kinesis:GetShardIterator", "kinesis:ListShards")  # fmt: skip
LISTS = "kinesis:ListStreams"
"""What the role of a function needs for a stream; ListStreams has no resource but `*`:
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html"""
_SENDS = {"sqs": ("sqs:SendMessage", "SQS"), "sns": ("sns:Publish", "SNS")}


@dataclass(slots=True)
class EventSourceMapping:
    """A mapping on record. `configuration` is what GetEventSourceMapping shows."""

    arn: str
    created: float
    configuration: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def enabled(self) -> bool:
        """Whether it is polled."""
        return bool(self.configuration["State"] == "Enabled")

    def shown(self, state: str = "") -> dict[str, Any]:
        """The configuration, in a state that it is passing through."""
        return self.configuration | ({"State": state} if state else {})


class Surroundings(Protocol):
    """What a mapping depends on: functions, streams, and what a role may do."""

    def function_arn(self, name: str) -> str | None:
        """The ARN of a function by name or ARN; None when there is none."""

    def role_of(self, function_arn: str) -> str:
        """The ARN of the function's role."""

    def stream_exists(self, arn: str) -> bool:
        """Whether there is such a stream."""

    def may(self, function_arn: str, action: str, resource: str) -> bool:
        """Whether the function's role allows an action."""


class Mappings:
    """All mappings of an account and region."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._by_uuid: dict[str, EventSourceMapping] = {}

    def all(self) -> list[EventSourceMapping]:
        """Oldest first."""
        return list(self._by_uuid.values())

    def create(self, request: Mapping[str, Any], around: Surroundings) -> dict[str, Any]:
        """CreateEventSourceMapping's answer. Raises RefusedByLambda, UnsupportedFunction."""
        check_creation(request)
        function_arn = _existing_function(request["FunctionName"], around)
        stream_arn = request["EventSourceArn"]
        _check_role(function_arn, stream_arn, destination(request), around)
        if not around.stream_exists(stream_arn):
            raise RefusedByLambda(
                "InvalidParameterValueException", f"Stream not found: {stream_arn}"
            )
        self._check_new(stream_arn, function_arn)
        mapping = self._made(request, function_arn)
        self._by_uuid[mapping.configuration["UUID"]] = mapping
        return mapping.shown("Creating")

    def get(self, identifier: str) -> EventSourceMapping:
        """The mapping of a UUID. Raises RefusedByLambda."""
        if identifier not in self._by_uuid:
            raise RefusedByLambda(
                "ResourceNotFoundException", "The resource you requested does not exist.", 404
            )
        return self._by_uuid[identifier]

    def select(self, stream_arn: str = "", function: str = "") -> list[dict[str, Any]]:
        """Those of a stream and a function, each by ARN or, the function, by name."""
        name = _unqualified(function).rpartition(":")[2]
        return [
            mapping.shown()
            for mapping in self.all()
            if stream_arn in ("", mapping.configuration["EventSourceArn"])
            and name in ("", _unqualified(mapping.configuration["FunctionArn"]).rpartition(":")[2])
        ]

    def update(
        self, identifier: str, request: Mapping[str, Any], around: Surroundings
    ) -> dict[str, Any]:
        """UpdateEventSourceMapping's answer. Raises RefusedByLambda, UnsupportedFunction."""
        mapping = self.get(identifier)
        check_update(request)
        new = mapping.configuration | {n: v for n, v in request.items() if n in UPDATABLE}
        if "FunctionName" in request:
            new["FunctionArn"] = _existing_function(request["FunctionName"], around)
        new["DestinationConfig"] = _with_on_failure(new["DestinationConfig"])
        _check_role(new["FunctionArn"], new["EventSourceArn"], destination(new), around)
        if not (new.get("FilterCriteria") or {}).get("Filters"):
            new.pop("FilterCriteria", None)
        state = mapping.configuration["State"]
        if "Enabled" in request:
            new["State"] = _state(request["Enabled"])
        mapping.configuration = new | {"LastModified": self._clock.timestamp()}
        moving = {"Enabled": "Enabling", "Disabled": "Disabling"}[new["State"]]
        return mapping.shown("Updating" if new["State"] == state else moving)

    def delete(self, identifier: str) -> dict[str, Any]:
        """DeleteEventSourceMapping's answer. Raises RefusedByLambda."""
        mapping = self.get(identifier)
        del self._by_uuid[identifier]
        return mapping.shown("Deleting")

    def tagged(self, arn: str) -> dict[str, str]:
        """The tags of a mapping by its ARN. Raises RefusedByLambda."""
        return self.get(arn.rpartition(":")[2]).tags

    def _check_new(self, stream_arn: str, function_arn: str) -> None:
        for existing in self.all():
            of = existing.configuration
            if (of["EventSourceArn"], of["FunctionArn"]) == (stream_arn, function_arn):
                name = function_arn.split(":function:")[1]
                raise RefusedByLambda(
                    "ResourceConflictException",
                    f'The event source arn (" {stream_arn} ") and function (" {name} ") provided '
                    "mapping already exists. Please update or delete the existing mapping with UUID "
                    f"{of['UUID']}",
                    409,
                )

    def _made(self, request: Mapping[str, Any], function_arn: str) -> EventSourceMapping:
        identifier, now = str(uuid.uuid4()), self._clock.timestamp()
        prefix = ":".join(function_arn.split(":")[:5])
        arn = f"{prefix}:event-source-mapping:{identifier}"
        parameters = {
            n: v for n, v in request.items() if n not in ("FunctionName", "Enabled", "Tags")
        }
        configuration = {
            **DEFAULTS,
            **parameters,
            "DestinationConfig": _with_on_failure(request.get("DestinationConfig") or {}),
            "UUID": identifier,
            "EventSourceMappingArn": arn,
            "FunctionArn": function_arn,
            "State": _state(request.get("Enabled", True)),
            "StateTransitionReason": "User action",
            "LastModified": now,
            "LastProcessingResult": "No records processed",
        }
        return EventSourceMapping(arn, now, configuration, dict(request.get("Tags") or {}))


def _existing_function(name: str, around: Surroundings) -> str:
    arn = around.function_arn(name)
    if arn is None:
        raise RefusedByLambda("InvalidParameterValueException", "Function does not exist")
    return arn


def _check_role(function_arn: str, stream_arn: str, on_failure: str, around: Surroundings) -> None:
    """Raises RefusedByLambda with AWS's texts."""

    def may(action: str, resource: str) -> bool:
        return around.may(function_arn, action, resource)

    if not all([*(may(action, stream_arn) for action in READS), may(LISTS, "*")]):
        raise RefusedByLambda(
            "InvalidParameterValueException",
            f"Cannot access stream {stream_arn}. Please ensure the role can perform the GetRecords, "
            "GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in "
            "IAM.",
        )
    action, product = _SENDS.get(on_failure.split(":")[2] if on_failure else "", ("", ""))
    if action and not may(action, on_failure):
        raise RefusedByLambda(
            "InvalidParameterValueException",
            f"The provided execution role does not have permissions to call "
            f"{action.partition(':')[2]} on {product}",
        )


def _with_on_failure(config: Mapping[str, Any]) -> dict[str, Any]:
    arn = destination({"DestinationConfig": config})
    return {"OnFailure": {"Destination": arn} if arn else {}}


def _state(enabled: bool) -> str:
    return "Enabled" if enabled else "Disabled"


def _unqualified(function: str) -> str:
    """A function's name or ARN without its version or alias."""
    return re.sub(r"(:function:[^:]+|^[^:]+):[^:]+$", r"\1", function)
