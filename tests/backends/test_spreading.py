"""What AWS does while things spread, injected: build, publish, settle and reconcile come through.

The lab is a stand-in for a real account: the code of `backends/aws.py` over an embedded AWS whose pipes
move while somebody waits. Each fault is an answer of AWS in place of the embedded one's.

| on AWS | what the lab does | shown by |
|---|---|---|
| a new access key is refused for some seconds | GetCallerIdentity until it is known; calls of the producer and publish() repeat for a minute | here |
| a user has two keys at most | the older of the lab's own is deleted with a warning; the end of the process deletes its key | here |
| a build that was cut | each ensure waits, creates, then sets | tests/resources/test_interrupted_builds.py |
| Lambda and Pipes refuse a new role or stream | repeated for two minutes; a CREATE_FAILED for that reason once | here |
| a role made anew leaves the function without its grant | the function is given its role again | here |
| a short poll may miss messages | long polling on a real account | here |
| a queue cannot be created for a minute after its deletion | waited for | tests/resources/test_existing_resources.py |
| a reader that dies hides messages | for 30 seconds, not 15 minutes | observe/queues.py |
| log lines arrive late | reconcile() waits up to a minute, then names the missing report | here |
| a handler without watermarks | settle() reads the pipe's log, or says at once that nothing reports it; dead letters count | here |
| nothing tells whether a record was passed | pending for a quarter of an hour is a problem, with its age | here |
| settings of what is deployed | brought up to date, or SettingNotApplied | tests/resources/test_existing_resources.py |
| somebody else's resource of the same name | NotTheLabs, also for another owner | here, test_existing_resources.py |
| the region of the profile | used, and printed before anything is created | test_credentials.py |
| the pipe's log | read by pipe_log() | tests/observe/test_pipe_log.py |
| the function's log is kept for ever | 14 days, tagged | here, requests/build.json |
| throttling, full shards | adaptive retries; publish() goes on for a minute | here, test_credentials.py |
| ListShards refuses the name beside a token | pages by the token alone | here |
| DeleteUser and DeleteRole conflict for seconds | repeated for a minute | here |
| what stays | TeardownIncomplete lists it with AWS's reason | tests/test_commands.py |
"""

from __future__ import annotations

import atexit
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab, ProductAdded, QuantityChanged, Settings
from inventory_lab import lab as lab_module
from inventory_lab.backends.aws import RealAws
from inventory_lab.exceptions import BuildDenied, NotTheLabs, QuotaReached, TeardownIncomplete
from inventory_lab.observe import stream
from tests.backends.faults import Spreading
from tools.replay import StandIn, stand_in

KEY_UNKNOWN = "UnrecognizedClientException"
USER = "inventory-lab-aws-de-user"


def opened(settings: Settings) -> Iterator[Lab]:
    try:
        with stand_in(settings) as lab:
            yield lab
    finally:
        if (inner := lab_module.local_lab()) is not None:
            inner.close()


@pytest.fixture
def lab() -> Iterator[Lab]:
    yield from opened(Settings())


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Spreading:
    return Spreading(monkeypatch)


def seconds(lab: Lab) -> float:
    return lab.clock.now().timestamp()


# A new access key


def test_a_key_that_is_not_known_yet_is_waited_for(lab: Lab, aws: Spreading) -> None:
    lab.build()
    start = seconds(lab)
    aws.refuse("GetCallerIdentity", "InvalidClientTokenId", times=15)
    aws.refuse("PutRecords", KEY_UNKNOWN, times=5)
    assert lab.publish(ProductAdded("Phone", 5)).published == 1
    assert aws.is_over()
    assert seconds(lab) - start >= 20


def test_a_call_of_ones_own_with_the_new_key_is_repeated_too(lab: Lab, aws: Spreading) -> None:
    lab.build()
    aws.refuse("PutRecord", KEY_UNKNOWN, times=5)
    lab.session("producer").client("kinesis").put_record(
        StreamName=lab.settings.name("stream"), PartitionKey="Phone", Data=b"{}"
    )
    assert aws.is_over()


