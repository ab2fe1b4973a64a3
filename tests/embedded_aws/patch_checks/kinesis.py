"""Checks of the patches of Kinesis."""

from __future__ import annotations

import json
from typing import Any

import botocore.endpoint

from tests.embedded_aws.patch_checks import ACCEPTED, Aws, check, message, outcome

MIB = 1024 * 1024
FIRST, SECOND, NONE = (f"shardId-{number:012d}" for number in (0, 1, 9))


@check("moto.kinesis.models.Stream", 56)
def digits_of_a_sequence_number(aws: Aws) -> int:
    aws.stream()
    answer = aws.client("kinesis").put_record(StreamName=aws.name, PartitionKey="a", Data=b"x")
    return len(answer["SequenceNumber"])


@check("moto.kinesis.models.utcnow", True)
def a_new_stream_is_as_old_as_the_lab_says(aws: Aws) -> bool:
    aws.stream()
    summary = aws.client("kinesis").describe_stream_summary(StreamName=aws.name)
    moment = summary["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    return bool(moment == aws.lab.clock.now())


@check("botocore.endpoint.time", 1.0)
def lab_seconds_of_a_pause_of_botocore(aws: Aws) -> float:
    before = aws.lab.clock.timestamp()
    botocore.endpoint.time.sleep(1.0)
    return aws.lab.clock.timestamp() - before


@check("KinesisBackend.describe_stream", 0)
def records_after_their_retention(aws: Aws) -> int:
    aws.stream()
    kinesis = aws.client("kinesis")
    kinesis.put_record(StreamName=aws.name, PartitionKey="a", Data=b"x")
    aws.lab.clock.advance(25 * 3600)
    return len(kinesis.get_records(ShardIterator=_iterator(aws, StreamName=aws.name))["Records"])


@check("KinesisBackend.get_shard_iterator", ACCEPTED)
def an_iterator_of_an_arn_alone(aws: Aws) -> str:
    iterator = _iterator(aws, StreamARN=aws.stream())
    return outcome(lambda: aws.client("kinesis").get_records(ShardIterator=iterator))


@check("KinesisBackend.put_record", "ValidationException")
def a_record_over_a_mebibyte(aws: Aws) -> str:
    aws.stream()
    record = {"StreamName": aws.name, "PartitionKey": "a", "Data": b"x" * (MIB + 1)}
    return outcome(lambda: aws.client("kinesis").put_record(**record))


@check("KinesisBackend.put_records", ACCEPTED)
def six_mebibytes_in_a_call(aws: Aws) -> str:
    aws.stream()
    records = [{"PartitionKey": "a", "Data": b"x" * (MIB - 1)}] * 6
    return outcome(lambda: aws.client("kinesis").put_records(StreamName=aws.name, Records=records))


@check("KinesisBackend.update_stream_mode", "LimitExceededException")
def a_third_change_of_mode_in_a_day(aws: Aws) -> str:
    arn, kinesis = aws.stream(), aws.client("kinesis")

    def change(mode: str) -> None:
        kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": mode})

    change("ON_DEMAND")
    change("PROVISIONED")
    return outcome(lambda: change("ON_DEMAND"))


@check("KinesisBackend.split_shard", True)
def a_refused_split_names_the_stream(aws: Aws) -> bool:
    arn, kinesis = aws.stream(), aws.client("kinesis")
    request = {"StreamARN": arn, "ShardToSplit": NONE, "NewStartingHashKey": "10"}
    return aws.name in message(lambda: kinesis.split_shard(**request))


@check("KinesisBackend.increase_stream_retention_period", True)
def a_refused_increase_names_the_stream(aws: Aws) -> bool:
    arn, kinesis = aws.stream(), aws.client("kinesis")
    kinesis.increase_stream_retention_period(StreamARN=arn, RetentionPeriodHours=48)
    request = {"StreamARN": arn, "RetentionPeriodHours": 36}
    return aws.name in message(lambda: kinesis.increase_stream_retention_period(**request))


@check("KinesisBackend.decrease_stream_retention_period", True)
def a_refused_decrease_names_the_stream(aws: Aws) -> bool:
    arn, kinesis = aws.stream(), aws.client("kinesis")
    request = {"StreamARN": arn, "RetentionPeriodHours": 48}
    return aws.name in message(lambda: kinesis.decrease_stream_retention_period(**request))


@check("KinesisResponse.create_stream", [{"Key": "team", "Value": "seven"}])
def tags_of_a_new_stream(aws: Aws) -> Any:
    aws.stream(Tags={"team": "seven"})
    return aws.client("kinesis").list_tags_for_stream(StreamName=aws.name)["Tags"]


@check("KinesisResponse.describe_stream", [SECOND])
def shards_described_after_the_first(aws: Aws) -> list[str]:
    aws.stream(shards=2)
    answer = aws.client("kinesis").describe_stream(StreamName=aws.name, ExclusiveStartShardId=FIRST)
    return [shard["ShardId"] for shard in answer["StreamDescription"]["Shards"]]


@check("KinesisResponse.get_records", "InvalidArgumentException")
def more_records_than_a_call_returns(aws: Aws) -> str:
    aws.stream()
    request = {"ShardIterator": _iterator(aws, StreamName=aws.name), "Limit": 10_001}
    return outcome(lambda: aws.client("kinesis").get_records(**request))


@check("KinesisResponse.list_shards", [SECOND])
def shards_listed_after_the_first(aws: Aws) -> list[str]:
    aws.stream(shards=2)
    answer = aws.client("kinesis").list_shards(StreamName=aws.name, ExclusiveStartShardId=FIRST)
    return [shard["ShardId"] for shard in answer["Shards"]]


@check("KinesisResponse.update_shard_count", True)
def an_answer_by_arn_names_the_stream(aws: Aws) -> bool:
    request = {"StreamARN": aws.stream(), "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}
    return aws.client("kinesis").update_shard_count(**request).get("StreamName") == aws.name


@check("KinesisResponse.update_max_record_size", ACCEPTED)
def a_larger_record_size(aws: Aws) -> str:
    request = {"StreamARN": aws.stream(), "MaxRecordSizeInKiB": 2048}
    return outcome(lambda: aws.client("kinesis").update_max_record_size(**request))


@check("KinesisBackend.put_resource_policy", "ResourceNotFoundException")
def the_policy_of_a_stream_that_does_not_exist(aws: Aws) -> str:
    arn = aws.arn("kinesis", f"stream/{aws.name}")
    return outcome(lambda: _put_policy(aws, arn))


@check("KinesisBackend.delete_stream", True)
def the_policy_of_a_deleted_stream_is_gone(aws: Aws) -> bool:
    arn, kinesis = aws.stream(), aws.client("kinesis")
    _put_policy(aws, arn)
    before = kinesis.get_resource_policy(ResourceARN=arn)["Policy"]
    kinesis.delete_stream(StreamName=aws.name)
    aws.stream()
    return before != kinesis.get_resource_policy(ResourceARN=arn)["Policy"]


def _put_policy(aws: Aws, arn: str) -> None:
    statement = {
        "Effect": "Allow", "Principal": {"AWS": aws.arn("iam", "root").replace("us-east-1", "")},
        "Action": "kinesis:PutRecord", "Resource": arn,
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("kinesis").put_resource_policy(ResourceARN=arn, Policy=policy)


def _iterator(aws: Aws, **stream: str) -> str:
    answer = aws.client("kinesis").get_shard_iterator(
        ShardId=FIRST, ShardIteratorType="TRIM_HORIZON", **stream
    )
    return str(answer["ShardIterator"])


TAGS = {"team": "seven", "stage": "test"}


@check("KinesisResponse.tag_resource", TAGS)
def the_tags_that_a_stream_got_by_its_arn(aws: Aws) -> dict[str, str]:
    arn, kinesis = aws.stream(), aws.client("kinesis")
    outcome(lambda: kinesis.tag_resource(ResourceARN=arn, Tags=TAGS))
    return _tags_of_stream(aws)


@check("KinesisResponse.untag_resource", {"stage": "test"})
def the_tags_that_a_stream_still_has(aws: Aws) -> dict[str, str]:
    arn, kinesis = aws.stream(), aws.client("kinesis")
    kinesis.add_tags_to_stream(StreamName=aws.name, Tags=TAGS)
    outcome(lambda: kinesis.untag_resource(ResourceARN=arn, TagKeys=["team", "none"]))
    return _tags_of_stream(aws)


@check("KinesisResponse.list_tags_for_resource", ACCEPTED)
def the_tags_of_a_stream_by_its_arn(aws: Aws) -> str:
    arn = aws.stream()
    return outcome(lambda: aws.client("kinesis").list_tags_for_resource(ResourceARN=arn))


@check("KinesisBackend.add_tags_to_stream", "InvalidArgumentException")
def the_fifty_first_tag(aws: Aws) -> str:
    aws.stream()
    tags = {f"tag-{number}": "" for number in range(50)}
    aws.client("kinesis").add_tags_to_stream(StreamName=aws.name, Tags=tags)
    request = {"StreamName": aws.name, "Tags": {"one-more": ""}}
    return outcome(lambda: aws.client("kinesis").add_tags_to_stream(**request))


def _tags_of_stream(aws: Aws) -> dict[str, str]:
    answer = aws.client("kinesis").list_tags_for_stream(StreamName=aws.name)
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}
