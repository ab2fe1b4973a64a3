"""What an event source mapping delivers, retries and gives up: a rule of AWS each, with its page.

Pages, below https://docs.aws.amazon.com/lambda/latest/dg/: with-kinesis.html [LK],
services-kinesis-batchfailurereporting.html [LR], kinesis-on-failure-destination.html [LF],
services-kinesis-parameters.html [LP], with-kinesis-filtering.html [LI].
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from inventory_lab.embedded_aws.awslambda.mapping_consumer import (
    MappingConsumer,
    from_checkpoint,
    processing_result,
)
from inventory_lab.embedded_aws.awslambda.mapping_requests import DEFAULTS
from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.polling.consumer import Clients
from inventory_lab.embedded_aws.polling.poller import Poller
from inventory_lab.embedded_aws.polling.report import Round
from tests.embedded_aws.polling.test_poller import (
    DLQ,
    STREAM,
    TOPIC,
    Body,
    FakeDeadLetters,
    FakeStream,
    FakeTopic,
)
from tests.fakes import client_error

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
ROLE = "arn:aws:iam::123456789012:role/r"


class FakeFunction:
    """Notes each batch as its keys; an answer of the plan is an error, the keys that fail, or success."""

    def __init__(self, *plan: Any) -> None:
        self.plan = list(plan)
        self.batches: list[str] = []
        self.events: list[Any] = []
        self.poison: set[str] = set()

    def invoke(self, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert (FunctionName, InvocationType) == (FUNCTION, "RequestResponse")
        event = json.loads(Payload)
        self.events.append(event)
        keys = "".join(record["kinesis"]["partitionKey"] for record in event["Records"])
        self.batches.append(keys)
        answer = self.plan.pop(0) if self.plan else None
        if isinstance(answer, Exception):
            raise answer
        known = {
            "StatusCode": 200,
            "ResponseMetadata": {"RequestId": f"request-{len(self.batches)}"},
        }
        if self.poison & set(keys):
            return known | {"FunctionError": "Unhandled", "Payload": Body(b"{}")}
        return known | {"Payload": Body(_reported(answer, event))}


def _reported(keys: str | None, event: Any) -> bytes:
    failed = [
        {"itemIdentifier": record["kinesis"]["sequenceNumber"]}
        for record in event["Records"]
        if record["kinesis"]["partitionKey"] in (keys or "")
    ]
    return json.dumps({"batchItemFailures": failed}).encode()


class Bench:
    def __init__(self, *plan: Any, **shards: list[str]) -> None:
        self.clock = LabClock()
        self.stream = FakeStream(self.clock, **shards)
        self.function = FakeFunction(*plan)
        self.dead_letters, self.topic = FakeDeadLetters(), FakeTopic()
        self.poller = Poller(self.clock)

    def rounds(self, count: int = 1, **parameters: Any) -> Round:
        clients = Clients(self.stream, None, self.dead_letters, self.topic)
        consumer = MappingConsumer.of(mapping(**parameters), ROLE, clients, self.function)
        total = Round()
        for _ in range(count):
            self.clock.advance(1)
            total.add(self.poller.poll(consumer))
        return total


def mapping(**parameters: Any) -> dict[str, Any]:
    return {
        **DEFAULTS,
        "UUID": "u",
        "FunctionArn": FUNCTION,
        "EventSourceArn": STREAM,
        "StartingPosition": "TRIM_HORIZON",
        **parameters,
    }


REPORTS = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
TO_QUEUE = {"DestinationConfig": {"OnFailure": {"Destination": DLQ}}}


def test_the_function_gets_records_with_the_data_under_kinesis(
    mapping_batch: dict[str, Any],
) -> None:  # [LK]
    bench = Bench(s0=["Phone"])
    bench.rounds()
    [event] = bench.function.events
    assert event.keys() == {"Records"}
    [record], [expected, *_] = event["Records"], mapping_batch["Records"]
    assert record.keys() == expected.keys()
    assert record["kinesis"].keys() == expected["kinesis"].keys()
    assert record["kinesis"]["data"] == "UGhvbmU="
    assert record["kinesis"]["sequenceNumber"] == "0"
    assert (record["eventID"], record["invokeIdentityArn"]) == ("s0:0", ROLE)


def test_the_default_batch_size_is_100() -> None:  # [LP]
    bench = Bench(s0=["x"] * 150)
    bench.rounds()
    assert [len(batch) for batch in bench.function.batches] == [100, 50]


def test_a_batching_window_waits_for_a_full_batch() -> None:  # [LK]
    bench = Bench(s0=list("abcd"))
    bench.rounds(BatchSize=3, MaximumBatchingWindowInSeconds=3)
    assert bench.function.batches == ["abc"]
    bench.rounds(2, BatchSize=3, MaximumBatchingWindowInSeconds=3)
    assert bench.function.batches == ["abc", "d"]


def test_without_report_batch_item_failures_the_answer_is_not_looked_at() -> None:  # [LR]
    bench = Bench("b", s0=list("abc"))
    assert bench.rounds(2).failures == 0
    assert bench.function.batches == ["abc"]


def test_the_lowest_reported_number_is_the_checkpoint_and_all_from_there_on_come_again() -> None:
    bench = Bench("cb", s0=list("abcd"))  # [LR]
    bench.rounds(2, **REPORTS)
    assert bench.function.batches == ["abcd", "bcd"]


EVENTS = [{"sequenceNumber": number} for number in ("7", "8", "9")]


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (b"", []),
        (b"null", []),
        (b"{}", []),
        (b'{"batchItemFailures": []}', []),
        (b'{"batchItemFailures": null}', []),
        (b'{"batchItemFailures": [{"itemIdentifier": "9"}, {"itemIdentifier": "8"}]}', EVENTS[1:]),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', EVENTS),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', EVENTS),
        (b'{"batchItemFailures": [{"wrong": "8"}]}', EVENTS),
        (b'{"batchItemFailures": [{"itemIdentifier": "1"}]}', EVENTS),
        (b'{"batchItemFailures": [{"itemIdentifier": 8}]}', EVENTS),
    ],
)
def test_an_empty_report_is_a_success_and_a_malformed_one_a_failure_of_the_batch(
    answer: bytes, failed: list[dict[str, str]]
) -> None:  # [LR]
    assert from_checkpoint(answer, EVENTS) == failed


def test_a_failed_batch_blocks_its_shard_and_no_other() -> None:  # [LK]
    bench = Bench(s0=list("ab"), s1=list("x"))
    bench.function.poison = {"a"}
    bench.rounds(2)
    assert bench.function.batches == ["ab", "x", "ab"]


def test_by_default_a_failing_batch_is_tried_until_the_stream_no_longer_holds_it() -> None:  # [LP]
    bench = Bench(s0=list("a"))
    bench.function.poison = {"a"}
    assert bench.rounds(50).failures == 50
    bench.clock.advance(25 * 3600)
    assert bench.rounds().invocations == 0
    assert bench.poller.passed("s0", 0)


def test_after_the_maximum_of_retries_the_batch_is_given_up() -> None:  # [LF]
    bench = Bench(s0=list("ab"))
    bench.function.poison = {"a"}
    assert bench.rounds(4, MaximumRetryAttempts=2).dead_lettered == 2
    assert bench.function.batches == ["ab"] * 3


def test_an_invocation_that_is_refused_uses_up_no_retry() -> None:  # [LF] "Before invocation"
    refused = [client_error("TooManyRequestsException")] * 5
    bench = Bench(*refused, s0=list("ab"))
    done = bench.rounds(6, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True)
    assert (done.dead_lettered, done.bisects) == (0, 0)
    assert bench.function.batches == ["ab"] * 6
    assert bench.poller.passed("s0", 1)


def test_a_refused_invocation_is_tried_until_the_record_is_too_old() -> None:  # [LF]
    bench = Bench(*[client_error("TooManyRequestsException")] * 90, s0=list("a"))
    bench.rounds(70, MaximumRecordAgeInSeconds=60, **TO_QUEUE)
    [record] = bench.dead_letters.sent
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"


def test_bisecting_isolates_the_record_at_which_the_function_fails() -> None:  # [LF]
    bench = Bench(s0=list("abcd"))
    bench.function.poison = {"c"}
    bench.rounds(6, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True, **TO_QUEUE)
    assert bench.function.batches == ["abcd", "ab", "cd", "c", "d"]
    assert [sent["KinesisBatchInfo"]["batchSize"] for sent in bench.dead_letters.sent] == [1]


def test_a_partial_failure_is_bisected_at_the_reported_number() -> None:  # [LR]
    bench = Bench("c", s0=list("abcd"))
    done = bench.rounds(2, BisectBatchOnFunctionError=True, **REPORTS)
    assert bench.function.batches == ["abcd", "cd"]
    assert done.bisects == 0


def test_a_report_that_begins_with_the_first_record_halves_the_batch() -> None:
    """AWS leaves it open; so a record that always fails does not take its batch with it."""
    bench = Bench("a", "a", s0=list("abcd"))
    bench.rounds(4, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True, **REPORTS)
    assert bench.function.batches[:3] == ["abcd", "ab", "a"]


def test_records_older_than_the_maximum_age_are_never_sent_to_the_function() -> None:  # [LP]
    bench = Bench(s0=list("ab"))
    bench.clock.advance(100)
    bench.rounds(MaximumRecordAgeInSeconds=60, **TO_QUEUE)
    assert bench.function.batches == []
    [record] = bench.dead_letters.sent
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert "responseContext" not in record


def test_the_record_of_a_failed_invocation_says_where_the_batch_is_and_not_what_it_holds() -> None:
    bench = Bench(s0=list("ab"))  # [LF]
    bench.function.poison = {"a"}
    bench.rounds(2, MaximumRetryAttempts=1, **TO_QUEUE)
    [record] = bench.dead_letters.sent
    assert record == {
        "requestContext": {
            "requestId": "request-2",
            "functionArn": FUNCTION,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 2,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": "2026-01-05T09:00:02.000Z",
        "KinesisBatchInfo": {
            "shardId": "s0",
            "startSequenceNumber": "0",
            "endSequenceNumber": "1",
            "approximateArrivalOfFirstRecord": "2026-01-05T09:00:00.000Z",
            "approximateArrivalOfLastRecord": "2026-01-05T09:00:00.000Z",
            "batchSize": 2,
            "streamArn": STREAM,
        },
    }


def test_after_a_partial_failure_the_record_covers_the_batch_from_the_checkpoint_on() -> None:
    bench = Bench("bd", "b", s0=list("abcd"))  # [LR]
    bench.rounds(2, MaximumRetryAttempts=1, **REPORTS, **TO_QUEUE)
    [record] = bench.dead_letters.sent
    assert record["KinesisBatchInfo"]["startSequenceNumber"] == "1"
    assert record["KinesisBatchInfo"]["batchSize"] == 3
    assert "functionError" not in record["responseContext"]


def test_the_destination_may_be_a_topic() -> None:  # [LF]
    bench = Bench(s0=list("a"))
    bench.function.poison = {"a"}
    bench.rounds(MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": TOPIC}})
    assert [sent["KinesisBatchInfo"]["batchSize"] for sent in bench.topic.published] == [1]


def test_without_a_destination_a_batch_is_discarded() -> None:  # [LF]
    bench = Bench(s0=list("ab"))
    bench.function.poison = {"a"}
    bench.rounds(MaximumRetryAttempts=0)
    assert [execution.outcome for execution in bench.poller.executions] == ["dropped"]
    assert bench.poller.passed("s0", 1)


def test_with_a_parallelization_factor_a_key_stays_in_order_while_others_go_on() -> None:  # [LK]
    bench = Bench(s0=list("abababab"))
    bench.function.poison = {"a"}
    bench.rounds(ParallelizationFactor=10, BatchSize=2)
    assert bench.function.batches.count("bb") == 2
    assert bench.function.batches.count("aa") == 1


def test_a_new_parallelization_factor_counts_once_the_lanes_are_empty() -> None:
    bench = Bench(s0=list("ab"))
    bench.rounds()
    bench.stream.shards["s0"] += list("abab")
    bench.rounds(ParallelizationFactor=10)
    assert sorted(bench.function.batches) == ["aa", "ab", "bb"]


def test_filtered_records_are_passed_and_not_sent() -> None:  # [LI]
    bench = Bench(s0=['{"kind":1}', '{"kind":2}', "no json"])
    pattern = json.dumps({"data": {"kind": [2]}})
    done = bench.rounds(FilterCriteria={"Filters": [{"Pattern": pattern}]})
    assert bench.function.batches == ['{"kind":2}']
    assert done.filtered == 2
    assert bench.poller.passed("s0", 2)


def test_latest_begins_after_what_is_there_and_a_timestamp_at_it() -> None:  # [LK]
    bench = Bench(s0=list("ab"))
    bench.rounds(StartingPosition="LATEST")
    bench.stream.shards["s0"].append("c")
    bench.rounds(StartingPosition="LATEST")
    assert bench.function.batches == ["c"]
    other = Bench(s0=list("a"))
    other.rounds(StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=1_767_603_600)
    [asked] = other.stream.asked
    assert asked["Timestamp"].isoformat() == "2026-01-05T09:00:00+00:00"


@pytest.mark.parametrize(
    ("done", "result"),
    [
        (Round(), None),
        (Round(invocations=1), "OK"),
        (Round(error="Function call failed: {}", invocations=1), "PROBLEM: Function call failed"),
        (Round(error="User: x is not authorized"), "PROBLEM: User: x is not authorized"),
    ],
)
def test_the_last_processing_result_is_that_of_the_last_round(
    done: Round, result: str | None
) -> None:
    assert processing_result(done) == result
