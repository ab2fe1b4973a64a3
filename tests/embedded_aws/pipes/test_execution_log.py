"""What a pipe writes into CloudWatch Logs at each level, with execution data and without.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-logs.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from inventory_lab.embedded_aws.clock import LAB_EPOCH
from inventory_lab.embedded_aws.pipes.execution_log import (
    RECORD_CHARACTERS,
    ExecutionLog,
    LogSettings,
)
from tests.embedded_aws.pipes.roads import FAILS, SAYS, Roads, arn
from tests.embedded_aws.principals import Principal, allow, denial

GROUP = "/aws/vendedlogs/pipes/road"
FAILS_ONE = """
def handle(event, context):
    failed = [{"itemIdentifier": event[0]["eventID"]}] if len(event) > 1 else []
    return {"batchItemFailures": failed}
"""


def configuration(roads: Roads, level: str, data: bool = False) -> dict[str, Any]:
    destination = {"CloudwatchLogsLogDestination": {"LogGroupArn": roads.log_group(GROUP)}}
    return {"Level": level, **destination} | ({"IncludeExecutionData": ["ALL"]} if data else {})


def run(roads: Roads, level: str, source: str = SAYS, data: bool = False, **more: Any) -> list[Any]:
    """The records of one execution with two records of the stream."""
    log = configuration(roads, level, data)
    roads.pipe(roads.function("target", source), LogConfiguration=log, **more)
    roads.put({"n": 1}, {"n": 2})
    roads.lab.pump()
    return roads.logged()


def steps(records: list[Any]) -> list[str]:
    return [record["messageType"] for record in records]


INFO = ["ExecutionStarted", "TargetStageEntered", "TargetStageSucceeded", "ExecutionSucceeded"]
TRACE = [
    "ExecutionStarted", "TargetStageEntered", "TargetTransformationStarted",
    "TargetTransformationSucceeded", "TargetInvocationStarted", "TargetInvocationSucceeded",
    "TargetStageSucceeded", "ExecutionSucceeded",
]  # fmt: skip


@pytest.mark.parametrize(
    ("level", "expected"), [("OFF", []), ("ERROR", []), ("INFO", INFO), ("TRACE", TRACE)]
)
def test_a_level_has_its_steps_and_those_of_the_levels_before(
    level: str, expected: list[str], roads: Roads
) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-logs-execution-steps.html"""
    assert steps(run(roads, level)) == expected


def test_a_record_has_the_fields_of_the_schema(roads: Roads) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-logs-schema.html"""
    records = run(roads, "INFO")
    assert {record.pop("executionId") for record in records} != {""}
    assert records[0] == {
        "resourceArn": arn("pipes", "pipe/road"),
        "timestamp": int(roads.lab.clock.timestamp() * 1000),
        "messageType": "ExecutionStarted",
        "logLevel": "INFO",
    }


def test_the_records_of_an_execution_have_one_id_and_those_of_the_next_another(
    roads: Roads,
) -> None:
    run(roads, "INFO")
    roads.put({"n": 3})
    roads.lab.pump()
    ids = [record["executionId"] for record in roads.logged()]
    assert ids[:4] == [ids[0]] * 4
    assert ids[4:] == [ids[4]] * 4
    assert ids[0] != ids[4]


def test_an_error_is_logged_at_every_level_with_what_the_service_said(roads: Roads) -> None:
    roads.allow()
    records = run(roads, "ERROR")
    assert steps(records) == ["TargetInvocationFailed", "TargetStageFailed", "ExecutionFailed"]
    error = records[0]["error"]
    assert error["message"].startswith("Target invocation failed with error from Lambda. ")
    assert "not authorized to perform: lambda:InvokeFunction" in error["message"]
    assert (error["awsService"], error["httpStatusCode"]) == ("lambda", 403)
    assert error["exceptionType"] == "AccessDeniedException"


def test_a_function_error_is_a_failed_invocation(roads: Roads) -> None:
    [first, *_] = run(roads, "ERROR", FAILS)
    assert "ZeroDivisionError" in first["error"]["message"]


def test_a_partial_failure_has_steps_of_its_own(roads: Roads) -> None:
    records = run(roads, "ERROR", FAILS_ONE)
    assert steps(records) == [
        "TargetInvocationPartiallyFailed",
        "TargetStagePartiallyFailed",
        "ExecutionPartiallyFailed",
    ]


def test_an_enrichment_has_a_stage_before_the_target(roads: Roads) -> None:
    enrichment = roads.function("enrichment", "def handle(event, context):\n    return event\n")
    logged = steps(run(roads, "INFO", Enrichment=enrichment))
    assert logged == [INFO[0], "EnrichmentStageEntered", "EnrichmentStageSucceeded", *INFO[1:]]


def test_an_empty_enrichment_skips_the_target(roads: Roads) -> None:
    enrichment = roads.function("enrichment", "def handle(event, context):\n    return []\n")
    logged = steps(run(roads, "INFO", Enrichment=enrichment))
    assert logged[-2:] == ["TargetStageSkipped", "ExecutionSucceeded"]


def test_execution_data_is_logged_only_when_asked_for(roads: Roads) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-logs.html"""
    records = run(roads, "TRACE", data=True)
    by_step = {record["messageType"]: record for record in records}
    payload = json.loads(by_step["ExecutionStarted"]["payload"])
    assert [event["partitionKey"] for event in payload] == ["a", "a"]
    invocation = by_step["TargetInvocationSucceeded"]
    assert json.loads(invocation["awsRequest"]) == payload
    assert invocation["awsResponse"] == "null"
    assert invocation["truncatedFields"] is None


