"""What build() does with resources that exist already: completed, brought to the settings, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from inventory_lab import Lab, ProductAdded, QuantityChanged, Settings, connect
from inventory_lab.exceptions import (
    NotTheLabs,
    SettingNotApplied,
    StillChanging,
    WrongKeySchema,
)
from inventory_lab.resources import pipe, pipe_log_group, queues, roles, stream, table, user
from inventory_lab.resources.policies import policy
from inventory_lab.resources.stable import WAIT_SECONDS, until_stable
from tests.fakes import client_error
from tests.resources.test_interrupted_builds import described
from tests.resources.test_teardown import UNTAG, client


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab that builds all there is."""
    with connect(settings=Settings(reader="both")) as lab:
        yield lab


def with_settings(lab: Lab, **changed: Any) -> Any:
    """The lab's account, as another lab with other settings sees it."""
    return SimpleNamespace(
        **{
            name: getattr(lab.account, name)
            for name in dir(lab.account)
            if not name.startswith("_")
        }
        | {"settings": Settings(**{"reader": "both", **changed})}
    )


@pytest.mark.exhaustive(4)
@pytest.mark.parametrize("kind", UNTAG)
def test_a_resource_without_the_labs_tag_is_refused_and_left_as_it_is(kind: str, lab: Lab) -> None:
    lab.build()
    UNTAG[kind](lab)
    functions = client(lab, "lambda")
    functions.update_function_code(FunctionName="update-inventory", ZipFile=b"PK\5\6" + bytes(18))
    before = functions.get_function_configuration(FunctionName="update-inventory")["CodeSha256"]
    with pytest.raises(NotTheLabs, match="exists without the tag project=inventory-lab"):
        lab.build()
    after = functions.get_function_configuration(FunctionName="update-inventory")["CodeSha256"]
    assert (before == after) is (kind not in {"pipe"})


def test_a_mapping_and_a_log_group_without_the_labs_tag_are_refused(lab: Lab) -> None:
    lab.build()
    functions, logs = client(lab, "lambda"), client(lab, "logs")
    [mapping] = functions.list_event_source_mappings()["EventSourceMappings"]
    functions.untag_resource(Resource=mapping["EventSourceMappingArn"], TagKeys=["project"])
    with pytest.raises(NotTheLabs, match="the event source mapping"):
        lab.build()
    group = "/aws/vendedlogs/pipes/inventory-pipe"
    logs.untag_resource(resourceArn=pipe_log_group.arn_of(lab.account), tagKeys=["project"])
    with pytest.raises(NotTheLabs, match=f"the log group '{group}'"):
        lab.build()


def test_use_handler_does_not_overwrite_the_function_of_somebody_else(lab: Lab) -> None:
    lab.build()
    UNTAG["function"](lab)
    with pytest.raises(NotTheLabs):
        lab.use_handler("def handle(event, context):\n    pass")


def test_a_table_with_another_key_is_refused(lab: Lab) -> None:
    client(lab, "dynamodb").create_table(
        TableName="inventory",
        KeySchema=[
            {"AttributeName": "shop", "KeyType": "HASH"},
            {"AttributeName": "at", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "shop", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "project", "Value": "inventory-lab"}],
    )
    message = r"has the key shop \(S\), at \(N\), the lab needs product_id \(S\)"
    with pytest.raises(WrongKeySchema, match=message):
        lab.build()


Step = Callable[[Lab], Any]


def _queue_url(lab: Lab, kind: str) -> str:
    return queues.describe(lab.account, kind) or ""


