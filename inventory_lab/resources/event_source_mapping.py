"""The Lambda event source mapping from the stream to the function: the other way than a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from inventory_lab.exceptions import MappingFailed, StillChanging
from inventory_lab.resources.account import Account, unless_missing
from inventory_lab.resources.deletion import until_gone
from inventory_lab.resources.ownership import refuse_foreign
from inventory_lab.resources.propagation import STREAM, once_known
from inventory_lab.resources.stable import until_stable

_MISSING = ("ResourceNotFoundException",)
WAIT_SECONDS = 300
_MOVING = ("Creating", "Enabling", "Disabling", "Updating", "Deleting")


def ensure(account: Account, sleep: Callable[[float], None] = time.sleep) -> str:
    """The mapping's ARN, enabled; created when it is missing, brought up to date otherwise. Raises
    MappingFailed, NotTheLabs, and StillChanging when a change goes on for 5 minutes.

    https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    """
    name = account.settings.name("function")
    _stable(account, sleep)
    mapping = describe(account)
    if mapping is None:
        _create(account, sleep)
    else:
        refuse_foreign(account, "event_source_mapping", name, tags(account))
        if _differs(mapping, _configuration(account)):
            account.client("lambda").update_event_source_mapping(
                UUID=mapping["UUID"], **_configuration(account)
            )
    mapping = settled(account, sleep)
    if mapping["State"] != "Enabled":
        reason = mapping.get("StateTransitionReason", "")
        raise MappingFailed(name, mapping["State"], reason)
    return str(mapping["EventSourceMappingArn"])


def _stable(account: Account, sleep: Callable[[float], None]) -> None:
    transitional = tuple(state.upper() for state in _MOVING)
    name = f"event source mapping of {account.settings.name('function')}"
    until_stable(name, partial(_state, account), transitional, sleep)


def describe(account: Account) -> dict[str, Any] | None:
    """The configuration of the mapping, or None when there is none:
    https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
    """
    answer = unless_missing(
        _MISSING,
        account.client("lambda").list_event_source_mappings,
        EventSourceArn=account.stream_arn(),
        FunctionName=account.settings.name("function"),
    )
    mappings = answer["EventSourceMappings"] if answer else []
    return dict(mappings[0]) if mappings else None


def settled(account: Account, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """The configuration once no change of the mapping is under way. Raises StillChanging when one
    goes on for WAIT_SECONDS, or there is no mapping.
    """
    state = "not there"
    for _ in range(WAIT_SECONDS):
        mapping = describe(account)
        state = mapping["State"] if mapping else state
        if mapping is not None and state not in _MOVING:
            return mapping
        sleep(1)
    name = f"event source mapping of {account.settings.name('function')}"
    raise StillChanging(name, state, WAIT_SECONDS)


def tags(account: Account) -> dict[str, str] | None:
    """The mapping's tags, or None when there is no mapping."""
    mapping = describe(account)
    if mapping is None:
        return None
    call = account.client("lambda").list_tags
    answer = unless_missing(_MISSING, call, Resource=mapping["EventSourceMappingArn"])
    return dict(answer["Tags"]) if answer else {}


def delete(account: Account, sleep: Callable[[float], None] = time.sleep) -> None:
    """Delete the mapping and wait until it is gone; deleting its function would leave it. Raises
    StillDeleting.
    """
    mapping = describe(account)
    if mapping is None:
        return
    call = partial(account.client("lambda").delete_event_source_mapping, UUID=mapping["UUID"])
    name = f"event source mapping {mapping['UUID']}"
    until_gone(name, lambda: _state(account), call, (*_MISSING, "ResourceInUseException"), sleep)


def _state(account: Account) -> str | None:
    mapping = describe(account)
    return None if mapping is None else str(mapping["State"]).upper()


def _create(account: Account, sleep: Callable[[float], None]) -> None:
    request = _configuration(account) | {
        "EventSourceArn": account.stream_arn(),
        "StartingPosition": "TRIM_HORIZON",
        "Tags": account.tags,
    }
    create = account.client("lambda").create_event_source_mapping
    once_known(partial(create, **request), STREAM, sleep)


def _configuration(account: Account) -> dict[str, Any]:
    settings = account.settings
    return {
        "FunctionName": settings.name("function"),
        "Enabled": True,
        "BatchSize": settings.batch_size,
        "MaximumBatchingWindowInSeconds": settings.batch_window_seconds,
        "MaximumRetryAttempts": settings.retries,
        "MaximumRecordAgeInSeconds": settings.maximum_record_age_seconds,
        "ParallelizationFactor": settings.parallelization_factor,
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnFailure": {"Destination": account.queue_arn("dead_letter_queue")}},
    }


def _differs(mapping: dict[str, Any], expected: dict[str, Any]) -> bool:
    if mapping["State"] != "Enabled":
        return True
    members = expected.keys() - {"FunctionName", "Enabled"}
    return any(mapping.get(member) != expected[member] for member in members)
