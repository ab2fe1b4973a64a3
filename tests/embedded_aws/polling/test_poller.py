from __future__ import annotations

import json
from typing import Any

import pytest

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.pipes.consumer import PipeConsumer
from inventory_lab.embedded_aws.pipes.definition import Definition
from inventory_lab.embedded_aws.polling.consumer import Clients
from inventory_lab.embedded_aws.polling.poller import Poller
from inventory_lab.embedded_aws.polling.records import failed_identifiers
from inventory_lab.embedded_aws.polling.report import Round
from inventory_lab.exceptions import UnsupportedPipe
from tests.fakes import client_error

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
TOPIC = "arn:aws:sns:us-east-1:123456789012:failed records"
DLQ = "arn:aws:sqs:us-east-1:123456789012:dlq"


class FakeStream:
    """Shards as lists of keys; record n of a shard has sequence number 100 * shard + n."""

    def __init__(self, clock: LabClock, **shards: list[str]) -> None:
        self.clock, self.shards = clock, shards
        self.closed: set[str] = set()
        self.parents: dict[str, str] = {}
        self.asked: list[dict[str, Any]] = []
        self.start = clock.now()
        self.retention_hours = 24

    def list_shards(self, **_: Any) -> dict[str, Any]:
        return {
            "Shards": [
                {"ShardId": s} | ({"ParentShardId": self.parents[s]} if s in self.parents else {})
                for s in self.shards
            ]
        }

    def get_shard_iterator(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        latest = request["ShardIteratorType"] == "LATEST"
        at = len(self.shards[request["ShardId"]]) if latest else 0
        return {"ShardIterator": f"{request['ShardId']} {at}"}

    def describe_stream_summary(self, **_: Any) -> dict[str, Any]:
        return {"StreamDescriptionSummary": {"RetentionPeriodHours": self.retention_hours}}

    def get_records(self, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803
        shard, at = ShardIterator.split()
        keys = self.shards[shard][int(at) : int(at) + Limit]
        records = [self._record(shard, int(at) + n, key) for n, key in enumerate(keys)]
        ended = shard in self.closed
        return {"Records": records} | (
            {} if ended else {"NextShardIterator": f"{shard} {int(at) + len(keys)}"}
        )

    def _record(self, shard: str, n: int, key: str) -> dict[str, Any]:
        return {
            "SequenceNumber": str(100 * int(shard[1:]) + n),
            "PartitionKey": key,
            "Data": key.encode(),
            "ApproximateArrivalTimestamp": self.start,
        }


class FakeFunction:
    """Notes each batch as its keys; answers come from the plan, then success."""

    def __init__(self, *plan: Any) -> None:
        self.plan = list(plan)
        self.batches: list[str] = []
        self.poison: set[str] = set()
        self.kinds: list[str] = []

    def invoke(self, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        self.kinds.append(InvocationType)
        if InvocationType == "Event":
            return {"StatusCode": 202, "Payload": Body(b"")}
        events = json.loads(Payload)
        keys = "".join(event["partitionKey"] for event in events)
        self.batches.append(keys)
        answer = self.plan.pop(0) if self.plan else None
        if isinstance(answer, Exception):
            raise answer
        if self.poison & set(keys):
            return {"FunctionError": "Unhandled", "Payload": Body(b"{}")}
        if isinstance(answer, str):
            failed = [
                {"itemIdentifier": e["eventID"]} for e in events if e["partitionKey"] in answer
            ]
            return {"Payload": Body(json.dumps({"batchItemFailures": failed}).encode())}
        return {"Payload": Body(b"null")}


class Body:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self) -> bytes:
        return self._data


class FakeDeadLetters:
    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.meta = type("Meta", (), {"endpoint_url": "https://sqs.us-east-1.amazonaws.com"})

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        assert QueueUrl == "https://sqs.us-east-1.amazonaws.com/123456789012/dlq"
        self.sent.append(json.loads(MessageBody))


class FakeTopic:
    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def publish(self, TopicArn: str, Message: str) -> None:  # noqa: N803
        assert TopicArn == TOPIC
        self.published.append(json.loads(Message))


class Bench:
    def __init__(self, *plan: Any, **shards: list[str]) -> None:
        self.clock = LabClock()
        self.stream = FakeStream(self.clock, **shards)
        self.function = FakeFunction(*plan)
        self.dead_letters = FakeDeadLetters()
        self.topic = FakeTopic()
        self.clients = Clients(self.stream, self.function, self.dead_letters, self.topic)
        self.poller = Poller(self.clock)

    def poll(self, pipe: Definition) -> Round:
        return self.poller.poll(PipeConsumer(pipe, self.clients))

    def rounds(self, count: int = 1, **parameters: Any) -> Round:
        total = Round()
        for _ in range(count):
            self.clock.advance(1)
            total.add(self.poll(definition(**parameters)))
        return total


def pipe(**parameters: Any) -> dict[str, Any]:
    kinesis = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 3} | parameters
    return {
        "Name": "p",
        "Arn": "arn:aws:pipes:us-east-1:123456789012:pipe/p",
        "RoleArn": "arn:aws:iam::123456789012:role/r",
        "Source": STREAM,
        "Target": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "SourceParameters": {"KinesisStreamParameters": kinesis},
    }


def definition(**parameters: Any) -> Definition:
    return Definition.read(pipe(**parameters))


def test_batches_close_on_their_size_and_what_is_left_without_a_window_follows_at_once() -> None:
    bench = Bench(s0=list("abcdefg"))
    done = bench.rounds()
    assert bench.function.batches == ["abc", "def", "g"]
    assert (done.records, done.invocations) == (7, 3)


def test_a_batch_comes_from_one_shard() -> None:
    bench = Bench(s0=list("ab"), s1=list("xy"))
    bench.rounds()
    assert bench.function.batches == ["ab", "xy"]


def test_a_window_keeps_a_short_batch_waiting() -> None:
    bench = Bench(s0=list("abcd"))
    bench.rounds(MaximumBatchingWindowInSeconds=3)
    assert bench.function.batches == ["abc"]
    bench.rounds(2, MaximumBatchingWindowInSeconds=3)
    assert bench.function.batches == ["abc", "d"]


def test_a_payload_stays_below_six_megabytes() -> None:
    bench = Bench(s0=["x" * 200_000] * 8)
    bench.rounds(BatchSize=10_000)
    assert len(bench.function.batches) > 1
    assert sum(len(b) for b in bench.function.batches) == 1_600_000


def test_records_are_delivered_once() -> None:
    bench = Bench(s0=list("ab"))
    bench.rounds(3)
    bench.stream.shards["s0"].append("c")
    bench.rounds()
    assert bench.function.batches == ["ab", "c"]


def test_latest_skips_what_is_there_already() -> None:
    bench = Bench(s0=list("ab"))
    bench.rounds(StartingPosition="LATEST")
    bench.stream.shards["s0"].append("c")
    bench.rounds(StartingPosition="LATEST")
    assert bench.function.batches == ["c"]


def test_a_failed_batch_is_tried_again_and_blocks_its_shard_alone() -> None:
    bench = Bench(client_error("ServiceException"), s0=list("abcd"), s1=list("x"))
    bench.rounds()
    assert bench.function.batches == ["abc", "x"]
    bench.rounds()
    assert bench.function.batches == ["abc", "x", "abc", "d"]


def test_only_the_records_named_as_failed_are_tried_again_before_the_shard_goes_on() -> None:
    bench = Bench("b", s0=list("abcd"))
    bench.rounds(2)
    assert bench.function.batches == ["abc", "b", "d"]


def test_after_the_retries_a_batch_goes_to_the_dead_letters_as_a_pointer() -> None:
    bench = Bench(s0=list("abcd"))
    bench.function.poison = {"b"}
    done = bench.rounds(3, MaximumRetryAttempts=2, DeadLetterConfig={"Arn": DLQ})
    assert bench.function.batches == ["abc", "abc", "abc", "d"]
    assert done.dead_lettered == 3
    [pointer] = bench.dead_letters.sent
    assert pointer["context"]["condition"] == "RetryAttemptsExhausted"
    assert pointer["KinesisBatchInfo"]["startSequenceNumber"] == "0"
    assert pointer["KinesisBatchInfo"]["endSequenceNumber"] == "2"
    assert pointer["KinesisBatchInfo"]["batchSize"] == 3
    assert (
        pointer["KinesisBatchInfo"]["approximateArrivalOfFirstRecord"] == "2026-01-05T09:00:00.000Z"
    )
    assert "data" not in json.dumps(pointer)


def test_after_a_partial_failure_dead_letters_point_at_single_records() -> None:
    bench = Bench("ac", "ac", s0=list("abc"))
    bench.rounds(2, MaximumRetryAttempts=1, DeadLetterConfig={"Arn": DLQ})
    ranges = [pointer["KinesisBatchInfo"] for pointer in bench.dead_letters.sent]
    assert [(r["startSequenceNumber"], r["endSequenceNumber"]) for r in ranges] == [
        ("0", "0"),
        ("2", "2"),
    ]


def test_bisecting_isolates_a_poison_record() -> None:
    bench = Bench(s0=list("abcdefgh"))
    bench.function.poison = {"f"}
    bench.rounds(
        9,
        BatchSize=8,
        MaximumRetryAttempts=1,
        OnPartialBatchItemFailure="AUTOMATIC_BISECT",
        DeadLetterConfig={"Arn": DLQ},
    )
    assert bench.function.batches == ["abcdefgh", "abcd", "efgh", "ef", "e", "f", "f", "gh"]
    assert [pointer["KinesisBatchInfo"]["batchSize"] for pointer in bench.dead_letters.sent] == [1]


def test_without_a_retry_limit_a_batch_is_tried_for_ever() -> None:
    bench = Bench(s0=list("a"))
    bench.function.poison = {"a"}
    assert bench.rounds(50, MaximumRetryAttempts=-1).failures == 50


def test_what_is_passed_is_what_is_delivered_or_given_up() -> None:
    bench = Bench("b", s0=list("abcd"))
    assert not bench.poller.passed("s0", 0)
    bench.rounds()
    assert [bench.poller.passed("s0", n) for n in range(4)] == [True, False, False, False]
    bench.rounds()
    assert [bench.poller.passed("s0", n) for n in range(5)] == [True, True, True, True, False]


def test_children_are_read_when_their_parent_is_drained() -> None:
    bench = Bench(client_error("ServiceException"), s0=list("ab"), s1=list("xy"))
    bench.stream.closed, bench.stream.parents = {"s0"}, {"s1": "s0"}
    bench.rounds()
    assert bench.function.batches == ["ab"]
    bench.rounds(2)
    assert bench.function.batches == ["ab", "ab", "xy"]


def test_the_function_receives_flat_records_in_a_bare_array(
    pipe_batch: list[dict[str, Any]],
) -> None:
    bench = Bench(s0=["Phone"])
    seen: list[Any] = []
    invoke = bench.function.invoke

    def spy(**request: Any) -> dict[str, Any]:
        seen.append(json.loads(request["Payload"]))
        return invoke(**request)

    bench.function.invoke = spy  # type: ignore[method-assign]
    bench.rounds()
    [[record]] = seen
    assert record.keys() == pipe_batch[0].keys()
    assert record["eventID"] == "s0:0"
    assert record["data"] == "UGhvbmU="
    assert record["approximateArrivalTimestamp"] == bench.stream.start.timestamp()


KNOWN = ["s0:1", "s0:2"]
ALL = None
"""What is returned when the answer does not say which ones."""


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (b"", set()),
        (b"null", set()),
        (b"{}", set()),
        (b'{"ok": true}', set()),
        (b'["text"]', set()),
        (b'{"batchItemFailures": []}', set()),
        (b'{"batchItemFailures": null}', set()),
        (b'{"batchItemFailures": [{"itemIdentifier": "s0:2"}]}', {"s0:2"}),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', ALL),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', ALL),
        (b'{"batchItemFailures": [{"item": "s0:2"}]}', ALL),
        (b'{"batchItemFailures": ["s0:2"]}', ALL),
        (b'{"batchItemFailures": [{"itemIdentifier": "s0:9"}]}', ALL),
    ],
)
def test_the_answer_says_what_failed(answer: bytes, failed: set[str] | None) -> None:
    assert failed_identifiers(answer, KNOWN) == failed


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"Source": "arn:aws:sqs:us-east-1:1:q"}, "not a Kinesis stream"),
        ({"Target": "arn:aws:kinesis:us-east-1:1:stream/s"}, "not a function, queue, topic or"),
        ({"Enrichment": "arn:aws:states:us-east-1:1:stateMachine:m"}, "not a Lambda function"),
        ({"EnrichmentParameters": {"HttpParameters": {}}}, "its enrichment has HttpParameters"),
        ({"TargetParameters": {"SqsQueueParameters": {}}}, "its target has SqsQueueParameters"),
        ({"LogConfiguration": {"S3LogDestination": {}}}, "its log goes to S3LogDestination"),
    ],
)
def test_what_the_poller_cannot_do_is_refused_and_not_ignored(
    change: dict[str, Any], problem: str
) -> None:
    with pytest.raises(UnsupportedPipe, match=problem):
        Definition.read(pipe() | change)


