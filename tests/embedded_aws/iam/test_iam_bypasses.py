"""Ways around the gate that were found once, and are closed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.handlers import disable_signing

from inventory_lab import Lab, ProductAdded
from inventory_lab.exceptions import UndecidedCall
from tests.embedded_aws.principals import (
    ACCOUNT,
    FUNCTION,
    QUEUE,
    QUEUE_URL,
    TOPIC,
    MakePrincipal,
    Principal,
    allow,
    denial,
    deny,
    set_queue_policy,
    with_principal,
)

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
USER = f"arn:aws:iam::{ACCOUNT}:user"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"


def trusting(principal: Any, **more: Any) -> str:
    policy = with_principal(allow("sts:AssumeRole", **more), principal)
    del policy["Statement"][0]["Resource"]
    return json.dumps(policy)


def make_role(lab: Lab, name: str, principal: Any, *policies: Any, **more: Any) -> str:
    iam = lab.session("root").client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting(principal), **more)
    for number, policy in enumerate(policies):
        iam.put_role_policy(
            RoleName=name, PolicyName=f"p{number}", PolicyDocument=json.dumps(policy)
        )
    return f"{ROLE}/{name}"


def assumed(person: Principal, role: str, **more: Any) -> Any:
    keys = person.client("sts").assume_role(
        RoleArn=role, **{"RoleSessionName": "session"} | more
    )["Credentials"]  # fmt: skip
    return boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name="us-east-1"
    )


@pytest.mark.parametrize("name", ["anna-:root", "anna-/inventory-lab-admin"])
def test_a_user_cannot_be_named_like_another_principal(name: str, person: MakePrincipal) -> None:
    iam = person(allow("iam:*", f"{USER}/anna-*")).client("iam")
    with pytest.raises(ClientError, match=r"ValidationError.*alphanumeric"):
        iam.create_user(UserName=name)


@pytest.mark.parametrize("session", ["x:root", "x:assumed-role/admin/y"])
def test_a_session_cannot_be_named_like_another_principal(
    session: str, person: MakePrincipal
) -> None:
    somebody = person(allow("sts:AssumeRole"))
    role = make_role(somebody.lab, somebody.name, {"AWS": ROOT})
    with pytest.raises(ClientError, match="ValidationError"):
        assumed(somebody, role, RoleSessionName=session)


def test_a_role_is_known_by_its_whole_arn(person: MakePrincipal) -> None:
    somebody = person(allow("sts:AssumeRole"))
    make_role(somebody.lab, somebody.name, {"AWS": ROOT}, allow("*"))
    elsewhere = f"{ROLE}/mine/{somebody.name}"
    assert "no role trust policy" in denial(lambda: assumed(somebody, elsewhere))


OTHER_NAMES: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "a topic as TargetArn": (
        [allow("sns:*"), deny("sns:*", TOPIC)],
        lambda s: s.client("sns").publish(TargetArn=TOPIC, Message="m"),
    ),
    "a topic beside another": (
        [allow("sns:Publish", f"{TOPIC}-2")],
        lambda s: s.client("sns").publish(TopicArn=f"{TOPIC}-2", TargetArn=TOPIC, Message="m"),
    ),
    "a phone": (
        [allow("sns:*")],
        lambda s: s.client("sns").publish(PhoneNumber="+14155550100", Message="m"),
    ),
    "a queue by its bare name": (
        [allow("sqs:*"), deny("sqs:*", QUEUE)],
        lambda s: s.client("sqs").receive_message(QueueUrl="inventory-rejected"),
    ),
    "a queue of another account": (
        [allow("sqs:*"), deny("sqs:*", QUEUE)],
        lambda s: s.client("sqs").receive_message(QueueUrl=QUEUE_URL.replace(ACCOUNT, "0" * 12)),
    ),
    "a queue behind two slashes": (
        [allow("sqs:*"), deny("sqs:*", QUEUE)],
        lambda s: s.client("sqs").receive_message(
            QueueUrl=QUEUE_URL.replace("/inventory", "//inventory")
        ),
    ),
    "a function in another region": (
        [allow("lambda:*"), deny("lambda:*", FUNCTION)],
        lambda s: s.client("lambda").invoke(FunctionName=FUNCTION.replace("us-east-1", "eu-west-1")),
    ),
    "a function of another account": (
        [allow("lambda:*"), deny("lambda:*", FUNCTION)],
        lambda s: s.client("lambda").invoke(FunctionName=FUNCTION.replace(ACCOUNT, "9" * 12)),
    ),
    "a function behind another": (
        [allow("lambda:*"), deny("lambda:*", FUNCTION)],
        lambda s: s.client("lambda").invoke(
            FunctionName=FUNCTION.replace("function:", "function:mine:function:")
        ),
    ),
    "a second table in a statement": (
        [allow("dynamodb:*", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/mine")],
        lambda s: s.client("dynamodb").execute_statement(
            Statement="SELECT * FROM mine , inventory"
        ),
    ),
    "a code package in a bucket": (
        [allow("lambda:*")],
        lambda s: s.client("lambda").update_function_code(
            FunctionName="update-inventory", S3Bucket="bucket", S3Key="k"
        ),
    ),
    "a version of an object": (
        [allow("s3:GetObject")],
        lambda s: s.client("s3").get_object(Bucket="b", Key="k", VersionId="1"),
    ),
    "tags of many services at once": (
        [allow("tag:*")],
        lambda s: s.client("resourcegroupstaggingapi").tag_resources(
            ResourceARNList=[QUEUE], Tags={"a": "b"}
        ),
    ),
    "several log groups in a query": (
        [allow("logs:*"), deny("logs:*", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/*")],
        lambda s: s.client("logs").start_query(
            logGroupNames=["mine", "/aws/lambda/update-inventory"], startTime=0, endTime=1,
            queryString="fields @message",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHER_NAMES)
def test_another_way_to_name_a_thing_is_evaluated_or_refused(
    case: str, person: MakePrincipal
) -> None:
    policies, call = OTHER_NAMES[case]
    assert "is not authorized to perform" in denial(lambda: call(person(*policies)))


def test_an_endpoint_of_another_region_is_a_wrong_signature(person: MakePrincipal) -> None:
    keys = person(allow("*")).key
    client = boto3.client(
        "kinesis", region_name="eu-west-1", aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        endpoint_url="https://kinesis.us-east-1.amazonaws.com",
    )  # fmt: skip
    with pytest.raises(ClientError, match="Credential should be scoped to a valid region"):
        client.list_streams()


KEYS = {
    "KeyConditions": {
        "product_id": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "b"}]}
    }
}
QUERIES: dict[str, dict[str, Any]] = {
    "the legacy parameter": KEYS,
    "a value placeholder that is none": {
        "KeyConditionExpression": "product_id = :v-1",
        "ExpressionAttributeValues": {":v-1": {"S": "b"}},
    },
    "a name placeholder that is none": {
        "KeyConditionExpression": "#p-k = :v",
        "ExpressionAttributeNames": {"#p-k": "product_id"},
        "ExpressionAttributeValues": {":v": {"S": "b"}},
    },
}


@pytest.mark.parametrize("case", QUERIES)
def test_leading_keys_do_not_vanish(case: str, person: MakePrincipal) -> None:
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]}}
    dynamodb = person(allow("dynamodb:*", Condition=own)).client("dynamodb")
    assert "not authorized" in denial(
        lambda: dynamodb.query(TableName="inventory", **QUERIES[case])
    )
    statement = "DELETE FROM inventory WHERE product_id = 'b'"
    assert "PartiQL" in denial(lambda: dynamodb.execute_statement(Statement=statement))
    dynamodb.list_tables()  # has no keys


SALARY = {"TableName": "inventory", "Key": {"product_id": {"S": "b"}}}
WRITES: dict[str, Callable[[Any], Any]] = {
    "the legacy parameter": lambda c: c.update_item(
        AttributeUpdates={"salary": {"Value": {"N": "9"}, "Action": "PUT"}}, **SALARY
    ),
    "a batch": lambda c: c.batch_write_item(
        RequestItems={"inventory": [{"PutRequest": {"Item": SALARY["Key"] | {"salary": {"N": "1"}}}}]}
    ),
    "a transaction": lambda c: c.transact_write_items(
        TransactItems=[
            {"Update": SALARY | {"UpdateExpression": "SET salary = :x",
                                 "ExpressionAttributeValues": {":x": {"N": "7"}}}}
        ]
    ),
    "a projection in a batch": lambda c: c.batch_get_item(
        RequestItems={"inventory": {"Keys": [SALARY["Key"]], "ProjectionExpression": "salary"}}
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRITES)
def test_attributes_are_seen_in_every_parameter(case: str, person: MakePrincipal) -> None:
    few = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["product_id", "quantity"]}}
    dynamodb = person(allow("dynamodb:*", Condition=few)).client("dynamodb")
    assert "no identity-based policy" in denial(lambda: WRITES[case](dynamodb))


def test_a_session_ends_with_its_time_and_with_its_role(person: MakePrincipal) -> None:
    somebody = person(allow("sts:AssumeRole"))
    iam, name = somebody.iam, somebody.name
    role = make_role(somebody.lab, name, {"AWS": ROOT}, allow("iam:ListUsers"))
    session = assumed(somebody, role, DurationSeconds=900)
    session.client("iam").list_users()
    somebody.lab.clock.advance(901)
    with pytest.raises(ClientError, match="ExpiredToken"):
        session.client("iam").list_users()
    later = assumed(somebody, role)
    iam.delete_role_policy(RoleName=name, PolicyName="p0")
    iam.delete_role(RoleName=name)
    make_role(somebody.lab, name, {"AWS": ROOT}, allow("iam:ListUsers"))
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        later.client("iam").list_users()


def test_what_is_in_use_cannot_be_deleted(person: MakePrincipal) -> None:
    somebody = person(allow("*"))
    iam, me = somebody.iam, {"UserName": somebody.name}
    with pytest.raises(ClientError, match="DeleteConflict"):
        iam.delete_user(**me)
    policy = iam.create_policy(PolicyName=somebody.name, PolicyDocument=json.dumps(allow("*")))
    arn = policy["Policy"]["Arn"]
    iam.put_user_permissions_boundary(PermissionsBoundary=arn, **me)
    with pytest.raises(ClientError, match="DeleteConflict"):
        iam.delete_policy(PolicyArn=arn)
    with pytest.raises(ClientError, match=r"NoSuchEntity.*does not exist or is not attachable"):
        iam.put_user_permissions_boundary(PermissionsBoundary=f"{arn}-none", **me)


def test_nobody_switches_off_the_key_of_another(person: MakePrincipal) -> None:
    victim, attacker = person(), person(allow("iam:*AccessKey*"))
    for call in (
        attacker.client("iam").delete_access_key,
        attacker.client("iam").update_access_key,
    ):
        more = {} if call.__name__ == "delete_access_key" else {"Status": "Inactive"}
        with pytest.raises(ClientError, match="NoSuchEntity"):
            call(AccessKeyId=victim.key["AccessKeyId"], **more)


def test_a_boundary_limits_which_roles_a_role_assumes(person: MakePrincipal) -> None:
    somebody = person(allow("sts:AssumeRole"))
    cap = somebody.iam.create_policy(
        PolicyName=somebody.name, PolicyDocument=json.dumps(allow("s3:*"))
    )["Policy"]["Arn"]
    one = make_role(
        somebody.lab, f"{somebody.name}-1", {"AWS": ROOT}, allow("*"), PermissionsBoundary=cap
    )
    other = make_role(somebody.lab, f"{somebody.name}-2", {"AWS": one})
    sts = assumed(somebody, one).client("sts")
    message = denial(lambda: sts.assume_role(RoleArn=other, RoleSessionName="session"))
    assert "no permissions boundary allows the sts:AssumeRole action" in message


def test_a_deny_of_all_but_one_spares_not_the_whole_account(person: MakePrincipal) -> None:
    bob, alice = person(allow("sqs:*")), person(allow("sqs:*"))
    policy = deny("sqs:SendMessage", QUEUE)
    policy["Statement"][0]["NotPrincipal"] = {"AWS": [f"{USER}/{bob.name}", ROOT]}
    set_queue_policy(bob.lab, policy)
    bob.client("sqs").send_message(QueueUrl=QUEUE_URL, MessageBody="m")
    assert "explicit deny in a resource-based policy" in denial(
        lambda: alice.client("sqs").send_message(QueueUrl=QUEUE_URL, MessageBody="m")
    )
    set_queue_policy(bob.lab, None)


def test_tag_keys_are_those_that_are_taken_away_too(person: MakePrincipal) -> None:
    guard = {"ForAnyValue:StringEquals": {"aws:TagKeys": ["project"]}}
    sqs = person(allow("*"), deny("sqs:UntagQueue", Condition=guard)).client("sqs")
    assert "explicit deny" in denial(
        lambda: sqs.untag_queue(QueueUrl=QUEUE_URL, TagKeys=["project"])
    )


def test_a_call_over_http_is_not_secure_transport(person: MakePrincipal) -> None:
    guard = {"Bool": {"aws:SecureTransport": "false"}}
    sqs = person(allow("*"), deny("*", Condition=guard)).client("sqs", use_ssl=False)
    assert "explicit deny" in denial(lambda: sqs.list_queues())


def test_an_unsigned_request_does_not_pass_in_anothers_name(person: MakePrincipal) -> None:
    kinesis = person(allow("*")).client("kinesis")
    kinesis.meta.events.register("choose-signer.kinesis", disable_signing)
    with pytest.raises(UndecidedCall):
        kinesis.list_streams()


def test_a_call_without_its_parameters_is_not_evaluated(person: MakePrincipal) -> None:
    somebody = person(allow("*"))
    gate = somebody.lab._backend.account._gate  # type: ignore[union-attr]
    kinesis = somebody.client("kinesis")
    kinesis.meta.events.unregister("before-parameter-build", gate.keep_parameters)
    with pytest.raises(UndecidedCall):
        kinesis.list_streams()


NONSENSE: dict[str, Callable[[Any], Any]] = {
    "an ARN that is none": lambda p: p.client("sns").publish(TopicArn="arn:x", Message="m"),
    "an iterator that is none": lambda p: p.client("kinesis").get_records(ShardIterator="\ud800"),
    "a role without a name": lambda p: p.client("sts").assume_role(
        RoleArn=f"{ROLE}/", RoleSessionName="session"
    ),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_nonsense_is_denied_and_nothing_else_is_raised(case: str, person: MakePrincipal) -> None:
    assert "not authorized" in denial(lambda: NONSENSE[case](person()))


def test_a_policy_with_an_unknown_condition_key_lets_no_service_in(shared: Lab) -> None:
    odd = {"StringEquals": {"aws:UserAgent": "x"}}
    sns, sqs = (shared.session("root").client(s) for s in ("sns", "sqs"))
    url = sqs.create_queue(QueueName="odd")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:odd"
    policy = with_principal(
        allow("sqs:SendMessage", arn, Condition=odd), {"Service": "sns.amazonaws.com"}
    )
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=TOPIC, Message="m")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_a_pipe_that_is_given_another_role_calls_as_that_role(shared: Lab) -> None:
    role = make_role(shared, "weak-pipe", {"Service": "pipes.amazonaws.com"})
    pipes = shared.session("root").client("pipes")
    pipes.update_pipe(Name="inventory-pipe", RoleArn=role)
    assert pipes.describe_pipe(Name="inventory-pipe")["CurrentState"] == "UPDATE_FAILED"
    receipt = shared.publish(ProductAdded("after the change", 1))
    assert not shared.settle(receipt, timeout=3)
    pipes.update_pipe(Name="inventory-pipe", RoleArn=shared.account.role_arn("pipe_role"))
    assert shared.settle(receipt)
