"""The poller of an EventBridge Pipe with a Kinesis source and a Lambda target. Free of moto.

moto 5.2.5 keeps pipes on record and moves nothing. Here a pipe is stepped: `poll` makes one round,
reads every shard once and delivers the batches that are due, with the clients of the pipe's role.

| | |
|---|---|
| supported | BatchSize, MaximumBatchingWindowInSeconds, StartingPosition, MaximumRetryAttempts, partial failures by `eventID`, AUTOMATIC_BISECT, dead letters to SQS, 6 MB payloads |
| refused (UnsupportedPipe) | other sources and targets, enrichment, filters, input templates, FIRE_AND_FORGET, ParallelizationFactor, MaximumRecordAgeInSeconds, dead letters to SNS |

Where AWS leaves the behaviour open, this is what happens here:
- the batching window runs from the arrival of the oldest waiting record;
- after a partial failure the returned records alone are retried, before the shard goes on;
- an identifier that is not in the batch fails the whole batch;
- dead letters point at one record each when others of their batch were delivered;
- halving a batch does not use up a retry; a failing batch is tried again in the next round;
- the shards that a closed shard was split into are read when it is drained, from their beginning,
  or from StartingPosition if they were there when the pipe began;
- a batch whose dead letter cannot be sent is tried again.

Rules: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html,
eb-pipes-batching-concurrency.html and eb-pipes-error-troubleshooting.html beside it.
"""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.exceptions import UnsupportedPipe
from inventory_lab.local.clock import LabClock

RECORDS_PER_READ = 10_000
PAYLOAD_BYTES = 6 * 1024 * 1024
ENVELOPE_BYTES = 700
"""More than what surrounds the data and the key of one record in the payload."""

ERROR_CHARACTERS = 500

Event = dict[str, Any]

_PARAMETERS_READ = {
    "BatchSize", "MaximumBatchingWindowInSeconds", "StartingPosition", "StartingPositionTimestamp",
    "MaximumRetryAttempts", "OnPartialBatchItemFailure", "DeadLetterConfig",
}  # fmt: skip
_DEFAULTS = {"ParallelizationFactor": 1, "MaximumRecordAgeInSeconds": -1}