TAKEN_AWAY: dict[str, Step] = {
    "user policy": lambda lab: client(lab, "iam").delete_user_policy(
        UserName="aws-de-user", PolicyName=user.POLICY_NAME
    ),
    "role policy": lambda lab: client(lab, "iam").delete_role_policy(
        RoleName="inventory-pipe-role", PolicyName=roles.POLICY_NAME
    ),
    "trust": lambda lab: client(lab, "iam").update_assume_role_policy(
        RoleName="update-inventory-role",
        PolicyDocument=policy("pipe/trust", lab.account),
    ),
    "time to live": lambda lab: _change_time_to_live(lab, "expires_at", enabled=False),
    "queue policy": lambda lab: client(lab, "sqs").set_queue_attributes(
        QueueUrl=_queue_url(lab, "alerts_queue"), Attributes={"Policy": ""}
    ),
    "queue retention": lambda lab: client(lab, "sqs").set_queue_attributes(
        QueueUrl=_queue_url(lab, "rejected_queue"), Attributes={"MessageRetentionPeriod": "60"}
    ),
    "retention of the pipe's log": lambda lab: client(lab, "logs").delete_retention_policy(
        logGroupName="/aws/vendedlogs/pipes/inventory-pipe"
    ),
    "log group of the pipe": lambda lab: client(lab, "logs").delete_log_group(
        logGroupName="/aws/vendedlogs/pipes/inventory-pipe"
    ),
    "subscription": lambda lab: client(lab, "sns").unsubscribe(
        SubscriptionArn=client(lab, "sns").list_subscriptions()["Subscriptions"][0][
            "SubscriptionArn"
        ]
    ),
    "pipe that runs": lambda lab: client(lab, "pipes").stop_pipe(Name="inventory-pipe"),
}


@pytest.mark.exhaustive(4)
@pytest.mark.parametrize("part", TAKEN_AWAY)
def test_what_belongs_to_a_resource_is_set_again(part: str, lab: Lab) -> None:
    lab.build()
    expected = described(lab)
    TAKEN_AWAY[part](lab)
    lab.build()
    assert described(lab) == expected


def test_settings_that_differ_are_applied_to_pipe_and_stream(lab: Lab) -> None:
    lab.build()
    assert lab.settle(lab.publish(ProductAdded("Phone", 5)))
    other = with_settings(lab, batch_size=10, retries=2, shards=5)
    stream.ensure(other, lab.clock.advance)
    pipe.ensure(other, lab.clock.advance)
    deployed = pipe.describe(lab.account) or {}
    parameters = deployed["SourceParameters"]["KinesisStreamParameters"]
    assert (parameters["BatchSize"], parameters["MaximumRetryAttempts"]) == (10, 2)
    assert parameters["StartingPosition"] == "TRIM_HORIZON"
    assert (stream.describe(lab.account) or {})["OpenShardCount"] == 5
    assert lab.settle(lab.publish(QuantityChanged("Phone", -1)))
    assert lab.reconcile().exact


class FakeKinesis:
    """A stream that AWS does not scale."""

    def __init__(self, *states: str, shards: int = 1) -> None:
        self.states, self.shards, self.targets = list(states), shards, list[int]()
        self.created = False
        self.refuses = False

    def describe_stream_summary(self, **_: Any) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state == "not there":
            raise client_error("ResourceNotFoundException")
        summary = {"StreamStatus": state, "OpenShardCount": self.shards}
        return {"StreamDescriptionSummary": summary}

    def create_stream(self, ShardCount: int, **_: Any) -> None:  # noqa: N803
        self.created, self.shards, self.states = True, ShardCount, ["CREATING", "ACTIVE"]

    def add_tags_to_stream(self, **_: Any) -> None:
        return

    def list_tags_for_stream(self, **_: Any) -> dict[str, Any]:
        return {"Tags": [{"Key": "project", "Value": "inventory-lab"}]}

    def update_shard_count(self, TargetShardCount: int, **_: Any) -> None:  # noqa: N803
        if self.refuses:
            raise client_error("LimitExceededException")
        self.targets.append(TargetShardCount)
        self.shards, self.states = TargetShardCount, ["UPDATING", "ACTIVE"]

    def account(self, shards: int) -> Any:
        settings = Settings(shards=shards)
        return SimpleNamespace(
            settings=settings,
            tags={"project": "inventory-lab"},
            client=lambda _: self,
            stream_arn=lambda: "arn",
        )


