"""A pipe as the poller sees it: an execution of a batch, and the dead letter of what it gave up.

An execution runs the enrichment, if there is one, then the target, and logs each step. Free of moto.

| enrichment | AWS | here |
|---|---|---|
| invoked | synchronously, with the whole batch, by the pipe's role | the same |
| its answer | is what the target receives; an object is one event | the same |
| an empty answer: `""`, `{}`, `[]` | the target is not invoked, the batch is done | the same, also for `null` |
| more events than the target takes at once | the target is not invoked | the same, and the execution failed |
| it fails or is denied | the whole batch failed and is retried; partial failures are not supported | the same |
| a retry | runs the enrichment again | the same |
| a partial failure of the target | of records of the source | by the `eventID` that the enrichment kept; without it the whole batch failed |

https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeAlias

from botocore.exceptions import ClientError

from inventory_lab.embedded_aws.clock import zulu
from inventory_lab.embedded_aws.pipes import metrics, targets
from inventory_lab.embedded_aws.pipes.definition import Definition, Enrichment, most_of_a_batch
from inventory_lab.embedded_aws.pipes.execution_log import RECORD_CHARACTERS, ExecutionLog
from inventory_lab.embedded_aws.pipes.targets import Outcome
from inventory_lab.embedded_aws.pipes.templates import Template
from inventory_lab.embedded_aws.polling.consumer import CALL_ERRORS, Clients, Delivery, GivenUp
from inventory_lab.embedded_aws.polling.records import Event, batch_info
from inventory_lab.embedded_aws.polling.source import Source

ENRICHMENT, TARGET = "Enrichment", "Target"
Request: TypeAlias = Callable[[], str]
"""Makes the text of a request, which only a log with execution data needs."""
_EMPTY = ("", "{}", "[]", "null", '""')


class Observer(Protocol):
    """Where a pipe reports its executions: its log and its metrics."""

    def write(self, group: str, stream: str, events: list[dict[str, Any]]) -> None:
        """Deliver log records; they are dropped when the log group was deleted."""

    def measure(self, pipe: str, values: Mapping[str, int]) -> None:
        """Add values to the metrics of a pipe."""

    def execution_id(self) -> str:
        """An id for a new execution."""


class _Nobody:
    def write(self, group: str, stream: str, events: list[dict[str, Any]]) -> None:
        """Nothing is written."""

    def measure(self, pipe: str, values: Mapping[str, int]) -> None:
        """Nothing is measured."""

    def execution_id(self) -> str:
        """The same for all."""
        return "00000000-0000-4000-8000-000000000000"


NOBODY = _Nobody()


@dataclass(frozen=True, slots=True)
class PipeConsumer:
    """A pipe with the clients of its role."""

    pipe: Definition
    clients: Clients
    observer: Observer = NOBODY

    @property
    def name(self) -> str:
        """The pipe's name."""
        return self.pipe.name

    @property
    def source(self) -> Source:
        """The pipe's source parameters."""
        return self.pipe.source

    @property
    def failure_destination(self) -> str | None:
        """The pipe's dead-letter queue or topic."""
        return self.pipe.dead_letter_arn

    def deliver(self, events: list[Event], now: datetime) -> Delivery:
        """Run one execution; a call that is refused is a delivery that failed."""
        log = ExecutionLog(self.pipe.log, self.pipe.arn, self.observer.execution_id(), now)
        execution = _Execution(self.pipe, self.clients, events, log)
        delivery = execution.run()
        if log.records:
            stream = f"{self.pipe.name}/{now:%Y-%m-%d}"
            self.observer.write(self.pipe.log.group, stream, log.events())
        self.observer.measure(self.pipe.name, execution.measured)
        return delivery

    def failure_record(self, given_up: GivenUp) -> dict[str, Any]:
        """A pipe's dead letter, which has no payload."""
        return {
            "context": {"partnerResourceArn": self.pipe.arn, "condition": given_up.condition},
            "version": "1.0",
            "timestamp": zulu(given_up.at),
            "KinesisBatchInfo": batch_info(given_up.events, given_up.shard_id),
        }