@dataclass(slots=True)
class Round:
    """What one round did, in records, invocations and batches; `error` is why the last call failed."""

    records: int = 0
    invocations: int = 0
    failures: int = 0
    bisects: int = 0
    dead_lettered: int = 0
    error: str = ""

    def add(self, other: Round) -> None:
        """Count another round in."""
        for name in (f.name for f in fields(self) if f.name != "error"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.error = other.error or self.error


@dataclass(frozen=True, slots=True)
class Definition:
    """What the poller needs to know of a pipe, read from DescribePipe's answer."""

    name: str
    arn: str
    role_arn: str
    stream_arn: str
    function_arn: str
    batch_size: int
    window_seconds: float
    retries: int
    bisect: bool
    dead_letter_arn: str | None
    start: Mapping[str, Any]

    @classmethod
    def read(cls, pipe: Mapping[str, Any]) -> Definition:
        """The definition. Raises UnsupportedPipe for what the poller would have to ignore."""
        source = pipe.get("SourceParameters", {})
        kinesis = source.get("KinesisStreamParameters", {})
        for problem in _problems(pipe, source, kinesis):
            raise UnsupportedPipe(pipe["Name"], problem)
        position = {"ShardIteratorType": kinesis["StartingPosition"]}
        if "StartingPositionTimestamp" in kinesis:
            position["Timestamp"] = kinesis["StartingPositionTimestamp"]
        return cls(
            name=pipe["Name"],
            arn=pipe["Arn"],
            role_arn=pipe["RoleArn"],
            stream_arn=pipe["Source"],
            function_arn=pipe["Target"],
            batch_size=kinesis.get("BatchSize", 100),
            window_seconds=kinesis.get("MaximumBatchingWindowInSeconds", 0),
            retries=kinesis.get("MaximumRetryAttempts", -1),
            bisect="OnPartialBatchItemFailure" in kinesis,
            dead_letter_arn=kinesis.get("DeadLetterConfig", {}).get("Arn"),
            start=position,
        )


@dataclass(slots=True)
class Batch:
    """Records that are delivered together, how often they have failed, and whether none between the
    first and the last was delivered on its own.
    """

    events: list[Event]
    failures: int = 0
    whole: bool = True


@dataclass(slots=True)
class ShardReader:
    """How far one shard has been read and delivered; `iterator` is None at the end of the shard.

    Records that were read wait to be cut into a batch; a batch is under way until it is delivered or
    given up. Both in order.
    """

    shard_id: str
    iterator: str | None
    waiting: deque[Event] = field(default_factory=deque)
    under_way: deque[Batch] = field(default_factory=deque)
    last_read: int = -1

    def drained(self) -> bool:
        """True when the shard has ended and everything in it was delivered or given up."""
        return self.iterator is None and not self.waiting and not self.under_way

    def passed(self, sequence_number: int) -> bool:
        """True when the record, and all before it, is delivered or in the dead letters."""
        firsts = [*[batch.events[0] for batch in self.under_way], *list(self.waiting)[:1]]
        first_open = min((int(e["sequenceNumber"]) for e in firsts), default=self.last_read + 1)
        return sequence_number < first_open


class Poller:
    """Runs one pipe; the clients are those of the pipe's role."""

    def __init__(self, kinesis: Any, functions: Any, sqs: Any, clock: LabClock) -> None:
        self._kinesis = kinesis
        self._functions = functions
        self._sqs = sqs
        self._clock = clock
        self._readers: dict[str, ShardReader] = {}
        self._first_shards: set[str] = set()

    def poll(self, pipe: Definition) -> Round:
        """Make one round over all shards that may be read by now."""
        done = Round()
        try:
            for reader in self._readable(pipe):
                self._read(reader, pipe)
                self._deliver_due(reader, pipe, done)
        except ClientError as exc:  # of reading: the other calls' errors are dealt with
            done.error = str(exc)
        return done

    def passed(self, shard_id: str, sequence_number: int) -> bool:
        """True when the record, and all before it in its shard, is delivered or given up."""
        reader = self._readers.get(shard_id)
        return reader is not None and reader.passed(sequence_number)

    def _readable(self, pipe: Definition) -> list[ShardReader]:
        shards = self._shards(pipe)
        self._first_shards = self._first_shards or {shard["ShardId"] for shard in shards}
        for shard in shards:
            shard_id = shard["ShardId"]
            if shard_id not in self._readers and self._parents_drained(shard, shards):
                first = shard_id in self._first_shards
                start = pipe.start if first else {"ShardIteratorType": "TRIM_HORIZON"}
                answer = self._kinesis.get_shard_iterator(
                    StreamARN=pipe.stream_arn, ShardId=shard_id, **start
                )
                self._readers[shard_id] = ShardReader(shard_id, answer["ShardIterator"])
        return list(self._readers.values())

    def _shards(self, pipe: Definition) -> list[dict[str, Any]]:
        shards: list[dict[str, Any]] = []
        request: dict[str, Any] = {"StreamARN": pipe.stream_arn}
        while request:
            answer = self._kinesis.list_shards(**request)
            shards += answer["Shards"]
            request = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}
        return shards

    def _parents_drained(self, shard: Mapping[str, Any], shards: list[dict[str, Any]]) -> bool:
        standing = {s["ShardId"] for s in shards}
        parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")} & standing
        return all(p in self._readers and self._readers[p].drained() for p in parents)

    def _read(self, reader: ShardReader, pipe: Definition) -> None:
        if reader.iterator is None or len(reader.waiting) >= RECORDS_PER_READ:
            return
        answer = self._kinesis.get_records(ShardIterator=reader.iterator, Limit=RECORDS_PER_READ)
        reader.iterator = answer.get("NextShardIterator")
        for record in answer["Records"]:
            reader.waiting.append(to_event(record, reader.shard_id, pipe))
            reader.last_read = int(record["SequenceNumber"])

    def _deliver_due(self, reader: ShardReader, pipe: Definition, done: Round) -> None:
        """Deliver in order until a batch fails, which then blocks its shard until the next round."""
        while reader.under_way or self._take_due(reader, pipe, done):
            if not self._deliver(reader.under_way[0], reader, pipe, done):
                return

    def _take_due(self, reader: ShardReader, pipe: Definition, done: Round) -> bool:
        """Move the next batch to those under way; False when none is due."""
        size = self._due(reader, pipe)
        if size:
            reader.under_way.append(Batch([reader.waiting.popleft() for _ in range(size)]))
            done.records += size
        return size > 0

    def _due(self, reader: ShardReader, pipe: Definition) -> int:
        """How many waiting records make a batch now; 0 when they had better wait for more."""
        if not reader.waiting:
            return 0
        size = _payload_prefix(reader.waiting, pipe.batch_size)
        waited = self._clock.timestamp() - reader.waiting[0]["approximateArrivalTimestamp"]
        closed = (
            size == pipe.batch_size
            or size < len(reader.waiting)
            or waited >= pipe.window_seconds
            or reader.iterator is None
        )
        return size if closed else 0

    def _deliver(self, batch: Batch, reader: ShardReader, pipe: Definition, done: Round) -> bool:
        """Invoke the function once; False when the shard has to wait for the next round.

        The batch stays under way until its fate is known, so an interrupt loses nothing.
        """
        done.invocations += 1
        failed = self._invoke(batch.events, pipe, done)
        if not failed:
            reader.under_way.popleft()
            return True
        done.failures += 1
        whole = batch.whole and len(failed) == len(batch.events)
        if pipe.bisect and len(failed) == len(batch.events) > 1:
            done.bisects += 1
            middle = len(failed) // 2
            left = [Batch(h, batch.failures, whole) for h in (failed[:middle], failed[middle:])]
        elif 0 <= pipe.retries <= batch.failures and self._give_up(
            failed, whole, reader, pipe, done
        ):
            done.dead_lettered += len(failed)
            left = []
        else:
            left = [Batch(failed, batch.failures + 1, whole)]
        reader.under_way.popleft()
        reader.under_way.extendleft(reversed(left))
        return not left

    def _invoke(self, events: list[Event], pipe: Definition, done: Round) -> list[Event]:
        """The events that have to be tried again; an error of the call fails them all."""
        try:
            answer = self._functions.invoke(
                FunctionName=pipe.function_arn, Payload=json.dumps(events).encode()
            )
        except ClientError as exc:
            done.error = str(exc)
            return events
        payload = answer["Payload"].read()
        if answer.get("FunctionError"):
            done.error = (
                f"the function failed: {payload.decode(errors='replace')[:ERROR_CHARACTERS]}"
            )
            return events
        return failed_events(payload, events)

    def _give_up(
        self, events: list[Event], whole: bool, reader: ShardReader, pipe: Definition, done: Round
    ) -> bool:
        """Send AWS's pointer message; without a dead-letter queue the records are dropped, as on AWS.

        False when the queue does not take it: the batch is not given up then.
        """
        if pipe.dead_letter_arn is None:
            return True
        account, name = pipe.dead_letter_arn.split(":")[-2:]
        url = f"{self._sqs.meta.endpoint_url}/{account}/{name}"
        try:
            for run in [events] if whole else [[event] for event in events]:
                body = dead_letter(run, reader.shard_id, pipe, self._clock.now())
                self._sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
        except ClientError as exc:
            done.error = str(exc)
            return False
        return True


