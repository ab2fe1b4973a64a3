"""SNS delivers where the policy of the queue or function lets it."""

from __future__ import annotations

import json

import pytest

from inventory_lab import Lab, ProductAdded
from inventory_lab.resources.account import unless_missing

INBOX = "https://sqs.us-east-1.amazonaws.com/123456789012/inventory-alerts-inbox"
TOPIC = "arn:aws:sns:us-east-1:123456789012:inventory-alerts"


def alerts(lab: Lab) -> int:
    lab.settle(lab.publish(ProductAdded("a", 2000)))
    return len(lab.alerts())


def test_an_alert_arrives_with_the_queues_policy(built: Lab) -> None:
    assert alerts(built) == 1


@pytest.mark.parametrize("policy", ["", "another topic"])
def test_a_queue_that_does_not_let_the_topic_in_gets_nothing(policy: str, built: Lab) -> None:
    sqs = built.session("root").client("sqs")
    existing = sqs.get_queue_attributes(QueueUrl=INBOX, AttributeNames=["Policy"])
    narrowed = (
        existing["Attributes"]["Policy"].replace("inventory-alerts", "others") if policy else ""
    )
    sqs.set_queue_attributes(QueueUrl=INBOX, Attributes={"Policy": narrowed})
    assert alerts(built) == 0


def test_a_function_is_invoked_by_a_topic_that_its_policy_lets_in(built: Lab) -> None:
    root = built.session("root")
    functions, sns = root.client("lambda"), root.client("sns")
    function = built.account.function_arn()
    sns.subscribe(TopicArn=TOPIC, Protocol="lambda", Endpoint=function)

    def invocations() -> int:
        sns.publish(TopicArn=TOPIC, Message=json.dumps({"a": 1}))
        built.pump()
        answer = unless_missing(("ResourceNotFoundException",), logs.filter_log_events, **group)
        return sum(
            "MalformedBatch" in event["message"] for event in (answer or {}).get("events", [])
        )

    logs, group = built.account.client("logs"), {"logGroupName": built.account.log_group()}
    assert invocations() == 0
    functions.add_permission(
        FunctionName="update-inventory", StatementId="topic", Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com", SourceArn=TOPIC,
    )  # fmt: skip
    assert invocations() > 0


def test_a_queue_that_lets_everybody_in_lets_the_topic_in(built: Lab) -> None:
    sqs = built.session("root").client("sqs")
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:us-east-1:123456789012:inventory-alerts-inbox",
        "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    sqs.set_queue_attributes(QueueUrl=INBOX, Attributes={"Policy": policy})
    assert alerts(built) == 1
