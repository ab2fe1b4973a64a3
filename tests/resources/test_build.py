from __future__ import annotations

import json

import pytest

from inventory_lab import Lab, Settings, connect
from inventory_lab.exceptions import WrongSetting
from inventory_lab.lab import STAGES, Stage
from inventory_lab.resources import function, pipe, roles, stream

ALWAYS = {"user", "pipe_role", "function_role"}
ADDED: dict[Stage, set[str]] = {
    "access": set(),
    "stream": {"stream"},
    "table": {"table"},
    "function": {"rejected_queue", "dead_letter_queue", "alerts_queue", "topic", "function"},
    "pipe": {"pipe"},
}


@pytest.mark.parametrize("through", STAGES)
def test_building_goes_up_to_and_with_a_stage(lab: Lab, through: Stage) -> None:
    expected = set(ALWAYS)
    for stage in STAGES[: STAGES.index(through) + 1]:
        expected |= ADDED[stage]
    assert set(lab.build(through=through)) == expected


def test_building_twice_makes_nothing_new_and_loses_nothing(built: Lab) -> None:
    again = built.build()
    assert again == built.build()
    sns = built.session("admin").client("sns")
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=again["topic"])["Subscriptions"]
    assert len(subscriptions) == 1


def test_an_unknown_stage_is_refused(lab: Lab) -> None:
    with pytest.raises(ValueError, match="there are access, stream, table, function, pipe"):
        lab.build(through="lambda")  # type: ignore[arg-type]


def test_the_stream_has_two_shards_and_the_table_expires_tombstones(built: Lab) -> None:
    account = built.account
    summary = stream.describe(account)
    assert summary is not None
    assert summary["OpenShardCount"] == 2
    ttl = built.session("root").client("dynamodb").describe_time_to_live(TableName="inventory")
    assert ttl["TimeToLiveDescription"]["AttributeName"] == "expires_at"
    assert ttl["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"


def test_the_pipe_has_the_parameters_of_the_settings() -> None:
    with connect(settings=Settings(batch_size=10, batch_window_seconds=2, retries=3)) as lab:
        lab.build()
        description = pipe.describe(lab.account)
    assert description is not None
    assert description["SourceParameters"]["KinesisStreamParameters"] == {
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 2,
        "MaximumRetryAttempts": 3,
        "MaximumRecordAgeInSeconds": -1,
        "ParallelizationFactor": 1,
        "OnPartialBatchItemFailure": "AUTOMATIC_BISECT",
        "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:123456789012:inventory-pipe-dlq"},
    }


def test_a_function_out_of_date_is_brought_up_to_date(built: Lab) -> None:
    functions = built.session("root").client("lambda")
    functions.update_function_configuration(FunctionName="update-inventory", Timeout=3)
    functions.update_function_code(
        FunctionName="update-inventory", ZipFile=b"PK\x05\x06" + bytes(18)
    )
    built.build()
    configuration = function.describe(built.account)
    assert configuration is not None
    assert configuration["Timeout"] == 60
    assert configuration["CodeSize"] == len(function.build_zip())


def test_everything_that_can_carry_a_tag_carries_the_labs(built: Lab) -> None:
    admin = built.session("root")
    answer = admin.client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "project", "Values": ["inventory-lab"]}]
    )
    kinds = {r["ResourceARN"].split(":")[2] for r in answer["ResourceTagMappingList"]}
    assert {"dynamodb", "lambda", "sns", "sqs"} <= kinds
    stream_tags = admin.client("kinesis").list_tags_for_stream(StreamName="e-commerce-streaming")
    assert stream_tags["Tags"] == [{"Key": "project", "Value": "inventory-lab"}]
    described = pipe.describe(built.account)
    assert described is not None
    assert described["Tags"] == {"project": "inventory-lab"}
    for kind in roles.KINDS:
        role = roles.describe(built.account, kind)
        assert role is not None
        assert role["Tags"] == [
            {"Key": "project", "Value": "inventory-lab"},
            {"Key": "region", "Value": built.settings.region},
        ]


def test_the_policies_name_this_account_and_no_placeholder(built: Lab) -> None:
    iam = built.session("root").client("iam")
    for role in ("inventory-pipe-role", "update-inventory-role"):
        document = iam.get_role_policy(RoleName=role, PolicyName=roles.POLICY_NAME)[
            "PolicyDocument"
        ]
        text = json.dumps(document)
        assert "123456789012" in text
        assert "<" not in text
        assert '"*"' not in text


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("deletion_protection", 1),
        ("handler", "other"),
        ("shards", 0),
        ("batch_size", 10_001),
        ("batch_window_seconds", -1),
        ("function_memory", 64),
        ("function_timeout", 301),
        ("low_stock", 1001),
        ("low_stock", "a"),
        ("stream", "my stream"),
        ("table", ""),
        ("region", "mars"),
        ("shards", True),
        ("owner", "anna!"),
        ("prefix", "my team "),
        ("prefix", 7),
        ("log_retention_days", 2),
        ("alarms", 1),
    ],
)
def test_a_setting_that_cannot_work_is_named(setting: str, value: object) -> None:
    with pytest.raises(WrongSetting, match=f"setting {setting} is {value!r}; it must be"):
        Settings(**{setting: value})  # type: ignore[arg-type]


def test_a_function_may_run_for_15_minutes_behind_a_mapping_and_for_5_behind_a_pipe() -> None:
    assert Settings(reader="mapping", function_timeout=900).function_timeout == 900
    assert Settings(function_timeout=300).function_timeout == 300
    with pytest.raises(WrongSetting, match="from 1 to 300"):
        Settings(reader="both", function_timeout=900)