@pytest.mark.parametrize(
    ("existing", "shards", "targets"),
    [(1, 5, [2, 4, 5]), (2, 2, []), (9, 2, [5, 3, 2]), (4, 3, [3])],
)
def test_the_shards_are_doubled_or_halved_until_they_are_as_many_as_set(
    existing: int, shards: int, targets: list[int]
) -> None:
    kinesis = FakeKinesis("ACTIVE", shards=existing)
    stream.ensure(kinesis.account(shards), lambda _: None)
    assert kinesis.targets == targets


def test_shards_that_aws_does_not_change_are_named_in_a_warning() -> None:
    kinesis = FakeKinesis("ACTIVE", shards=2)
    kinesis.refuses = True
    with pytest.warns(SettingNotApplied, match="setting shards is 4, but 2 is deployed: .*Limit"):
        stream.ensure(kinesis.account(4), lambda _: None)


def test_a_stream_that_is_being_deleted_is_waited_out_and_created_anew() -> None:
    kinesis = FakeKinesis("DELETING", "DELETING", "not there")
    slept: list[float] = []
    stream.ensure(kinesis.account(2), slept.append)
    assert kinesis.created
    assert len(slept) == 3


@pytest.mark.parametrize("state", ["CREATING", "UPDATING"])
def test_a_stream_that_is_being_changed_is_waited_for_and_kept(state: str) -> None:
    kinesis = FakeKinesis(state, state, "ACTIVE")
    stream.ensure(kinesis.account(1), lambda _: None)
    assert not kinesis.created


def test_the_waiting_for_a_stable_state_ends_and_names_the_state() -> None:
    slept: list[float] = []
    message = f"'orders' is still UPDATING after {WAIT_SECONDS} s"
    with pytest.raises(StillChanging, match=message):
        until_stable("orders", lambda: "UPDATING", ("UPDATING",), slept.append)
    assert sum(slept) == WAIT_SECONDS


def test_another_boundary_is_named_in_a_warning_and_left_as_it_is(lab: Lab) -> None:
    lab.build()
    boundary = "arn:aws:iam::123456789012:policy/limits"
    other = with_settings(lab, permissions_boundary=boundary)
    for ensure in (user.ensure, lambda account: roles.ensure(account, "pipe_role")):
        with pytest.warns(SettingNotApplied, match="setting permissions_boundary is"):
            ensure(other)


def _change_time_to_live(lab: Lab, attribute: str, enabled: bool) -> None:
    """AWS accepts one change in an hour:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
    """
    specification = {"Enabled": enabled, "AttributeName": attribute}
    lab.clock.advance(3600)
    client(lab, "dynamodb").update_time_to_live(
        TableName="inventory", TimeToLiveSpecification=specification
    )
    lab.clock.advance(3600)


def test_items_that_expire_by_another_attribute_are_named_in_a_warning(lab: Lab) -> None:
    lab.build()
    _change_time_to_live(lab, "expires_at", enabled=False)
    _change_time_to_live(lab, "until", enabled=True)
    with pytest.warns(SettingNotApplied, match=r"setting time to live is 'expires_at', but 'until"):
        table.ensure(lab.account, lab.clock.advance)


class FakeSqs:
    """SQS in the minute after a deletion, in which it refuses a queue of the same name."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803
        return {"QueueUrl": f"https://sqs/{QueueName}"}

    def get_queue_attributes(self, **_: Any) -> None:
        raise client_error("AWS.SimpleQueueService.NonExistentQueue")

    def create_queue(self, QueueName: str, **_: Any) -> dict[str, str]:  # noqa: N803
        self.refusals -= 1
        if self.refusals >= 0:
            raise client_error("AWS.SimpleQueueService.QueueDeletedRecently")
        return self.get_queue_url(QueueName)


def test_a_queue_that_was_just_deleted_is_created_when_sqs_takes_its_name_again() -> None:
    sqs, slept = FakeSqs(refusals=3), list[float]()
    account: Any = SimpleNamespace(
        settings=Settings(), tags={"project": "inventory-lab"}, client=lambda _: sqs
    )
    url = queues.ensure(account, "rejected_queue", slept.append)
    assert url == "https://sqs/inventory-rejected"
    assert len(slept) == 3
