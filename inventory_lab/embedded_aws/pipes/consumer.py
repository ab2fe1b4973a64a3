"""A pipe as the poller sees it: delivers to its target, and reports what it gave up. Free of moto.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html and
eb-pipes-error-troubleshooting.html beside it
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inventory_lab.embedded_aws.pipes.definition import Definition
from inventory_lab.embedded_aws.polling.consumer import CALL_ERRORS, Clients, Delivery, GivenUp
from inventory_lab.embedded_aws.polling.records import Event, batch_info, failed_identifiers, zulu
from inventory_lab.embedded_aws.polling.source import Source

ERROR_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class PipeConsumer:
    """A pipe with the clients of its role."""

    pipe: Definition
    clients: Clients

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
        """Invoke the function; an answer that names identifiers makes those records fail alone."""
        try:
            return self._invoke(events, now)
        except CALL_ERRORS as exc:
            return Delivery(events, str(exc), invoked=False)

    def _invoke(self, events: list[Event], now: datetime) -> Delivery:
        answer = self.clients.functions.invoke(
            FunctionName=self.pipe.function_arn,
            InvocationType="RequestResponse" if self.pipe.waits_for_answer else "Event",
            Payload=payload(events, self.pipe, now),
        )
        content = answer["Payload"].read()
        if answer.get("FunctionError"):
            shown = content.decode(errors="replace")[:ERROR_CHARACTERS]
            return Delivery(events, f"the function failed: {shown}")
        return Delivery(failed_events(content, events))

    def failure_record(self, given_up: GivenUp) -> dict[str, Any]:
        """A pipe's dead letter, which holds no payload."""
        return {
            "context": {"partnerResourceArn": self.pipe.arn, "condition": given_up.condition},
            "version": "1.0",
            "timestamp": zulu(given_up.at),
            "KinesisBatchInfo": batch_info(given_up.events, given_up.shard_id),
        }


def payload(events: Sequence[Event], pipe: Definition, now: datetime) -> bytes:
    """The JSON array for the function, each record through the pipe's input template."""
    reserved = pipe.reserved(zulu(now))
    return json.dumps([pipe.template.applied(event, reserved) for event in events]).encode()


def failed_events(answer: bytes, events: list[Event]) -> list[Event]:
    """The events whose `eventID` the function's answer names as failed."""
    failed = failed_identifiers(answer, [event["eventID"] for event in events])
    return events if failed is None else [e for e in events if e["eventID"] in failed]
