"""IAM in force: who calls, what they may, and AWS's words when they may not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from inventory_lab import Lab, expect_denied
from inventory_lab.embedded_aws.kinesis.pages import ShardPage
from inventory_lab.exceptions import UndecidedCall
from tests.embedded_aws.principals import (
    ACCOUNT,
    FUNCTION,
    QUEUE,
    QUEUE_URL,
    STREAM,
    TABLE,
    TOPIC,
    WRONG,
    MakePrincipal,
    Policy,
    allow,
    denial,
    deny,
    send,
    set_queue_policy,
    with_principal,
)

# ---------------------------------------------------------------- the words


def test_a_policy_for_another_stream_is_denied_in_the_words_of_aws(person: MakePrincipal) -> None:
    somebody = person(allow("kinesis:PutRecord", WRONG))
    kinesis = somebody.client("kinesis")
    with pytest.raises(kinesis.exceptions.AccessDeniedException) as raised:
        kinesis.put_record(StreamName="e-commerce-streaming", PartitionKey="a", Data=b"x")
    assert raised.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": (
            f"User: arn:aws:iam::{ACCOUNT}:user/{somebody.name} is not authorized to perform: "
            f"kinesis:PutRecord on resource: {STREAM} because no identity-based policy allows the "
            "kinesis:PutRecord action"
        ),
        "Type": "Sender",
    }
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


CALLS: dict[str, tuple[Callable[[Any], Any], str, int, str, str]] = {
    "kinesis": (
        lambda c: c.list_streams(), "AccessDeniedException", 400, "kinesis:ListStreams", "*",
    ),
    "dynamodb": (
        lambda c: c.get_item(TableName="inventory", Key={"product_id": {"S": "a"}}),
        "AccessDeniedException", 400, "dynamodb:GetItem", TABLE,
    ),
    "lambda": (
        lambda c: c.invoke(FunctionName="update-inventory"),
        "AccessDeniedException", 403, "lambda:InvokeFunction", FUNCTION,
    ),
    "sns": (
        lambda c: c.publish(TopicArn=TOPIC, Message="a"),
        "AuthorizationError", 403, "SNS:Publish", TOPIC,
    ),
    "sqs": (
        lambda c: c.send_message(QueueUrl=QUEUE_URL, MessageBody="a"),
        "AccessDenied", 403, "sqs:sendmessage", QUEUE,
    ),
    "pipes": (
        lambda c: c.describe_pipe(Name="inventory-pipe"), "AccessDeniedException", 403,
        "pipes:DescribePipe", f"arn:aws:pipes:us-east-1:{ACCOUNT}:pipe/inventory-pipe",
    ),
    "iam": (
        lambda c: c.get_role(RoleName="update-inventory-role"), "AccessDenied", 403,
        "iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/update-inventory-role",
    ),
    "logs": (
        lambda c: c.create_log_group(logGroupName="/a"), "AccessDeniedException", 400,
        "logs:CreateLogGroup", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/a:log-stream:",
    ),
    "cloudwatch": (
        lambda c: c.list_metrics(), "AccessDenied", 403, "cloudwatch:ListMetrics", "*",
    ),
    "events": (
        lambda c: c.put_events(Entries=[{"Source": "a", "DetailType": "b", "Detail": "{}"}]),
        "AccessDeniedException", 400,
        "events:PutEvents", f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default",
    ),
    "codebuild": (
        lambda c: c.start_build(projectName="b"), "AccessDeniedException", 400,
        "codebuild:StartBuild", f"arn:aws:codebuild:us-east-1:{ACCOUNT}:project/b",
    ),
    "s3": (
        lambda c: c.get_object(Bucket="b", Key="k/1"), "AccessDenied", 403,
        "s3:GetObject", "arn:aws:s3:::b/k/1",
    ),
    "resourcegroupstaggingapi": (
        lambda c: c.get_resources(), "AccessDeniedException", 400, "tag:GetResources", "*",
    ),
}  # fmt: skip


@pytest.mark.parametrize("service", CALLS)
def test_each_service_denies_with_its_own_code_status_and_spelling(
    service: str, person: MakePrincipal
) -> None:
    call, code, status, action, resource = CALLS[service]
    with pytest.raises(ClientError) as raised:
        call(person().client(service))
    response = raised.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (
        code,
        status,
    )
    assert f"perform: {action} on resource: {resource} because no " in response["Error"]["Message"]
    assert response["Error"]["Message"].endswith(f"allows the {action} action")


def test_a_role_that_does_not_trust_the_caller_says_so(person: MakePrincipal) -> None:
    somebody = person(allow("sts:AssumeRole"))
    role = f"arn:aws:iam::{ACCOUNT}:role/update-inventory-role"
    message = denial(lambda: somebody.client("sts").assume_role(RoleArn=role, RoleSessionName="me"))
    assert message.endswith(f"{role} because no role trust policy allows the sts:AssumeRole action")


def test_an_explicit_deny_is_named_as_one(person: MakePrincipal) -> None:
    somebody = person(allow("*"), deny("kinesis:Put*"))
    assert denial(somebody.put).endswith(
        f"kinesis:PutRecord on resource: {STREAM} with an explicit deny in an identity-based policy"
    )


@pytest.mark.parametrize(
    ("cap", "words"),
    [
        (allow("sqs:*"), "because no permissions boundary allows the kinesis:PutRecord action"),
        (
            {"Version": "2012-10-17", "Statement": allow("*")["Statement"] + deny("kinesis:*")["Statement"]},
            "with an explicit deny in a permissions boundary",
        ),
    ],
)  # fmt: skip
def test_a_permissions_boundary_caps_and_is_named(
    cap: Policy, words: str, person: MakePrincipal
) -> None:
    somebody = person(allow("*"))
    somebody.put()
    policy = somebody.iam.create_policy(PolicyName=somebody.name, PolicyDocument=json.dumps(cap))[
        "Policy"
    ]
    somebody.iam.put_user_permissions_boundary(
        UserName=somebody.name, PermissionsBoundary=policy["Arn"]
    )
    assert denial(somebody.put).endswith(words)
    somebody.iam.delete_user_permissions_boundary(UserName=somebody.name)
    somebody.put()


# ---------------------------------------------------------------- who calls


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("kinesis", "UnrecognizedClientException", 400),
        ("dynamodb", "UnrecognizedClientException", 400),
        ("lambda", "UnrecognizedClientException", 403),
        ("sts", "InvalidClientTokenId", 403),
        ("s3", "InvalidAccessKeyId", 403),
    ],
)
def test_a_key_that_aws_never_gave_out_is_refused(
    service: str,
    code: str,
    status: int,
    shared: Lab,
) -> None:
    client = boto3.client(
        service,
        region_name="us-east-1",
        aws_access_key_id="nobodys",
        aws_secret_access_key="guessed",
    )
    calls = {
        "kinesis": "list_streams", "dynamodb": "list_tables", "lambda": "list_functions",
        "sts": "get_caller_identity", "s3": "list_buckets",
    }  # fmt: skip
    with pytest.raises(ClientError, match="security token included in the request is invalid") as e:
        getattr(client, calls[service])()
    assert e.value.response["Error"]["Code"] == code
    assert e.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_the_default_credentials_of_the_process_are_nobodys(shared: Lab) -> None:
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        boto3.client("kinesis").list_streams()
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        boto3.resource("dynamodb").Table("inventory").scan()


def test_a_wrong_secret_is_a_wrong_signature(person: MakePrincipal) -> None:
    client = person(allow("*")).client("kinesis", secret="not mine")
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        client.list_streams()


def test_an_unsigned_call_is_nobodys(person: MakePrincipal) -> None:
    client = person(allow("*")).client("kinesis", config=Config(signature_version=UNSIGNED))
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client.list_streams()


def test_a_session_of_a_role_needs_its_token(shared: Lab) -> None:
    keys = shared.session("pipe").get_credentials().get_frozen_credentials()
    client = boto3.client(
        "sts", aws_access_key_id=keys.access_key, aws_secret_access_key=keys.secret_key
    )
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        client.get_caller_identity()


def test_an_inactive_and_a_deleted_key_are_refused(person: MakePrincipal) -> None:
    somebody = person(allow("*"))
    kinesis, which = somebody.client("kinesis"), {"UserName": somebody.name}
    which |= {"AccessKeyId": somebody.key["AccessKeyId"]}
    kinesis.list_streams()
    somebody.iam.update_access_key(Status="Inactive", **which)
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        kinesis.list_streams()
    somebody.iam.update_access_key(Status="Active", **which)
    kinesis.list_streams()
    somebody.iam.delete_access_key(**which)
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        kinesis.list_streams()


def test_everybody_may_ask_who_they_are(person: MakePrincipal) -> None:
    somebody = person(deny("*"))
    answer = somebody.client("sts").get_caller_identity()
    assert answer["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{somebody.name}"


# ---------------------------------------------------------------- no way around


def test_a_request_without_botocore_does_not_get_past_the_gate(shared: Lab) -> None:
    with pytest.raises(UndecidedCall, match="https://kinesis"):
        requests.post("https://kinesis.us-east-1.amazonaws.com/", data=b"{}", timeout=1)


def test_a_presigned_address_does_not_get_past_the_gate(shared: Lab) -> None:
    url = shared.session("admin").client("sts").generate_presigned_url("get_caller_identity")
    with pytest.raises(UndecidedCall):
        requests.get(url, timeout=1)


def test_a_shard_iterator_reads_only_the_stream_that_one_may_read(person: MakePrincipal) -> None:
    somebody = person(allow("kinesis:*", WRONG))
    root = somebody.lab.session("root").client("kinesis")
    iterator = root.get_shard_iterator(
        StreamName="e-commerce-streaming", ShardId="shardId-000000000000",
        ShardIteratorType="TRIM_HORIZON",
    )["ShardIterator"]  # fmt: skip
    for claim in ({}, {"StreamARN": WRONG}):
        message = denial(
            lambda claim=claim: somebody.client("kinesis").get_records(  # type: ignore[misc]
                ShardIterator=iterator, **claim
            )
        )
        assert f"kinesis:GetRecords on resource: {STREAM} because" in message


def token_of(lab: Lab) -> str:
    """Where the second page of ListShards begins, as root gets it."""
    first = (
        lab.session("root")
        .client("kinesis")
        .list_shards(StreamName="e-commerce-streaming", MaxResults=1)
    )
    return str(first["NextToken"])


def test_a_page_of_shards_is_allowed_with_the_stream_of_its_token(person: MakePrincipal) -> None:
    somebody = person(allow("kinesis:ListShards", STREAM))
    page = somebody.client("kinesis").list_shards(NextToken=token_of(somebody.lab))
    assert [shard["ShardId"] for shard in page["Shards"]] == ["shardId-000000000001"]


@pytest.mark.parametrize("claim", [{}, {"StreamARN": WRONG}, {"StreamName": "e-comerce-streaming"}])
def test_a_page_of_shards_is_denied_with_the_stream_of_its_token(
    claim: dict[str, str], person: MakePrincipal
) -> None:
    denied = person(allow("kinesis:*"), deny("kinesis:*", STREAM))
    token = token_of(denied.lab)
    message = denial(lambda: denied.client("kinesis").list_shards(NextToken=token, **claim))
    assert f"kinesis:ListShards on resource: {STREAM} with an explicit deny" in message


def test_a_token_that_was_made_up_reads_nothing(person: MakePrincipal) -> None:
    forged = ShardPage("e-commerce-streaming", {"Type": "AT_LATEST"}, "").encode()
    somebody = person(allow("kinesis:*", WRONG))
    for token in (forged, "made up", "\ud800"):
        message = denial(
            lambda token=token: somebody.client("kinesis").list_shards(NextToken=token)  # type: ignore[misc]
        )
        assert "is not authorized to perform: kinesis:ListShards" in message


@pytest.mark.parametrize(
    ("service", "call", "what"),
    [
        ("ec2", lambda c: c.describe_instances(), "the operation ec2:DescribeInstances"),
        ("sts", lambda c: c.get_session_token(), "the operation sts:GetSessionToken"),
        (
            "s3",
            lambda c: c.put_bucket_policy(Bucket="b", Policy="{}"),
            "the operation s3:PutBucketPolicy",
        ),
        (
            "dynamodb",
            lambda c: c.execute_statement(Statement="EXISTS(SELECT 1)"),
            "the PartiQL statement",
        ),
        (
            "sts",
            lambda c: c.assume_role(RoleArn=STREAM, RoleSessionName="me", Policy="{}"),
            "sts:AssumeRole with Policy",
        ),
        (
            "iam",
            lambda c: c.create_user(UserName="u", Path="/team/"),
            "iam:CreateUser with a Path",
        ),
    ],
)
def test_what_the_lab_does_not_know_is_denied_and_said(
    service: str, call: Callable[[Any], Any], what: str, person: MakePrincipal
) -> None:
    message = denial(lambda: call(person(allow("*")).client(service)))
    assert f"because the embedded AWS does not know {what}" in message


# ---------------------------------------------------------------- what is decided


def test_a_change_in_iam_is_in_force_at_the_next_call(person: MakePrincipal) -> None:
    somebody = person()
    iam, kinesis, me = somebody.iam, somebody.client("kinesis"), {"UserName": somebody.name}
    document = json.dumps(allow("kinesis:ListStreams"))
    managed = iam.create_policy(PolicyName=f"m{somebody.name}", PolicyDocument=document)["Policy"][
        "Arn"
    ]
    group = {"GroupName": f"g{somebody.name}"}
    iam.create_group(**group)
    iam.put_group_policy(PolicyName="p", PolicyDocument=document, **group)

    def may() -> bool:
        try:
            kinesis.list_streams()
        except kinesis.exceptions.AccessDeniedException:
            return False
        return True

    changes: list[tuple[Callable[[], Any], bool]] = [
        (lambda: None, False),
        (lambda: somebody.may(json.loads(document)), True),
        (lambda: iam.delete_user_policy(PolicyName="only", **me), False),
        (lambda: iam.attach_user_policy(PolicyArn=managed, **me), True),
        (
            lambda: iam.create_policy_version(
                PolicyArn=managed, PolicyDocument=json.dumps(deny("*")), SetAsDefault=True
            ),
            False,
        ),
        (lambda: iam.set_default_policy_version(PolicyArn=managed, VersionId="v1"), True),
        (lambda: iam.detach_user_policy(PolicyArn=managed, **me), False),
        (lambda: iam.add_user_to_group(**group, **me), True),
        (lambda: iam.delete_group_policy(PolicyName="p", **group), False),
        (lambda: iam.attach_group_policy(PolicyArn=managed, **group), True),
        (lambda: iam.remove_user_from_group(**group, **me), False),
    ]
    for change, allowed in changes:
        change()
        assert may() is allowed


STOCK = {"product_id": {"S": "a"}}
CONTENT: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "each part of a transaction": (
        "dynamodb",
        lambda c: c.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "inventory", "Item": STOCK}},
                {"ConditionCheck": {"TableName": "inventory", "Key": {"product_id": {"S": "b"}},
                                    "ConditionExpression": "attribute_not_exists(product_id)"}},
            ]
        ),
        "dynamodb:PutItem dynamodb:ConditionCheckItem",
    ),
    "a PartiQL update": (
        "dynamodb",
        lambda c: c.execute_statement(
            Statement="UPDATE \"inventory\" SET x = 1 WHERE product_id = 'a'"
        ),
        "dynamodb:PartiQLUpdate",
    ),
    "a PartiQL batch": (
        "dynamodb",
        lambda c: c.batch_execute_statement(
            Statements=[{"Statement": "SELECT * FROM inventory WHERE product_id = 'a'"}]
        ),
        "dynamodb:PartiQLSelect",
    ),
    "a batch of reads": (
        "dynamodb",
        lambda c: c.batch_get_item(RequestItems={"inventory": {"Keys": [STOCK]}}),
        "dynamodb:BatchGetItem",
    ),
    "a batch of messages": (
        "sqs",
        lambda c: c.send_message_batch(QueueUrl=QUEUE_URL, Entries=[{"Id": "1", "MessageBody": "a"}]),
        "sqs:SendMessage",
    ),
    "a batch of notices": (
        "sns",
        lambda c: c.publish_batch(
            TopicArn=TOPIC, PublishBatchRequestEntries=[{"Id": "1", "Message": "a"}]
        ),
        "sns:Publish",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CONTENT)
def test_some_calls_need_other_actions_than_their_name(case: str, person: MakePrincipal) -> None:
    service, call, actions = CONTENT[case]
    for left_out in actions.split():
        others = [action for action in actions.split() if action != left_out]
        somebody = person(*([allow(others)] if others else []))
        message = denial(lambda somebody=somebody: call(somebody.client(service)))  # type: ignore[misc]
        assert f"perform: {left_out.lower()} " in message.lower()
    somebody.may(allow(actions.split()))
    if service != "dynamodb" or "PartiQL" not in actions:  # moto's own PartiQL is not the question
        call(somebody.client(service))


def test_leading_keys_confine_a_user_to_its_own_items(person: MakePrincipal) -> None:
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}}
    somebody = person(
        allow("dynamodb:*", TABLE, Condition=own | {"Null": {"dynamodb:LeadingKeys": "false"}})
    )
    dynamodb, mine = somebody.client("dynamodb"), {"product_id": {"S": somebody.name}}
    names = {"TableName": "inventory"}
    dynamodb.get_item(Key=mine, **names)
    dynamodb.put_item(Item=mine, **names)
    dynamodb.query(
        KeyConditionExpression="#p = :me", ExpressionAttributeNames={"#p": "product_id"},
        ExpressionAttributeValues={":me": {"S": somebody.name}}, **names,
    )  # fmt: skip
    resource = boto3.resource(
        "dynamodb", aws_access_key_id=somebody.key["AccessKeyId"],
        aws_secret_access_key=somebody.key["SecretAccessKey"],
    ).Table("inventory")  # fmt: skip
    resource.get_item(Key={"product_id": somebody.name})
    others: list[Callable[[], Any]] = [
        lambda: dynamodb.get_item(Key=STOCK, **names),
        lambda: dynamodb.batch_get_item(RequestItems={"inventory": {"Keys": [mine, STOCK]}}),
        lambda: dynamodb.batch_write_item(
            RequestItems={"inventory": [{"PutRequest": {"Item": STOCK}}]}
        ),
        lambda: dynamodb.transact_get_items(TransactItems=[{"Get": {"Key": STOCK, **names}}]),
        lambda: resource.get_item(Key={"product_id": "a"}),
        lambda: dynamodb.scan(**names),
    ]
    for call in others:
        assert "because no identity-based policy" in denial(call)


CONDITIONS: dict[str, tuple[Policy, bool]] = {
    "the region it is made in": ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, True),
    "another region": ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, False),
    "an encrypted connection": ({"Bool": {"AWS:SecureTransport": "true"}}, True),
    "this machine": ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
    "another address": ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, False),
    "lab time": ({"DateLessThan": {"aws:CurrentTime": "2026-01-06T00:00:00Z"}}, True),
    "a later time": ({"DateGreaterThan": {"aws:CurrentTime": "2030-01-01"}}, False),
    "epoch seconds": ({"NumericGreaterThan": {"aws:EpochTime": "1000000000"}}, True),
    "the principal": ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, True),
    "its type": ({"StringEquals": {"aws:PrincipalType": "User"}}, True),
    "its account": ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, True),
    "its tag": ({"StringEquals": {"aws:PrincipalTag/team": "shop"}}, True),
    "a tag it has not": ({"StringEquals": {"aws:PrincipalTag/team": "other"}}, False),
    "the stream's tag": ({"StringEquals": {"aws:ResourceTag/project": "inventory-lab"}}, True),
    "the stream's account": ({"StringEquals": {"aws:ResourceAccount": ACCOUNT}}, True),
    "long-term keys": ({"Null": {"aws:TokenIssueTime": "true"}}, True),
    "no second factor": ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, True),
    "a second factor": ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
    "no network of one's own": ({"Null": {"aws:SourceVpc": "true"}}, True),
    "a key of another service": ({"StringEquals": {"s3:prefix": "a"}}, False),
}  # fmt: skip


@pytest.mark.parametrize("case", CONDITIONS)
def test_a_condition_sees_what_the_request_is(case: str, person: MakePrincipal) -> None:
    condition, allowed = CONDITIONS[case]
    somebody = person(allow("kinesis:PutRecord", STREAM, Condition=condition))
    somebody.iam.tag_user(UserName=somebody.name, Tags=[{"Key": "team", "Value": "shop"}])
    if allowed:
        somebody.put()
    else:
        assert "because no identity-based policy" in denial(somebody.put)


def test_a_condition_on_a_key_that_the_lab_cannot_tell_denies_also_when_it_only_guards_a_deny(
    person: MakePrincipal,
) -> None:
    odd = {"StringEquals": {"kinesis:FisActionId": "a"}}
    somebody = person(allow("*"), deny("kinesis:PutRecord", Condition=odd))
    assert "does not know the condition key kinesis:fisactionid" in denial(somebody.put)


def test_tags_in_a_request_can_be_demanded(person: MakePrincipal) -> None:
    tagged = {
        "StringEquals": {"aws:RequestTag/team": "shop"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
    }
    somebody = person(allow(["sqs:CreateQueue", "sqs:TagQueue"], Condition=tagged))
    sqs = somebody.client("sqs")
    sqs.create_queue(QueueName=f"q{somebody.name}", tags={"team": "shop"})
    for tags in ({}, {"team": "other"}, {"team": "shop", "more": "x"}):
        assert "sqs:createqueue" in denial(
            lambda tags=tags: sqs.create_queue(QueueName="r", tags=tags)
        )  # type: ignore[misc]


def test_a_variable_is_replaced_by_the_caller(person: MakePrincipal) -> None:
    somebody = person(allow("kinesis:*", "arn:aws:kinesis:*:*:stream/${aws:username}-*"))
    kinesis = somebody.client("kinesis")
    kinesis.create_stream(StreamName=f"{somebody.name}-a", ShardCount=1)
    assert "because no" in denial(lambda: kinesis.create_stream(StreamName="b-a", ShardCount=1))


# ---------------------------------------------------------------- resource policies


def test_the_policy_of_a_queue_may_allow_or_forbid_a_caller(person: MakePrincipal) -> None:
    somebody, powerful = person(), person(allow("sqs:*"))
    me = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/{somebody.name}"}
    set_queue_policy(somebody.lab, with_principal(allow("sqs:SendMessage", QUEUE), me))
    send(somebody)
    set_queue_policy(somebody.lab, with_principal(deny("sqs:SendMessage", QUEUE), "*"))
    assert denial(lambda: send(powerful)).endswith(
        f"{QUEUE} with an explicit deny in a resource-based policy"
    )
    set_queue_policy(somebody.lab, None)
    send(powerful)
    assert "no identity-based policy" in denial(lambda: send(somebody))


def test_a_queue_that_allows_the_account_leaves_it_to_the_callers_own_policies(
    person: MakePrincipal,
) -> None:
    somebody = person()
    account = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    set_queue_policy(somebody.lab, with_principal(allow("sqs:SendMessage", QUEUE), account))
    assert "no identity-based policy" in denial(lambda: send(somebody))
    set_queue_policy(somebody.lab, None)


def test_the_default_policy_of_a_topic_allows_nobody_else(person: MakePrincipal) -> None:
    somebody = person()
    assert "SNS:Publish" in denial(
        lambda: somebody.client("sns").publish(TopicArn=TOPIC, Message="a")
    )


def test_the_policy_of_a_function_may_allow_a_user(person: MakePrincipal) -> None:
    somebody = person()
    root = somebody.lab.session("root").client("lambda")
    root.add_permission(
        FunctionName="update-inventory", StatementId="me", Action="lambda:InvokeFunction",
        Principal=f"arn:aws:iam::{ACCOUNT}:user/{somebody.name}",
    )  # fmt: skip
    answer = somebody.client("lambda").invoke(FunctionName="update-inventory", Payload=b"[]")
    assert answer["StatusCode"] == 200
    root.remove_permission(FunctionName="update-inventory", StatementId="me")
    with expect_denied("lambda:InvokeFunction"):
        somebody.client("lambda").invoke(FunctionName="update-inventory", Payload=b"[]")


# ---------------------------------------------------------------- roles of people


def test_a_user_may_assume_a_role_that_trusts_it_or_its_account(person: MakePrincipal) -> None:
    somebody = person()
    me = f"arn:aws:iam::{ACCOUNT}:user/{somebody.name}"

    def trust(principal: Any, **condition: Any) -> None:
        policy = allow("sts:AssumeRole", **condition)
        del policy["Statement"][0]["Resource"]
        somebody.iam.update_assume_role_policy(
            RoleName=somebody.name, PolicyDocument=json.dumps(with_principal(policy, principal))
        )

    def assume(**more: str) -> Any:
        role = f"arn:aws:iam::{ACCOUNT}:role/{somebody.name}"
        return somebody.client("sts").assume_role(RoleArn=role, RoleSessionName="me", **more)

    somebody.iam.create_role(
        RoleName=somebody.name,
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
            }
        ),
    )  # fmt: skip
    assert "no role trust policy" in denial(assume)
    trust({"AWS": me})
    assert assume()["AssumedRoleUser"]["Arn"].endswith(f"assumed-role/{somebody.name}/me")
    trust({"AWS": ACCOUNT})
    assert "no identity-based policy" in denial(assume)
    somebody.may(allow("sts:AssumeRole"))
    assume()
    trust({"AWS": me}, Condition={"StringEquals": {"sts:ExternalId": "shop"}})
    assert "no role trust policy" in denial(assume)
    assume(ExternalId="shop")


# ---------------------------------------------------------------- invalid policies


@pytest.mark.parametrize(
    ("policy", "element"),
    [
        ({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resources": "*"}]}, "Resources"),
        (allow("PutRecord"), "Action"),
        (allow("kinesis:PutRecord", "stream/e-commerce-streaming"), "Resource"),
        (allow("*", Condition={"StringsEqual": {"aws:username": "a"}}), "Condition"),
        (with_principal(allow("*"), "*"), "Principal"),
    ],
)  # fmt: skip
def test_an_invalid_policy_is_not_stored_and_its_element_is_named(
    policy: Policy, element: str, person: MakePrincipal
) -> None:
    somebody = person()
    with pytest.raises(ClientError, match=f"invalid policy: {element} ") as raised:
        somebody.may(policy)
    assert raised.value.response["Error"]["Code"] == "MalformedPolicyDocument"
    assert somebody.iam.list_user_policies(UserName=somebody.name)["PolicyNames"] == []
