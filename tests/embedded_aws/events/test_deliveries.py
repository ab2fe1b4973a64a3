"""Topics and event rules reach functions, queues and topics whose policies let them in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inventory_lab.exceptions import UnsupportedRule
from tests.embedded_aws.lambda_function import ARN, DeployedFunction, open_to

SAYS = "import json\ndef handle(event, context):\n    print(json.dumps(event))\n"
RULE = "arn:aws:events:us-east-1:123456789012:rule/sales"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:sales"
SNS, EVENTS = "sns.amazonaws.com", "events.amazonaws.com"


def topic(probe: DeployedFunction, **attributes: str) -> str:
    """A topic that the function is subscribed to and lets in."""
    sns = probe.root.client("sns")
    arn: str = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="lambda", Endpoint=ARN, Attributes=attributes)
    return arn


def publish(probe: DeployedFunction, topic_arn: str, message: str = "hello", **more: Any) -> str:
    answer = probe.root.client("sns").publish(TopicArn=topic_arn, Message=message, **more)
    return str(answer["MessageId"])


def rule(probe: DeployedFunction, arn: str, **target: Any) -> Any:
    """A rule for events of the shop, with one target."""
    events = probe.root.client("events")
    events.put_rule(Name="sales", EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(Rule="sales", Targets=[{"Id": "1", "Arn": arn, **target}])
    return events


def put(events: Any, **more: Any) -> None:
    entry = {"Source": "shop", "DetailType": "sale", "Detail": '{"a": {"b": 2}}'} | more
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0


def heard(probe: DeployedFunction) -> list[Any]:
    probe.pump()
    return [json.loads(line) for line in probe.log()]


def test_a_topic_invokes_a_function_in_the_event_shape_of_sns(probe: DeployedFunction) -> None:
    probe.create(SAYS)
    arn = topic(probe)
    probe.allow_invoke(SNS, arn)
    kind = {"kind": {"DataType": "String", "StringValue": "test"}}
    message_id = publish(probe, arn, Subject="news", MessageAttributes=kind)
    assert probe.log() == []
    [event] = heard(probe)
    [record] = event["Records"]
    assert record.pop("EventSubscriptionArn").startswith(arn)
    sns = record.pop("Sns")
    assert record == {"EventSource": "aws:sns", "EventVersion": "1.0"}
    assert sns == {
        "Type": "Notification", "MessageId": message_id, "TopicArn": arn, "Subject": "news",
        "Message": "hello", "Timestamp": "2026-01-05T09:00:00.000Z", "SignatureVersion": "1",
        "Signature": "EXAMPLE", "SigningCertUrl": "EXAMPLE", "UnsubscribeUrl": "EXAMPLE",
        "MessageAttributes": {"kind": {"Type": "String", "Value": "test"}},
    }  # fmt: skip


def test_a_topic_that_the_functions_policy_does_not_let_in_invokes_nothing(
    probe: DeployedFunction,
) -> None:
    probe.create(SAYS)
    arn = topic(probe)
    publish(probe, arn)
    assert heard(probe) == []
    probe.allow_invoke(SNS, arn + "-2")
    publish(probe, arn)
    assert heard(probe) == []


def test_a_failing_delivery_of_a_topic_is_tried_again(probe: DeployedFunction) -> None:
    probe.create("def handle(event, context):\n    1 / 0\n")
    arn = topic(probe)
    probe.allow_invoke(SNS, arn)
    publish(probe, arn)
    probe.pump()
    probe.pump(60)
    assert len(probe.reports()) == 2


def test_a_filter_policy_holds_for_functions_too(probe: DeployedFunction) -> None:
    probe.create(SAYS)
    arn = topic(probe, FilterPolicy=json.dumps({"kind": ["good"]}))
    probe.allow_invoke(SNS, arn)
    for kind in ("good", "bad"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        publish(probe, arn, kind, MessageAttributes=attributes)
    assert [event["Records"][0]["Sns"]["Message"] for event in heard(probe)] == ["good"]


def test_a_message_by_protocol_is_that_for_functions(probe: DeployedFunction) -> None:
    probe.create(SAYS)
    arn = topic(probe)
    probe.allow_invoke(SNS, arn)
    texts = json.dumps({"default": "all", "lambda": "functions"})
    publish(probe, arn, texts, MessageStructure="json")
    [event] = heard(probe)
    assert event["Records"][0]["Sns"]["Message"] == "functions"


def test_a_rule_invokes_a_function_with_the_event(probe: DeployedFunction) -> None:
    probe.create(SAYS)
    events = rule(probe, ARN)
    probe.allow_invoke(EVENTS, RULE)
    put(events, Resources=["till-1"])
    assert probe.log() == []
    [event] = heard(probe)
    assert len(event.pop("id")) == 36
    assert event == {
        "version": "0", "detail-type": "sale", "source": "shop", "account": "123456789012",
        "time": "2026-01-05T09:00:00Z", "region": "us-east-1", "resources": ["till-1"],
        "detail": {"a": {"b": 2}},
    }  # fmt: skip


def test_a_rule_that_the_functions_policy_does_not_let_in_invokes_nothing(
    probe: DeployedFunction,
) -> None:
    probe.create(SAYS)
    events = rule(probe, ARN)
    put(events)
    assert heard(probe) == []
    probe.allow_invoke(EVENTS, RULE + "-2")
    put(events)
    assert heard(probe) == []


def test_an_event_that_the_pattern_does_not_match_goes_nowhere(probe: DeployedFunction) -> None:
    probe.create(SAYS)
    events = rule(probe, ARN)
    probe.allow_invoke(EVENTS, RULE)
    put(events, Source="another shop")
    assert heard(probe) == []


def test_a_disabled_rule_delivers_nothing(probe: DeployedFunction) -> None:
    probe.create(SAYS)
    events = rule(probe, ARN)
    probe.allow_invoke(EVENTS, RULE)
    events.disable_rule(Name="sales")
    put(events)
    events.enable_rule(Name="sales")
    put(events, DetailType="later")
    assert [event["detail-type"] for event in heard(probe)] == ["later"]


@pytest.mark.parametrize(
    ("target", "received"),
    [
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail"}, {"a": {"b": 2}}),
        ({"InputPath": "$.detail.a.b"}, 2),
        ({"InputPath": "$.detail.nothing.there"}, None),
    ],
)
def test_a_target_may_have_an_input_of_its_own(
    target: dict[str, str], received: Any, probe: DeployedFunction
) -> None:
    probe.create(SAYS)
    events = rule(probe, ARN, **target)
    probe.allow_invoke(EVENTS, RULE)
    put(events)
    assert heard(probe) == [received]


@pytest.mark.parametrize(
    ("policy", "arrive"),
    [
        (open_to("sales", EVENTS, source=RULE), 1),
        (open_to("sales", EVENTS, source=RULE + "-2"), 0),
        (open_to("sales", SNS), 0),
        ("", 0),
    ],
)
def test_a_rule_sends_to_a_queue_that_lets_it(
    policy: str, arrive: int, probe: DeployedFunction
) -> None:
    url, arn = probe.queue("sales", policy)
    put(rule(probe, arn))
    assert [event["detail"] for event in probe.bodies(url)] == [{"a": {"b": 2}}] * arrive


@pytest.mark.parametrize("service", [EVENTS, SNS])
def test_a_rule_publishes_to_a_topic_that_lets_it(service: str, probe: DeployedFunction) -> None:
    url, queue = probe.queue("sales", open_to("sales", SNS))
    sns = probe.root.client("sns")
    arn = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)
    statement = {
        "Effect": "Allow", "Principal": {"Service": service}, "Action": "sns:Publish", "Resource": arn,
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    put(rule(probe, arn))
    details = [json.loads(message["Message"])["detail"] for message in probe.bodies(url)]
    assert details == ([{"a": {"b": 2}}] if service == EVENTS else [])


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ({"Arn": "arn:aws:kinesis:us-east-1:123456789012:stream/s"}, "not a function, queue or"),
        ({"Arn": QUEUE, "HttpParameters": {"PathParameterValues": ["a"]}}, "has HttpParameters"),
        ({"Arn": QUEUE, "InputPath": "$['detail']"}, "has more than names, indexes"),
    ],
)
def test_a_target_that_the_lab_cannot_serve_is_refused(
    target: dict[str, Any], problem: str, probe: DeployedFunction
) -> None:
    events = probe.root.client("events")
    events.put_rule(Name="sales", EventPattern=json.dumps({"source": ["shop"]}))
    with pytest.raises(UnsupportedRule, match=f"rule 'sales' cannot deliver.*{problem}"):
        events.put_targets(Rule="sales", Targets=[{"Id": "1", **target}])