class _Execution:
    """One execution of a pipe: a batch on its way through the enrichment to the target."""

    def __init__(
        self, pipe: Definition, clients: Clients, events: list[Event], log: ExecutionLog
    ) -> None:
        self._pipe, self._clients, self._events, self._log = pipe, clients, events, log
        self._reserved = pipe.reserved(zulu(log.at))
        self.measured: Mapping[str, int] = {}

    def run(self) -> Delivery:
        """Every step in its order; what fails ends the execution."""
        self._note("ExecutionStarted", self._events)
        enrichment = self._pipe.enrichment
        items = self._enrich(enrichment) if enrichment else self._events
        if isinstance(items, Delivery):
            return self._ended(items, ENRICHMENT)
        if not items:
            self._note("TargetStageSkipped")
            return self._ended(Delivery([]), TARGET, skipped=True)
        return self._ended(self._deliver(items), TARGET)

    def _enrich(self, enrichment: Enrichment) -> list[Any] | Delivery:
        """What the enrichment makes of the batch, or the failure of the whole batch."""
        self._note("EnrichmentStageEntered")
        bodies = self._bodies(ENRICHMENT, enrichment.template, self._events)
        payload = json.dumps(bodies)
        request = partial(str, payload)
        self._note("EnrichmentInvocationStarted", request=request)
        try:
            outcome = targets.invoke_function(
                self._clients.functions, enrichment.arn, payload.encode()
            )
        except CALL_ERRORS as exc:
            return self._stage_failed(ENRICHMENT, "lambda", request, exc)
        if outcome.error:
            return self._stage_failed(ENRICHMENT, "lambda", request, outcome)
        items = _items(outcome.answer)
        most = most_of_a_batch(self._pipe.target.arn)
        if most is not None and len(items) > most:
            text = f"the enrichment returned {len(items)} events; the target takes {most} at once"
            return self._stage_failed(ENRICHMENT, "lambda", request, Outcome(error=text))
        self._note("EnrichmentInvocationSucceeded", request=request, response=outcome.answer)
        self._note("EnrichmentStageSucceeded", items)
        return items

    def _deliver(self, items: list[Any]) -> Delivery:
        """Hand the items to the target."""
        service = self._pipe.target.service
        self._note("TargetStageEntered", items if items is not self._events else None)
        bodies = self._bodies(TARGET, self._pipe.target.template, items)
        request = partial(targets.request_of, items, bodies, self._pipe)
        self._note("TargetInvocationStarted", request=request)
        try:
            outcome = targets.deliver(items, bodies, self._pipe, self._clients)
        except CALL_ERRORS as exc:
            return self._stage_failed(TARGET, service, request, exc)
        failed = self._failed_events(items, outcome.failed)
        if len(failed) == len(self._events):
            return self._stage_failed(TARGET, service, request, outcome)
        partly = "PartiallyFailed" if failed else "Succeeded"
        self._note(f"TargetInvocation{partly}", request=request, response=outcome.answer)
        self._note(f"TargetStage{partly}")
        return Delivery(failed, outcome.error)

    def _failed_events(self, items: list[Any], failed: list[int]) -> list[Event]:
        """The records of the source that must be retried; all of them when the answer does not say."""
        if items is self._events:
            return [self._events[n] for n in failed]
        names = {items[n].get("eventID") if isinstance(items[n], dict) else None for n in failed}
        known = {event["eventID"] for event in self._events}
        if not names <= known:
            return self._events
        return [event for event in self._events if event["eventID"] in names]

    def _bodies(self, stage: str, template: Template, items: Sequence[Any]) -> list[Any]:
        """Each item through the template of a stage."""
        self._note(f"{stage}TransformationStarted", items)
        bodies = [
            template.applied(item, self._reserved) if isinstance(item, dict) else item
            for item in items
        ]
        self._note(f"{stage}TransformationSucceeded", bodies)
        return bodies

    def _stage_failed(
        self, stage: str, service: str, request: Request, why: Outcome | Exception
    ) -> Delivery:
        """The whole batch failed in a stage."""
        refused = isinstance(why, Exception)
        text = str(why) if isinstance(why, Exception) else why.error
        response = "" if isinstance(why, Exception) else why.answer
        error = _error(stage, service, why, text)
        self._note(f"{stage}InvocationFailed", self._events, request, response, error)
        self._note(f"{stage}StageFailed", self._events, error=error)
        return Delivery(self._events, text, invoked=not refused)

    def _ended(self, delivery: Delivery, stage: str, skipped: bool = False) -> Delivery:
        records, failed = len(self._events), len(delivery.failed)
        if failed == records:
            error = {"message": delivery.error} if delivery.error else None
            self._note("ExecutionFailed", self._events, error=error)
        else:
            step = "ExecutionPartiallyFailed" if failed else "ExecutionSucceeded"
            self._note(step, delivery.failed or None)
        self.measured = metrics.of_execution(records, failed, stage if failed else None, skipped)
        return delivery

    @property
    def _logs_data(self) -> bool:
        return self._log.settings.with_data

    def _note(
        self,
        step: str,
        payload: Sequence[Any] | None = None,
        request: Request | None = None,
        response: str = "",
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Log a step, with its data when the pipe logs them."""
        if not self._log.settings.includes(step):
            return
        data: dict[str, str] = {}
        if self._logs_data:
            data |= {"payload": _text(payload)} if payload is not None else {}
            data |= {"awsRequest": request(), "awsResponse": response} if request else {}
        self._log.note(step, error, **data)


def _text(items: Sequence[Any]) -> str:
    """The items as JSON; no more of them than a log record has room for."""
    parts: list[str] = []
    room = RECORD_CHARACTERS
    for item in items:
        parts.append(json.dumps(item))
        room -= len(parts[-1])
        if room < 0:
            return f"[{', '.join(parts)}"
    return f"[{', '.join(parts)}]"


def _items(answer: str) -> list[Any]:
    """The events in the answer of an enrichment; none when it is empty."""
    if answer.strip() in _EMPTY:
        return []
    content = json.loads(answer)
    return content if isinstance(content, list) else [content]


def _error(stage: str, service: str, why: Outcome | Exception, text: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-logs-schema.html"""
    error: dict[str, Any] = {
        "message": f"{stage} invocation failed with error from {targets.NAMES[service]}. {text}",
        "details": "",
        "awsService": service,
    }
    if isinstance(why, ClientError):
        metadata = why.response.get("ResponseMetadata", {})
        return error | {
            "httpStatusCode": metadata.get("HTTPStatusCode"),
            "requestId": metadata.get("RequestId", ""),
            "exceptionType": why.response["Error"]["Code"],
        }
    kind = type(why).__name__ if isinstance(why, Exception) else why.error_type
    return error | {"httpStatusCode": 200, "requestId": "", "exceptionType": kind}
