"""Each statement of the deployer's policy is needed by build or teardown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from inventory_lab import Lab, Settings, connect
from inventory_lab.exceptions import BuildDenied, TeardownIncomplete
from inventory_lab.resources import queues, roles
from inventory_lab.resources.policies import policy

LIST_BUCKETS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
    }
)
DEPLOYER_SIDS = [
    "Stream", "ShardsOfTheStream", "Table", "Queues", "Topic", "Function", "LogOfTheFunction", "LogOfThePipe",
    "TagsOfTheLogs", "FindAlarms", "DeliverTheLogOfThePipe", "Pipe",
    "CreateEventSourceMapping", "EventSourceMapping", "FindEventSourceMappings", "TagsOfEventSourceMappings", "Roles",
    "LookForABuildProject", "PassPipeRole", "PassFunctionRole", "Producer", "GroupsOfTheProducer",
]  # fmt: skip


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab that builds all there is."""
    with connect(settings=Settings(reader="both")) as lab:
        yield lab


def build_and_tear_down(lab: Lab) -> None:
    """Everything that build and teardown may come to call."""
    lab.build()
    functions = lab.session("root").client("lambda")
    functions.update_function_configuration(FunctionName="update-inventory", Timeout=7)
    functions.update_function_code(FunctionName="update-inventory", ZipFile=b"PK\5\6" + b"\0" * 18)
    [mapping] = functions.list_event_source_mappings()["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=7)
    change_what_build_puts_right(lab)
    lab.build()
    lab.session("producer")  # has an access key from now on
    leave_things_behind(lab)
    lab.teardown()


def change_what_build_puts_right(lab: Lab) -> None:
    """Settings of the stream, the queue, the pipe and its role that differ from the lab's."""
    root, name = lab.session("root"), lab.settings.name
    kinesis, sqs = root.client("kinesis"), root.client("sqs")
    kinesis.update_shard_count(
        StreamName=name("stream"), TargetShardCount=3, ScalingType="UNIFORM_SCALING"
    )
    for kind in queues.KINDS:
        url = sqs.get_queue_url(QueueName=name(kind))["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    root.client("pipes").stop_pipe(Name=name("pipe"))
    for role, other in (("pipe_role", "function"), ("function_role", "pipe")):
        trust = policy(f"{other}/trust", lab.account)
        root.client("iam").update_assume_role_policy(RoleName=name(role), PolicyDocument=trust)


def leave_things_behind(lab: Lab) -> None:
    """What a lesson may have done to the lab's user, roles and function."""
    root, name = lab.session("root"), lab.settings.name
    iam, user = root.client("iam"), name("producer_user")
    policy_arn = iam.create_policy(PolicyName=f"{name('pipe')}-extra", PolicyDocument=LIST_BUCKETS)[
        "Policy"
    ]["Arn"]
    iam.attach_user_policy(UserName=user, PolicyArn=policy_arn)
    iam.create_group(GroupName=f"{lab.settings.prefix}clerks")
    iam.add_user_to_group(GroupName=f"{lab.settings.prefix}clerks", UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="extra", PolicyDocument=LIST_BUCKETS)
    for role in map(name, roles.KINDS):
        iam.attach_role_policy(RoleName=role, PolicyArn=policy_arn)
        iam.put_role_policy(RoleName=role, PolicyName="extra", PolicyDocument=LIST_BUCKETS)
    root.client("logs").create_log_group(logGroupName=lab.account.log_group())


def statements(lab: Lab) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = json.loads(policy("admin/deployer", lab.account))[
        "Statement"
    ]
    return statements


def test_the_deployers_statements_are_these(lab: Lab) -> None:
    assert [statement["Sid"] for statement in statements(lab)] == DEPLOYER_SIDS


def withdraw(lab: Lab, sid: str) -> dict[str, Any]:
    """Take a statement from the deployer's policy; the statement."""
    whole = statements(lab)
    rest = [s for s in whole if s["Sid"] != sid]
    lab.session("root").client("iam").create_policy_version(
        PolicyArn=f"arn:aws:iam::{lab.account.account_id}:policy/inventory-lab-deployer",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": rest}),
        SetAsDefault=True,
    )
    return next(s for s in whole if s["Sid"] == sid)


@pytest.mark.exhaustive(8)
@pytest.mark.parametrize("sid", DEPLOYER_SIDS)
def test_without_a_statement_of_the_deployer_build_or_teardown_is_denied_what_it_says(
    sid: str, lab: Lab
) -> None:
    statement = withdraw(lab, sid)
    with pytest.raises(
        (BuildDenied, TeardownIncomplete), match="is not authorized to perform"
    ) as raised:
        build_and_tear_down(lab)
    message = str(raised.value).lower()
    actions = statement["Action"]
    names = actions if isinstance(actions, list) else [actions]
    assert any(f"perform: {action.lower()} on" in message for action in names)
