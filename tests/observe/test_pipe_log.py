"""The log that AWS has tells of the same executions as the embedded AWS itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from inventory_lab import Lab, ProductAdded, RawRecord
from inventory_lab.observe import frames, pipe_log
from inventory_lab.observe.pipe_log import FailurePolicy, executions
from inventory_lab.resources import pipe_log_group

COLUMNS = ["at", "pipe", "shard", "first", "last", "records", "attempt", "outcome", "failed"]
FAILS_FOR_X = """
import base64
def handle(events, context):
    bad = [e["eventID"] for e in events if base64.b64decode(e["data"]) == b"x"]
    if len(bad) == len(events):
        raise ValueError("nothing but x")
    return {"batchItemFailures": [{"itemIdentifier": one} for one in bad]}
"""


def rows(frame: Any) -> list[Any]:
    return list(frame[COLUMNS].itertuples(index=False))


def both(lab: Lab) -> tuple[list[Any], list[Any]]:
    """The rows by the log, and by the embedded AWS."""
    return rows(frames.executions(pipe_log.read(lab.account))), rows(lab.pipe_log())


def test_batches_that_are_delivered(built: Lab) -> None:
    built.settle(built.publish([ProductAdded(f"p{n}", 1) for n in range(20)]))
    by_log, by_lab = both(built)
    assert by_log == by_lab
    assert by_log


@pytest.mark.parametrize("bad", [1, 3])
def test_batches_that_fail_wholly_or_in_part_until_they_are_given_up(bad: int, built: Lab) -> None:
    built.use_handler(FAILS_FOR_X)
    good = [RawRecord("a", b"good") for _ in range(3)]
    built.publish([*good, *[RawRecord("a", b"x") for _ in range(bad)]])
    for _ in range(12):
        built.pump()
    by_log, by_lab = both(built)
    assert by_log == by_lab
    outcomes = {row.outcome for row in by_log}
    assert {"partly failed", "dead letter"} <= outcomes
    assert ("bisected" in outcomes) == (bad > 1)


def test_the_error_says_why(built: Lab) -> None:
    built.use_handler("def handle(event, context):\n    raise ValueError('no stock')\n")
    built.publish(ProductAdded("a", 1))
    built.pump()
    built.pump()
    [first, *_] = pipe_log.read(built.account)
    assert "no stock" in first.error


def test_a_payload_that_aws_has_cut_leaves_open_where_the_batch_ends(built: Lab) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-logs-schema.html"""
    records = [RawRecord("a", json.dumps({"n": n}).encode()) for n in range(900)]
    built.settle(built.publish(records, ordered=True))
    cut = [e for e in pipe_log.read(built.account) if e.records is None]
    assert cut
    known = [e for e in built_executions(built) if e.records > 300]
    assert [(e.shard_id, e.first) for e in cut] == [(e.shard_id, e.first) for e in known]
    assert {e.outcome for e in cut} == {"delivered"}


def built_executions(lab: Lab) -> list[Any]:
    return lab._open_backend().executions()


def test_without_execution_data_the_outcome_is_left() -> None:
    record = {
        "timestamp": 0, "executionId": "1", "messageType": "ExecutionFailed",
        "error": {"message": "denied"},
    }  # fmt: skip
    [execution] = executions([record], "p", FailurePolicy())
    assert (execution.outcome, execution.error, execution.records, execution.first) == (
        "failed",
        "denied",
        None,
        None,
    )


def test_a_pipe_without_dead_letters_drops_what_it_gives_up() -> None:
    on_failure = FailurePolicy(retries=0, has_dead_letters=True)
    payload = json.dumps([{"eventID": "shardId-000000000000:7"}])
    record = {
        "timestamp": 0, "executionId": "1", "messageType": "ExecutionFailed", "payload": payload,
    }  # fmt: skip
    for has, outcome in ((True, "dead letter"), (False, "dropped")):
        [execution] = executions([record], "p", replace(on_failure, has_dead_letters=has))
        assert execution.outcome == outcome


def test_the_log_group_keeps_records_for_two_weeks(built: Lab) -> None:
    logs = built.session("root").client("logs")
    name = pipe_log_group.name_of(built.account)
    [group] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert group["retentionInDays"] == 14


def test_without_a_log_group_there_is_nothing_to_read(built: Lab) -> None:
    pipe_log_group.delete(built.account)
    assert pipe_log.read(built.account) == []
