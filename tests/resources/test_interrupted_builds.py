"""A build or teardown that was cut at any call to AWS is completed by the next one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from inventory_lab import Lab, ProductAdded, QuantityChanged, Settings, connect
from inventory_lab.resources import (
    event_source_mapping,
    function,
    pipe,
    pipe_log_group,
    queues,
    roles,
    stream,
    table,
    topic,
    user,
)
from tests.resources.test_deployer import leave_things_behind
from tests.resources.test_teardown import SERVICES, client, left

BOTH = Settings(reader="both")
VOLATILE = {
    "AccessKeyId", "CreateDate", "CreatedTimestamp", "CreationDateTime", "CreationTime", "EventSourceMappingArn",
    "LastModified", "LastModifiedTime", "LastModifiedTimestamp", "PasswordLastUsed", "ResponseMetadata",
    "RevisionId", "RoleId", "RoleLastUsed", "StreamCreationTimestamp", "SubscriptionArn", "TableId", "UUID",
    "UserId", "creationTime", "logStreams",
}  # fmt: skip
"""What differs between two resources that were created alike: ids and times."""


class Cut:
    """Interrupts the admin's call of a number, counted from 0: before it reaches AWS, or after."""

    def __init__(self, number: int, after: bool) -> None:
        self.number, self.event, self.calls = number, "after-call" if after else "before-call", 0

    def __call__(self, **_: Any) -> None:
        self.calls += 1
        if self.calls == self.number + 1:
            raise KeyboardInterrupt

    @contextmanager
    def in_force(self, lab: Lab) -> Iterator[None]:
        clients = [lab.account.client(service) for service in SERVICES]
        for one in clients:
            one.meta.events.register_last(self.event, self)
        try:
            yield
        except KeyboardInterrupt:
            pass
        finally:
            for one in clients:
                one.meta.events.unregister(self.event, self)


def calls_of(lab: Lab, work: Callable[[], Any]) -> int:
    """How many calls the admin makes in a piece of work."""
    counted = Cut(-1, after=False)
    with counted.in_force(lab):
        work()
    return counted.calls


def stable(value: Any) -> Any:
    """An answer of AWS without what differs between two equal builds."""
    if isinstance(value, dict):
        return {name: stable(each) for name, each in value.items() if name not in VOLATILE}
    if isinstance(value, list | tuple):
        return [stable(each) for each in value]
    return value


def described(lab: Lab) -> dict[str, Any]:
    """Everything that AWS says of what build() deploys."""
    account, root = lab.account, lab.session("root")
    iam, sqs, sns = root.client("iam"), root.client("sqs"), root.client("sns")
    descriptions: dict[str, Any] = {
        "stream": (stream.describe(account), stream.tags(account)),
        "table": (table.describe(account), table.tags(account)),
        "ttl": root.client("dynamodb").describe_time_to_live(TableName="inventory"),
        "function": (function.describe(account), function.tags(account)),
        "pipe": pipe.describe(account),
        "mapping": (event_source_mapping.describe(account), event_source_mapping.tags(account)),
        "log group": (pipe_log_group.tags(account), root.client("logs").describe_log_groups()),
        "topic": (topic.describe(account), topic.tags(account)),
        "subscriptions": sns.list_subscriptions_by_topic(TopicArn=account.topic_arn()),
        "user": user.describe(account),
        "user policy": iam.get_user_policy(UserName="aws-de-user", PolicyName=user.POLICY_NAME),
    }
    for kind in queues.KINDS:
        url = queues.describe(account, kind)
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        descriptions[kind] = (attributes, queues.tags(account, kind))
    for kind in roles.KINDS:
        name = lab.settings.name(kind)
        document = iam.get_role_policy(RoleName=name, PolicyName=roles.POLICY_NAME)
        descriptions[kind] = (roles.describe(account, kind), document)
    return {name: stable(answer) for name, answer in descriptions.items()}


def cuts(config: pytest.Config, calls: int) -> list[tuple[int, bool]]:
    """Which calls are cut, before and after: a seeded sample of --cuts."""
    every = [(number, after) for number in range(calls) for after in (False, True)]
    return random.Random(calls).sample(every, k=min(len(every), config.getoption("--cuts")))


@pytest.fixture(scope="module")
def uninterrupted() -> tuple[int, dict[str, Any]]:
    """The number of calls of a build, and what AWS says afterwards."""
    with connect(settings=BOTH) as lab:
        return calls_of(lab, lab.build), described(lab)


def test_a_build_that_was_cut_at_any_call_is_completed_by_the_next(
    pytestconfig: pytest.Config, uninterrupted: tuple[int, dict[str, Any]]
) -> None:
    calls, expected = uninterrupted
    for number, after in cuts(pytestconfig, calls):
        with connect(settings=BOTH) as lab:
            with Cut(number, after).in_force(lab):
                lab.build()
                raise AssertionError(f"call {number} was not cut")
            lab.build()
            assert described(lab) == expected, (number, after)
            events = [ProductAdded("Phone", 5), QuantityChanged("Phone", -1)]
            assert lab.settle(lab.publish(events))
            assert lab.reconcile().exact


def test_a_teardown_that_was_cut_at_any_call_is_completed_by_the_next(
    pytestconfig: pytest.Config,
) -> None:
    with connect(settings=BOTH) as lab:
        lab.build()
        leave_things_behind(lab)
        calls = calls_of(lab, lab.teardown)
    for number, after in cuts(pytestconfig, calls):
        with connect(settings=BOTH) as lab:
            lab.build()
            leave_things_behind(lab)
            with Cut(number, after).in_force(lab):
                lab.teardown()
                raise AssertionError(f"call {number} was not cut")
            assert "not ours" not in set(lab.teardown()["outcome"])
            assert left(lab) == set(), (number, after)
            lab.build()


@pytest.mark.parametrize("through", ["access", "function"])
def test_a_cut_build_can_be_torn_down_and_built_anew(through: Any) -> None:
    with connect(settings=BOTH) as lab:
        calls = calls_of(lab, lambda: lab.build(through=through))
        lab.teardown()
        with Cut(calls // 2, after=True).in_force(lab):
            lab.build(through=through)
        lab.teardown()
        assert left(lab) == set()
        lab.build()
        assert client(lab, "kinesis").list_streams()["StreamNames"]
