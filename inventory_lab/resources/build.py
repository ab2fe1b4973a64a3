"""Deploying a lab, stage by stage: every resource in the order in which the next one needs it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from botocore.exceptions import ClientError

from inventory_lab.exceptions import BuildDenied, QuotaReached
from inventory_lab.resources import (  # fmt: skip
    alarms,
    event_source_mapping,
    function,
    log_group,
    pipe,
    queues,
    roles,
    stream,
    table,
    topic,
    user,
)
from inventory_lab.resources.account import Account

Stage = Literal["access", "stream", "table", "function", "pipe"]
STAGES: tuple[Stage, ...] = ("access", "stream", "table", "function", "pipe")
Sleep = Callable[[float], None]

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
QUOTA = {
    "LimitExceeded", "LimitExceededException", "ServiceQuotaExceededException",
    "CodeStorageExceededException", "TopicLimitExceeded", "TopicLimitExceededException",
}  # fmt: skip


def build(account: Account, through: Stage, sleep: Sleep = time.sleep) -> dict[str, str]:
    """The ARN of each resource by its kind, up to and with a stage; what is missing is created.

    Raises BuildDenied and QuotaReached, which name the stage, and what the resources raise.
    """
    existing: dict[str, str] = {}
    for stage in STAGES[: STAGES.index(through) + 1]:
        with _named(stage):
            existing |= _ENSURED[stage](account, sleep)
    return existing


@contextmanager
def _named(stage: str) -> Iterator[None]:
    """Say at which stage AWS refused, and what to do."""
    try:
        yield
    except ClientError as exc:
        code = exc.response["Error"]["Code"]
        if code in DENIED:
            raise BuildDenied(stage, str(exc)) from exc
        if code in QUOTA:
            raise QuotaReached(stage, str(exc)) from exc
        raise


def _access(account: Account, _: Sleep) -> dict[str, str]:
    existing = {"user": user.ensure(account)}
    return existing | {kind: roles.ensure(account, kind) for kind in roles.KINDS}


def _stream(account: Account, sleep: Sleep) -> dict[str, str]:
    return {"stream": stream.ensure(account, sleep)}


def _table(account: Account, sleep: Sleep) -> dict[str, str]:
    return {"table": table.ensure(account, sleep)}


def _function(account: Account, sleep: Sleep) -> dict[str, str]:
    existing = {kind: queues.ensure(account, kind, sleep) for kind in queues.KINDS}
    existing["topic"] = topic.ensure(account)
    if account.settings.log_retention_days is not None:
        log_group.ensure(account)
    existing["function"] = function.ensure(account, sleep)
    return existing


def _readers(account: Account, sleep: Sleep) -> dict[str, str]:
    """The pipe, the event source mapping or both, and the alarms, as the settings ask."""
    existing: dict[str, str] = {}
    if account.settings.has_pipe:
        existing["pipe"] = pipe.ensure(account, sleep)
    if account.settings.has_mapping:
        existing["event_source_mapping"] = event_source_mapping.ensure(account, sleep)
    if account.settings.alarms:
        existing |= {kind: alarms.ensure(account, kind) for kind in alarms.KINDS}
    return existing


_ENSURED: dict[Stage, Callable[[Account, Sleep], dict[str, str]]] = {
    "access": _access,
    "stream": _stream,
    "table": _table,
    "function": _function,
    "pipe": _readers,
}
