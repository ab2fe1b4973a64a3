from __future__ import annotations

import json
from typing import Any

import pytest

from inventory_lab.exceptions import UnsupportedPipe
from inventory_lab.local.clock import LabClock
from inventory_lab.local.pipes import Definition, Poller, Round, failed_events
from tests.fakes import client_error

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
DLQ = "arn:aws:sqs:us-east-1:123456789012:dlq"


class FakeStream:
    """Shards as lists of keys; record n of a shard has sequence number 100 * shard + n."""

    def __init__(self, clock: LabClock, **shards: list[str]) -> None:
        self.clock, self.shards = clock, shards
        self.closed: set[str] = set()
        self.parents: dict[str, str] = {}
        self.asked: list[dict[str, Any]] = []
        self.start = clock.now()

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

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
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


class Bench:
    def __init__(self, *plan: Any, **shards: list[str]) -> None:
        self.clock = LabClock()
        self.stream = FakeStream(self.clock, **shards)
        self.function = FakeFunction(*plan)
        self.dead_letters = FakeDeadLetters()
        self.poller = Poller(self.stream, self.function, self.dead_letters, self.clock)

    def rounds(self, count: int = 1, **parameters: Any) -> Round:
        total = Round()
        for _ in range(count):
            self.clock.advance(1)
            total.add(self.poller.poll(definition(**parameters)))
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
    [letter] = bench.dead_letters.sent
    assert letter["context"]["condition"] == "RetryAttemptsExhausted"
    assert letter["KinesisBatchInfo"]["startSequenceNumber"] == "0"
    assert letter["KinesisBatchInfo"]["endSequenceNumber"] == "2"
    assert letter["KinesisBatchInfo"]["batchSize"] == 3
    assert (
        letter["KinesisBatchInfo"]["approximateArrivalOfFirstRecord"] == "2026-01-05T09:00:00.000Z"
    )
    assert "data" not in json.dumps(letter)


def test_after_a_partial_failure_dead_letters_point_at_single_records() -> None:
    bench = Bench("ac", "ac", s0=list("abc"))
    bench.rounds(2, MaximumRetryAttempts=1, DeadLetterConfig={"Arn": DLQ})
    ranges = [letter["KinesisBatchInfo"] for letter in bench.dead_letters.sent]
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
    assert [letter["KinesisBatchInfo"]["batchSize"] for letter in bench.dead_letters.sent] == [1]


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

    def spy(FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        seen.append(json.loads(Payload))
        return invoke(FunctionName, Payload)

    bench.function.invoke = spy  # type: ignore[method-assign]
    bench.rounds()
    [[record]] = seen
    assert record.keys() == pipe_batch[0].keys()
    assert record["eventID"] == "s0:0"
    assert record["data"] == "UGhvbmU="
    assert record["approximateArrivalTimestamp"] == bench.stream.start.timestamp()


EVENTS = [{"eventID": "s0:1"}, {"eventID": "s0:2"}]


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (b"", []),
        (b"null", []),
        (b"{}", []),
        (b'{"ok": true}', []),
        (b'["text"]', []),
        (b'{"batchItemFailures": []}', []),
        (b'{"batchItemFailures": null}', []),
        (b'{"batchItemFailures": [{"itemIdentifier": "s0:2"}]}', EVENTS[1:]),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', EVENTS),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', EVENTS),
        (b'{"batchItemFailures": [{"item": "s0:2"}]}', EVENTS),
        (b'{"batchItemFailures": ["s0:2"]}', EVENTS),
        (b'{"batchItemFailures": [{"itemIdentifier": "s0:9"}]}', EVENTS),
    ],
)
def test_the_answer_says_what_failed(answer: bytes, failed: list[dict[str, str]]) -> None:
    assert failed_events(answer, EVENTS) == failed


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"Source": "arn:aws:sqs:us-east-1:1:q"}, "no Kinesis stream"),
        ({"Target": "arn:aws:sqs:us-east-1:1:q"}, "no Lambda function"),
        ({"Enrichment": "arn:aws:lambda:us-east-1:1:function:e"}, "an enrichment"),
        ({"TargetParameters": {"InputTemplate": "<$.data>"}}, "an input template"),
        (
            {
                "TargetParameters": {
                    "LambdaFunctionParameters": {"InvocationType": "FIRE_AND_FORGET"}
                }
            },
            "FIRE_AND_FORGET",
        ),
    ],
)
def test_what_the_poller_cannot_do_is_refused_and_not_ignored(
    change: dict[str, Any], problem: str
) -> None:
    with pytest.raises(UnsupportedPipe, match=problem):
        Definition.read(pipe() | change)


def test_filters_and_unknown_parameters_are_refused() -> None:
    filtered = pipe()
    filtered["SourceParameters"]["FilterCriteria"] = {"Filters": [{"Pattern": "{}"}]}
    with pytest.raises(UnsupportedPipe, match="filters"):
        Definition.read(filtered)
    with pytest.raises(UnsupportedPipe, match="it sets ParallelizationFactor to 2"):
        definition(ParallelizationFactor=2)
    assert definition(ParallelizationFactor=1, MaximumRecordAgeInSeconds=-1)