def test_a_parameter_that_the_poller_does_not_know_is_refused() -> None:
    with pytest.raises(UnsupportedPipe, match="it sets Surprise to 2"):
        definition(Surprise=2)


@pytest.mark.parametrize(
    ("arn", "problem"),
    [
        ("arn:aws:s3:::bucket", "neither SQS nor SNS"),
        (f"{DLQ}.fifo", "a FIFO queue or topic"),
    ],
)
def test_dead_letters_go_to_a_standard_queue_or_topic(arn: str, problem: str) -> None:
    with pytest.raises(UnsupportedPipe, match=problem):
        definition(DeadLetterConfig={"Arn": arn})


# ---------------------------------------------------------------- lanes, age, filters, templates


def test_parallel_lanes_keep_the_order_of_each_key_and_block_each_other_not() -> None:
    bench = Bench(s0=list("abababab"))
    bench.function.poison = {"a"}
    bench.rounds(ParallelizationFactor=10, BatchSize=2)
    assert bench.function.batches.count("bb") == 2
    assert bench.function.batches.count("aa") == 1
    bench.function.poison = set()
    bench.rounds(ParallelizationFactor=10, BatchSize=2)
    assert bench.function.batches[3:] == ["aa", "aa"]


def test_a_record_that_is_too_old_is_never_attempted_and_goes_to_the_dead_letters() -> None:
    bench = Bench(s0=list("ab"))
    bench.clock.advance(100)
    done = bench.rounds(MaximumRecordAgeInSeconds=60, DeadLetterConfig={"Arn": DLQ})
    assert bench.function.batches == []
    assert done.dead_lettered == 2
    assert [s["context"]["condition"] for s in bench.dead_letters.sent] == ["RecordAgeExceeded"]


