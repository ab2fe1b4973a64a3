"""The targets of a rule: how many, what each receives, and where an undelivered event goes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab.embedded_aws.events.targets import text_for
from tests.embedded_aws.events.test_deliveries import EVENTS, QUEUE, RULE, SAYS, heard, put
from tests.embedded_aws.lambda_function import ARN, DeployedFunction, open_to

EVENT = {
    "version": "0", "id": "1", "detail-type": "sale", "source": "shop", "account": "123456789012",
    "time": "2026-01-05T09:00:00Z", "region": "us-east-1", "resources": [],
    "detail": {"product": "Phone", "stock": 3, "tags": ["a", "b"]},
}  # fmt: skip


def rule_to(probe: DeployedFunction, *targets: dict[str, Any]) -> Any:
    """A rule for events of the shop, with these targets."""
    events = probe.root.client("events")
    events.put_rule(Name="sales", EventPattern=json.dumps({"source": ["shop"]}))
    numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    events.put_targets(Rule="sales", Targets=numbered)
    return events


def transformed(template: str, **paths: str) -> Any:
    transformer = {"InputTemplate": template, "InputPathsMap": paths}
    return json.loads(text_for({"InputTransformer": transformer}, EVENT, RULE, "sales"))


def test_a_rule_delivers_an_event_to_each_of_its_targets(probe: DeployedFunction) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html"""
    probe.create(SAYS)
    url, queue = probe.queue("sales", open_to("sales", EVENTS))
    probe.allow_invoke(EVENTS, RULE)
    put(rule_to(probe, {"Arn": ARN}, {"Arn": queue, "InputPath": "$.detail"}))
    assert [event["detail"] for event in heard(probe)] == [{"a": {"b": 2}}]
    assert probe.bodies(url) == [{"a": {"b": 2}}]


def test_a_rule_has_at_most_five_targets(probe: DeployedFunction) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""
    events = rule_to(probe, *[{"Arn": f"{QUEUE}-{n}"} for n in range(5)])
    events.put_targets(Rule="sales", Targets=[{"Id": "4", "Arn": QUEUE}])  # replaces one
    with pytest.raises(ClientError, match="LimitExceededException"):
        events.put_targets(Rule="sales", Targets=[{"Id": "5", "Arn": QUEUE}])
    assert len(events.list_targets_by_rule(Rule="sales")["Targets"]) == 5


@pytest.mark.parametrize("name", [ARN, "two words", "x" * 65])
def test_the_id_of_a_target_is_a_short_word(probe: DeployedFunction, name: str) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html"""
    events = rule_to(probe, {"Arn": QUEUE, "Id": "x" * 64})
    with pytest.raises(ClientError, match=r"ValidationException.*at 'targets.member.id'"):
        events.put_targets(Rule="sales", Targets=[{"Id": name, "Arn": QUEUE}])


@pytest.mark.parametrize(
    ("template", "paths", "received"),
    [
        ('{"p": <p>, "n": <n>}', {"p": "$.detail.product", "n": "$.detail.stock"}, {"p": "Phone", "n": 3}),
        ('"<p>: <n> left"', {"p": "$.detail.product", "n": "$.detail.stock"}, "Phone: 3 left"),
        ('{"text": "<p> is low"}', {"p": "$.detail.product"}, {"text": "Phone is low"}),
        ('{"second": <t>}', {"t": "$.detail.tags[1]"}, {"second": "b"}),
        ("<d>", {"d": "$.detail"}, EVENT["detail"]),
        ('{"rule": <aws.events.rule-name>}', {}, {"rule": "sales"}),
        ('{"arn": <aws.events.rule-arn>}', {}, {"arn": RULE}),
        ('{"at": <aws.events.event.ingestion-time>}', {}, {"at": "2026-01-05T09:00:00Z"}),
        ('{"all": <aws.events.event.json>}', {}, {"all": EVENT}),
        ('{"gone": <g>, "n": <n>}', {"g": "$.detail.nothing", "n": "$.detail.stock"}, {"n": 3}),
    ],
)  # fmt: skip
def test_a_template_takes_parts_of_the_event(
    template: str, paths: dict[str, str], received: Any
) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html"""
    assert transformed(template, **paths) == received


