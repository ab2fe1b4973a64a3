"""What is granted to a user, role or alias is granted to this one, not to the next one of its name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab
from tests.embedded_aws.patch_checks import Aws, outcome

ACCOUNT = "123456789012"
KIM = f"arn:aws:iam::{ACCOUNT}:user/kim"


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def trusts(principal: Any) -> str:
    return document(Action="sts:AssumeRole", Principal=principal)


@pytest.fixture
def aws(lab: Lab) -> Aws:
    return Aws(lru(lab), "stock", lab)


def lru(lab: Lab) -> Any:
    clients: dict[str, Any] = {}
    root = lab.session("root")
    return lambda service: clients.setdefault(service, root.client(service))


def kim(aws: Aws) -> Any:
    """A session of the user kim, who is created when it is missing."""
    import boto3

    iam = aws.client("iam")
    if outcome(lambda: iam.get_user(UserName="kim")) != "accepted":
        iam.create_user(UserName="kim")
    key = iam.create_access_key(UserName="kim")["AccessKey"]
    return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")


def delete_kim(aws: Aws) -> None:
    iam = aws.client("iam")
    for key in iam.list_access_keys(UserName="kim")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="kim", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="kim")


def test_a_user_that_was_created_anew_may_not_assume_the_role_that_trusted_the_old_one(
    aws: Aws,
) -> None:
    session = kim(aws)
    aws.client("iam").create_role(RoleName="sales", AssumeRolePolicyDocument=trusts({"AWS": KIM}))
    request = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/sales", "RoleSessionName": "kim"}
    assert outcome(lambda: session.client("sts").assume_role(**request)) == "accepted"
    old_id = aws.client("iam").get_user(UserName="kim")["User"]["UserId"]
    delete_kim(aws)
    session = kim(aws)
    assert outcome(lambda: session.client("sts").assume_role(**request)) == "AccessDenied"
    role = aws.client("iam").get_role(RoleName="sales")["Role"]
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"]["AWS"] == old_id


def test_a_user_that_was_created_anew_may_not_use_the_queue_that_let_the_old_one_in(
    aws: Aws,
) -> None:
    session = kim(aws)
    sqs, arn = aws.client("sqs"), f"arn:aws:sqs:us-east-1:{ACCOUNT}:stock"
    policy = document(Action="sqs:SendMessage", Principal={"AWS": KIM}, Resource=arn)
    url = sqs.create_queue(QueueName="stock", Attributes={"Policy": policy})["QueueUrl"]

    def send() -> str:
        return outcome(lambda: session.client("sqs").send_message(QueueUrl=url, MessageBody="sold"))

    assert send() == "accepted"
    delete_kim(aws)
    session = kim(aws)
    assert "AccessDenied" in send()


NOBODY = f"arn:aws:iam::{ACCOUNT}:user/nobody"


@pytest.mark.parametrize(
    "principal", [NOBODY, f"arn:aws:iam::{ACCOUNT}:role/nobody", f"{NOBODY[:-6]}*", "AIDAGONE"]
)
def test_a_trust_policy_that_names_nobody_is_refused(aws: Aws, principal: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html"""
    with pytest.raises(ClientError, match='Invalid principal in policy: "AWS":"') as raised:
        aws.client("iam").create_role(
            RoleName="sales", AssumeRolePolicyDocument=trusts({"AWS": principal})
        )
    assert raised.value.response["Error"]["Code"] == "MalformedPolicyDocument"


@pytest.mark.parametrize(
    "principal",
    [{"AWS": "*"}, {"AWS": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"Service": "ec2.amazonaws.com"}],
)  # fmt: skip
def test_a_trust_policy_may_name_everybody_the_account_and_a_service(
    aws: Aws, principal: dict[str, str]
) -> None:
    aws.client("iam").create_role(RoleName="sales", AssumeRolePolicyDocument=trusts(principal))