@given(st.text(max_size=50), st.integers(1, 200_000), st.booleans())
def test_a_record_stays_below_256_kb_and_says_what_was_cut(
    text: str, times: int, escaped: bool
) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-logs-schema.html"""
    settings = LogSettings("TRACE", "group", with_data=True)
    log = ExecutionLog(settings, arn("pipes", "pipe/p"), "id", LAB_EPOCH)
    payload = (text + ('"' if escaped else "a")) * times
    log.note("TargetInvocationStarted", payload=payload[: 10**6], awsRequest="b" * times)
    [event] = log.events()
    record = json.loads(event["message"])
    assert len(event["message"]) <= RECORD_CHARACTERS
    cut = {"payload": payload[: 10**6], "awsRequest": "b" * times}
    assert record["truncatedFields"] == ([n for n in cut if record[n] != cut[n]] or None)
    assert all(cut[name].startswith(record[name]) for name in cut)


def test_a_pipe_needs_a_log_group_that_exists(roads: Roads) -> None:
    log = {
        "Level": "INFO",
        "CloudwatchLogsLogDestination": {"LogGroupArn": arn("logs", "log-group:x")},
    }
    with pytest.raises(ClientError, match=r"ValidationException.*log group x does not exist"):
        roads.pipe(roads.function("target"), LogConfiguration=log)


def test_a_log_group_that_is_deleted_later_does_not_stop_the_pipe(roads: Roads) -> None:
    log = configuration(roads, "INFO")
    roads.pipe(roads.function("target"), LogConfiguration=log)
    roads.root.client("logs").delete_log_group(logGroupName=GROUP)
    roads.put({"n": 1})
    assert roads.lab.pump().failures == 0
    assert len(roads.said("target")) == 1


def test_whoever_makes_a_pipe_with_a_log_needs_the_rights_of_a_log_delivery(roads: Roads) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html"""
    roads.pipe(roads.function("target"))
    somebody = Principal(roads.lab, "somebody", allow(["pipes:*", "iam:PassRole"]))
    log = configuration(roads, "INFO")
    request = {"Name": "road", "RoleArn": roads.describe()["RoleArn"], "LogConfiguration": log}
    update = somebody.client("pipes").update_pipe
    assert "logs:CreateLogDelivery" in denial(lambda: update(**request))
    somebody.may(allow("logs:*"), "logs")
    update(**request)
    assert roads.describe()["LogConfiguration"]["Level"] == "INFO"
