"""Asynchronous invocations: queued, run when the lab pumps, tried again, and given up.

| | AWS | the lab |
|---|---|---|
| supported: Event, SNS, event rules | queued, then run | queued, run at the next `lab.pump()`; so a function that calls itself runs once in each pump |
| supported: errors of the function | twice again, after one and two minutes | the same, by lab time; MaximumRetryAttempts counts |
| supported: MaximumEventAgeInSeconds | older events are given up | the same |
| supported: a role that Lambda may not assume | tried again, at 1 s to 5 min | the same |
| supported: OnFailure, OnSuccess | a record to a queue, topic, function or event bus | the same, if the function's role may send it |
| supported: DeadLetterConfig | the event to a queue or topic | the same, if the function's role may send it |
| supported: neither, or not allowed | dropped | dropped |
| differs: order, duplicates | any, some | first in, first out, once |
| differs: recursive loops | stopped after about 16 turns | not stopped |
| refused: S3 as OnFailure | a file | UnsupportedFunction, when it is configured |

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import ClientError

from inventory_lab.embedded_aws.awslambda.runtime import Answer
from inventory_lab.embedded_aws.clock import LabClock, zulu
from inventory_lab.exceptions import RoleNotAssumable

SERVICE = "lambda.amazonaws.com"
RETRIES, OLDEST_SECONDS = 2, 6 * 60 * 60
"""The defaults of a function without its own configuration."""
LONGEST_WAIT = 300
ERROR_BYTES = 1024

SessionOfRole = Callable[[str, str, str], Any]
"""A boto3 session of a role, with its ARN, the service and the ARN of the resource that uses it."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of a function by any of its ARNs; `caller` is its client context."""

    arn: str
    payload: bytes
    request_id: str
    caller: str = ""


@dataclass(slots=True)
class Queued:
    """An invocation that waits: how often the function failed, and how often it could not begin."""

    invocation: Invocation
    since: datetime
    due: datetime
    failures: int = 0
    refusals: int = 0


class Runner(Protocol):
    """What runs functions."""

    def find(self, arn: str) -> Any:
        """The function, or None."""

    def run(self, function: Any, invocation: Invocation) -> tuple[Answer, Any]:
        """The answer, and the log."""


class EventQueue:
    """The events of all functions."""

    def __init__(self, clock: LabClock, runner: Runner, session_of_role: SessionOfRole) -> None:
        self._clock = clock
        self._runner = runner
        self._records = Records(clock, session_of_role)
        self._waiting: list[Queued] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, invocation: Invocation) -> None:
        """Queue an invocation."""
        now = self._clock.now()
        self._waiting.append(Queued(invocation, now, now))

    def run_due(self) -> None:
        """Run what is due by now; what that queues waits for the next time."""
        now = self._clock.now()
        for queued in [queued for queued in self._waiting if queued.due <= now]:
            self._serve(queued)

    def clear(self) -> None:
        """Forget all events."""
        self._waiting.clear()

    def _serve(self, queued: Queued) -> None:
        """Run one event; it leaves the queue only when its fate is known."""
        function = self._runner.find(queued.invocation.arn)
        if function is None:
            self._waiting.remove(queued)
        elif self._age(queued) > _setting(function, "MaximumEventAgeInSeconds", OLDEST_SECONDS):
            self._give_up(function, queued, "EventAgeExceeded", None)
        else:
            self._try(function, queued)

    def _try(self, function: Any, queued: Queued) -> None:
        try:
            answer, _ = self._runner.run(function, queued.invocation)
        except RoleNotAssumable:
            queued.refusals += 1
            self._put_off(queued, min(2 ** (queued.refusals - 1), LONGEST_WAIT))
            return
        if not answer.error:
            self._waiting.remove(queued)
            self._records.send(function, "OnSuccess", queued, "Success", answer)
            return
        queued.failures += 1
        if queued.failures > _setting(function, "MaximumRetryAttempts", RETRIES):
            self._give_up(function, queued, "RetriesExhausted", answer)
        else:
            self._put_off(queued, 60 * queued.failures)

    def _give_up(
        self, function: Any, queued: Queued, condition: str, answer: Answer | None
    ) -> None:
        self._waiting.remove(queued)
        self._records.send(function, "OnFailure", queued, condition, answer)
        self._records.send_dead_letter(function, queued, answer)

    def _put_off(self, queued: Queued, seconds: float) -> None:
        queued.due = self._clock.now() + timedelta(seconds=seconds)

    def _age(self, queued: Queued) -> float:
        return (self._clock.now() - queued.since).total_seconds()


