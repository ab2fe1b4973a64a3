"""Alarms change their state by lab time, and publish the change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab, ProductAdded
from inventory_lab.exceptions import UnsupportedAlarm

BROKEN = "def handle(event, context):\n    1 / 0\n"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"


def cloudwatch(lab: Lab) -> Any:
    return lab.session("root").client("cloudwatch")


def put_alarm(lab: Lab, **more: Any) -> None:
    """An alarm on errors of the lab's function, in one minute."""
    request: dict[str, Any] = {
        "AlarmName": "errors",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "update-inventory"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
    }
    cloudwatch(lab).put_metric_alarm(**request | more)


def alarm(lab: Lab) -> Any:
    [described] = cloudwatch(lab).describe_alarms(AlarmNames=["errors"])["MetricAlarms"]
    return described


def state(lab: Lab) -> str:
    return str(alarm(lab)["StateValue"])


def inbox(lab: Lab) -> str:
    """A topic for alarms with a queue that listens to it: the queue's URL."""
    root = lab.session("root")
    root.client("sns").create_topic(Name="alarms")
    queue = "arn:aws:sqs:us-east-1:123456789012:alarms"
    statement = {
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": queue,
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    url = root.client("sqs").create_queue(QueueName="alarms", Attributes={"Policy": policy})
    root.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=queue)
    return str(url["QueueUrl"])


def notifications(lab: Lab, url: str) -> list[tuple[str, Any]]:
    """Subjects and messages."""
    answer = lab.session("root").client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    bodies = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
    return [(body["Subject"], json.loads(body["Message"])) for body in bodies]


def minute(lab: Lab) -> None:
    lab.clock.advance(60)
    lab.pump()


def test_a_new_alarm_has_too_little_data(lab: Lab) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    put_alarm(lab)
    assert state(lab) == "INSUFFICIENT_DATA"


def test_an_alarm_goes_off_and_back_as_the_function_fails_and_works(built: Lab) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html"""
    put_alarm(built)
    built.use_handler(BROKEN)
    built.publish(ProductAdded("a", 1))
    built.pump()
    built.pump()
    assert state(built) == "INSUFFICIENT_DATA"  # the minute is not over
    minute(built)
    assert state(built) == "ALARM"
    assert "was greater than the threshold (0.0)" in alarm(built)["StateReason"]
    built.build()
    minute(built)  # the batch is processed
    minute(built)
    assert state(built) == "OK"
    for _ in range(3):  # two periods more than EvaluationPeriods
        minute(built)
    assert state(built) == "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    ("treatment", "expected"),
    [
        ("missing", "INSUFFICIENT_DATA"),
        ("ignore", "INSUFFICIENT_DATA"),
        ("breaching", "ALARM"),
        ("notBreaching", "OK"),
    ],
)
def test_a_metric_without_data_is_what_treat_missing_data_says(
    treatment: str, expected: str, lab: Lab
) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html"""
    put_alarm(lab, TreatMissingData=treatment)
    minute(lab)
    minute(lab)
    assert state(lab) == expected


