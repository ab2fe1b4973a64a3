"""The CloudWatch alarms of a lab: the reader is behind, records were given up, the function fails.

They are made with `Settings(alarms=True)`, and go with teardown() in any case.
"""

from __future__ import annotations

from typing import Any

from inventory_lab.resources.account import Account, tags_of
from inventory_lab.resources.ownership import refuse_foreign

KINDS = ("iterator_age_alarm", "dead_letters_alarm", "function_errors_alarm")
ITERATOR_AGE_MILLISECONDS = 60_000
"""A reader of the lab is a few seconds behind when all is well."""


def ensure(account: Account, kind: str) -> str:
    """The ARN of the alarm; created, or brought up to date. Raises NotTheLabs.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    existing, name = describe(account, kind), name_of(account, kind)
    refuse_foreign(account, "alarm", name, tags(account, kind))
    request = _request(account, kind)
    if existing is None:
        listed = [{"Key": key, "Value": value} for key, value in account.tags.items()]
        account.client("cloudwatch").put_metric_alarm(**request, Tags=listed)
    elif any(existing.get(member) != value for member, value in request.items()):
        account.client("cloudwatch").put_metric_alarm(**request)
    return _arn(account, kind)


def name_of(account: Account, kind: str) -> str:
    """The alarm's name, after what it watches.

    The dead letters' alarm of the prefix team-7- is team-7-inventory-pipe-dlq-dead-letters.
    """
    watched = {
        "iterator_age_alarm": "stream",
        "dead_letters_alarm": "dead_letter_queue",
        "function_errors_alarm": "function",
    }[kind]
    return f"{account.settings.name(watched)}-{kind.removesuffix('_alarm').replace('_', '-')}"


def describe(account: Account, kind: str) -> dict[str, Any] | None:
    """DescribeAlarms' description, or None when there is no alarm."""
    answer = account.client("cloudwatch").describe_alarms(AlarmNames=[name_of(account, kind)])
    return dict(answer["MetricAlarms"][0]) if answer["MetricAlarms"] else None


def tags(account: Account, kind: str) -> dict[str, str] | None:
    """The alarm's tags, or None when there is no alarm."""
    if describe(account, kind) is None:
        return None
    answer = account.client("cloudwatch").list_tags_for_resource(ResourceARN=_arn(account, kind))
    return tags_of(answer.get("Tags", []))


def delete(account: Account, kind: str) -> None:
    """Delete the alarm; that it is gone already is no error."""
    account.client("cloudwatch").delete_alarms(AlarmNames=[name_of(account, kind)])


def _arn(account: Account, kind: str) -> str:
    return account.arn("cloudwatch", f"alarm:{name_of(account, kind)}")


def _request(account: Account, kind: str) -> dict[str, Any]:
    settings = account.settings
    namespace, metric, dimension, value, statistic, above = {
        "iterator_age_alarm": (
            "AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", settings.name("stream"),
            "Maximum", ITERATOR_AGE_MILLISECONDS,
        ),
        "dead_letters_alarm": (
            "AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName",
            settings.name("dead_letter_queue"), "Maximum", 0,
        ),
        "function_errors_alarm": (
            "AWS/Lambda", "Errors", "FunctionName", settings.name("function"), "Sum", 0,
        ),
    }[kind]  # fmt: skip
    return {
        "AlarmName": name_of(account, kind),
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": [{"Name": dimension, "Value": value}],
        "Statistic": statistic,
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": float(above),
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [settings.alarm_action] if settings.alarm_action else [],
    }
