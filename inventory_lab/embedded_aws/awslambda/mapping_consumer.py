"""An event source mapping as the poller sees it: invokes a function with records of a stream. Free of moto.

| | AWS | the lab |
|---|---|---|
| supported: event | `{"Records": [...]}`, the record under `kinesis` | the same |
| supported: ReportBatchItemFailures | by sequence number; the lowest one is the checkpoint, all records from there on are tried again | the same |
| supported: without ReportBatchItemFailures | the answer is not looked at | the same |
| supported: an invocation that is refused (throttled, no such function) | tried again until the record expires or exceeds the maximum age | the same |
| supported: BisectBatchOnFunctionError | halves a batch when the function fails; at the reported number after a partial failure; splitting does not use up a retry | the same |
| supported: OnFailure | a record of the failed invocation to a standard queue or topic, without the payload | the same |
| open on AWS: a reported number that is the first of the batch, with bisect | | the batch is halved |
| open on AWS: a reported number that is not in the batch | | the whole batch is tried again |
| open on AWS: retries after a partial failure | | each try uses up a retry, also when the checkpoint moved on |

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html,
services-kinesis-batchfailurereporting.html and kinesis-on-failure-destination.html beside it
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from inventory_lab.embedded_aws.clock import zulu
from inventory_lab.embedded_aws.polling.consumer import CALL_ERRORS, Clients, Delivery, GivenUp
from inventory_lab.embedded_aws.polling.filters import read_filters
from inventory_lab.embedded_aws.polling.records import Event, batch_info, failed_identifiers
from inventory_lab.embedded_aws.polling.report import Round
from inventory_lab.embedded_aws.polling.source import Source, start_of

FUNCTION_FAILED = "Function call failed"
"""As in LastProcessingResult, after `PROBLEM: `."""
ERROR_CHARACTERS = 500
_IN_KINESIS = (
    "kinesisSchemaVersion", "partitionKey", "sequenceNumber", "data", "approximateArrivalTimestamp",
)  # fmt: skip


MeasureAge = Callable[[str, float], None]
"""Takes note of the age of a batch's last record: the function's name, and milliseconds."""


def not_measured(_name: str, _milliseconds: float) -> None:
    """Nothing is measured."""


@dataclass(frozen=True, slots=True)
class MappingConsumer:
    """A mapping with the clients of its function's role, and Lambda's own for the invocation."""

    name: str
    function_arn: str
    source: Source
    reports_failures: bool
    failure_destination: str | None
    clients: Clients
    functions: Any
    measure_age: MeasureAge = not_measured

    @classmethod
    def of(
        cls,
        configuration: Mapping[str, Any],
        role_arn: str,
        clients: Clients,
        functions: Any,
        measure_age: MeasureAge = not_measured,
    ) -> MappingConsumer:
        """The consumer of a mapping as GetEventSourceMapping shows it."""
        return cls(
            name=configuration["UUID"],
            function_arn=configuration["FunctionArn"],
            source=_source(configuration, role_arn),
            reports_failures=bool(configuration["FunctionResponseTypes"]),
            failure_destination=configuration["DestinationConfig"]["OnFailure"].get("Destination"),
            clients=clients,
            functions=functions,
            measure_age=measure_age,
        )

    def deliver(self, events: list[Event], now: datetime) -> Delivery:
        """Invoke the function and wait for its answer."""
        age = now.timestamp() - events[-1]["approximateArrivalTimestamp"]
        self.measure_age(self.function_arn.split(":")[6], round(age * 1000))
        try:
            answer = self.functions.invoke(
                FunctionName=self.function_arn,
                InvocationType="RequestResponse",
                Payload=json.dumps({"Records": [to_record(event) for event in events]}).encode(),
            )
        except CALL_ERRORS as exc:
            return Delivery(events, str(exc), invoked=False)
        content, response = answer["Payload"].read(), _response(answer)
        if answer.get("FunctionError"):
            shown = content.decode(errors="replace")[:ERROR_CHARACTERS]
            return Delivery(events, f"{FUNCTION_FAILED}: {shown}", response=response)
        failed = from_checkpoint(content, events) if self.reports_failures else []
        return Delivery(failed, response=response)

    def failure_record(self, given_up: GivenUp) -> dict[str, Any]:
        """The record of a failed invocation:
        https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
        """
        response = dict(given_up.response)
        request_id = response.pop("requestId", "") or str(uuid.uuid4())
        return {
            "requestContext": {
                "requestId": request_id,
                "functionArn": self.function_arn,
                "condition": given_up.condition,
                "approximateInvokeCount": given_up.invocations,
            },
            **({"responseContext": response} if response else {}),
            "version": "1.0",
            "timestamp": zulu(given_up.at),
            "KinesisBatchInfo": batch_info(given_up.events, given_up.shard_id),
        }


def to_record(event: Event) -> dict[str, Any]:
    """A record as a mapping hands it to the function:
    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html#kinesis-polling-and-batching
    """
    kinesis = {name: event[name] for name in _IN_KINESIS}
    return {"kinesis": kinesis} | {n: value for n, value in event.items() if n not in kinesis}


def from_checkpoint(answer: bytes, events: list[Event]) -> list[Event]:
    """The events from the lowest sequence number on that the function's answer names as failed; all of
    them when it names one that is empty or not in the batch.
    """
    failed = failed_identifiers(answer, [event["sequenceNumber"] for event in events])
    if failed is None:
        return events
    at = next((n for n, e in enumerate(events) if e["sequenceNumber"] in failed), len(events))
    return events[at:]


def processing_result(done: Round) -> str | None:
    """LastProcessingResult after a round; None when nothing was processed."""
    if done.error.startswith(FUNCTION_FAILED):
        return f"PROBLEM: {FUNCTION_FAILED}"
    if done.error:
        return f"PROBLEM: {done.error}"
    return "OK" if done.invocations else None


def _source(configuration: Mapping[str, Any], role_arn: str) -> Source:
    criteria = configuration.get("FilterCriteria")
    start = start_of(configuration)
    if "Timestamp" in start:
        start["Timestamp"] = datetime.fromtimestamp(start["Timestamp"], UTC)
    return Source(
        stream_arn=configuration["EventSourceArn"],
        role_arn=role_arn,
        start=start,
        batch_size=configuration["BatchSize"],
        window_seconds=configuration["MaximumBatchingWindowInSeconds"],
        retries=configuration["MaximumRetryAttempts"],
        max_age=configuration["MaximumRecordAgeInSeconds"],
        parallel=configuration["ParallelizationFactor"],
        bisect=configuration["BisectBatchOnFunctionError"],
        refusals_use_up_retries=False,
        filters=read_filters(criteria),
    )


def _response(answer: Mapping[str, Any]) -> dict[str, Any]:
    metadata: Mapping[str, Any] = answer.get("ResponseMetadata", {})
    error = {"functionError": answer["FunctionError"]} if answer.get("FunctionError") else {}
    return {
        "requestId": metadata.get("RequestId", ""),
        "statusCode": answer.get("StatusCode", 200),
        "executedVersion": answer.get("ExecutedVersion", "$LATEST"),
        **error,
    }