def test_a_policy_that_is_not_known_yet_is_waited_for_by_publish(lab: Lab, aws: Spreading) -> None:
    lab.build()
    aws.refuse("PutRecords", "AccessDeniedException", times=12)
    assert lab.publish(ProductAdded("Phone", 5)).published == 1
    assert lab.reconcile().published == 1


def test_a_key_that_AWS_knows_for_a_minute_is_refused_at_once(lab: Lab, aws: Spreading) -> None:  # noqa: N802
    lab.build()
    lab.session("producer")
    lab.clock.advance(60)
    aws.refuse("PutRecords", "AccessDeniedException", times=1)
    with pytest.raises(ClientError, match="AccessDenied"):
        lab.publish(ProductAdded("Phone", 5))
    aws.refuse("PutRecord", KEY_UNKNOWN, times=1)
    with pytest.raises(ClientError, match=KEY_UNKNOWN):
        lab.session("producer").client("kinesis").put_record(
            StreamName=lab.settings.name("stream"), PartitionKey="Phone", Data=b"{}"
        )


def test_a_key_that_stays_refused_is_given_up_after_a_minute(lab: Lab, aws: Spreading) -> None:
    lab.build()
    start = seconds(lab)
    aws.refuse("GetCallerIdentity", "InvalidClientTokenId", times=1000)
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        lab.publish(ProductAdded("Phone", 5))
    assert 60 <= seconds(lab) - start < 65


# Keys that were left behind


def keys(lab: Lab) -> list[str]:
    access_keys = (
        lab.session("admin").client("iam").list_access_keys(UserName=USER)["AccessKeyMetadata"]
    )
    return [key["AccessKeyId"] for key in access_keys]


def test_the_older_of_two_keys_makes_room_for_a_new_one_and_that_is_said(
    lab: Lab, aws: Spreading
) -> None:
    lab.build()
    iam = lab.session("admin").client("iam")
    first, second = (
        iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"] for _ in range(2)
    )
    aws.refuse("CreateAccessKey", "LimitExceeded", "AccessKeysPerUser: 2", times=1)
    with pytest.warns(UserWarning, match=f"had two access keys.*{first}, is deleted"):
        lab.publish(ProductAdded("Phone", 5))
    assert first not in keys(lab)
    assert second in keys(lab)


def test_a_key_of_a_user_that_is_not_the_labs_is_not_deleted(lab: Lab, aws: Spreading) -> None:
    lab.build()
    iam = lab.session("admin").client("iam")
    iam.create_access_key(UserName=USER)
    iam.untag_user(UserName=USER, TagKeys=["project"])
    aws.refuse("CreateAccessKey", "LimitExceeded", times=1)
    with pytest.raises(NotTheLabs, match="exists without the tag"):
        lab.session("producer")
    assert len(keys(lab)) == 1


