"""What Subscribe and Publish refuse."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:update-inventory"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:inventory-alerts-inbox"


@pytest.mark.parametrize(
    ("protocol", "endpoint", "problem"),
    [
        ("lambda", "not an arn at all", "Lambda endpoint ARN"),
        ("lambda", "update-inventory", "Lambda endpoint ARN"),
        ("lambda", QUEUE, "Lambda endpoint ARN"),
        ("sqs", "inventory-alerts-inbox", "SQS endpoint ARN"),
        ("sqs", FUNCTION, "SQS endpoint ARN"),
        ("email", "warehouse", "Email address"),
        ("carrier-pigeon", "loft", "does not support this protocol string: carrier-pigeon"),
    ],
)
def test_an_endpoint_is_an_address_of_its_protocol(
    protocol: str, endpoint: str, problem: str, shared: Lab
) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html"""
    sns = shared.session("root").client("sns")
    topic = shared.account.topic_arn()
    before = len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"])
    with pytest.raises(ClientError, match=f"InvalidParameter.*{problem}"):
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    after = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert len(after) == before


def test_a_message_is_not_empty(shared: Lab) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
    sns = shared.session("root").client("sns")
    with pytest.raises(ClientError, match=r"InvalidParameter.*Empty message"):
        sns.publish(TopicArn=shared.account.topic_arn(), Message="")


@pytest.mark.parametrize("text", ["no JSON", "[]"])
def test_a_filter_policy_is_a_json_object(text: str, shared: Lab) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html"""
    request: dict[str, Any] = {
        "TopicArn": shared.account.topic_arn(), "Protocol": "sqs", "Endpoint": QUEUE,
        "Attributes": {"FilterPolicy": text},
    }  # fmt: skip
    with pytest.raises(ClientError, match=r"InvalidParameter.*FilterPolicy"):
        shared.session("root").client("sns").subscribe(**request)
