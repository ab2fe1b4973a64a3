"""Stock alerts: who is told what, and when."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from inventory_lab import Lab, ProductAdded, ProductRemoved, QuantityChanged
from inventory_lab.exceptions import NotBuilt, WrongSetting
from inventory_lab.observe import queues

SUBSCRIBER = """
import json

def handle(event, context):
    for record in event["Records"]:
        print("told:", record["Sns"]["Message"])
"""


def changes(lab: Lab, *deltas: int) -> list[str]:
    """Change the stock of Phone step by step; the alerts that were sent since the beginning."""
    lab.settle(lab.publish([QuantityChanged("Phone", delta) for delta in deltas]))
    return list(lab.alerts()["alert"])


def filtered_queue(lab: Lab, name: str, policy: dict[str, Any]) -> str:
    """A queue that subscribes to the topic, to what a filter policy lets through; its URL."""
    root = lab.session("root")
    url: str = root.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    arn = lab.account.arn("sqs", name)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    root.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    root.client("sns").subscribe(
        TopicArn=lab.account.topic_arn(),
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"FilterPolicy": json.dumps(policy)},
    )
    return url


def texts(lab: Lab, url: str) -> list[str]:
    answer = lab.session("root").client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return sorted(json.loads(m["Body"])["Message"] for m in answer.get("Messages", []))


def test_every_crossing_alerts_in_both_directions_and_nothing_else_does(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("Phone", 500)))
    assert changes(built, 500) == []  # 1000 is not above 1000
    assert changes(built, 1, 50) == ["high"]
    assert changes(built, -51, 1) == ["high", "high"]
    assert changes(built, -991) == ["high", "high"]  # 10 is not below 10
    assert changes(built, -1, -5, 6, -1) == ["high", "high", "low", "low"]


def test_both_crossings_inside_one_batch_alert(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("Phone", 500)))
    assert changes(built, 501, -995, 10) == ["high", "low"]


def test_a_removed_product_alerts_no_more(built: Lab) -> None:
    built.settle(built.publish([ProductAdded("Phone", 500), ProductRemoved("Phone")]))
    assert not len(built.alerts())


def test_an_alert_has_a_text_for_people_and_attributes_for_filters(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("Phone", 1_500, event_id="e-1")))
    [row] = queues.alerts(built.account)
    assert row["text"] == "Stock of Phone rose above 1000: 1500 pieces"
    expected = {"alert": "high", "direction": "rising", "product_id": "Phone", "event_id": "e-1"}
    assert {name: row[name] for name in expected} == expected
    assert (row["quantity_before"], row["quantity"], row["threshold"]) == (0, 1_500, 1_000)
    assert row["deduplication_id"].startswith("Phone/shardId-")


def test_a_product_may_have_thresholds_of_its_own(built: Lab) -> None:
    built.set_thresholds("Phone", high=100, low=50)
    built.settle(built.publish([ProductAdded("Phone", 80), ProductAdded("Watch", 80)]))
    assert changes(built, -40, 70) == ["low", "high"]
    assert list(built.alerts()["threshold"]) == [50, 100]
    built.set_thresholds("Phone")
    assert changes(built, -70, 70) == ["low", "high"]
    assert built.reconcile().exact


def test_thresholds_survive_a_rebuild_and_a_removal(built: Lab) -> None:
    built.set_thresholds("Phone", low=50)
    built.settle(built.publish([ProductAdded("Phone", 80), ProductRemoved("Phone")]))
    built.settle(built.publish(ProductAdded("Phone", 80)))
    built.rebuild()
    assert changes(built, -40) == ["low"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"high": -1}, "high is -1; it must be a whole number"),
        ({"low": 2.5}, "low is 2.5"),
        ({"low": True}, "low is True"),
        ({"high": 5}, r"low is 10; it must be at most high \(5\)"),
        ({"low": 2_000}, r"low is 2000; it must be at most high \(1000\)"),
    ],
)
def test_thresholds_that_cannot_work_are_refused(
    built: Lab, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(WrongSetting, match=message):
        built.set_thresholds("Phone", **given)


@pytest.mark.parametrize("product_id", ["", "x" * 257, None, 5])
def test_thresholds_are_those_of_a_product(built: Lab, product_id: Any) -> None:
    with pytest.raises(WrongSetting, match=r"product_id is .* a string of 1 to 256 characters"):
        built.set_thresholds(product_id, low=5)


def test_thresholds_need_a_table(lab: Lab) -> None:
    with pytest.raises(NotBuilt, match="the table 'inventory' does not exist"):
        lab.set_thresholds("Phone", low=5)


def test_a_crash_before_the_commit_repeats_the_message_and_readers_see_it_once(built: Lab) -> None:
    with built.faults(crash_before_commit=1, at_most=1):
        built.settle(built.publish(ProductAdded("Phone", 5_000)))
    delivered = queues.messages(built.account, "alerts_queue")
    assert len(delivered) == 2
    assert len(built.alerts()) == 1


def test_an_alert_that_cannot_be_sent_holds_its_product_back(built: Lab) -> None:
    topic = built.account.topic_arn()
    built.session("admin").client("sns").delete_topic(TopicArn=topic)
    receipt = built.publish([ProductAdded("Phone", 5_000), ProductAdded("Watch", 50)])
    assert not built.settle(receipt, timeout=3)
    assert "Phone" not in built.inventory().index
    built.build()
    assert built.settle(receipt)
    assert list(built.alerts()["product_id"]) == ["Phone"]
    assert built.reconcile().exact


def test_a_queue_gets_what_its_filter_policy_lets_through(built: Lab) -> None:
    low = filtered_queue(built, "low-only", {"alert": ["low"]})
    empty = filtered_queue(built, "few", {"quantity": [{"numeric": ["<", 3]}]})
    phones = filtered_queue(built, "phones", {"product_id": [{"prefix": "Ph"}]})
    events = [ProductAdded("Phone", 2_000), ProductAdded("Watch", 20)]
    built.settle(built.publish([*events, QuantityChanged("Watch", -15)]))
    built.settle(built.publish([QuantityChanged("Phone", -1_998)]))
    fell = "Stock of Phone fell below 10: 2 pieces"
    assert texts(built, low) == [fell, "Stock of Watch fell below 10: 5 pieces"]
    assert texts(built, empty) == [fell]
    assert texts(built, phones) == [fell, "Stock of Phone rose above 1000: 2000 pieces"]


def test_a_function_can_subscribe(built: Lab) -> None:
    root, name = built.session("root"), "tell-somebody"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", SUBSCRIBER)
    functions = root.client("lambda")
    arn = functions.create_function(
        FunctionName=name,
        Role=built.account.role_arn("function_role"),
        Runtime="python3.13",
        Handler="app.handle",
        Code={"ZipFile": buffer.getvalue()},
    )["FunctionArn"]
    functions.add_permission(
        FunctionName=name,
        StatementId="alerts",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=built.account.topic_arn(),
    )
    document = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "*",
    }
    root.client("iam").put_role_policy(
        RoleName="update-inventory-role",
        PolicyName="more-logs",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": document}),
    )
    root.client("sns").subscribe(
        TopicArn=built.account.topic_arn(), Protocol="lambda", Endpoint=arn
    )
    built.settle(built.publish(ProductAdded("Phone", 2_000)))
    built.pump()  # what SNS invokes runs in the next round
    events = root.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    messages = [event["message"].strip() for event in events if "told:" in event["message"]]
    assert messages == ["told: Stock of Phone rose above 1000: 2000 pieces"]


def test_an_email_address_has_to_confirm_first(built: Lab) -> None:
    sns = built.session("admin").client("sns")
    topic = built.account.topic_arn()
    answer = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="stock@example.com")
    assert answer["SubscriptionArn"] == "pending confirmation"
    built.settle(built.publish(ProductAdded("Phone", 2_000)))
    assert len(built.alerts()) == 1
