"""What an answer created is deleted again: which call undoes which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from inventory_lab.teaching.exercises.bench import AwsCall

Undo = Callable[[Any, Mapping[str, Any], Mapping[str, Any]], object]
"""Takes a client of the service, the parameters of the creating call, and its answer."""


def _user(iam: Any, sent: Mapping[str, Any], _: object) -> None:
    name = sent["UserName"]
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    for attached in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=name, PolicyArn=attached["PolicyArn"])
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


def _role(iam: Any, sent: Mapping[str, Any], _: object) -> None:
    name = sent["RoleName"]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    iam.delete_role(RoleName=name)


def _rule(events: Any, sent: Mapping[str, Any], _: object) -> None:
    bus = {"EventBusName": sent.get("EventBusName", "default")}
    targets = events.list_targets_by_rule(Rule=sent["Name"], **bus)["Targets"]
    if targets:
        events.remove_targets(Rule=sent["Name"], Ids=[target["Id"] for target in targets], **bus)
    events.delete_rule(Name=sent["Name"], **bus)


UNDO: dict[tuple[str, str], Undo] = {
    ("kinesis", "CreateStream"): lambda c, sent, _: c.delete_stream(
        StreamName=sent["StreamName"], EnforceConsumerDeletion=True
    ),
    ("dynamodb", "CreateTable"): lambda c, sent, _: c.delete_table(TableName=sent["TableName"]),
    ("iam", "CreateUser"): _user,
    ("iam", "CreateRole"): _role,
    ("iam", "CreatePolicy"): lambda c, _, got: c.delete_policy(PolicyArn=got["Policy"]["Arn"]),
    ("lambda", "CreateFunction"): lambda c, sent, _: c.delete_function(
        FunctionName=sent["FunctionName"]
    ),
    ("lambda", "CreateEventSourceMapping"): lambda c, _, got: c.delete_event_source_mapping(
        UUID=got["UUID"]
    ),
    ("pipes", "CreatePipe"): lambda c, sent, _: c.delete_pipe(Name=sent["Name"]),
    ("sns", "CreateTopic"): lambda c, _, got: c.delete_topic(TopicArn=got["TopicArn"]),
    ("sns", "Subscribe"): lambda c, _, got: c.unsubscribe(SubscriptionArn=got["SubscriptionArn"]),
    ("sqs", "CreateQueue"): lambda c, _, got: c.delete_queue(QueueUrl=got["QueueUrl"]),
    ("events", "CreateEventBus"): lambda c, sent, _: c.delete_event_bus(Name=sent["Name"]),
    ("events", "PutRule"): _rule,
    ("logs", "CreateLogGroup"): lambda c, sent, _: c.delete_log_group(
        logGroupName=sent["logGroupName"]
    ),
    ("monitoring", "PutMetricAlarm"): lambda c, sent, _: c.delete_alarms(
        AlarmNames=[sent["AlarmName"]]
    ),
    ("codebuild", "CreateProject"): lambda c, sent, _: c.delete_project(name=sent["name"]),
    ("s3", "CreateBucket"): lambda c, sent, _: c.delete_bucket(Bucket=sent["Bucket"]),
}
"""By signing name and operation. A new kind of resource in an exercise gets its line here."""
_CLIENT = {"monitoring": "cloudwatch"}


def delete_created(calls: Iterable[AwsCall], client: Callable[[str], Any]) -> None:
    """Delete what the successful calls created, the last first; what no longer exists is skipped."""
    for call in reversed(list(calls)):
        undo = UNDO.get((call.service, call.operation))
        if undo is None or call.error:
            continue
        try:
            undo(client(_CLIENT.get(call.service, call.service)), call.parameters, call.answer)
        except (ClientError, KeyError):  # deleted by the answer itself, or never really created
            continue