def test_an_alarm_publishes_each_change_of_its_state_once(built: Lab) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html"""
    url = inbox(built)
    actions = {"AlarmActions": [TOPIC], "OKActions": [TOPIC]}
    put_alarm(built, TreatMissingData="notBreaching", AlarmDescription="look at the log", **actions)
    built.use_handler(BROKEN)
    built.publish(ProductAdded("a", 1))
    for _ in range(4):
        minute(built)
    [(_, first), (subject, second)] = notifications(built, url)
    assert (first["OldStateValue"], first["NewStateValue"]) == ("INSUFFICIENT_DATA", "OK")
    assert subject == 'ALARM: "errors" in US East (N. Virginia)'
    assert (second["OldStateValue"], second["NewStateValue"]) == ("OK", "ALARM")
    assert second["AlarmDescription"] == "look at the log"
    assert second["StateChangeTime"].endswith(":00.000+0000")
    assert second["Trigger"]["MetricName"] == "Errors"


def test_minutes_without_a_round_are_evaluated_one_by_one(built: Lab) -> None:
    url = inbox(built)
    put_alarm(built, AlarmActions=[TOPIC])
    built.use_handler(BROKEN)
    built.publish(ProductAdded("a", 1))
    built.pump()
    built.pump()
    built.clock.advance(3600)
    built.pump()
    assert state(built) == "INSUFFICIENT_DATA"
    [(_, message)] = notifications(built, url)
    assert message["StateChangeTime"] == "2026-01-05T09:01:00.000+0000"


def test_no_action_runs_when_actions_are_disabled(lab: Lab) -> None:
    url = inbox(lab)
    put_alarm(lab, TreatMissingData="breaching", AlarmActions=[TOPIC], ActionsEnabled=False)
    minute(lab)
    assert state(lab) == "ALARM"
    assert notifications(lab, url) == []


def test_a_topic_has_to_let_the_alarm_in(lab: Lab) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html"""
    url = inbox(lab)
    statement = {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish", "Resource": TOPIC,
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    sns = lab.session("root").client("sns")
    sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy)
    put_alarm(lab, TreatMissingData="breaching", AlarmActions=[TOPIC])
    minute(lab)
    assert state(lab) == "ALARM"
    assert notifications(lab, url) == []


def test_a_state_that_is_set_lasts_until_the_next_evaluation(lab: Lab) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html"""
    url = inbox(lab)
    put_alarm(lab, TreatMissingData="notBreaching", AlarmActions=[TOPIC])
    cloudwatch(lab).set_alarm_state(
        AlarmName="errors", StateValue="ALARM", StateReason="a test of the topic"
    )
    assert (state(lab), alarm(lab)["StateReason"]) == ("ALARM", "a test of the topic")
    [(_, message)] = notifications(lab, url)
    assert message["NewStateReason"] == "a test of the topic"
    minute(lab)
    assert state(lab) == "OK"


def test_an_alarm_that_is_put_again_keeps_its_state(lab: Lab) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    put_alarm(lab, TreatMissingData="notBreaching")
    minute(lab)
    put_alarm(lab, Threshold=5)
    assert state(lab) == "OK"
    assert alarm(lab)["Threshold"] == 5


def test_a_deleted_alarm_is_gone(lab: Lab) -> None:
    put_alarm(lab)
    cloudwatch(lab).delete_alarms(AlarmNames=["errors"])
    assert cloudwatch(lab).describe_alarms()["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"Period": 45}, "multiple of 60"),
        ({"DatapointsToAlarm": 2}, "from 1 to EvaluationPeriods"),
        ({"TreatMissingData": "never"}, "must be one of"),
        ({"AlarmActions": ["alarms"]}, "Invalid arn syntax: alarms"),
    ],
)
def test_an_alarm_that_aws_refuses_is_not_stored(
    more: dict[str, Any], problem: str, lab: Lab
) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    with pytest.raises(ClientError, match=f"ValidationError.*{problem}"):
        put_alarm(lab, **more)
    assert cloudwatch(lab).describe_alarms()["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"Period": 10}, "Period 10, shorter than a minute"),
        ({"ExtendedStatistic": "p99"}, "ExtendedStatistic"),
        ({"Unit": "Count"}, "Unit"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "GreaterThanUpperThreshold"),
        ({"AlarmActions": ["arn:aws:lambda:us-east-1:123456789012:function:f"]}, "not a topic"),
    ],
)
def test_an_alarm_that_is_not_evaluated_here_is_refused_in_words(
    more: dict[str, Any], problem: str, lab: Lab
) -> None:
    with pytest.raises(UnsupportedAlarm, match=problem):
        put_alarm(lab, **more)
    assert cloudwatch(lab).describe_alarms()["MetricAlarms"] == []


def test_a_composite_alarm_is_refused_in_words(lab: Lab) -> None:
    with pytest.raises(UnsupportedAlarm, match="AlarmRule"):
        cloudwatch(lab).put_composite_alarm(AlarmName="both", AlarmRule="ALARM(errors)")
