"""Queues follow the clock of the lab."""

from __future__ import annotations

from typing import Any

from inventory_lab import Lab


def queue(lab: Lab, **attributes: str) -> tuple[Any, str]:
    sqs = lab.session("root").client("sqs")
    return sqs, sqs.create_queue(QueueName="orders", Attributes=attributes)["QueueUrl"]


def bodies(sqs: Any, url: str, **request: Any) -> list[str]:
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **request)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_a_received_message_is_hidden_until_its_time_out_has_passed_in_lab_time(lab: Lab) -> None:
    sqs, url = queue(lab, VisibilityTimeout="20")
    sqs.send_message(QueueUrl=url, MessageBody="a")
    assert bodies(sqs, url) == ["a"]
    lab.clock.advance(19)
    assert bodies(sqs, url) == []
    lab.clock.advance(1)
    assert bodies(sqs, url) == ["a"]


def test_a_delayed_message_arrives_in_lab_time(lab: Lab) -> None:
    sqs, url = queue(lab)
    sqs.send_message(QueueUrl=url, MessageBody="a", DelaySeconds=5)
    assert bodies(sqs, url) == []
    lab.clock.advance(5)
    assert bodies(sqs, url) == ["a"]


def test_messages_are_deleted_at_the_end_of_their_retention_and_hide_no_younger_ones(
    lab: Lab,
) -> None:
    sqs, url = queue(lab, MessageRetentionPeriod="60")
    sqs.send_message(QueueUrl=url, MessageBody="old")
    lab.clock.advance(59)
    sqs.send_message(QueueUrl=url, MessageBody="young")
    lab.clock.advance(1)
    assert bodies(sqs, url) == ["young"]


def test_a_receive_call_that_waits_returns_when_a_message_becomes_visible(lab: Lab) -> None:
    sqs, url = queue(lab)
    sqs.send_message(QueueUrl=url, MessageBody="a", DelaySeconds=3)
    before = lab.clock.timestamp()
    assert bodies(sqs, url, WaitTimeSeconds=20) == ["a"]
    assert lab.clock.timestamp() - before == 3
