from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab, ProductAdded, QuantityChanged
from inventory_lab.resources import function, log_group, pipe, roles
from inventory_lab.teaching.echo_function import EchoFunction

TOPIC = "arn:aws:sns:us-east-1:123456789012:news"


@pytest.fixture
def listener(built: Lab) -> EchoFunction:
    listener = EchoFunction(built, "listens", built.session("root"))
    listener.build()
    return listener


def types(listener: EchoFunction) -> list[str]:
    """The types of the events in all batches it got, one after the other."""
    import base64

    batches = listener.heard()
    return [json.loads(base64.b64decode(r["data"]))["event_type"] for b in batches for r in b]


def test_it_hears_nothing_before_it_is_called(listener: EchoFunction) -> None:
    assert listener.heard() == []


def test_it_reads_the_whole_stream_and_leaves_the_stock_alone(
    built: Lab, listener: EchoFunction
) -> None:
    built.settle(built.publish([ProductAdded("a", 5), QuantityChanged("a", -1)]))
    assert listener.read_stream() == ["RUNNING"]
    built.pump()
    assert types(listener) == ["product_added", "quantity_changed"]
    assert built.inventory().loc["a", "quantity"] == 4
    assert built.reconcile().exact


def test_each_reading_starts_again_with_its_own_filter_and_size(
    built: Lab, listener: EchoFunction
) -> None:
    built.settle(built.publish([ProductAdded("a", 5), QuantityChanged("a", -1)]))
    for more in ({"BatchSize": 1}, {"pattern": {"data": {"event_type": ["product_added"]}}}):
        listener.read_stream(**more)  # type: ignore[arg-type]
        built.pump()
    assert [len(batch) for batch in listener.heard()] == [1, 1, 1]
    assert types(listener)[-1] == "product_added"


def test_a_pattern_that_aws_does_not_store_is_refused(listener: EchoFunction) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        listener.read_stream({"data": "no list"})
    assert pipe.describe(listener.account) is None


def test_the_role_of_another_pipe_does_not_serve_it(built: Lab, listener: EchoFunction) -> None:
    state, reason = listener.read_stream(role=built.account.role_arn("pipe_role"))
    assert state == "CREATE_FAILED"
    assert "may not assume" in reason


@pytest.mark.parametrize("allowed", [True, False])
def test_a_topic_reaches_it_when_it_is_allow_invoke(
    allowed: bool, built: Lab, listener: EchoFunction
) -> None:
    sns = built.session("root").client("sns")
    sns.create_topic(Name="news")
    sns.subscribe(TopicArn=TOPIC, Protocol="lambda", Endpoint=listener.arn)
    for _ in range(2 * allowed):
        listener.allow_invoke("sns.amazonaws.com", TOPIC)
    sns.publish(TopicArn=TOPIC, Message="hello")
    built.pump()
    assert [e["Records"][0]["Sns"]["Message"] for e in listener.heard()] == ["hello"] * allowed


NOT_ITS_OWN = [
    ("dynamodb:UpdateItem", "dynamodb", "table/inventory"),
    ("sns:Publish", "sns", "inventory-alerts"),
    ("sqs:SendMessage", "sqs", "inventory-pipe-dlq"),
]


@pytest.mark.parametrize(("action", "service", "resource"), NOT_ITS_OWN)
def test_it_may_do_nothing_but_its_work(
    action: str, service: str, resource: str, built: Lab, listener: EchoFunction
) -> None:
    for role in ("listens-role/listens", "listens-pipe-role/listens-pipe"):
        who = f"arn:aws:sts::123456789012:assumed-role/{role}"
        arn = built.account.arn(service, resource)
        assert not built.explain_access(who, action, arn).allowed


def test_it_can_be_deleted_as_often_as_one_likes(built: Lab, listener: EchoFunction) -> None:
    listener.read_stream()
    built.settle(built.publish(ProductAdded("a", 5)))
    for _ in range(2):
        listener.delete()
    descriptions: list[Any] = [look(listener.account) for look in (pipe.describe, function.describe, log_group.describe)]  # fmt: skip
    descriptions += [roles.describe(listener.account, kind) for kind in roles.KINDS]
    assert descriptions == [None] * 5
    built.build()  # and nothing of the lab has gone with it
    assert built.settle(built.publish(QuantityChanged("a", 1)))


def test_its_names_carry_the_prefix_of_the_lab() -> None:
    from inventory_lab import Settings, connect

    with connect(settings=Settings(prefix="team-7-")) as lab:
        lab.build()
        listener = EchoFunction(lab, "listens", lab.session("root"))
        assert listener.build().endswith(":function:team-7-listens")
        assert listener.name == "team-7-listens"
