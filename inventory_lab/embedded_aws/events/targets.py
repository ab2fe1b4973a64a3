"""What a target of an event rule may be, what it receives, and where an event is sent that it refuses.

| | AWS | here |
|---|---|---|
| Input, InputPath, InputTransformer | one of them, or the whole event | the same |
| Id of a target | at most 64 letters, digits and `.-_`, else ValidationException | the same |
| targets of a rule | at most 5, else LimitExceededException | the same |
| an undelivered event | to the target's dead-letter queue, with RULE_ARN, TARGET_ARN, ERROR_CODE and ERROR_MESSAGE | the same |
| NO_PERMISSIONS, NO_RESOURCE | not retried | the same |
| RetryPolicy | for errors that may pass | checked and stored; no error here can pass, so it changes nothing |
| text template | in quotes | in quotes; several quoted lines are refused |
| InputPath | names, indexes, `*` | the same; in brackets refused |

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from inventory_lab.embedded_aws.pipes.templates import Template, read_template
from inventory_lab.embedded_aws.polling.payloads import MISSING
from inventory_lab.exceptions import InvalidTemplate

MOST_TARGETS = 5
SERVICES = ("lambda", "sqs", "sns")
NO_PERMISSIONS, NO_RESOURCE = "NO_PERMISSIONS", "NO_RESOURCE"
RETRY_LIMITS = {"MaximumRetryAttempts": (0, 185), "MaximumEventAgeInSeconds": (60, 86_400)}

_INPUTS = ("Input", "InputPath", "InputTransformer")
_SUPPORTED = {
    "Arn", "DeadLetterConfig", "Id", "RetryPolicy", "RoleArn", "SqsParameters", *_INPUTS,
}  # fmt: skip
_RULE = "aws-events"
_PREDEFINED = {
    "aws.events.rule-arn": f"$.{_RULE}.rule-arn",
    "aws.events.rule-name": f"$.{_RULE}.rule-name",
    "aws.events.event.ingestion-time": f"$.{_RULE}.ingestion-time",
    "aws.events.event": f"$.{_RULE}.event",
    "aws.events.event.json": f"$.{_RULE}.event-json",
}
_PATH = re.compile(r"\$(\.[\w/-]+|\[\d+\]|\.\*|\[\*\])*")
_ID = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
_PLACEHOLDER = re.compile(r"<([\w.-]+)>")


def unsupported(target: Mapping[str, Any]) -> str | None:
    """Why the embedded AWS cannot serve a target that AWS would accept; None when it can."""
    arn = str(target["Arn"])
    if (arn.split(":") + [""] * 3)[2] not in SERVICES:
        return f"its target {arn} is not a function, queue or topic"
    for name in sorted(set(target) - _SUPPORTED):
        return f"its target {arn} has {name}"
    paths = [target.get("InputPath", "$"), *_paths(target).values()]
    for path in paths:
        if not _PATH.fullmatch(path):
            return f"its path {path} has more than names, indexes and *"
    return None


def invalid(targets: Sequence[Mapping[str, Any]]) -> str | None:
    """Why AWS refuses these targets with a ValidationException; None when it accepts them.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html

    >>> invalid([{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:q", "Input": "no JSON"}])
    'Invalid Input for target 1: it is not JSON.'
    """
    return next((problem for target in targets if (problem := _invalid(target))), None)


def _invalid(target: Mapping[str, Any]) -> str | None:
    name = target["Id"]
    if not _ID.fullmatch(name):
        return (
            f"Value '{name}' at 'targets.member.id' failed to satisfy constraint: Member must have length less than "
            "or equal to 64 and satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
        )
    if sum(target.get(kind) is not None for kind in _INPUTS) > 1:
        return (
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}."
        )
    if target.get("Input") is not None and not _is_json(target["Input"]):
        return f"Invalid Input for target {name}: it is not JSON."
    dead_letters = target.get("DeadLetterConfig", {}).get("Arn", "")
    if dead_letters and (":sqs:" not in dead_letters or dead_letters.endswith(".fifo")):
        return f"The dead-letter queue of target {name} must be a standard SQS queue."
    for limit, (lowest, highest) in RETRY_LIMITS.items():
        value = target.get("RetryPolicy", {}).get(limit, lowest)
        if not lowest <= value <= highest:
            return f"{limit} of target {name} must be from {lowest} to {highest}."
    return _invalid_template(target)


def _invalid_template(target: Mapping[str, Any]) -> str | None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html"""
    if not target.get("InputTransformer"):
        return None
    known = {**_PREDEFINED, **_paths(target)}
    for name in _PLACEHOLDER.findall(target["InputTransformer"]["InputTemplate"]):
        if name not in known:
            return f"Invalid InputTemplate for target {target['Id']}: <{name}> is not defined."
    try:
        template = _template(target)
    except InvalidTemplate as exc:
        return f"Invalid InputTemplate for target {target['Id']}: {exc}"
    if not template.is_json and not _alone(target):
        return f"Invalid InputTemplate for target {target['Id']}: it is neither JSON nor in quotes."
    return None


def text_for(
    target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, rule_name: str
) -> str:
    """What the target receives: its constant input, a part of the event, its template, or the event.

    >>> text_for({"InputPath": "$.detail.stock"}, {"detail": {"stock": 3}}, "arn", "rule")
    '3'
    """
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputTransformer"):
        return _transformed(target, event, rule_arn, rule_name)
    path = target.get("InputPath") or "$"
    return json.dumps(event if path == "$" else _value(path, event))


def dead_letter_attributes(
    rule_arn: str, target_arn: str, code: str, message: str
) -> dict[str, dict[str, str]]:
    """The attributes of the message in a dead-letter queue, whose body is the event:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    texts = {
        "RULE_ARN": rule_arn,
        "TARGET_ARN": target_arn,
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message,
    }
    return {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}


def _transformed(
    target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, rule_name: str
) -> str:
    predefined = {
        "rule-arn": rule_arn,
        "rule-name": rule_name,
        "ingestion-time": event.get("time", ""),
        "event": {key: value for key, value in event.items() if key != "detail"},
        "event-json": dict(event),
    }
    values = {**event, _RULE: predefined}
    alone = _alone(target)
    if alone is not None:
        return json.dumps(_value(alone, values))
    return json.dumps(_template(target).applied(values, {}))


def _template(target: Mapping[str, Any]) -> Template:
    """The template of a target, with a path in the place of each name."""
    paths = {**_PREDEFINED, **_paths(target)}

    def path_of(match: re.Match[str]) -> str:
        return f"<{paths[match[1]]}>" if match[1] in paths else match[0]

    return read_template(_PLACEHOLDER.sub(path_of, target["InputTransformer"]["InputTemplate"]))


def _alone(target: Mapping[str, Any]) -> str | None:
    """The path of the variable that is the whole template, if it is one."""
    whole = _PLACEHOLDER.fullmatch(target["InputTransformer"]["InputTemplate"].strip())
    return None if whole is None else {**_PREDEFINED, **_paths(target)}.get(whole[1])


def _value(path: str, event: Mapping[str, Any]) -> Any:
    """The part of the event that a path leads to; None when it leads nowhere."""
    value = read_template(f'{{"value": <{path}>}}').applied(event, {})
    return value.get("value") if value is not MISSING else None


def _paths(target: Mapping[str, Any]) -> Mapping[str, str]:
    paths: Mapping[str, str] = (target.get("InputTransformer") or {}).get("InputPathsMap") or {}
    return paths


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
