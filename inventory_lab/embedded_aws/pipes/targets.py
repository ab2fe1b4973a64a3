"""How a pipe hands a batch to each kind of target. Free of moto.

| target | call of the pipe's role | a record becomes | what fails alone |
|---|---|---|---|
| Lambda | lambda:InvokeFunction | an element of one JSON array | what `batchItemFailures` names by `eventID` |
| SQS | sqs:SendMessage, in SendMessageBatch | the body of a message | entries that SQS reports as failed |
| SNS | sns:Publish, in PublishBatch | the text of a message | entries that SNS reports as failed |
| event bus | events:PutEvents | the detail of an event | entries that EventBridge reports as failed |

Without parameters the events of a bus have the source `Pipe <name>` and the detail type `Event from
aws:kinesis`. A parameter that is a path, such as `$.data.event_type`, takes its value from the record
before the template; a path that leads nowhere is left out.

SNS and event buses keep no order between their receivers; a FIFO queue keeps it in a message group.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inventory_lab.embedded_aws.pipes.definition import Definition, Target
from inventory_lab.embedded_aws.pipes.templates import read_template
from inventory_lab.embedded_aws.polling.consumer import Clients
from inventory_lab.embedded_aws.polling.records import failed_identifiers

ERROR_CHARACTERS = 500
NAMES = {"lambda": "Lambda", "sqs": "SQS", "sns": "SNS", "events": "EventBridge"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the items: which failed, by their places, why, and what was answered."""

    failed: list[int] = field(default_factory=list)
    error: str = ""
    answer: str = ""
    error_type: str = ""


def invoke_function(functions: Any, arn: str, payload: bytes, waits: bool = True) -> Outcome:
    """Invoke a function with a payload; a function error is an outcome with an error."""
    answer = functions.invoke(
        FunctionName=arn, InvocationType="RequestResponse" if waits else "Event", Payload=payload
    )
    content = answer["Payload"].read()
    text = content.decode(errors="replace")
    if answer.get("FunctionError"):
        shown = text[:ERROR_CHARACTERS]
        return Outcome([], f"the function failed: {shown}", text, "FunctionError")
    return Outcome(answer=text)


def deliver(
    items: Sequence[Any], bodies: Sequence[Any], pipe: Definition, clients: Clients
) -> Outcome:
    """Hand the bodies, made of these items, to the target. Raises the error of a call that is refused."""
    send = {"lambda": _to_function, "sqs": _to_queue, "sns": _to_topic, "events": _to_bus}
    return send[pipe.target.service](items, bodies, pipe, clients)


def request_of(items: Sequence[Any], bodies: Sequence[Any], pipe: Definition) -> str:
    """The request to the target as the log shows it."""
    if pipe.target.service == "lambda":
        return json.dumps(list(bodies))
    return json.dumps(_entries(items, bodies, pipe))


def _to_function(
    items: Sequence[Any], bodies: Sequence[Any], pipe: Definition, clients: Clients
) -> Outcome:
    payload, target = json.dumps(list(bodies)).encode(), pipe.target
    outcome = invoke_function(clients.functions, target.arn, payload, target.waits_for_answer)
    if outcome.error:
        return Outcome(list(range(len(items))), outcome.error, outcome.answer, outcome.error_type)
    names = [item.get("eventID") if isinstance(item, dict) else None for item in items]
    known = {name for name in names if isinstance(name, str)}
    failed = failed_identifiers(outcome.answer.encode(), known)
    places = [n for n, name in enumerate(names) if failed is None or name in failed]
    return Outcome(places, answer=outcome.answer)


def _to_queue(
    items: Sequence[Any], bodies: Sequence[Any], pipe: Definition, clients: Clients
) -> Outcome:
    account, name = pipe.target.arn.split(":")[-2:]
    url = f"{clients.sqs.meta.endpoint_url}/{account}/{name}"
    entries = _entries(items, bodies, pipe)
    return _of_batch(clients.sqs.send_message_batch(QueueUrl=url, Entries=entries))


def _to_topic(
    items: Sequence[Any], bodies: Sequence[Any], pipe: Definition, clients: Clients
) -> Outcome:
    entries = _entries(items, bodies, pipe)
    return _of_batch(
        clients.sns.publish_batch(TopicArn=pipe.target.arn, PublishBatchRequestEntries=entries)
    )


def _to_bus(
    items: Sequence[Any], bodies: Sequence[Any], pipe: Definition, clients: Clients
) -> Outcome:
    answer = clients.events().put_events(Entries=_entries(items, bodies, pipe))
    failed = [n for n, entry in enumerate(answer["Entries"]) if "ErrorCode" in entry]
    why = [
        f"{answer['Entries'][n]['ErrorCode']}: {answer['Entries'][n]['ErrorMessage']}"
        for n in failed
    ]
    return Outcome(failed, why[0] if why else "", json.dumps(answer["Entries"]), "EntryFailed")


def _of_batch(answer: Mapping[str, Any]) -> Outcome:
    """The outcome of SendMessageBatch and PublishBatch."""
    failures = answer.get("Failed") or []
    why = [f"{failure['Code']}: {failure.get('Message', '')}" for failure in failures]
    failed = sorted(int(failure["Id"]) for failure in failures)
    shown = {name: answer[name] for name in ("Successful", "Failed") if name in answer}
    return Outcome(failed, why[0] if why else "", json.dumps(shown), "EntryFailed")


def _entries(items: Sequence[Any], bodies: Sequence[Any], pipe: Definition) -> list[dict[str, Any]]:
    entry = {"sqs": _message, "sns": _notification, "events": _event}[pipe.target.service]
    return [
        entry(number, item, _text(body), pipe)
        for number, (item, body) in enumerate(zip(items, bodies, strict=True))
    ]


def _message(number: int, item: Any, body: str, pipe: Definition) -> dict[str, Any]:
    return {"Id": str(number), "MessageBody": body, **_parameters(pipe.target, item)}


def _notification(number: int, _: Any, body: str, __: Definition) -> dict[str, Any]:
    return {"Id": str(number), "Message": body}


def _event(_: int, item: Any, body: str, pipe: Definition) -> dict[str, Any]:
    return {
        "Source": f"Pipe {pipe.name}",
        "DetailType": "Event from aws:kinesis",
        "Detail": body,
        "EventBusName": pipe.target.arn,
        **_parameters(pipe.target, item),
    }


def _parameters(target: Target, item: Any) -> dict[str, Any]:
    """The target's parameters, with paths replaced by what they lead to in the item."""
    values = {name: _value(value, item) for name, value in target.parameters.items()}
    return {name: value for name, value in values.items() if value not in (None, [])}


def _value(parameter: Any, item: Any) -> Any:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html"""
    if isinstance(parameter, list):
        return [value for one in parameter if (value := _value(one, item)) is not None]
    if not isinstance(parameter, str) or not parameter.startswith("$"):
        return parameter
    record = item if isinstance(item, dict) else {}
    value = read_template(f'{{"value": <{parameter}>}}').applied(record, {}).get("value")
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)