def test_a_record_that_gets_too_old_while_it_is_retried_is_given_up() -> None:
    bench = Bench(s0=list("a"))
    bench.function.poison = {"a"}
    bench.rounds(5, MaximumRecordAgeInSeconds=3, DeadLetterConfig={"Arn": DLQ})
    assert len(bench.function.batches) == 3
    assert len(bench.dead_letters.sent) == 1


def test_without_a_retry_limit_a_batch_is_tried_until_the_stream_keeps_it_no_more() -> None:
    bench = Bench(s0=list("a"))
    bench.function.poison = {"a"}
    bench.rounds(2, MaximumRetryAttempts=-1)
    bench.clock.advance(25 * 3600)
    done = bench.rounds(1, MaximumRetryAttempts=-1)
    assert (done.invocations, done.dead_lettered) == (0, 1)
    assert bench.poller.passed("s0", 0)


def test_dead_letters_may_go_to_a_topic() -> None:
    bench = Bench(s0=list("a"))
    bench.function.poison = {"a"}
    bench.rounds(2, MaximumRetryAttempts=0, DeadLetterConfig={"Arn": TOPIC})
    assert [m["KinesisBatchInfo"]["batchSize"] for m in bench.topic.published] == [1]


def test_fire_and_forget_invokes_asynchronously_and_hears_of_no_failure() -> None:
    bench = Bench(s0=list("a"))
    bench.function.poison = {"a"}
    target = {"LambdaFunctionParameters": {"InvocationType": "FIRE_AND_FORGET"}}
    done = bench.poll(Definition.read(pipe() | {"TargetParameters": target}))
    assert bench.function.kinds == ["Event"]
    assert done.failures == 0