def to_event(record: Mapping[str, Any], shard_id: str, pipe: Definition) -> Event:
    """The flat record that a Pipe hands to its target."""
    return {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": record["PartitionKey"],
        "sequenceNumber": record["SequenceNumber"],
        "data": base64.b64encode(record["Data"]).decode(),
        "approximateArrivalTimestamp": round(record["ApproximateArrivalTimestamp"].timestamp(), 3),
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{record['SequenceNumber']}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": pipe.role_arn,
        "awsRegion": pipe.stream_arn.split(":")[3],
        "eventSourceARN": pipe.stream_arn,
    }


def failed_events(payload: bytes, events: list[Event]) -> list[Event]:
    """The events that the function's answer names as failed.

    All of them when an identifier is empty, of the wrong name, or unknown; none when the answer
    is empty or anything else than `{"batchItemFailures": [...]}`.
    """
    answer = json.loads(payload) if payload else None
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not failures:
        return []
    if not isinstance(failures, list):
        return events
    named = [f.get("itemIdentifier") if isinstance(f, dict) else None for f in failures]
    known = [event["eventID"] for event in events]
    if not all(isinstance(name, str) for name in named) or not set(named) <= set(known):
        return events
    return [event for event in events if event["eventID"] in set(named)]


def dead_letter(
    events: Sequence[Event], shard_id: str, pipe: Definition, now: datetime
) -> dict[str, Any]:
    """The message for records that were given up: where they are in the stream, not what they are."""
    first, last = events[0], events[-1]
    return {
        "context": {"partnerResourceArn": pipe.arn, "condition": "RetryAttemptsExhausted"},
        "version": "1.0",
        "timestamp": _zulu(now),
        "KinesisBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": first["sequenceNumber"],
            "endSequenceNumber": last["sequenceNumber"],
            "approximateArrivalOfFirstRecord": _zulu(_arrival(first)),
            "approximateArrivalOfLastRecord": _zulu(_arrival(last)),
            "batchSize": len(events),
            "streamArn": pipe.stream_arn,
        },
    }


