"""The poller of pipes and event source mappings that read a Kinesis stream. Free of moto.

moto 5.2.5 keeps pipes and mappings on record and moves nothing. Here each is stepped: `poll` makes one
round, reads every shard once and delivers the batches that are due. What a pipe and a mapping do
differently is in their `Consumer`.

| | |
|---|---|
| supported | batch size, window, starting positions, parallel lanes, retries, record age, partial failures, bisect, failure records to SQS and SNS, filters, 6 MB payloads, several consumers of one stream, resharding |
| differs | no back-off: what failed is tried again in the next round; a consumer whose calls are refused is not switched off, its rounds say why |

Where AWS leaves the behaviour open, this is what happens here:
- the batching window runs from the arrival of the oldest waiting record;
- failure records point at one record each when records between them were delivered;
- halving a batch does not use up a retry, which AWS says of mappings alone;
- with a ParallelizationFactor a shard has that many lanes, and a key always the same one;
- the shards that a closed shard was split into are read when it is drained, from their beginning,
  or from StartingPosition if they were there when the consumer began;
- a record that gets too old, or older than the stream's retention while it is retried, is given up
  with the condition RecordAgeExceeded;
- a batch whose failure record cannot be sent is tried again.

Rules: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html,
eb-pipes-batching-concurrency.html and eb-pipes-error-troubleshooting.html beside it;
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html and kinesis-on-failure-destination.html
beside it.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.faults import NO_FAULTS, Faults
from inventory_lab.embedded_aws.polling.consumer import (
    CALL_ERRORS,
    RETRIES_EXHAUSTED,
    TOO_OLD,
    Clients,
    Consumer,
    Delivery,
    GivenUp,
)
from inventory_lab.embedded_aws.polling.lanes import Batch, Lane, ShardReader
from inventory_lab.embedded_aws.polling.reading import StreamReader
from inventory_lab.embedded_aws.polling.records import Event, payload_prefix
from inventory_lab.embedded_aws.polling.report import Execution, Round

EXECUTIONS_KEPT = 10_000


class Poller:
    """Runs one pipe or mapping. `executions` is where it notes what it did, for several together."""

    def __init__(
        self,
        clock: LabClock,
        executions: deque[Execution] | None = None,
        faults: Faults = NO_FAULTS,
    ) -> None:
        self._clock = clock
        self._reader = StreamReader(clock, faults)
        self.executions = deque(maxlen=EXECUTIONS_KEPT) if executions is None else executions
        self.faults = faults

    def poll(self, consumer: Consumer) -> Round:
        """Make one round over all shards that may be read by now."""
        done = Round()
        try:
            shards = self._reader.readable(consumer)
        except CALL_ERRORS as exc:
            shards, done.error = [], str(exc)
        for shard in shards:
            self._step(shard, consumer, done)
        done.iterator_age_ms = self._reader.age_of_the_oldest()
        return done

    def passed(self, shard_id: str, sequence_number: int) -> bool:
        """True when the record, and all before it in its shard, is delivered or given up."""
        return self._reader.passed(shard_id, sequence_number)

    def _step(self, shard: ShardReader, consumer: Consumer, done: Round) -> None:
        """One shard; an error of reading it is reported and leaves the others alone."""
        try:
            self._reader.read(shard, consumer, done)
            self._deliver_due(shard, consumer, done)
        except CALL_ERRORS as exc:
            done.error = str(exc)

    def _deliver_due(self, shard: ShardReader, consumer: Consumer, done: Round) -> None:
        """In each lane deliver in order until a batch fails, which blocks it until the next round."""
        for batch in self.faults.late_batches(_place(shard, consumer)):
            self._invoke(batch.events, consumer, done)  # a zombie: nothing depends on its answer
        for lane in shard.lanes:
            at = _Delivering(shard, lane, consumer, done)
            while lane.under_way or self._take_due(at):
                if not self._deliver(lane.under_way[0], at):
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
        """How many waiting records make a batch now; 0 when they have to wait for more."""
        waiting, source = at.lane.waiting, at.consumer.source
        if not waiting:
            return 0
        size = payload_prefix(waiting, source.batch_size)
        waited = self._clock.timestamp() - waiting[0]["approximateArrivalTimestamp"]
        closed = (
            size == source.batch_size
            or size < len(waiting)
            or waited >= source.window_seconds
            or at.shard.iterator is None
        )
        return size if closed else 0

    def _deliver(self, batch: Batch, at: _Delivering) -> bool:
        """Invoke the target once; False when the lane has to wait for the next round.

        The batch stays under way until its fate is known, so an interrupt loses nothing.
        """
        too_old = self._too_old(batch, at)
        if too_old:
            return self._give_up_old(batch, too_old, at)
        at.done.retries += batch.failures > 0
        delivery = self._invoke_once(batch, at)
        left, outcome = self._fate(batch, delivery, at)
        self._note(batch, at, outcome, len(delivery.failed), delivery.error)
        at.lane.under_way.popleft()
        at.lane.under_way.extendleft(reversed(left))
        if not delivery.failed:
            self.faults.delivered(_place(at.shard, at.consumer), batch)
        return not left

    def _fate(self, batch: Batch, delivery: Delivery, at: _Delivering) -> tuple[list[Batch], str]:
        """What is left to do of a batch, and what became of it."""
        failed, source = delivery.failed, at.consumer.source
        if not failed:
            return [], "delivered"
        at.done.failures += 1
        all_failed = len(failed) == len(batch.events)
        rest = batch.part(failed)
        rest.tries, rest.response = batch.tries + 1, delivery.response
        counts = delivery.invoked or source.refusals_use_up_retries
        if source.bisect and counts and all_failed and len(failed) > 1:
            at.done.bisects += 1
            middle = len(failed) // 2
            return [rest.part(failed[:middle]), rest.part(failed[middle:])], "bisected"
        rest.failures += counts
        if counts and 0 <= source.retries < rest.failures:
            sent = self._give_up(rest, at, RETRIES_EXHAUSTED)
            if sent:
                return [], sent
        return self.faults.recut(rest), "failed" if all_failed else "partly failed"

    def _invoke_once(self, batch: Batch, at: _Delivering) -> Delivery:
        """Invoke the target; when the execution is given up, the answer of the one that followed it."""
        retries: list[Delivery] = []
        is_last = len(at.lane.under_way) > 1 or not self._due(at)
        overtake = None if is_last else partial(self._overtake, batch, at, retries)
        delivery = self._invoke(batch.events, at.consumer, at.done, overtake)
        return retries[0] if retries else delivery

    def _overtake(self, batch: Batch, at: _Delivering, retries: list[Delivery]) -> None:
        """While an execution of the batch stalls: the batch once more, then the next one of the lane."""
        retries.append(self._execute(batch, at))
        if retries[0].failed or not self._take_due(at):
            return
        following = at.lane.under_way[1]
        if not self._execute(following, at).failed:
            del at.lane.under_way[1]
            self._note(following, at, "delivered", 0, "")

    def _execute(self, batch: Batch, at: _Delivering) -> Delivery:
        """Invoke the target while another execution stalls, which happens to one at a time."""
        at.done.invocations += 1
        with self.faults.invocation(None):
            return at.consumer.deliver(batch.events, self._clock.now())

    def _invoke(
        self,
        events: list[Event],
        consumer: Consumer,
        done: Round,
        overtake: Callable[[], None] | None = None,
    ) -> Delivery:
        done.invocations += 1
        deliver = partial(consumer.deliver, events, self._clock.now())
        with self.faults.invocation(deliver, overtake):
            delivery = deliver()
        if delivery.invoked and self.faults.loses_answer(events[0]["eventID"]):
            delivery = Delivery(events, "the function's answer was lost")
        done.error = delivery.error or done.error
        return delivery

    # ------------------------------------------------------------ giving up

    def _too_old(self, batch: Batch, at: _Delivering) -> int:
        """How many records at the head of the batch may no longer be delivered."""
        source = at.consumer.source
        limits = [source.max_age] if source.max_age >= 0 else []
        if batch.tries:
            limits.append(_retention_seconds(at.consumer))
        if not limits:
            return 0
        oldest = self._clock.timestamp() - min(limits)
        old = takewhile(lambda e: e["approximateArrivalTimestamp"] < oldest, batch.events)
        return sum(1 for _ in old)

    def _give_up_old(self, batch: Batch, count: int, at: _Delivering) -> bool:
        old, rest = batch.part(batch.events[:count]), batch.events[count:]
        sent = self._give_up(old, at, TOO_OLD)
        if not sent:
            return False
        self._note(old, at, sent, len(old.events), TOO_OLD)
        at.lane.under_way.popleft()
        if rest:
            at.lane.under_way.appendleft(batch.part(rest))
        return True

    def _give_up(self, batch: Batch, at: _Delivering, condition: str) -> str:
        """Send failure records; what became of the records, or "" when these could not be sent.

        Without a destination the records are dropped, as on AWS.
        """
        arn = at.consumer.failure_destination
        at.done.dead_lettered += len(batch.events)
        if arn is None:
            return "dropped"
        runs = [batch.events] if batch.whole else [[event] for event in batch.events]
        shard_id, now = at.shard.shard_id, self._clock.now()
        try:
            for run in runs:
                given_up = GivenUp(run, shard_id, now, condition, batch.tries, batch.response)
                _send(arn, json.dumps(at.consumer.failure_record(given_up)), at.consumer.clients)
        except CALL_ERRORS as exc:
            at.done.error = str(exc)
            at.done.dead_lettered -= len(batch.events)
            return ""
        return "dead letter"

    def _note(self, batch: Batch, at: _Delivering, outcome: str, failed: int, error: str) -> None:
        first, last = batch.events[0], batch.events[-1]
        self.executions.append(
            Execution(
                at=self._clock.now(),
                pipe=at.consumer.name,
                shard_id=at.shard.shard_id,
                first=int(first["sequenceNumber"]),
                last=int(last["sequenceNumber"]),
                records=len(batch.events),
                attempt=batch.failures + 1,
                outcome=outcome,
                failed=failed,
                error=error,
            )
        )


def _retention_seconds(consumer: Consumer) -> float:
    arn = consumer.source.stream_arn
    answer = consumer.clients.kinesis.describe_stream_summary(StreamARN=arn)
    hours: float = answer["StreamDescriptionSummary"]["RetentionPeriodHours"]
    return hours * 3600


def _place(shard: ShardReader, consumer: Consumer) -> str:
    """Where batches of a shard are delivered: other consumers and other streams have shards of the same id."""
    return f"{consumer.name} {consumer.source.stream_arn} {shard.shard_id}"


def _send(arn: str, body: str, clients: Clients) -> None:
    if ":sns:" in arn:
        clients.sns.publish(TopicArn=arn, Message=body)
        return
    account, name = arn.split(":")[-2:]
    url = f"{clients.sqs.meta.endpoint_url}/{account}/{name}"
    clients.sqs.send_message(QueueUrl=url, MessageBody=body)


@dataclass(frozen=True, slots=True)
class _Delivering:
    """Where a batch is being delivered, and the round it counts in."""

    shard: ShardReader
    lane: Lane
    consumer: Consumer
    done: Round
