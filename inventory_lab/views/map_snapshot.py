"""Reads what the living map shows: which parts exist, what IAM answers, what has happened so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from inventory_lab.iam.account.evaluator import PolicyEvaluator
from inventory_lab.observe import reports, stream
from inventory_lab.resources import event_source_mapping, function, pipe, queues, table, topic, user
from inventory_lab.resources import stream as stream_resource
from inventory_lab.resources.account import Account
from inventory_lab.views.map_access import access_of
from inventory_lab.views.pipeline_map import Access, Arrow, Part, PipelineMap, static_map, without
from inventory_lab.views.svg import plural

Description = Mapping[str, Any] | str | bool | None
Ends = tuple[str, str]
STATES = ("StreamStatus", "TableStatus", "CurrentState", "State")
"""The member with the state, in the descriptions of stream, table, pipe and function."""


RUNNING = {"ACTIVE", "RUNNING", "ENABLED"}


class Execution(Protocol):
    """One execution of a pipe, as its log has it."""

    @property
    def pipe(self) -> str: ...  # noqa: D102
    @property
    def attempt(self) -> int: ...  # noqa: D102
    @property
    def outcome(self) -> str: ...  # noqa: D102
    @property
    def failed(self) -> int: ...  # noqa: D102


def read_map(
    account: Account,
    evaluator: PolicyEvaluator,
    executions: Iterable[Execution] | None,
    stored: int | None = None,
) -> PipelineMap:
    """The map as it is now. `executions` are those of the pipe's log, None where it cannot be read.
    `stored` is the number of records of the stream; None counts them.
    """
    descriptions = _descriptions(account)
    plan = without(static_map(account.settings), "build", *_other_readers(account, descriptions))
    counters = _counters(account, descriptions, executions, stored)
    parts = tuple(_part(part, descriptions[part.key], account) for part in plan.parts)
    arrows = tuple(
        _arrow(arrow, descriptions, access_of(account, evaluator, arrow), counters)
        for arrow in plan.arrows
    )
    return PipelineMap(parts, arrows, living=True)


def _other_readers(account: Account, descriptions: Mapping[str, Description]) -> list[str]:
    """The pipe or the mapping, when the settings do not ask for it and it does not exist."""
    settings = account.settings
    asked = {"pipe": settings.has_pipe, "mapping": settings.has_mapping}
    return [key for key, is_asked in asked.items() if not is_asked and not descriptions[key]]


def _descriptions(account: Account) -> dict[str, Description]:
    parts: dict[str, Description] = {
        "producer": user.describe(account),
        "stream": stream_resource.describe(account),
        "pipe": pipe.describe(account),
        "mapping": event_source_mapping.describe(account),
        "function": function.describe(account),
        "table": table.describe(account),
        "topic": topic.describe(account),
    }
    return parts | {kind: queues.describe(account, kind) for kind in queues.KINDS}


def _part(part: Part, description: Description, account: Account) -> Part:
    if not description:
        return replace(part, exists=False)
    facts = description if isinstance(description, Mapping) else {}
    state = next((str(facts[key]) for key in STATES if key in facts), "")
    running = not state or state.upper() in RUNNING
    return replace(
        part, exists=True, state="" if running else state, notes=_notes(part, facts, account)
    )


def _notes(part: Part, facts: Mapping[str, Any], account: Account) -> tuple[str, ...]:
    if part.key == "stream":
        return (plural(facts["OpenShardCount"], "shard"),)
    role = facts.get("RoleArn") or facts.get("Role")
    if role:
        return (str(role).rpartition("/")[2],)
    if part.key.endswith("queue"):
        return (plural(_messages(account, part.key), "message"),)
    return part.notes


def _messages(account: Account, kind: str) -> int:
    answer = account.client("sqs").get_queue_attributes(
        QueueUrl=queues.describe(account, kind), AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def _arrow(
    arrow: Arrow,
    descriptions: Mapping[str, Description],
    access: tuple[Access, ...],
    counters: Mapping[Ends, tuple[str, ...]],
) -> Arrow:
    exists = bool(descriptions[arrow.source]) and bool(descriptions[arrow.target])
    return replace(
        arrow, access=access, exists=exists, counters=counters.get((arrow.source, arrow.target), ())
    )


def _counters(
    account: Account,
    descriptions: Mapping[str, Description],
    executions: Iterable[Execution] | None,
    stored: int | None,
) -> dict[Ends, tuple[str, ...]]:
    """What was sent along each arrow; nothing when there was nothing, or when it is not known."""
    totals = reports.read(account).totals
    if stored is None:
        stored = sum(1 for _ in stream.records(account)) if descriptions["stream"] else 0
    counts: dict[Ends, list[tuple[int, str]]] = {
        ("producer", "stream"): [(stored, "record")],
        ("function", "table"): [(totals.get("applied", 0), "applied")],
        ("function", "topic"): [(totals.get("alerts", 0), "alert")],
        ("function", "rejected_queue"): [(totals.get("rejected", 0), "record")],
    }
    for key, own in _by_reader(account, descriptions["mapping"], executions or ()).items():
        counts |= _counts_of_a_reader(key, own)
    return {
        ends: tuple(_counted(count, noun) for count, noun in labels if count)
        for ends, labels in counts.items()
    }


def _by_reader(
    account: Account, mapping: Description, executions: Iterable[Execution]
) -> dict[str, list[Execution]]:
    """The executions of the lab's pipe and of its mapping; the log also has those of other readers."""
    readers = {account.settings.name("pipe"): "pipe"}
    if isinstance(mapping, Mapping):
        readers[str(mapping["UUID"])] = "mapping"
    by_reader: dict[str, list[Execution]] = {"pipe": [], "mapping": []}
    for execution in executions:
        if execution.pipe in readers:
            by_reader[readers[execution.pipe]].append(execution)
    return by_reader


def _counts_of_a_reader(key: str, executions: list[Execution]) -> dict[Ends, list[tuple[int, str]]]:
    given_up = sum(e.failed for e in executions if e.outcome == "dead letter")
    return {
        ("stream", key): [(sum(e.attempt == 1 for e in executions), "batch")],
        (key, "function"): [
            (sum(e.attempt > 1 for e in executions), "retry"),
            (sum(e.outcome == "bisected" for e in executions), "bisect"),
        ],
        (key, "dead_letter_queue"): [(given_up, "record")],
    }


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if noun == "applied" else plural(count, noun)
