"""What CreateEventSourceMapping and UpdateEventSourceMapping accept for a Kinesis stream. Free of moto.

| parameter | AWS, and the lab |
|---|---|
| BatchSize | 1 to 10,000, default 100 |
| MaximumBatchingWindowInSeconds | 0 to 300, default 0 |
| ParallelizationFactor | 1 to 10, default 1 |
| MaximumRetryAttempts | -1 (no limit, the default) to 10,000 |
| MaximumRecordAgeInSeconds | -1 (no limit, the default), 60 to 604,800 |
| BisectBatchOnFunctionError | default false |
| FunctionResponseTypes | ReportBatchItemFailures or none, the default |
| DestinationConfig | OnFailure: a standard SQS queue or SNS topic |
| FilterCriteria | up to 5 patterns, on `data` alone |
| StartingPosition | TRIM_HORIZON, LATEST, AT_TIMESTAMP with StartingPositionTimestamp; cannot be updated |
| Enabled | default true |

Refused with UnsupportedFunction: other sources, stream consumers (enhanced fan-out), TumblingWindowInSeconds,
KMSKeyArn, MetricsConfig, LoggingConfig, ScalingConfig, ProvisionedPollerConfig, buckets and Kafka topics
as OnFailure, and what only other sources have.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inventory_lab.embedded_aws.polling.filters import read_filters
from inventory_lab.exceptions import InvalidFilter, RefusedByLambda, UnsupportedFunction

INVALID, VALIDATION = "InvalidParameterValueException", "ValidationException"
DEFAULTS: Mapping[str, Any] = {
    "BatchSize": 100,
    "MaximumBatchingWindowInSeconds": 0,
    "ParallelizationFactor": 1,
    "MaximumRetryAttempts": -1,
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "FunctionResponseTypes": [],
    "DestinationConfig": {"OnFailure": {}},
    "TumblingWindowInSeconds": 0,
}
LIMITS = {
    "BatchSize": (1, 10_000),
    "MaximumBatchingWindowInSeconds": (0, 300),
    "ParallelizationFactor": (1, 10),
    "MaximumRetryAttempts": (-1, 10_000),
    "MaximumRecordAgeInSeconds": (-1, 604_800),
}
YOUNGEST_MAXIMUM_AGE = 60
MOST_ITEMS, LARGEST_MAX_ITEMS = 100, 10_000
"""Of one answer, however large MaxItems is:
https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html"""
POSITIONS = ("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON")
UPDATABLE = {*DEFAULTS, "FilterCriteria"}
_KNOWN = {
    *UPDATABLE, "FunctionName", "Enabled", "EventSourceArn", "StartingPosition",
    "StartingPositionTimestamp", "Tags", "UUID",
}  # fmt: skip


def check_creation(request: Mapping[str, Any]) -> None:
    """Raises RefusedByLambda for what AWS refuses, UnsupportedFunction for what only the lab refuses."""
    _check_source(str(request.get("EventSourceArn") or ""), request["FunctionName"])
    _check_position(request)
    check_update(request)


def check_update(request: Mapping[str, Any]) -> None:
    """As check_creation, for what an update may change."""
    _check_known(request)
    for name, (lowest, highest) in LIMITS.items():
        if name in request:
            _check_range(name, request[name], lowest, highest)
    if 0 <= request.get("MaximumRecordAgeInSeconds", -1) < YOUNGEST_MAXIMUM_AGE:
        raise RefusedByLambda(
            INVALID, "MaximumRecordAgeInSeconds must be -1 or at least 60 and at most 604800"
        )
    _check_destination(request)
    _check_filters(request.get("FilterCriteria"))


def _check_known(request: Mapping[str, Any]) -> None:
    for name, value in request.items():
        if name not in _KNOWN or (name == "TumblingWindowInSeconds" and value):
            raise UnsupportedFunction(
                str(request.get("FunctionName")), f"its event source mapping sets {name}"
            )


def _check_source(arn: str, function: str) -> None:
    service = arn.split(":")[2] if arn.count(":") > 4 else ""
    if not service:
        raise RefusedByLambda(INVALID, "Unrecognized event source.")
    if service != "kinesis" or "/consumer/" in arn:
        raise UnsupportedFunction(
            function, f"its event source is {arn}; mappings read Kinesis streams without consumers"
        )


def _check_position(request: Mapping[str, Any]) -> None:
    position, moment = request.get("StartingPosition"), request.get("StartingPositionTimestamp")
    if position is None:
        raise RefusedByLambda(
            INVALID,
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
            "constraint: Member must not be null.",
        )
    if position not in POSITIONS:
        known = ", ".join(POSITIONS)
        raise _violates(
            "startingPosition", position, f"Member must satisfy enum value set: [{known}]"
        )
    if moment is not None and position != "AT_TIMESTAMP":
        raise RefusedByLambda(INVALID, "Timestamp only valid with StartingPosition AT_TIMESTAMP")
    if moment is None and position == "AT_TIMESTAMP":
        raise RefusedByLambda(
            INVALID, "StartingPosition AT_TIMESTAMP needs a StartingPositionTimestamp"
        )


def _check_range(name: str, value: int, lowest: int, highest: int) -> None:
    member = f"{name[0].lower()}{name[1:]}"
    if value > highest:
        raise _violates(member, value, f"Member must have value less than or equal to {highest}")
    if value < lowest:
        raise _violates(member, value, f"Member must have value greater than or equal to {lowest}")


def _check_destination(request: Mapping[str, Any]) -> None:
    config = request.get("DestinationConfig") or {}
    function, arn = str(request.get("FunctionName")), destination(request)
    if config.get("OnSuccess"):
        raise RefusedByLambda(INVALID, "OnSuccess is not valid for an event source mapping")
    if arn and arn.split(":")[2:3] not in (["sqs"], ["sns"]):
        raise UnsupportedFunction(
            function, f"its event source mapping's OnFailure destination is {arn}"
        )
    if arn.endswith(".fifo"):
        raise RefusedByLambda(
            INVALID, "the OnFailure destination of a stream must be a standard queue or topic"
        )


def page_of(
    mappings: Sequence[dict[str, Any]], max_items: int = MOST_ITEMS, marker: str = ""
) -> dict[str, Any]:
    """One page of ListEventSourceMappings, after the mapping that the marker names.

    Raises RefusedByLambda for a marker that no page has returned; the text of AWS is not known.

    >>> page = page_of([{"UUID": "a"}, {"UUID": "b"}], max_items=1)
    >>> page_of([{"UUID": "a"}, {"UUID": "b"}], max_items=1, marker=page["NextMarker"])
    {'EventSourceMappings': [{'UUID': 'b'}]}
    """
    if not 1 <= max_items <= LARGEST_MAX_ITEMS:
        constraint = f"Member must have value between 1 and {LARGEST_MAX_ITEMS}"
        raise _violates("maxItems", max_items, constraint)
    markers = [_marker(mapping) for mapping in mappings]
    if marker and marker not in markers:
        raise RefusedByLambda(INVALID, "Invalid Marker.")
    start = markers.index(marker) + 1 if marker else 0
    end = start + min(max_items, MOST_ITEMS)
    more = {"NextMarker": markers[end - 1]} if end < len(mappings) else {}
    return {"EventSourceMappings": list(mappings[start:end]), **more}


def _marker(mapping: Mapping[str, Any]) -> str:
    return b64encode(str(mapping["UUID"]).encode()).decode()


def destination(request: Mapping[str, Any]) -> str:
    """The ARN of the OnFailure destination; empty for none."""
    config = request.get("DestinationConfig") or {}
    return str((config.get("OnFailure") or {}).get("Destination") or "")


def _check_filters(criteria: Mapping[str, Any] | None) -> None:
    """Kinesis mappings filter by `data` alone:
    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html
    """
    try:
        read_filters(criteria)
    except InvalidFilter as exc:
        raise _bad_filter(str(exc)) from exc
    for entry in (criteria or {}).get("Filters") or []:
        others = sorted(set(_keys(json.loads(entry.get("Pattern", "{}")))) - {"data"})
        if others:
            raise _bad_filter(f"Mappings of a stream filter by data alone, not by {others[0]}.")


def _keys(pattern: Mapping[str, Any]) -> Iterator[str]:
    for key, value in pattern.items():
        if key == "$or":
            for alternative in value:
                yield from _keys(alternative)
        else:
            yield key


def _bad_filter(reason: str) -> RefusedByLambda:
    return RefusedByLambda(INVALID, f"Invalid filter pattern definition. {reason}")


def _violates(member: str, value: Any, constraint: str) -> RefusedByLambda:
    return RefusedByLambda(
        VALIDATION,
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
        f"{constraint}",
    )