def test_a_target_receives_what_its_template_makes(probe: DeployedFunction) -> None:
    url, queue = probe.queue("sales", open_to("sales", EVENTS))
    transformer = {"InputPathsMap": {"b": "$.detail.a.b"}, "InputTemplate": '{"b": <b>}'}
    put(rule_to(probe, {"Arn": queue, "InputTransformer": transformer}))
    assert probe.bodies(url) == [{"b": 2}]


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ({"Input": "{}", "InputPath": "$.detail"}, "Only one of Input"),
        ({"Input": "no JSON"}, "it is not JSON"),
        ({"DeadLetterConfig": {"Arn": f"{QUEUE}.fifo"}}, "must be a standard SQS queue"),
        ({"DeadLetterConfig": {"Arn": QUEUE.replace("sqs", "sns")}}, "must be a standard SQS"),
        ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "must be from 0 to 185"),
        ({"RetryPolicy": {"MaximumEventAgeInSeconds": 86_401}}, "must be from 60 to 86400"),
        ({"InputTransformer": {"InputTemplate": '{"a": <a>}'}}, "<a> is not defined"),
        ({"InputTransformer": {"InputTemplate": "not in quotes"}}, "neither JSON nor in quotes"),
    ],
)
def test_a_target_that_aws_refuses_is_a_validation_error(
    target: dict[str, Any], problem: str, probe: DeployedFunction
) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html"""
    with pytest.raises(ClientError, match=f"ValidationException.*{problem}"):
        rule_to(probe, {"Arn": QUEUE, **target})


def dead_letters(probe: DeployedFunction, policy: str) -> list[dict[str, Any]]:
    """The dead letters of an event for a queue that does not let the rule in, or is not there."""
    probe.queue("sales")
    url, queue = probe.queue("undelivered", policy)
    target = {"Arn": QUEUE, "DeadLetterConfig": {"Arn": queue}}
    put(rule_to(probe, target, {**target, "Arn": f"{QUEUE}-gone"}))
    return probe.messages(url)


def test_an_event_that_a_target_refuses_goes_to_the_targets_dead_letter_queue(
    probe: DeployedFunction,
) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    messages = dead_letters(probe, open_to("undelivered", EVENTS, source=RULE))
    attributes = [
        {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        for message in messages
    ]
    assert [(a["RULE_ARN"], a["TARGET_ARN"], a["ERROR_CODE"]) for a in attributes] == [
        (RULE, QUEUE, "NO_PERMISSIONS"),
        (RULE, f"{QUEUE}-gone", "NO_RESOURCE"),
    ]
    assert "sqs:SendMessage" in attributes[0]["ERROR_MESSAGE"]
    assert [json.loads(message["Body"])["detail"] for message in messages] == [{"a": {"b": 2}}] * 2


def test_a_dead_letter_queue_has_to_let_the_rule_in(probe: DeployedFunction) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    assert dead_letters(probe, open_to("undelivered", EVENTS, source=RULE + "-2")) == []


def test_only_aws_may_put_events_of_aws(probe: DeployedFunction) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html"""
    url, queue = probe.queue("sales", open_to("sales", EVENTS))
    events = rule_to(probe, {"Arn": queue})
    entries = [{"Source": s, "DetailType": "sale", "Detail": "{}"} for s in ("aws.x", "shop")]
    answer = events.put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
    assert len(probe.messages(url)) == 1


def test_a_bus_with_rules_cannot_be_deleted(probe: DeployedFunction) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html"""
    events = probe.root.client("events")
    events.create_event_bus(Name="shop")
    events.put_rule(Name="all", EventBusName="shop", EventPattern='{"source": ["shop"]}')
    with pytest.raises(ClientError, match="can't be deleted since it has rules"):
        events.delete_event_bus(Name="shop")
    events.delete_rule(Name="all", EventBusName="shop")
    events.delete_event_bus(Name="shop")
