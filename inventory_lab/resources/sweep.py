"""Every lab of a region, whatever its prefix: for the end of a workshop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from inventory_lab.exceptions import WrongSetting
from inventory_lab.resources.account import Account
from inventory_lab.resources.teardown import Deletion, Sleep, tear_down
from inventory_lab.settings import Settings

Run = Callable[[Callable[[str], list[Deletion]], Iterable[str]], Iterable[list[Deletion]]]
"""Calls a function with each of several values, as map() does; on a real account some at a time."""

_LISTED: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    ("dynamodb", "list_tables", "TableNames", "", ("table",)),
    ("lambda", "list_functions", "Functions", "FunctionName", ("function",)),
    ("pipes", "list_pipes", "Pipes", "Name", ("pipe",)),
    ("sns", "list_topics", "Topics", "TopicArn", ("topic",)),
    ("sqs", "list_queues", "QueueUrls", "", ("rejected_queue", "dead_letter_queue", "alerts_queue")),
    ("iam", "list_roles", "Roles", "RoleName", ("pipe_role", "function_role")),
    ("iam", "list_users", "Users", "UserName", ("producer_user",)),
    ("logs", "describe_log_groups", "logGroups", "logGroupName", ("function", "pipe")),
)  # fmt: skip
"""Service, operation, member of the answer, member of an entry, and the kinds that are listed there."""


def sweep(
    account: Account, sleep: Sleep = time.sleep, dry_run: bool = False, run: Run = map
) -> list[Deletion]:
    """What became of every resource of every lab in the region, lab by lab; a dry run only reads.

    Resources are recognised by the names in the account's settings after any prefix, and only those with
    the lab's tag are deleted, whoever their owner is.
    """
    one = partial(_tear_down, account, sleep, dry_run)
    deletions = run(one, prefixes(account))
    return [
        deletion for deletion in chain.from_iterable(deletions) if deletion.outcome != "not there"
    ]


def prefixes(account: Account) -> list[str]:
    """What goes before the names of the settings in this region's resources, sorted. It may be another
    project's: that is for the tags to say.
    """
    possible = {
        name.removesuffix(account.settings.stream)
        for name in _stream_names(account)
        if name.endswith(account.settings.stream)
    }
    for service, operation, member, name, kinds in _LISTED:
        bases = [getattr(account.settings, kind) for kind in kinds]
        for full_name in _names(account, service, operation, member, name):
            possible |= {full_name.removesuffix(b) for b in bases if full_name.endswith(b)}
    return sorted(prefix for prefix in possible if _is_possible(account.settings, prefix))


def _stream_names(account: Account) -> Iterator[str]:
    """All streams, asked for by the last name of the page before, which every emulator understands:
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html
    """
    list_streams = account.client("kinesis").list_streams
    start: dict[str, str] = {}
    while True:
        answer = list_streams(**start)
        yield from answer["StreamNames"]
        if not answer["HasMoreStreams"]:
            return
        start = {"ExclusiveStartStreamName": answer["StreamNames"][-1]}


def _names(account: Account, service: str, operation: str, member: str, name: str) -> Iterator[str]:
    for page in account.client(service).get_paginator(operation).paginate():
        for entry in page.get(member, []):
            text: Any = entry[name] if name else entry
            yield str(text).rpartition("/")[2].rpartition(":")[2]


def _is_possible(settings: Settings, prefix: str) -> bool:
    try:
        replace(settings, prefix=prefix)
    except WrongSetting:
        return False
    return True


def _tear_down(account: Account, sleep: Sleep, dry_run: bool, prefix: str) -> list[Deletion]:
    one = account.with_settings(replace(account.settings, prefix=prefix))
    return tear_down(one.of_any_owner(), sleep, dry_run)
