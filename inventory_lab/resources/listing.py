"""The names of all resources of one type in a region, whoever they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from inventory_lab.resources.account import Account

_PAGED: Mapping[str, tuple[str, str, str, str]] = {
    "table": ("dynamodb", "list_tables", "TableNames", ""),
    "function": ("lambda", "list_functions", "Functions", "FunctionName"),
    "event source mapping": (
        "lambda", "list_event_source_mappings", "EventSourceMappings", "FunctionArn",
    ),
    "pipe": ("pipes", "list_pipes", "Pipes", "Name"),
    "topic": ("sns", "list_topics", "Topics", "TopicArn"),
    "queue": ("sqs", "list_queues", "QueueUrls", ""),
    "rule": ("events", "list_rules", "Rules", "Name"),
    "role": ("iam", "list_roles", "Roles", "RoleName"),
    "user": ("iam", "list_users", "Users", "UserName"),
    "log group": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "build project": ("codebuild", "list_projects", "projects", ""),
    "report group": ("codebuild", "list_report_groups", "reportGroups", ""),
    "alarm": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "bucket": ("s3", "list_buckets", "Buckets", "Name"),
}  # fmt: skip
"""Service, operation, member of the answer, and member of an entry, of what has a paginator."""


def names(account: Account, kind: str) -> Iterator[str]:
    """The names of all streams, or resources of another type: of a queue the last part of its URL, of a log group its
    full name, of an event source mapping the name of its function.
    """
    return _OTHERS.get(kind, partial(_paged, kind=kind))(account)


def _paged(account: Account, kind: str) -> Iterator[str]:
    service, operation, member, name = _PAGED[kind]
    for page in account.client(service).get_paginator(operation).paginate():
        for entry in page.get(member, []):
            text = str(entry[name] if name else entry)
            yield text if kind == "log group" else text.rpartition("/")[2].rpartition(":")[2]


def _streams(account: Account) -> Iterator[str]:
    """Asked for by the last name of the page before, which every emulator understands:
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


def _event_buses(account: Account) -> Iterator[str]:
    list_event_buses = account.client("events").list_event_buses
    start: dict[str, Any] = {}
    while True:
        answer = list_event_buses(**start)
        yield from (bus["Name"] for bus in answer["EventBuses"])
        if not answer.get("NextToken"):
            return
        start = {"NextToken": answer["NextToken"]}


_OTHERS: Mapping[str, Callable[[Account], Iterator[str]]] = {
    "stream": _streams,
    "event bus": _event_buses,
}
