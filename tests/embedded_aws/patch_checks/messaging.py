"""Checks of the patches of SNS, EventBridge and CloudWatch."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from tests.embedded_aws.patch_checks import Aws, check, outcome

MAIL = {"Protocol": "email", "Endpoint": "a@example.com"}


@check("Subscription.publish", 0)
def messages_to_a_queue_that_does_not_let_the_topic_in(aws: Aws) -> int:
    url, arn = aws.queue(open_to_all=False)
    topic, sns = _topic(aws), aws.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="sold")
    return len(aws.messages(url))


@check("SNSBackend.subscribe", "true")
def whether_a_new_subscription_by_mail_waits(aws: Aws) -> Any:
    sns = aws.client("sns")
    arn = sns.subscribe(TopicArn=_topic(aws), ReturnSubscriptionArn=True, **MAIL)["SubscriptionArn"]
    return sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"]


@check("SNSResponse.subscribe", "pending confirmation")
def the_answer_to_a_subscription_by_mail(aws: Aws) -> Any:
    return aws.client("sns").subscribe(TopicArn=_topic(aws), **MAIL)["SubscriptionArn"]


@check("SNSResponse.confirm_subscription", "InvalidParameter")
def a_token_that_was_never_sent(aws: Aws) -> str:
    topic = _topic(aws)
    return outcome(lambda: aws.client("sns").confirm_subscription(TopicArn=topic, Token="made up"))


@check("SNSResponse.list_subscriptions", ["PendingConfirmation"])
def a_subscription_that_waits_in_the_list(aws: Aws) -> list[str]:
    topic, sns = _topic(aws), aws.client("sns")
    sns.subscribe(TopicArn=topic, **MAIL)
    listed = sns.list_subscriptions()["Subscriptions"]
    return [one["SubscriptionArn"] for one in listed if one["TopicArn"] == topic]


@check("SNSResponse.list_subscriptions_by_topic", ["PendingConfirmation"])
def a_subscription_that_waits_in_the_list_of_its_topic(aws: Aws) -> list[str]:
    topic, sns = _topic(aws), aws.client("sns")
    sns.subscribe(TopicArn=topic, **MAIL)
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return [one["SubscriptionArn"] for one in listed]


@check("Rule.send_to_targets", 0)
def events_of_a_disabled_rule(aws: Aws) -> int:
    url, events = _rule(aws)
    events.disable_rule(Name=aws.name)
    _put(aws)
    return len(aws.messages(url))


@check("Rule.put_targets", "LimitExceededException")
def a_sixth_target(aws: Aws) -> str:
    _, events = _rule(aws)
    targets = [{"Id": str(number), "Arn": aws.arn("sqs", aws.name)} for number in range(6)]
    return outcome(lambda: events.put_targets(Rule=aws.name, Targets=targets))


@check("EventsBackend.put_events", True)
def an_event_without_a_time_has_the_time_of_the_lab(aws: Aws) -> bool:
    url, _ = _rule(aws)
    _put(aws)
    lab_time = f"{aws.lab.clock.now():%Y-%m-%dT%H:%M:%S}Z"
    return bool(aws.messages(url)[0]["time"] == lab_time)


@check("EventsBackend.delete_event_bus", "ValidationException")
def a_bus_that_has_rules(aws: Aws) -> str:
    events = aws.client("events")
    events.create_event_bus(Name=aws.name)
    pattern = json.dumps({"source": [aws.name]})
    events.put_rule(Name=aws.name, EventBusName=aws.name, EventPattern=pattern)
    return outcome(lambda: events.delete_event_bus(Name=aws.name))


@check("moto.logs.models.utcnow", None)
def log_events_that_are_too_old(aws: Aws) -> Any:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=aws.name)
    logs.create_log_stream(logGroupName=aws.name, logStreamName="one")
    event = {"timestamp": int(aws.lab.clock.timestamp() * 1000), "message": "sold"}
    answer = logs.put_log_events(logGroupName=aws.name, logStreamName="one", logEvents=[event])
    return answer.get("rejectedLogEventsInfo")


@check("EventMessageFilter.__init__", ['{"n": 3}'])
def log_events_by_a_pattern_for_json(aws: Aws) -> list[str]:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=aws.name)
    logs.create_log_stream(logGroupName=aws.name, logStreamName="one")
    now = int((aws.lab.clock.timestamp() if aws.the_lab else time.time()) * 1000)
    events = [{"timestamp": now, "message": f'{{"n": {n}}}'} for n in (3, 4)]
    logs.put_log_events(logGroupName=aws.name, logStreamName="one", logEvents=events)
    answer = logs.filter_log_events(logGroupName=aws.name, filterPattern="{ $.n = 3 }")
    return [event["message"] for event in answer["events"]]


@check("LogsBackend.filter_log_events", "InvalidParameterException")
def a_pattern_that_cannot_be_read(aws: Aws) -> str:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=aws.name)
    request = {"logGroupName": aws.name, "filterPattern": "{ $.n = "}
    return outcome(lambda: logs.filter_log_events(**request))


@check("moto.cloudwatch.models.utcnow", True)
def an_alarm_is_as_old_as_the_lab_says(aws: Aws) -> bool:
    _alarm(aws)
    updated = _described(aws)["AlarmConfigurationUpdatedTimestamp"]
    return bool(updated <= aws.lab.clock.now())


@check("CloudWatchBackend.put_metric_alarm", "ValidationError")
def an_alarm_with_a_period_of_seven_seconds(aws: Aws) -> str:
    return outcome(lambda: _alarm(aws, Period=7))


@check("CloudWatchBackend.set_alarm_state", 1)
def notices_of_an_alarm_that_is_set(aws: Aws) -> int:
    url, arn = aws.queue()
    topic = _topic(aws)
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    _alarm(aws, AlarmActions=[topic])
    aws.client("cloudwatch").set_alarm_state(
        AlarmName=aws.name, StateValue="ALARM", StateReason="a test"
    )
    return len(aws.messages(url))


@check("CloudWatchBackend.put_metric_data", [4.0])
def the_sum_of_a_metric_of_ones_own(aws: Aws) -> list[float]:
    _put_metric(aws)
    return _statistics(aws)


@check("CloudWatchBackend.get_metric_statistics", [4.0])
def the_sum_of_a_metric_by_lab_time(aws: Aws) -> list[float]:
    _put_metric(aws)
    return _statistics(aws)


@check("CloudWatchBackend.get_metric_data", [4.0])
def the_data_of_a_metric_by_lab_time(aws: Aws) -> Any:
    _put_metric(aws)
    metric = {"Namespace": aws.name, "MetricName": "sold"}
    query = {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    answer = aws.client("cloudwatch").get_metric_data(MetricDataQueries=[query], **_times(aws))
    return answer["MetricDataResults"][0]["Values"]


@check("CloudWatchBackend.list_metrics", ["sold"])
def the_names_of_metrics(aws: Aws) -> list[str]:
    _put_metric(aws)
    listed = aws.client("cloudwatch").list_metrics(Namespace=aws.name)["Metrics"]
    return [metric["MetricName"] for metric in listed]


@check("CloudWatchResponse.put_composite_alarm", "UnsupportedAlarm")
def an_alarm_of_alarms(aws: Aws) -> str:
    put = aws.client("cloudwatch").put_composite_alarm
    return outcome(lambda: put(AlarmName=aws.name, AlarmRule="ALARM(other)"))


def _topic(aws: Aws) -> str:
    return str(aws.client("sns").create_topic(Name=aws.name)["TopicArn"])


def _rule(aws: Aws) -> tuple[str, Any]:
    """A rule that sends events of the check's own source to a queue."""
    url, arn = aws.queue()
    events = aws.client("events")
    events.put_rule(Name=aws.name, EventPattern=json.dumps({"source": [aws.name]}))
    events.put_targets(Rule=aws.name, Targets=[{"Id": "queue", "Arn": arn}])
    return url, events