def _problems(
    pipe: Mapping[str, Any], source: Mapping[str, Any], kinesis: Mapping[str, Any]
) -> Iterable[str]:
    target = pipe.get("TargetParameters", {})
    invocation = target.get("LambdaFunctionParameters", {}).get("InvocationType")
    dead_letters = kinesis.get("DeadLetterConfig", {}).get("Arn", "")
    problems = {
        f"its source is {pipe['Source']}, no Kinesis stream": ":kinesis:" not in pipe["Source"],
        f"its target is {pipe['Target']}, no Lambda function": ":lambda:" not in pipe["Target"],
        "it has an enrichment": bool(pipe.get("Enrichment")),
        "it has filters": bool(source.get("FilterCriteria", {}).get("Filters")),
        "it has an input template": bool(target.get("InputTemplate")),
        "it invokes with FIRE_AND_FORGET": invocation == "FIRE_AND_FORGET",
        "its dead letters do not go to SQS": bool(dead_letters) and ":sqs:" not in dead_letters,
        "it has no StartingPosition": "StartingPosition" not in kinesis,
    }
    yield from (problem for problem, found in problems.items() if found)
    for name, value in kinesis.items():
        if name not in _PARAMETERS_READ and value != _DEFAULTS.get(name):
            yield f"it sets {name} to {value}"


def _payload_prefix(events: Iterable[Event], most: int) -> int:
    """How many of the events fit into one payload, one at least."""
    room, count = PAYLOAD_BYTES, 0
    for event in events:
        room -= len(event["data"]) + 6 * len(event["partitionKey"]) + ENVELOPE_BYTES
        if count == most or (room < 0 and count):
            break
        count += 1
    return count


def _arrival(event: Event) -> datetime:
    return datetime.fromtimestamp(event["approximateArrivalTimestamp"], UTC)


def _zulu(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
