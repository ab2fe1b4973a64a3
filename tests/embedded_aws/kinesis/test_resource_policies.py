"""The resource policy of a stream: stored, evaluated, and gone with the stream.

https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab
from tests.embedded_aws.principals import (
    STREAM,
    MakePrincipal,
    Policy,
    allow,
    denial,
    deny,
    with_principal,
)


def kinesis(lab: Lab) -> Any:
    return lab.session("root").client("kinesis")


def put(lab: Lab, policy: Policy) -> None:
    kinesis(lab).put_resource_policy(ResourceARN=STREAM, Policy=json.dumps(policy))


@pytest.fixture(autouse=True)
def _no_policy_left(shared: Lab) -> Iterator[None]:
    yield
    if kinesis(shared).get_resource_policy(ResourceARN=STREAM)["Policy"] != "{}":
        kinesis(shared).delete_resource_policy(ResourceARN=STREAM)


def test_a_policy_is_given_back_as_it_was_put(shared: Lab) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetResourcePolicy.html"""
    policy = with_principal(allow("kinesis:PutRecord", STREAM), {"AWS": "123456789012"})
    put(shared, policy)
    answer = kinesis(shared).get_resource_policy(ResourceARN=STREAM)
    assert json.loads(answer["Policy"]) == policy


def test_a_policy_of_the_stream_lets_a_user_in_who_has_none(person: MakePrincipal) -> None:
    somebody = person()
    assert "no identity-based policy allows" in denial(somebody.put)
    me = {"AWS": f"arn:aws:iam::123456789012:user/{somebody.name}"}
    put(somebody.lab, with_principal(allow("kinesis:PutRecord", STREAM), me))
    somebody.put()


def test_a_policy_for_another_user_or_action_lets_nobody_in(person: MakePrincipal) -> None:
    somebody, another = person(), person()
    me, other = ({"AWS": f"arn:aws:iam::123456789012:user/{p.name}"} for p in (somebody, another))
    put(somebody.lab, with_principal(allow("kinesis:PutRecord", STREAM), other))
    denial(somebody.put)
    put(somebody.lab, with_principal(allow("kinesis:GetRecords", STREAM), me))
    denial(somebody.put)


def test_an_explicit_deny_of_the_stream_wins(person: MakePrincipal) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"""
    somebody = person(allow("kinesis:PutRecord", STREAM))
    somebody.put()
    put(somebody.lab, with_principal(deny("kinesis:PutRecord", STREAM), "*"))
    assert "explicit deny in a resource-based policy" in denial(somebody.put)
    kinesis(somebody.lab).delete_resource_policy(ResourceARN=STREAM)
    somebody.put()


def test_a_reader_is_let_in_by_its_shard_iterator_too(person: MakePrincipal) -> None:
    somebody = person()
    me = {"AWS": f"arn:aws:iam::123456789012:user/{somebody.name}"}
    reads = ["kinesis:GetRecords", "kinesis:GetShardIterator"]
    put(somebody.lab, with_principal(allow(reads, STREAM), me))
    client = somebody.client("kinesis")
    iterator = client.get_shard_iterator(
        StreamARN=STREAM, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert client.get_records(ShardIterator=iterator)["ResponseMetadata"]["HTTPStatusCode"] == 200
    denial(somebody.put)


def test_putting_a_policy_is_a_permission_of_its_own(person: MakePrincipal) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutResourcePolicy.html"""
    client = person(allow("kinesis:PutRecord*", STREAM)).client("kinesis")
    message = denial(lambda: client.put_resource_policy(ResourceARN=STREAM, Policy="{}"))
    assert "kinesis:PutResourcePolicy" in message


@pytest.mark.parametrize("policy", ["no JSON", json.dumps(allow("kinesis:PutRecord", STREAM))])
def test_an_invalid_policy_is_refused(policy: str, shared: Lab) -> None:
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        kinesis(shared).put_resource_policy(ResourceARN=STREAM, Policy=policy)


def test_a_policy_needs_a_stream_that_exists(shared: Lab) -> None:
    policy = json.dumps(with_principal(allow("kinesis:PutRecord", STREAM + "-2"), "*"))
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        kinesis(shared).put_resource_policy(ResourceARN=STREAM + "-2", Policy=policy)


def test_the_policy_of_a_consumer_is_refused_in_words(shared: Lab) -> None:
    policy = json.dumps(with_principal(allow("kinesis:SubscribeToShard"), "*"))
    with pytest.raises(ClientError, match="PutResourcePolicy of a consumer"):
        kinesis(shared).put_resource_policy(ResourceARN=f"{STREAM}/consumer/c:1", Policy=policy)


def test_a_policy_goes_with_its_stream(shared: Lab) -> None:
    client = kinesis(shared)
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/short"
    client.create_stream(StreamName="short", ShardCount=1)
    policy = with_principal(deny("kinesis:PutRecord", arn), "*")
    client.put_resource_policy(ResourceARN=arn, Policy=json.dumps(policy))
    record = {"StreamName": "short", "PartitionKey": "a", "Data": b"x"}
    denial(lambda: shared.session("admin").client("kinesis").put_record(**record))
    client.delete_stream(StreamName="short")
    client.create_stream(StreamName="short", ShardCount=1)
    assert client.get_resource_policy(ResourceARN=arn)["Policy"] == "{}"
    client.put_record(**record)