def _put(aws: Aws) -> None:
    entry = {"Source": aws.name, "DetailType": "sold", "Detail": "{}"}
    aws.client("events").put_events(Entries=[entry])


def _alarm(aws: Aws, **more: Any) -> None:
    request = {
        "AlarmName": aws.name, "Namespace": "AWS/Lambda", "MetricName": "Errors",
        "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }  # fmt: skip
    aws.client("cloudwatch").put_metric_alarm(**request | more)


def _described(aws: Aws) -> dict[str, Any]:
    answer = aws.client("cloudwatch").describe_alarms(AlarmNames=[aws.name])
    alarm: dict[str, Any] = answer["MetricAlarms"][0]
    return alarm


def _put_metric(aws: Aws) -> None:
    data = [{"MetricName": "sold", "Value": 4}]
    aws.client("cloudwatch").put_metric_data(Namespace=aws.name, MetricData=data)


def _times(aws: Aws) -> dict[str, Any]:
    now = aws.lab.clock.now()
    return {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(hours=1)}


def _statistics(aws: Aws) -> list[float]:
    answer = aws.client("cloudwatch").get_metric_statistics(
        Namespace=aws.name, MetricName="sold", Period=60, Statistics=["Sum"], **_times(aws)
    )
    return [point["Sum"] for point in answer["Datapoints"]]


@check("moto.sqs.models.unix_time", True)
def whether_a_queue_was_created_at_lab_time(aws: Aws) -> bool:
    url, _ = aws.queue()
    names = ["CreatedTimestamp"]
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return int(answer["Attributes"]["CreatedTimestamp"]) == int(aws.lab.clock.now().timestamp())


@check("moto.sqs.models.unix_time_millis", [1, 0, 1])
def messages_before_during_and_after_their_visibility_time_out(aws: Aws) -> list[int]:
    url, _ = aws.queue()
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    found = [len(aws.messages(url)), len(aws.messages(url))]
    aws.lab.clock.advance(31)
    return [*found, len(aws.messages(url))]


@check("Message.visible", 1)
def messages_that_were_made_visible_again(aws: Aws) -> int:
    url, _ = aws.queue()
    sqs = aws.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    receipt = message["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
    return len(aws.messages(url))


@check("SQSBackend.change_message_visibility", "accepted")
def making_a_message_visible_that_was_sent_13_hours_ago(aws: Aws) -> str:
    url, _ = aws.queue()
    sqs = aws.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    aws.lab.clock.advance(13 * 3600)
    receipt = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    request = {"QueueUrl": url, "ReceiptHandle": receipt, "VisibilityTimeout": 0}
    return outcome(lambda: sqs.change_message_visibility(**request))


@check("Queue.wait_for_messages", True)
def whether_lab_time_passes_while_a_queue_waits(aws: Aws) -> bool:
    """Asks the queue itself: without the hook a receive call waits forever, on a clock that stands still."""
    url, _ = aws.queue()
    queue = sqs_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].get_queue(url.rpartition("/")[2])
    before = aws.lab.clock.now()
    queue.wait_for_messages(0.01)
    return aws.lab.clock.now() > before
