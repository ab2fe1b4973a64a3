"""Deliveries of event rules to functions, queues and topics.

| | AWS | moto 5.2.5, and the lab |
|---|---|---|
| supported: an event rule to a function | asynchronously, if the function's policy lets the rule | moto: an error; the lab as AWS |
| supported: an event rule to a queue or topic | if the policy on it lets the rule | moto: to queues, unasked; the lab as AWS |
| supported: a disabled rule | delivers nothing | moto delivers; the lab does not |
| supported: up to 5 targets, each with its own input | see `targets.py` | moto: any number, Input and InputPath ignored; the lab as AWS |
| supported: DeadLetterConfig of a target | an event that cannot be delivered, if the queue's policy lets the rule | moto ignores it; the lab as AWS |
| supported: a source that begins with `aws.` | NotAuthorizedForSourceException for the entry | moto: accepted; the lab as AWS |
| supported: DeleteEventBus with rules | ValidationException | moto: deleted; the lab as AWS |
| differs: the time of an event without one | now | lab time |
| differs: schedules | run | never run |
| refused: other targets and their parameters | accepted | UnsupportedRule, at PutTargets |

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from inventory_lab.embedded_aws.clock import LabClock, zulu
from inventory_lab.embedded_aws.events.targets import (
    MOST_TARGETS,
    NO_PERMISSIONS,
    NO_RESOURCE,
    dead_letter_attributes,
    invalid,
    text_for,
    unsupported,
)
from inventory_lab.embedded_aws.patching import Patch, gap, hook
from inventory_lab.exceptions import UnsupportedRule
from inventory_lab.iam.account.evaluator import PolicyEvaluator

EVENTS = "events.amazonaws.com"
_NOT_OF_AWS = {
    "ErrorCode": "NotAuthorizedForSourceException",
    "ErrorMessage": "Not authorized for the source.",
}
ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}
Invoke = Callable[[str, bytes], None]
"""Queues an asynchronous invocation of the function with this ARN, with this payload."""


class Deliveries:
    """Hands on what rules send."""

    def __init__(self, evaluator: PolicyEvaluator, clock: LabClock, invoke: Invoke) -> None:
        self._evaluator = evaluator
        self._clock = clock
        self._invoke = invoke

    def of_rule(self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """An event that a rule matched, to one target. What the target cannot take goes to the
        target's dead-letter queue, and is lost without one:
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        """
        arn, seen = target["Arn"], _shown(event)
        problem = self._problem(rule, arn)
        if problem is not None:
            self._give_up(rule, target, seen, *problem)
            return
        text = text_for(target, seen, rule.arn, rule.name)
        match arn.split(":")[2]:
            case "lambda":
                self._invoke(arn, text.encode())
            case "sns":
                sns_backends[rule.account_id][arn.split(":")[3]].publish(text, arn=arn)
            case "sqs":
                group = target.get("SqsParameters", {}).get("MessageGroupId")
                _queues(arn).send_message(arn.rpartition(":")[2], text, group_id=group)

    def _problem(self, rule: Any, arn: str) -> tuple[str, str] | None:
        """The error code and message of a delivery that must fail; None when it may go on."""
        action = ACTIONS[arn.split(":")[2]]
        if not _exists(arn):
            return NO_RESOURCE, f"The target {arn} does not exist."
        if not self._evaluator.service_may(EVENTS, action, arn, rule.arn).allowed:
            return NO_PERMISSIONS, f"{EVENTS} is not authorized to perform: {action} on {arn}."
        return None

    def _give_up(
        self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any], code: str, why: str
    ) -> None:
        """Send the event to the target's dead-letter queue, when there is one that lets the rule in."""
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if not queue or not _exists(queue):
            return
        if self._evaluator.service_may(EVENTS, ACTIONS["sqs"], queue, rule.arn).allowed:
            attributes = dead_letter_attributes(rule.arn, target["Arn"], code, why)
            name = queue.rpartition(":")[2]
            _queues(queue).send_message(name, json.dumps(event), message_attributes=attributes)

    def timed(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Entries of PutEvents, each with a time."""
        return [{"Time": self._clock.timestamp(), **entry} for entry in entries]


def patches(deliveries: Deliveries) -> list[Patch]:
    """What makes rules deliver as on AWS."""
    return [
        gap(
            Rule,
            "send_to_targets",
            "(self, original_event, transform_input=True)",
            "a disabled rule delivers nothing; a target's policy is asked; functions, queues and "
            "topics receive Input, InputPath or the transformed event",
            around=partial(_sent, deliveries),
        ),
        gap(
            Rule,
            "put_targets",
            "(self, targets)",
            "at most 5 targets, and none that would be ignored",
            around=_checked,
        ),
        hook(
            EventsBackend,
            "put_events",
            "(self, events)",
            "events without a time get the lab's time; those that claim to be AWS's are refused",
            around=partial(_timed, deliveries),
        ),
        gap(
            EventsBackend,
            "delete_event_bus",
            "(self, name)",
            "a bus that has rules is not deleted",
            around=_without_rules,
        ),
    ]


def _timed(deliveries: Deliveries, put: Callable[..., Any]) -> Callable[..., Any]:
    def timed(self: Any, events: list[dict[str, Any]]) -> Any:
        entries = iter(put(self, [e for e in deliveries.timed(events) if not _of_aws(e)]))
        return [_NOT_OF_AWS if _of_aws(event) else next(entries) for event in events]

    return timed


def _sent(deliveries: Deliveries, send: Callable[..., None]) -> Callable[..., None]:
    def sent(self: Any, event: dict[str, Any], transform_input: bool = True) -> None:
        if self.managed_by:  # the rule of an archive
            send(self, event, transform_input)
        elif self.state == "ENABLED" and self.event_pattern.matches_event(event):
            for target in self.targets:
                deliveries.of_rule(self, target, event)

    return sent


def _checked(put: Callable[..., None]) -> Callable[..., None]:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html"""

    def checked(self: Any, targets: list[dict[str, Any]]) -> None:
        for target in targets if not self.managed_by else ():
            problem = unsupported(target)
            if problem:
                raise UnsupportedRule(self.name, problem)
        refusal = invalid(targets) if not self.managed_by else None
        if refusal:
            raise ValidationException(refusal)
        if len({t["Id"] for t in [*self.targets, *targets]}) > MOST_TARGETS:
            raise _TooManyTargets
        put(self, targets)

    return checked


class _TooManyTargets(JsonRESTError):
    """AWS's answer to a sixth target: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""

    code = 400

    def __init__(self) -> None:
        message = "The requested resource exceeds the maximum number allowed."
        super().__init__("LimitExceededException", message)


def _of_aws(entry: Mapping[str, Any]) -> bool:
    """Whether an entry claims to come from AWS itself, which only AWS may:
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
    """
    return str(entry.get("Source", "")).startswith("aws.")


def _without_rules(delete: Callable[..., None]) -> Callable[..., None]:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html"""

    def deleted(self: Any, name: str) -> None:
        bus = self.event_buses.get(name)
        if bus is not None and bus.rules:
            raise ValidationException(f"Event bus {name} can't be deleted since it has rules.")
        delete(self, name)

    return deleted


def _exists(arn: str) -> bool:
    """Whether a function, queue or topic is there."""
    _, _, service, region, account, name = arn.split(":", 5)
    if service == "sqs":
        return name in _queues(arn).queues
    if service == "sns":
        return arn in sns_backends[account][region].topics
    try:
        lambda_backends[account][region].get_function(name.partition(":")[2])
    except UnknownFunctionException:
        return False
    return True


def _queues(arn: str) -> Any:
    _, _, _, region, account, _ = arn.split(":", 5)
    return sqs_backends[account][region]


def _shown(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event as a target sees it; moto keeps its time as a number."""
    names = (
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
    )  # fmt: skip
    moment = datetime.fromtimestamp(float(event["time"]), UTC)
    return {name: event[name] for name in names} | {"time": zulu(moment, "seconds")}
