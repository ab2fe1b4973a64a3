"""A subscription by mail waits until the link in the mail is clicked."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from moto import mock_aws

from inventory_lab import Lab, ProductAdded

ADDRESS = "warehouse@example.com"


def subscribe(lab: Lab, **more: Any) -> str:
    answer = lab.session("admin").client("sns").subscribe(
        TopicArn=lab.account.topic_arn(), Protocol="email", Endpoint=ADDRESS, **more
    )  # fmt: skip
    return str(answer["SubscriptionArn"])


def listed(lab: Lab, call: str, **request: Any) -> dict[str, str]:
    answer = getattr(lab.session("root").client("sns"), call)(**request)
    return {s["Endpoint"]: s["SubscriptionArn"] for s in answer["Subscriptions"]}


def test_subscribing_an_address_gives_no_arn_as_long_as_it_is_not_confirmed(built: Lab) -> None:
    assert subscribe(built) == "pending confirmation"
    assert subscribe(built) == "pending confirmation"


def test_subscribe_returns_pending_or_on_request_the_arn(built: Lab) -> None:
    arn = subscribe(built, ReturnSubscriptionArn=True)
    assert arn.startswith(built.account.topic_arn() + ":")
    sns = built.session("root").client("sns")
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert attributes["PendingConfirmation"] == "true"
    assert attributes["ConfirmationWasAuthenticated"] == "false"


@pytest.mark.parametrize("by_topic", [True, False])
def test_lists_show_it_as_pending_and_a_queue_with_its_arn(built: Lab, by_topic: bool) -> None:
    subscribe(built)
    topic = built.account.topic_arn()
    subscriptions = (
        listed(built, "list_subscriptions_by_topic", TopicArn=topic)
        if by_topic
        else listed(built, "list_subscriptions")
    )
    assert subscriptions.pop(ADDRESS) == "PendingConfirmation"
    assert [arn.rpartition(":")[0] for arn in subscriptions.values()] == [topic]


def test_a_token_that_was_not_sent_confirms_nothing(built: Lab) -> None:
    subscribe(built)
    sns, topic = built.session("root").client("sns"), built.account.topic_arn()
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.confirm_subscription(TopicArn=topic, Token="guessed")
    assert listed(built, "list_subscriptions")[ADDRESS] == "PendingConfirmation"


def test_it_takes_no_alert_away_from_the_others(built: Lab) -> None:
    subscribe(built)
    built.settle(built.publish(ProductAdded("a", 2000)))
    assert len(built.alerts()) == 1


def test_it_goes_with_its_topic(built: Lab) -> None:
    subscribe(built)
    built.teardown()
    assert listed(built, "list_subscriptions") == {}


@pytest.mark.xfail(raises=AssertionError, strict=True, reason="bare moto")
def test_bare_moto_waits_for_the_confirmation() -> None:
    with mock_aws():
        sns = boto3.client("sns", region_name="us-east-1")
        topic = sns.create_topic(Name="t")["TopicArn"]
        answer = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=ADDRESS)
        assert answer["SubscriptionArn"] == "pending confirmation"
