"""A teardown of all prefixes finds a lab by whatever is left of it, and leaves alone what is not a lab's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inventory_lab import Lab, ProductAdded, Settings, connect
from inventory_lab.resources import (  # fmt: skip
    alarms,
    artifacts_bucket,
    build_project,
    function,
    queues,
    roles,
    stream,
    table,
    topic,
    user,
)
from inventory_lab.resources.account import Account
from inventory_lab.resources.sweep import prefixes, sweep
from tests.operate.test_workshop import TRUST
from tests.resources.test_teardown import client

TAG = {"project": "inventory-lab"}


def of(lab: Lab, prefix: str) -> Account:
    return Account(lab.session("root"), Settings(prefix=prefix))


def swept(lab: Lab, dry_run: bool = False) -> list[tuple[str, str]]:
    deletions = sweep(of(lab, ""), lab.clock.advance, dry_run)
    return [(deletion.name, deletion.outcome) for deletion in deletions]


def _only_a_project(lab: Lab) -> None:
    one = of(lab, "team-7-")
    build_project.ensure(one)
    artifacts_bucket.delete(one)
    for kind in roles.BUILD_KINDS:
        roles.delete(one, kind)


LEFT: dict[str, tuple[Callable[[Lab], object], str]] = {
    "an alarm": (
        lambda lab: alarms.ensure(of(lab, "team-7-"), "dead_letters_alarm"),
        "team-7-inventory-pipe-dlq-dead-letters",
    ),
    "a build project": (_only_a_project, "team-7-inventory-build"),
    "the role of builds": (
        lambda lab: roles.ensure(of(lab, "team-7-"), "codebuild_role"),
        "team-7-inventory-build-role",
    ),
    "the role that deploys": (
        lambda lab: roles.ensure(of(lab, "team-7-"), "deploy_role"),
        "team-7-inventory-deploy-role",
    ),
    "a bucket": (
        lambda lab: artifacts_bucket.ensure(of(lab, "team-7-")),
        "team-7-inventory-artifacts-123456789012-us-east-1",
    ),
    "the log of the function": (
        lambda lab: client(lab, "logs").create_log_group(
            logGroupName="/aws/lambda/team-7-update-inventory", tags=TAG
        ),
        "/aws/lambda/team-7-update-inventory",
    ),
    "the log of the pipe": (
        lambda lab: client(lab, "logs").create_log_group(
            logGroupName="/aws/vendedlogs/pipes/team-7-inventory-pipe", tags=TAG
        ),
        "/aws/vendedlogs/pipes/team-7-inventory-pipe",
    ),
}


@pytest.mark.parametrize("left", LEFT)
def test_a_lab_is_found_by_the_last_resource_that_is_left_of_it(left: str, lab: Lab) -> None:
    leave, name = LEFT[left]
    leave(lab)
    for dry_run, outcome in ((True, "would be deleted"), (False, "deleted")):
        assert swept(lab, dry_run) == [(name, outcome)]
    assert swept(lab) == []


FOREIGN: dict[str, Callable[[Lab], object]] = {
    "an alarm": lambda lab: client(lab, "cloudwatch").put_metric_alarm(
        AlarmName="shop-update-inventory-function-errors", Namespace="AWS/Lambda", MetricName="Errors",
        Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=0.0,
        ComparisonOperator="GreaterThanThreshold",
    ),
    "a role": lambda lab: client(lab, "iam").create_role(
        RoleName="shop-inventory-deploy-role", AssumeRolePolicyDocument=TRUST
    ),
    "an empty bucket": lambda lab: client(lab, "s3").create_bucket(
        Bucket="shop-inventory-artifacts-123456789012-us-east-1"
    ),
    "the log of a function that was deleted": lambda lab: client(lab, "logs").create_log_group(
        logGroupName="/aws/lambda/shop-update-inventory"
    ),
    "the log of builds": lambda lab: client(lab, "logs").create_log_group(
        logGroupName="/aws/codebuild/shop-inventory-build"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_has_a_labs_name_and_no_tag_is_listed_and_left_alone(kind: str, lab: Lab) -> None:
    FOREIGN[kind](lab)
    for _ in range(2):
        assert [outcome for _, outcome in swept(lab)] == ["not ours"]


def test_the_untagged_log_that_its_function_made_goes_with_a_lab() -> None:
    with connect(settings=Settings(prefix="team-7-")) as lab:
        lab.build()
        lab.settle(lab.publish(ProductAdded("Phone", 5)))
        assert ("/aws/lambda/team-7-update-inventory", "deleted") in swept(lab)


def test_the_mapping_that_outlives_its_function_names_the_lab() -> None:
    with connect(settings=Settings(prefix="team-7-", reader="mapping")) as lab:
        lab.build()
        account = lab.account
        function.delete(account)
        for kind in queues.KINDS:
            queues.delete(account, kind)
        for resource in (topic, table, stream, user):
            resource.delete(account)
        for kind in roles.KINDS:
            roles.delete(account, kind)
        assert swept(lab) == [("team-7-update-inventory", "deleted")]


def test_a_bucket_counts_once_also_when_the_prefix_has_letters_that_a_bucket_cannot_have(
    lab: Lab,
) -> None:
    build_project.ensure(of(lab, "Team_7-"))
    assert prefixes(of(lab, "")) == ["Team_7-"]
    assert {outcome for _, outcome in swept(lab)} == {"deleted"}