def changed(**source: Any) -> Definition:
    whole = pipe()
    whole["SourceParameters"] |= source.pop("source", {})
    return Definition.read(whole | source)


def test_what_a_filter_leaves_out_is_passed_without_an_invocation() -> None:
    bench = Bench(s0=list("abab"))
    filters = {"FilterCriteria": {"Filters": [{"Pattern": '{"partitionKey": ["b"]}'}]}}
    done = bench.poll(changed(source=filters))
    assert bench.function.batches == ["bb"]
    assert (done.records, done.filtered) == (2, 2)
    assert bench.poller.passed("s0", 3)


def test_a_template_shapes_each_record() -> None:
    bench = Bench(s0=["Phone"])
    seen: list[Any] = []

    def spy(**request: Any) -> dict[str, Any]:
        seen.append(json.loads(request["Payload"]))
        return {"Payload": Body(b"null")}

    bench.function.invoke = spy  # type: ignore[method-assign,assignment]
    template = {"InputTemplate": '{"key": <$.partitionKey>, "by": "<aws.pipes.pipe-name>"}'}
    bench.poll(changed(TargetParameters=template))
    assert seen == [[{"key": "Phone", "by": "p"}]]


def test_an_iterator_that_has_expired_is_renewed_after_the_last_record_read() -> None:
    bench = Bench(s0=list("ab"))
    bench.rounds()
    bench.stream.shards["s0"].append("c")
    read = bench.stream.get_records

    def expire(**request: Any) -> dict[str, Any]:
        bench.stream.get_records = read  # type: ignore[method-assign]
        raise client_error("ExpiredIteratorException")

    bench.stream.get_records = expire  # type: ignore[method-assign,assignment]
    bench.rounds()
    assert bench.stream.asked[-1]["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER"
    assert bench.stream.asked[-1]["StartingSequenceNumber"] == "1"


def test_an_error_of_reading_ends_the_round_and_is_reported() -> None:
    bench = Bench(s0=list("a"))

    def gone(**_: Any) -> dict[str, Any]:
        raise client_error("ResourceNotFoundException")

    bench.stream.list_shards = gone  # type: ignore[method-assign]
    assert "ResourceNotFoundException" in bench.rounds().error


# ---------------------------------------------------------------- what happened


def test_a_round_reports_how_long_the_oldest_record_waits() -> None:
    bench = Bench(s0=list("a"))
    bench.function.poison = {"a"}
    assert [bench.rounds().iterator_age_ms for _ in range(3)] == [1000, 2000, 3000]
    bench.function.poison = set()
    assert bench.rounds().iterator_age_ms == 0


def test_a_round_counts_retries_apart() -> None:
    bench = Bench(s0=list("a"))
    bench.function.poison = {"a"}
    done = bench.rounds(3)
    assert (done.invocations, done.retries) == (3, 2)


def test_the_executions_tell_each_attempt_and_its_outcome() -> None:
    bench = Bench("b", s0=list("abc"))
    bench.function.poison = {"c"}
    parameters = {"MaximumRetryAttempts": 1, "BatchSize": 2, "DeadLetterConfig": {"Arn": DLQ}}
    bench.rounds(4, **parameters)
    attempts = [(e.first, e.last, e.attempt, e.outcome, e.failed) for e in bench.poller.executions]
    assert attempts == [
        (0, 1, 1, "partly failed", 1),
        (1, 1, 2, "delivered", 0),
        (2, 2, 1, "failed", 1),
        (2, 2, 2, "dead letter", 1),
    ]


def test_a_pipe_that_began_with_the_latest_loses_nothing_when_its_iterator_expires() -> None:
    bench = Bench(s0=list("ab"))
    bench.rounds(StartingPosition="LATEST")
    began = bench.clock.now()
    read = bench.stream.get_records

    def expire(**request: Any) -> dict[str, Any]:
        bench.stream.get_records = read  # type: ignore[method-assign]
        raise client_error("ExpiredIteratorException")

    bench.stream.get_records = expire  # type: ignore[method-assign,assignment]
    bench.rounds(StartingPosition="LATEST")
    assert bench.stream.asked[-1]["ShardIteratorType"] == "AT_TIMESTAMP"
    assert bench.stream.asked[-1]["Timestamp"] == began


def test_a_shard_that_cannot_be_read_leaves_the_others_alone() -> None:
    bench = Bench(s0=list("a"), s1=list("x"))
    read = bench.stream.get_records

    def throttled(ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803
        if ShardIterator.startswith("s0"):
            raise client_error("ProvisionedThroughputExceededException")
        return read(ShardIterator, Limit)

    bench.stream.get_records = throttled  # type: ignore[method-assign]
    assert "ProvisionedThroughput" in bench.rounds().error
    assert bench.function.batches == ["x"]
