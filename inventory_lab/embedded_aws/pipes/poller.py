"""The poller of an EventBridge Pipe with a Kinesis source and a Lambda target. Free of moto.

moto 5.2.5 keeps pipes on record and moves nothing. Here a pipe is stepped: `poll` makes one round,
reads every shard once and delivers the batches that are due, with the clients of the pipe's role.

| | |
|---|---|
| supported | BatchSize, MaximumBatchingWindowInSeconds, the three StartingPositions, ParallelizationFactor, MaximumRetryAttempts, MaximumRecordAgeInSeconds, partial failures by `eventID`, AUTOMATIC_BISECT, dead letters to SQS and SNS, filters, input templates, REQUEST_RESPONSE and FIRE_AND_FORGET, 6 MB payloads, several pipes on one stream, resharding |
| differs | no back-off: what failed is tried again in the next round; a pipe whose calls are refused is not switched off, its rounds say why |
| refused (UnsupportedPipe) | other sources and targets, enrichment, FIFO dead letters |

Where AWS leaves the behaviour open, this is what happens here:
- the batching window runs from the arrival of the oldest waiting record;
- after a partial failure the returned records alone are retried, before the lane goes on;
- an identifier that is not in the batch fails the whole batch;
- dead letters point at one record each when others of their batch were delivered;
- halving a batch does not use up a retry;
- with a ParallelizationFactor a shard has that many lanes, and a key always the same one;
- the shards that a closed shard was split into are read when it is drained, from their beginning,
  or from StartingPosition if they were there when the pipe began;
- a record that gets too old, or older than the stream's retention while it is retried, goes to the
  dead letters with the condition RecordAgeExceeded;
- a batch whose dead letter cannot be sent is tried again.

Rules: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html,
eb-pipes-batching-concurrency.html and eb-pipes-error-troubleshooting.html beside it.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.faults import NO_FAULTS, Faults
from inventory_lab.embedded_aws.pipes.definition import Definition
from inventory_lab.embedded_aws.pipes.events import (
    Event,
    dead_letter,
    failed_events,
    payload,
    payload_prefix,
    to_event,
)
from inventory_lab.embedded_aws.pipes.lanes import Batch, Lane, ShardReader
from inventory_lab.embedded_aws.pipes.report import Execution, Round

RECORDS_PER_READ = 10_000
ERROR_CHARACTERS = 500
EXECUTIONS_KEPT = 10_000
CALL_ERRORS = (ClientError, HTTPClientError)
RETRIES_EXHAUSTED, TOO_OLD = "RetryAttemptsExhausted", "RecordAgeExceeded"


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients of the pipe's role."""

    kinesis: Any
    functions: Any
    sqs: Any
    sns: Any