def test_queues_topics_streams_and_functions_refuse_a_principal_that_does_not_exist(
    aws: Aws,
) -> None:
    def naming_nobody(action: str, resource: str) -> str:
        return document(Action=action, Principal={"AWS": NOBODY}, Resource=resource)

    sqs, sns, stream = aws.client("sqs"), aws.client("sns"), aws.stream()
    queue = naming_nobody("sqs:SendMessage", aws.arn("sqs", "stock"))
    assert (
        outcome(lambda: sqs.create_queue(QueueName="stock", Attributes={"Policy": queue}))
        == "InvalidAttributeValue"
    )
    topic = naming_nobody("sns:Publish", aws.arn("sns", "stock"))
    assert (
        outcome(lambda: sns.create_topic(Name="stock", Attributes={"Policy": topic}))
        == "InvalidParameter"
    )
    policy = naming_nobody("kinesis:GetRecords", stream)
    put = aws.client("kinesis").put_resource_policy
    assert outcome(lambda: put(ResourceARN=stream, Policy=policy)) == "InvalidArgumentException"
    aws.function()
    permission = {"FunctionName": "stock", "StatementId": "s", "Action": "lambda:InvokeFunction"}
    add = aws.client("lambda").add_permission
    assert outcome(lambda: add(**permission, Principal=NOBODY)) == "InvalidParameterValueException"


def test_root_assumes_no_role(aws: Aws) -> None:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
    aws.role()
    with pytest.raises(ClientError, match="Roles may not be assumed by root accounts"):
        aws.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/stock", RoleSessionName="root"
        )


FIRST_ATTEMPTS = {
    "service-role/AWSLambdaKinesisExecutionRole": ("kinesis", "list_streams", {}),
    "AmazonKinesisFullAccess": ("kinesis", "list_streams", {}),
    "AmazonDynamoDBFullAccess": ("dynamodb", "list_tables", {}),
    "ReadOnlyAccess": ("kinesis", "list_streams", {}),
}


@pytest.mark.parametrize("name", FIRST_ATTEMPTS)
def test_the_managed_policies_that_a_learner_attaches_first_allow_what_they_say(
    aws: Aws, name: str
) -> None:
    """https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html"""
    session, (service, operation, request) = kim(aws), FIRST_ATTEMPTS[name]
    client = session.client(service)
    assert "AccessDenied" in outcome(lambda: getattr(client, operation)(**request))
    arn = f"arn:aws:iam::aws:policy/{name}"
    aws.client("iam").attach_user_policy(UserName="kim", PolicyArn=arn)
    assert outcome(lambda: getattr(client, operation)(**request)) == "accepted"
    assert "AccessDenied" in outcome(lambda: session.client("iam").create_user(UserName="eve"))


def test_the_basic_execution_role_lets_a_function_write_its_log_and_nothing_else(aws: Aws) -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam = aws.client("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    policy = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    [statement] = policy["Statement"]
    assert set(statement["Action"]) == {
        "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
    }  # fmt: skip


def test_a_managed_policy_that_does_not_exist_is_not_there(aws: Aws) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonEverythingForNothing"
    kim(aws)
    attach = aws.client("iam").attach_user_policy
    assert outcome(lambda: attach(UserName="kim", PolicyArn=arn)) == "NoSuchEntity"


KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ENCRYPTED = {
    "sqs": lambda aws, key: aws.client("sqs").create_queue(
        QueueName="stock", Attributes={"KmsMasterKeyId": key}
    ),
    "sns": lambda aws, key: aws.client("sns").create_topic(
        Name="stock", Attributes={"KmsMasterKeyId": key}
    ),
    "kinesis": lambda aws, key: aws.client("kinesis").start_stream_encryption(
        StreamARN=aws.stream(), EncryptionType="KMS", KeyId=key
    ),
    "dynamodb": lambda aws, key: aws.client("dynamodb").create_table(
        TableName="stock",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    ),
    "lambda": lambda aws, key: aws.function(KMSKeyArn=key),
}


@pytest.mark.parametrize("service", ENCRYPTED)
def test_a_customer_managed_key_is_refused_and_never_ignored(aws: Aws, service: str) -> None:
    with pytest.raises(ClientError, match="does not know customer managed KMS keys"):
        ENCRYPTED[service](aws, KEY)


@pytest.mark.parametrize("service", ["sqs", "sns"])
def test_the_key_of_a_service_of_aws_needs_no_permission(aws: Aws, service: str) -> None:
    ENCRYPTED[service](aws, f"alias/aws/{service}")