def test_the_end_of_the_process_deletes_the_key(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    at_exit: list[Any] = []
    monkeypatch.setattr(atexit, "register", at_exit.append)
    lab.build()
    lab.session("producer")
    [delete] = at_exit
    delete()
    assert keys(lab) == []


# Queues


def test_an_empty_answer_of_a_part_of_the_servers_is_not_taken_for_an_empty_queue(
    lab: Lab, aws: Spreading, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.build()
    assert lab.settle(lab.publish(QuantityChanged("Ghost", 1)))
    client, asked = lab.account.client("sqs"), []
    client.meta.events.register(
        "provide-client-params.sqs.ReceiveMessage",
        lambda params, **_: asked.append(params["WaitTimeSeconds"]),
    )
    assert len(lab.rejected()) == 1
    assert asked
    assert set(asked) == {1}


# Reports that arrive late


def test_a_report_that_arrives_late_is_waited_for(lab: Lab, aws: Spreading) -> None:
    lab.build()
    assert lab.settle(lab.publish(ProductAdded("Phone", 5)))
    aws.answer("FilterLogEvents", {"events": []}, times=3)
    start = seconds(lab)
    result = lab.reconcile()
    assert result.exact
    assert result.applied == 1
    assert 15 <= seconds(lab) - start < 60


def test_a_report_that_never_arrives_is_named_as_missing(lab: Lab, aws: Spreading) -> None:
    lab.build()
    assert lab.settle(lab.publish(ProductAdded("Phone", 5)))
    aws.answer("FilterLogEvents", {"events": []}, times=1000)
    start = seconds(lab)
    [problem] = lab.reconcile().problems
    assert problem.startswith("the function's log has no report of 1 record that was processed")
    assert 60 <= seconds(lab) - start < 90


def test_drift_is_reported_at_once(lab: Lab) -> None:
    lab.build()
    assert lab.settle(lab.publish(ProductAdded("Phone", 5)))
    lab.session("admin").client("dynamodb").delete_item(
        TableName=lab.settings.name("table"), Key={"product_id": {"S": "Phone"}}
    )
    start = seconds(lab)
    assert not lab.reconcile().exact
    assert seconds(lab) - start < 10


# Settling


OWN = "def handle(event, context):\n    return None\n"


def test_a_handler_without_watermarks_is_settled_by_the_log_of_the_pipe(lab: Lab) -> None:
    lab.build()
    lab.use_handler(OWN)
    report = lab.settle(lab.publish([ProductAdded("Phone", 5), ProductAdded("Oven", 5)]))
    assert report
    assert report.seconds < 10


def test_the_simple_design_is_settled_by_the_log_of_the_pipe() -> None:
    for lab in opened(Settings(handler="per_record")):
        lab.build()
        report = lab.settle(lab.publish(ProductAdded("Phone", 5)))
        assert report
        assert report.seconds < 10


def test_a_mapping_with_a_handler_of_ones_own_says_at_once_that_it_is_not_known() -> None:
    for lab in opened(Settings(reader="mapping")):
        lab.build()
        assert lab.settle(lab.publish(ProductAdded("Phone", 5)))
        lab.use_handler(OWN)
        report = lab.settle(lab.publish(ProductAdded("Oven", 5)))
        assert not report
        assert report.seconds == 0
        assert "nothing reports how far an event source mapping has read" in report.error


def test_what_was_given_up_to_the_dead_letters_is_settled() -> None:
    for lab in opened(Settings(retries=0)):
        lab.build()
        lab.session("admin").client("lambda").update_function_configuration(
            FunctionName=lab.settings.name("function"), Timeout=1
        )
        lab.account.client("lambda")
        inner = lab_module.local_lab()
        assert inner is not None
        with inner.faults(crash_before_effect=1):
            report = lab.settle(lab.publish(ProductAdded("Phone", 5)))
        assert report
        assert report.seconds < 30
        assert len(lab.dead_letters()) == 1


# Pending


def test_a_record_that_is_pending_for_long_is_a_problem(lab: Lab) -> None:
    lab.build()
    lab.session("admin").client("pipes").stop_pipe(Name=lab.settings.name("pipe"))
    lab.publish(ProductAdded("Phone", 5))
    lab.clock.advance(30)
    assert lab.reconcile().exact
    inner = lab_module.local_lab()
    assert inner is not None
    inner.clock.advance(7200)
    [problem] = lab.reconcile().problems
    assert problem.startswith("1 records are pending, the oldest for 12")


# Limits


def test_a_shard_that_refuses_for_longer_than_eight_tries_gets_all_records(
    lab: Lab, aws: Spreading
) -> None:
    lab.build()
    full = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow down"}
    aws.answer("PutRecords", {"FailedRecordCount": 1, "Records": [full]}, times=11)
    receipt = lab.publish(ProductAdded("Phone", 5))
    assert (receipt.published, receipt.sent_again) == (1, 11)


def test_more_pages_of_shards_are_asked_for_by_their_token_alone(lab: Lab) -> None:
    lab.build()
    asked: list[dict[str, Any]] = []
    pages = iter([
        {"Shards": [{"ShardId": "b"}], "NextToken": "more"},
        {"Shards": [{"ShardId": "a"}]},
    ])  # fmt: skip

    class Kinesis:
        def list_shards(self, **request: Any) -> Any:
            asked.append(request)
            return next(pages)

    lab.account._clients["kinesis"] = Kinesis()
    assert stream.shard_ids(lab.account) == ["a", "b"]
    assert asked == [{"StreamName": lab.settings.name("stream")}, {"NextToken": "more"}]


# Deleting


@pytest.mark.parametrize("operation", ["DeleteUser", "DeleteRole"])
def test_a_key_or_policy_that_iam_still_sees_is_waited_for(
    operation: str, lab: Lab, aws: Spreading
) -> None:
    lab.build()
    aws.refuse(operation, "DeleteConflict", "must delete access keys first", times=5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "not deleted" not in set(lab.teardown()["outcome"])
    assert aws.is_over()


# Building


LAMBDA_REFUSALS = [
    "The role defined for the function cannot be assumed by Lambda.",
    "Lambda was unable to configure access to your environment variables because the KMS key is invalid "
    "for CreateGrant. Please check your KMS key settings.",
]


@pytest.mark.parametrize("reason", LAMBDA_REFUSALS)
def test_a_role_that_lambda_does_not_know_yet_is_waited_for(
    reason: str, lab: Lab, aws: Spreading
) -> None:
    aws.refuse("CreateFunction", "InvalidParameterValueException", reason, times=40)
    start = seconds(lab)
    assert "function" in lab.build(through="function")
    assert aws.is_over()
    assert seconds(lab) - start >= 40


PIPE_REFUSAL = (
    "Input parameter is invalid. Reason: Cannot access stream arn:aws:kinesis:us-east-1:1:stream/s. Please "
    "ensure the customer role can perform actions on source stream"
)


def test_a_stream_or_role_that_pipes_does_not_know_yet_is_waited_for(
    lab: Lab, aws: Spreading
) -> None:
    aws.refuse("CreatePipe", "ValidationException", PIPE_REFUSAL, times=90)
    lab.build()
    assert aws.is_over()
    assert lab.settle(lab.publish(ProductAdded("Phone", 5)))
    assert lab.reconcile().exact


def test_what_pipes_refuses_for_good_is_raised_after_two_minutes(lab: Lab, aws: Spreading) -> None:
    aws.refuse("CreatePipe", "ValidationException", PIPE_REFUSAL, times=1000)
    start = seconds(lab)
    with pytest.raises(ClientError, match="Cannot access stream"):
        lab.build()
    assert 120 <= seconds(lab) - start < 130


def test_what_pipes_refuses_for_another_reason_is_raised_at_once(lab: Lab, aws: Spreading) -> None:
    aws.refuse("CreatePipe", "ValidationException", "BatchSize must be at most 10000", times=1)
    start = seconds(lab)
    with pytest.raises(ClientError, match="BatchSize"):
        lab.build()
    assert seconds(lab) - start < 5


FAILED_PIPE = {"CurrentState": "CREATE_FAILED", "StateReason": PIPE_REFUSAL, "Tags": {"project": "inventory-lab"}}  # fmt: skip


def test_a_pipe_that_fails_because_its_role_is_new_is_created_once_more(
    lab: Lab, aws: Spreading
) -> None:
    lab.build(through="function")
    pipes = lab.account.client("pipes")
    created: list[str] = []
    pipes.meta.events.register(
        "before-call.pipes.CreatePipe",
        lambda **_: (
            created.append("") or aws.answer("DescribePipe", FAILED_PIPE, times=len(created) == 1)
        ),
    )
    lab.build()
    assert len(created) == 2
    assert lab.settle(lab.publish(ProductAdded("Phone", 5)))


def test_a_role_that_was_made_anew_is_given_to_the_function_again(lab: Lab, aws: Spreading) -> None:
    lab.build()
    lab.build()
    assert "UpdateFunctionConfiguration" not in aws.asked
    role = lab.settings.name("function_role")

    def made_anew(parsed: Any, **_: Any) -> None:
        if parsed.get("Role", {}).get("RoleName") == role:
            parsed["Role"]["CreateDate"] = datetime(2030, 1, 1, tzinfo=UTC)

    lab.account.client("iam").meta.events.register("after-call.iam.GetRole", made_anew)
    lab.build()
    assert aws.asked["UpdateFunctionConfiguration"] == 1


def test_a_build_that_is_denied_halfway_names_the_stage_and_the_next_one_goes_on(
    lab: Lab, aws: Spreading
) -> None:
    aws.refuse("CreateTable", "AccessDeniedException", "User: anna is not authorized", times=1)
    with pytest.raises(
        BuildDenied, match=r"stopped at the stage 'table': .*anna is not authorized"
    ):
        lab.build()
    lab.build()
    assert lab.settle(lab.publish(ProductAdded("Phone", 5)))


@pytest.mark.parametrize(
    ("operation", "code", "stage"),
    [
        ("CreateStream", "LimitExceededException", "stream"),
        ("CreateRole", "LimitExceeded", "access"),
        ("CreatePipe", "ServiceQuotaExceededException", "pipe"),
    ],
)
def test_a_quota_that_is_reached_names_the_stage(
    operation: str, code: str, stage: str, lab: Lab, aws: Spreading
) -> None:
    aws.refuse(operation, code, "quota of 50 exceeded", times=20)
    with pytest.raises(
        QuotaReached, match=f"the stage '{stage}', because a quota .*of 50 exceeded"
    ):
        lab.build()


# Owners


def test_another_owners_lab_is_neither_changed_nor_deleted() -> None:
    for lab in opened(Settings(owner="anna")):
        lab.build(through="stream")
        settings = replace(lab.settings, owner="ben")
        mine = StandIn(settings, session=lab.session("admin"))
        other = Lab(mine, mine.settings)
        with pytest.raises(
            NotTheLabs, match="has the tag owner=anna, so it is another person's lab"
        ):
            other.build()
        outcomes = other.teardown().set_index("kind")["outcome"]
        assert (outcomes["stream"], outcomes["user"]) == ("not ours", "not ours")
        tags = (
            lab.session("admin")
            .client("kinesis")
            .list_tags_for_stream(StreamName=lab.settings.name("stream"))["Tags"]
        )
        assert {t["Key"]: t["Value"] for t in tags} == {
            "project": "inventory-lab", "owner": "anna", "created": "2026-01-05",
        }  # fmt: skip
        swept = other.teardown(all_prefixes=True)
        assert "not ours" not in set(swept["outcome"])


# Options


def test_a_protected_table_stays_and_says_why_until_build_removes_the_protection() -> None:
    for lab in opened(Settings(deletion_protection=True)):
        lab.build(through="table")
        with pytest.raises(
            TeardownIncomplete, match=r"(?i)table 'inventory-lab-inventory'.*protect"
        ):
            lab.teardown()
        unspecified = Settings(prefix=lab.settings.prefix)
        Lab(RealAws(unspecified, session=lab.session("admin")), unspecified).build(through="table")
        with pytest.raises(TeardownIncomplete):
            lab.teardown()
        unprotected = Settings(prefix=lab.settings.prefix, deletion_protection=False)
        admin = Lab(RealAws(unprotected, session=lab.session("admin")), unprotected)
        admin.build(through="table")
        assert "not deleted" not in set(admin.teardown()["outcome"])


def test_every_option_can_be_built_used_and_torn_down_here() -> None:
    options = Settings(
        point_in_time_recovery=True, encryption=True, alarms=True, log_retention_days=7,
        alarm_action="arn:aws:sns:us-east-1:123456789012:on-call",
    )  # fmt: skip
    for lab in opened(options):
        lab.build()
        assert lab.settle(lab.publish(ProductAdded("Phone", 5)))
        assert lab.reconcile().exact
        admin, name = lab.session("admin"), lab.settings.name
        alarms = admin.client("cloudwatch").describe_alarms()["MetricAlarms"]
        assert sorted(alarm["AlarmName"] for alarm in alarms) == [
            "inventory-lab-e-commerce-streaming-iterator-age",
            "inventory-lab-inventory-pipe-dlq-dead-letters",
            "inventory-lab-update-inventory-function-errors",
        ]
        backups = admin.client("dynamodb").describe_continuous_backups(TableName=name("table"))
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
        groups = admin.client("logs").describe_log_groups()["logGroups"]
        days = {group["logGroupName"]: group["retentionInDays"] for group in groups}
        assert days["/aws/lambda/inventory-lab-update-inventory"] == 7
        summary = admin.client("kinesis").describe_stream_summary(StreamName=name("stream"))
        assert summary["StreamDescriptionSummary"]["EncryptionType"] == "KMS"
        outcomes = lab.teardown()
        assert set(outcomes["outcome"]) <= {"deleted", "not there"}
        assert admin.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