class Poller:
    """Runs one pipe. `executions` is where it notes what it did, for several pipes together."""

    def __init__(
        self,
        clock: LabClock,
        executions: deque[Execution] | None = None,
        faults: Faults = NO_FAULTS,
    ) -> None:
        self._clients = Clients(None, None, None, None)
        self.role: tuple[str, ...] = ()
        self.access_key = ""
        self._clock = clock
        self._readers: dict[str, ShardReader] = {}
        self._first_shards: set[str] = set()
        self.executions = deque(maxlen=EXECUTIONS_KEPT) if executions is None else executions
        self.faults = faults

    def act_as(self, role: tuple[str, ...], access_key: str, clients: Clients) -> None:
        """Call with the clients of a role from now on."""
        self.role, self.access_key, self._clients = role, access_key, clients

    def poll(self, pipe: Definition) -> Round:
        """Make one round over all shards that may be read by now."""
        done = Round()
        try:
            readers = self._readable(pipe)
        except CALL_ERRORS as exc:
            readers, done.error = [], str(exc)
        for reader in readers:
            self._step(reader, pipe, done)
        done.iterator_age_ms = self._age_of_the_oldest()
        return done

    def _step(self, reader: ShardReader, pipe: Definition, done: Round) -> None:
        """One shard; an error of reading it is told and leaves the others alone."""
        try:
            self._read(reader, pipe, done)
            self._deliver_due(reader, pipe, done)
        except CALL_ERRORS as exc:
            done.error = str(exc)

    def passed(self, shard_id: str, sequence_number: int) -> bool:
        """True when the record, and all before it in its shard, is delivered or given up."""
        reader = self._readers.get(shard_id)
        return reader is not None and reader.passed(sequence_number)

    # ------------------------------------------------------------ reading

    def _readable(self, pipe: Definition) -> list[ShardReader]:
        shards = self._shards(pipe)
        self._first_shards = self._first_shards or {shard["ShardId"] for shard in shards}
        for shard in shards:
            shard_id = shard["ShardId"]
            if shard_id not in self._readers and self._may_be_read(shard, shards):
                first = shard_id in self._first_shards
                start = pipe.start if first else {"ShardIteratorType": "TRIM_HORIZON"}
                lanes = [Lane() for _ in range(pipe.parallel)]
                reader = ShardReader(shard_id, None, start, lanes)
                reader.iterator = self._iterator(reader, pipe)
                if start["ShardIteratorType"] == "LATEST":  # should it have to be renewed
                    now = self._clock.now()
                    reader.start = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": now}
                self._readers[shard_id] = reader
        return list(self._readers.values())

    def _shards(self, pipe: Definition) -> list[dict[str, Any]]:
        shards: list[dict[str, Any]] = []
        request: dict[str, Any] = {"StreamARN": pipe.stream_arn}
        while request:
            answer = self._clients.kinesis.list_shards(**request)
            shards += answer["Shards"]
            request = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}
        return shards

    def _may_be_read(self, shard: Mapping[str, Any], shards: list[dict[str, Any]]) -> bool:
        """Parents come first, as the order of a product's events demands."""
        existing = {s["ShardId"] for s in shards}
        parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")} & existing
        drained = all(p in self._readers and self._readers[p].drained() for p in parents)
        return drained or self.faults.reads_child_early(shard["ShardId"])

    def _iterator(self, reader: ShardReader, pipe: Definition) -> str:
        """Where the reader has to go on, from its start when it has read nothing."""
        position = dict(reader.start)
        if reader.last_read >= 0:
            number = str(reader.last_read)
            position = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "StartingSequenceNumber": number,
            }
        answer = self._clients.kinesis.get_shard_iterator(
            StreamARN=pipe.stream_arn, ShardId=reader.shard_id, **position
        )
        return str(answer["ShardIterator"])

    def _read(self, reader: ShardReader, pipe: Definition, done: Round) -> None:
        waiting = sum(len(lane.waiting) for lane in reader.lanes)
        if reader.iterator is None or waiting >= RECORDS_PER_READ:
            return
        answer = self._records(reader, pipe)
        reader.iterator = answer.get("NextShardIterator")
        for record in answer["Records"]:
            event = to_event(record, reader.shard_id, pipe)
            if pipe.filters.keeps(event):
                reader.lane_of(event).waiting.append(event)
            else:
                done.filtered += 1
            reader.last_read = int(record["SequenceNumber"])

    def _records(self, reader: ShardReader, pipe: Definition) -> Any:
        """GetRecords' answer; an iterator that has expired is renewed, a shard that is gone has ended."""
        read = self._clients.kinesis.get_records
        try:
            return read(ShardIterator=reader.iterator, Limit=RECORDS_PER_READ)
        except ClientError as exc:
            code = exc.response["Error"]["Code"]
            if code == "ResourceNotFoundException" and "Shard " in str(exc):
                return {"Records": []}
            if code != "ExpiredIteratorException":
                raise
        return read(ShardIterator=self._iterator(reader, pipe), Limit=RECORDS_PER_READ)

    def _age_of_the_oldest(self) -> int:
        arrivals = (
            event["approximateArrivalTimestamp"]
            for reader in self._readers.values()
            for event in reader.open_events()
        )
        now = self._clock.timestamp()
        return round((now - min(arrivals, default=now)) * 1000)

    # ------------------------------------------------------------ delivering

    def _deliver_due(self, reader: ShardReader, pipe: Definition, done: Round) -> None:
        """In each lane deliver in order until a batch fails, which blocks it until the next round."""
        for batch in self.faults.late_batches(reader.shard_id):
            self._invoke(batch.events, pipe, done)  # a zombie: nobody asks what became of it
        for lane in reader.lanes:
            delivering = _Delivering(reader, lane, pipe, done)
            while lane.under_way or self._take_due(delivering):
                if not self._deliver(lane.under_way[0], delivering):
                    break

    def _take_due(self, at: _Delivering) -> bool:
        """Move the next batch to those under way; False when none is due."""
        size = self.faults.cut(self._due(at))
        if size:
            waiting = at.lane.waiting
            at.lane.under_way.append(Batch([waiting.popleft() for _ in range(size)]))
            at.done.records += size
        return size > 0

    def _due(self, at: _Delivering) -> int:
        """How many waiting records make a batch now; 0 when they had better wait for more."""
        waiting = at.lane.waiting
        if not waiting:
            return 0
        size = payload_prefix(waiting, at.pipe.batch_size)
        waited = self._clock.timestamp() - waiting[0]["approximateArrivalTimestamp"]
        closed = (
            size == at.pipe.batch_size
            or size < len(waiting)
            or waited >= at.pipe.window_seconds
            or at.reader.iterator is None
        )
        return size if closed else 0

    def _deliver(self, batch: Batch, at: _Delivering) -> bool:
        """Invoke the function once; False when the lane has to wait for the next round.

        The batch stays under way until its fate is known, so an interrupt loses nothing.
        """
        too_old = self._too_old(batch, at.pipe)
        if too_old:
            return self._give_up_old(batch, too_old, at)
        at.done.retries += batch.failures > 0
        failed, error = self._invoke(batch.events, at.pipe, at.done)
        left, outcome = self._fate(batch, failed, at)
        self._note(batch, at, outcome, len(failed), error)
        at.lane.under_way.popleft()
        at.lane.under_way.extendleft(reversed(left))
        if not failed:
            self.faults.delivered(at.reader.shard_id, batch)
        return not left

    def _fate(self, batch: Batch, failed: list[Event], at: _Delivering) -> tuple[list[Batch], str]:
        """What is left to do of a batch, and what became of it."""
        if not failed:
            return [], "delivered"
        at.done.failures += 1
        whole = batch.whole and len(failed) == len(batch.events)
        if at.pipe.bisect and len(failed) == len(batch.events) > 1:
            at.done.bisects += 1
            middle = len(failed) // 2
            halves = failed[:middle], failed[middle:]
            return [Batch(half, batch.failures, whole) for half in halves], "bisected"
        if 0 <= at.pipe.retries <= batch.failures:
            sent = self._give_up(Batch(failed, whole=whole), at, RETRIES_EXHAUSTED)
            if sent:
                return [], sent
        outcome = "failed" if len(failed) == len(batch.events) else "partly failed"
        return self.faults.recut(Batch(failed, batch.failures + 1, whole)), outcome

    def _invoke(
        self, events: list[Event], pipe: Definition, done: Round
    ) -> tuple[list[Event], str]:
        """The events that have to be tried again, and why; an error of the call fails them all."""
        done.invocations += 1
        request = {
            "FunctionName": pipe.function_arn,
            "InvocationType": "RequestResponse" if pipe.waits_for_answer else "Event",
            "Payload": payload(events, pipe, self._clock.now()),
        }
        invoke = partial(self._clients.functions.invoke, **request)
        try:
            with self.faults.invocation(invoke):
                answer = invoke()
        except CALL_ERRORS as exc:
            done.error = str(exc)
            return events, done.error
        if self.faults.loses_answer(events[0]["eventID"]):
            done.error = "the function's answer was lost"
            return events, done.error
        told = answer["Payload"].read()
        if answer.get("FunctionError"):
            done.error = f"the function failed: {told.decode(errors='replace')[:ERROR_CHARACTERS]}"
            return events, done.error
        return failed_events(told, events), ""

    # ------------------------------------------------------------ giving up

    def _too_old(self, batch: Batch, pipe: Definition) -> int:
        """How many records at the head of the batch may no longer be delivered."""
        limits = [pipe.max_age] if pipe.max_age >= 0 else []
        if batch.failures:
            limits.append(self._retention_seconds(pipe))
        if not limits:
            return 0
        oldest = self._clock.timestamp() - min(limits)
        old = takewhile(lambda e: e["approximateArrivalTimestamp"] < oldest, batch.events)
        return sum(1 for _ in old)

    def _retention_seconds(self, pipe: Definition) -> float:
        answer = self._clients.kinesis.describe_stream_summary(StreamARN=pipe.stream_arn)
        hours: float = answer["StreamDescriptionSummary"]["RetentionPeriodHours"]
        return hours * 3600

    def _give_up_old(self, batch: Batch, count: int, at: _Delivering) -> bool:
        old, rest = batch.events[:count], batch.events[count:]
        sent = self._give_up(Batch(old, batch.failures, batch.whole), at, TOO_OLD)
        if not sent:
            return False
        self._note(Batch(old, batch.failures), at, sent, len(old), TOO_OLD)
        at.lane.under_way.popleft()
        if rest:
            at.lane.under_way.appendleft(Batch(rest, batch.failures, batch.whole))
        return True

    def _give_up(self, batch: Batch, at: _Delivering, condition: str) -> str:
        """Send AWS's pointer message; what became of the records, or "" when nobody takes it.

        Without a dead-letter queue the records are dropped, as on AWS.
        """
        at.done.dead_lettered += len(batch.events)
        if at.pipe.dead_letter_arn is None:
            return "dropped"
        runs = [batch.events] if batch.whole else [[event] for event in batch.events]
        now = self._clock.now()
        try:
            for run in runs:
                pointer = dead_letter(run, at.reader.shard_id, at.pipe, now, condition)
                self._send(at.pipe.dead_letter_arn, json.dumps(pointer))
        except CALL_ERRORS as exc:
            at.done.error = str(exc)
            at.done.dead_lettered -= len(batch.events)
            return ""
        return "dead letter"

    def _send(self, arn: str, body: str) -> None:
        if ":sns:" in arn:
            self._clients.sns.publish(TopicArn=arn, Message=body)
            return
        account, name = arn.split(":")[-2:]
        url = f"{self._clients.sqs.meta.endpoint_url}/{account}/{name}"
        self._clients.sqs.send_message(QueueUrl=url, MessageBody=body)

    def _note(self, batch: Batch, at: _Delivering, outcome: str, failed: int, error: str) -> None:
        first, last = batch.events[0], batch.events[-1]
        self.executions.append(
            Execution(
                at=self._clock.now(),
                pipe=at.pipe.name,
                shard_id=at.reader.shard_id,
                first=int(first["sequenceNumber"]),
                last=int(last["sequenceNumber"]),
                records=len(batch.events),
                attempt=batch.failures + 1,
                outcome=outcome,
                failed=failed,
                error=error,
            )
        )


@dataclass(frozen=True, slots=True)
class _Delivering:
    """Where a batch is being delivered, and the round it counts in."""

    reader: ShardReader
    lane: Lane
    pipe: Definition
    done: Round