class Records:
    """Sends the results of events that were run or given up, with the credentials of the function's role."""

    def __init__(self, clock: LabClock, session_of_role: SessionOfRole) -> None:
        self._clock = clock
        self._session_of_role = session_of_role

    def send(
        self, function: Any, outcome: str, queued: Queued, condition: str, answer: Answer | None
    ) -> None:
        """Send the record of an outcome to its destination, if there is one."""
        destination = _config(function).get("DestinationConfig", {}).get(outcome, {})
        if destination.get("Destination"):
            record = self._record(function, queued, condition, answer)
            self._deliver(function, destination["Destination"], json.dumps(record), record, {})

    def send_dead_letter(self, function: Any, queued: Queued, answer: Answer | None) -> None:
        """Send the event itself to the dead-letter queue or topic, if there is one."""
        if function.dead_letter_arn:
            attributes = _attributes(queued, answer)
            body = queued.invocation.payload.decode()
            self._deliver(function, function.dead_letter_arn, body, {}, attributes)

    def _record(
        self, function: Any, queued: Queued, condition: str, answer: Answer | None
    ) -> dict[str, Any]:
        """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
        version = str(function.version)
        moment = zulu(self._clock.now())
        record: dict[str, Any] = {
            "version": "1.0",
            "timestamp": moment,
            "requestContext": {
                "requestId": queued.invocation.request_id,
                "functionArn": _qualified(queued.invocation.arn),
                "condition": condition,
                "approximateInvokeCount": queued.failures + (condition == "Success"),
            },
            "requestPayload": _json(queued.invocation.payload),
        }
        if answer is None:
            return record
        response = {"statusCode": 200, "executedVersion": version}
        response |= {"functionError": "Unhandled"} if answer.error else {}
        return record | {"responseContext": response, "responsePayload": _json(answer.payload)}

    def _deliver(
        self,
        function: Any,
        arn: str,
        body: str,
        record: Mapping[str, Any],
        attributes: Mapping[str, Any],
    ) -> None:
        """As on AWS, what cannot be delivered is lost."""
        source = ":".join(function.function_arn.split(":")[:7])
        try:
            session = self._session_of_role(function.role, SERVICE, source)
            service, region = arn.split(":")[2:4]
            client = session.client(service, region_name=region)
            match service:
                case "sqs":
                    _to_queue(client, arn, body, attributes)
                case "sns":
                    client.publish(TopicArn=arn, Message=body, MessageAttributes=attributes)
                case "lambda":
                    client.invoke(FunctionName=arn, InvocationType="Event", Payload=body.encode())
                case "events":
                    client.put_events(Entries=[_entry(arn, record)])
        except (ClientError, RoleNotAssumable):
            return


def _to_queue(sqs: Any, arn: str, body: str, attributes: Mapping[str, Any]) -> None:
    account, name = arn.split(":")[-2:]
    url = f"{sqs.meta.endpoint_url}/{account}/{name}"
    sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)


def _entry(bus: str, record: Mapping[str, Any]) -> dict[str, Any]:
    outcome = "Success" if record["requestContext"]["condition"] == "Success" else "Failure"
    return {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {outcome}",
        "Detail": json.dumps(record),
        "Resources": [record["requestContext"]["functionArn"]],
        "EventBusName": bus,
    }


def _attributes(queued: Queued, answer: Answer | None) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq"""
    answered = _json(answer.payload) if answer else {}
    message = str(answered.get("errorMessage") or "Event age exceeded")
    texts = {"RequestID": queued.invocation.request_id, "ErrorMessage": message[:ERROR_BYTES]}
    strings = {
        name: {"DataType": "String", "StringValue": text} for name, text in texts.items() if text
    }
    return strings | {"ErrorCode": {"DataType": "Number", "StringValue": "200"}}


def _config(function: Any) -> Mapping[str, Any]:
    """What PutFunctionEventInvokeConfig has set."""
    configs = function.event_invoke_config
    return configs[-1].config if configs else {}


def _setting(function: Any, name: str, default: int) -> int:
    return int(_config(function).get(name, default))


def _qualified(arn: str) -> str:
    return arn if arn.count(":") > 6 else f"{arn}:$LATEST"


def _json(payload: bytes) -> Any:
    return json.loads(payload or b"{}")
