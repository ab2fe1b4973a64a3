"""Where metrics come from: what the other services report when something happens. Free of moto.

| namespace | metrics | dimensions | measured |
|---|---|---|---|
| AWS/Kinesis | IncomingRecords, IncomingBytes | StreamName | at each put |
| AWS/Kinesis | GetRecords.Records, GetRecords.IteratorAgeMilliseconds | StreamName | at each GetRecords of a program; for a pipe or mapping in each round, the age of the oldest record that it has not passed |
| AWS/Lambda | Invocations, Errors, Duration | FunctionName; none | at each invocation, in lab time |
| AWS/Lambda | IteratorAge | FunctionName | at each batch of an event source mapping, the age of its last record |
| AWS/SQS | ApproximateNumberOfMessagesVisible, ApproximateNumberOfMessagesNotVisible | QueueName | at the end of each minute |
| AWS/EventBridge/Pipes | see `pipes/metrics.py` | PipeName | at each execution |

https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.cloudwatch.metrics import MINUTE, Metric, MetricStore

MOST_MINUTES = 24 * 60
"""The most minutes for which the depth of a queue is measured when the clock moves further."""
ITERATOR_AGE = "GetRecords.IteratorAgeMilliseconds"

Depths = Callable[[], Mapping[str, tuple[int, int]]]
"""The visible and the invisible messages of each queue, by its name."""


class Measurements:
    """Puts what happens into the metrics, at the time of the lab."""

    def __init__(self, clock: LabClock, store: MetricStore) -> None:
        self._clock = clock
        self.store = store

    def put(
        self, namespace: str, name: str, value: float, unit: str = "Count", /, **dimensions: str
    ) -> None:
        """Add one value to a metric, now."""
        metric = Metric.of(namespace, name, **dimensions)
        self.store.put(metric, self._clock.now(), value, unit)

    def invocation(self, function: str, milliseconds: float, failed: bool) -> None:
        """One invocation of a function; a function error counts, a refused call does not."""
        for dimensions in ({"FunctionName": function}, {}):
            self.put("AWS/Lambda", "Invocations", 1, **dimensions)
            self.put("AWS/Lambda", "Errors", float(failed), **dimensions)
            self.put("AWS/Lambda", "Duration", milliseconds, "Milliseconds", **dimensions)

    def iterator_age(self, stream: str, milliseconds: float) -> None:
        """How far a reader of a stream is behind."""
        self.put("AWS/Kinesis", ITERATOR_AGE, milliseconds, "Milliseconds", StreamName=stream)

    def batch_age(self, function: str, milliseconds: float) -> None:
        """How old the last record of a batch is that a mapping hands to a function."""
        for dimensions in ({"FunctionName": function}, {}):
            self.put("AWS/Lambda", "IteratorAge", milliseconds, "Milliseconds", **dimensions)

    def call(self, operation: str, params: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """A call of the Kinesis API that a program made and that succeeded."""
        stream = str(params.get("StreamName") or params.get("StreamARN", "").rpartition("/")[2])
        if operation == "GetRecords":
            records = answer["Records"]
            self.put("AWS/Kinesis", "GetRecords.Records", len(records), StreamName=stream)
            self.iterator_age(stream, self._age(records))
        elif operation in ("PutRecord", "PutRecords"):
            self._incoming(stream, _stored(params, answer))

    def depths_until(self, later: datetime, depths: Depths) -> None:
        """The depth of each queue at the end of each minute that passes until `later`."""
        now = self._clock.now()
        first, end = int(now.timestamp()) // MINUTE, int(later.timestamp()) // MINUTE
        if first == end:
            return
        for queue, (visible, hidden) in depths().items():
            for minute in range(max(first, end - MOST_MINUTES), end):
                at = now + timedelta(seconds=(minute - first) * MINUTE)
                self._depth(queue, at, visible, hidden)

    def _depth(self, queue: str, at: datetime, visible: int, hidden: int) -> None:
        for name, value in (("Visible", visible), ("NotVisible", hidden)):
            name = f"ApproximateNumberOfMessages{name}"
            self.store.put(Metric.of("AWS/SQS", name, QueueName=queue), at, value)

    def _age(self, records: list[Mapping[str, Any]]) -> float:
        if not records:
            return 0
        written: datetime = records[-1]["ApproximateArrivalTimestamp"]
        return max(0, (self._clock.now() - written).total_seconds() * 1000)

    def _incoming(self, stream: str, sizes: list[int]) -> None:
        self.put("AWS/Kinesis", "IncomingRecords", len(sizes), StreamName=stream)
        self.put("AWS/Kinesis", "IncomingBytes", sum(sizes), "Bytes", StreamName=stream)


def _stored(params: Mapping[str, Any], answer: Mapping[str, Any]) -> list[int]:
    """The bytes of each record that was stored."""
    if "Records" not in params:
        return [len(params["Data"])]
    pairs = zip(params["Records"], answer["Records"], strict=True)
    return [len(entry["Data"]) for entry, stored in pairs if "ErrorCode" not in stored]
