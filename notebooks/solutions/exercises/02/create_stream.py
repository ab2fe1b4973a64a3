"""`create_stream` answers before the stream can be used, so the function waits until it is ACTIVE. Run
twice, it finds the stream in place: AWS says so with `ResourceInUseException`, and this one exception is
good news. Every other error goes on to the caller. A function that can be run again without harm is
called *idempotent*; asking with `describe` first and creating afterwards is not, when two people do it
at the same time.
"""


# %% solution
def create_stream(kinesis, name, shards):
    """The ARN of the stream, created with this number of shards unless it exists."""
    try:
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    except kinesis.exceptions.ResourceInUseException:
        pass
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    summary = kinesis.describe_stream_summary(StreamName=name)
    return summary["StreamDescriptionSummary"]["StreamARN"]


# %% right: ClientError, describe_stream, and a waiter with its own pauses
from botocore.exceptions import ClientError


def create_stream(kinesis, name, shards):
    try:
        kinesis.create_stream(ShardCount=shards, StreamName=name)
    except ClientError as e:
        if e.response["Error"]["Code"] != "ResourceInUseException":
            raise e
        print("exists")
    waiter = kinesis.get_waiter("stream_exists")
    waiter.wait(StreamName=name, WaiterConfig={"Delay": 2, "MaxAttempts": 20})
    return kinesis.describe_stream(StreamName=name)["StreamDescription"]["StreamARN"]


# %% right: a loop of its own instead of the waiter
import time


def create_stream(kinesis, name, shards):
    try:
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    except kinesis.exceptions.ResourceInUseException:
        pass
    while True:
        found = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        if found["StreamStatus"] == "ACTIVE":
            return found["StreamARN"]
        time.sleep(1)


# %% wrong: The second call, for a stream that exists, fails with ResourceInUseException.
def create_stream(kinesis, name, shards):
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


# %% wrong: Your function returns while the stream is still CREATING
def create_stream(kinesis, name, shards):
    try:
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    except kinesis.exceptions.ResourceInUseException:
        pass
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


# %% wrong: When AWS answers LimitExceededException, your function goes on
def create_stream(kinesis, name, shards):
    try:
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    except Exception:
        pass
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


# %% wrong: your function deletes it, and its records are lost
def create_stream(kinesis, name, shards):
    try:
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    except kinesis.exceptions.ResourceInUseException:
        kinesis.delete_stream(StreamName=name)
        kinesis.get_waiter("stream_not_exists").wait(StreamName=name)
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


# %% wrong: Asked for 3 shards, your function created 2.
def create_stream(kinesis, name, shards):
    try:
        kinesis.create_stream(StreamName=name, ShardCount=2)
    except kinesis.exceptions.ResourceInUseException:
        pass
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


# %% wrong: It returns nothing. Return the ARN
def create_stream(kinesis, name, shards):
    try:
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    except kinesis.exceptions.ResourceInUseException:
        print("exists already")
    kinesis.get_waiter("stream_exists").wait(StreamName=name)


# %% wrong: Your function asks whether the stream exists, and then creates it.
def create_stream(kinesis, name, shards):
    if name not in kinesis.list_streams()["StreamNames"]:
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


# %% wrong: with kinesis.get_waiter("stream_exists"), in every case
def create_stream(kinesis, name, shards):
    try:
        kinesis.create_stream(StreamName=name, ShardCount=shards)
        kinesis.get_waiter("stream_exists").wait(StreamName=name)
    except kinesis.exceptions.ResourceInUseException:
        pass
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


# %% wrong: It returns a dict. Return the ARN
def create_stream(kinesis, name, shards):
    try:
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    except kinesis.exceptions.ResourceInUseException:
        pass
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


# %% wrong: In another account and region it returns the same ARN
def create_stream(kinesis, name, shards):
    try:
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    except kinesis.exceptions.ResourceInUseException:
        pass
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return f"arn:aws:kinesis:us-east-1:123456789012:stream/{name}"


# %% wrong: your function changes its shards
def create_stream(kinesis, name, shards):
    try:
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    except kinesis.exceptions.ResourceInUseException:
        kinesis.update_shard_count(
            StreamName=name, TargetShardCount=shards, ScalingType="UNIFORM_SCALING"
        )
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


# %% wrong: KinesisExceptions object has no attribute ResourceInUse.
def create_stream(kinesis, name, shards):
    try:
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    except kinesis.exceptions.ResourceInUse:
        pass
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


# %% wrong: It calls ListStreams, which IAM denies
def create_stream(kinesis, name, shards):
    try:
        kinesis.create_stream(StreamName=name, ShardCount=shards)
    except kinesis.exceptions.ResourceInUseException as already:
        print(already)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    for page in kinesis.get_paginator("list_streams").paginate():
        for summary in page["StreamSummaries"]:
            if summary["StreamName"] == name:
                return summary["StreamARN"]
