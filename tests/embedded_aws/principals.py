"""Users with policies of their own, for tests of what is allowed and what is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab

ACCOUNT = "123456789012"
STREAM = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/e-commerce-streaming"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/inventory"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:inventory-rejected"
QUEUE_URL = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/inventory-rejected"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:inventory-alerts"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:update-inventory"
WRONG = STREAM.replace("e-commerce", "e-comerce")

Policy = dict[str, Any]


def allow(action: Any, resource: Any = "*", **more: Any) -> Policy:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def deny(action: Any, resource: Any = "*", **more: Any) -> Policy:
    policy = allow(action, resource, **more)
    policy["Statement"][0]["Effect"] = "Deny"
    return policy


class Principal:
    """A user that root makes, with the policies it is given."""

    def __init__(self, lab: Lab, name: str, *policies: Policy) -> None:
        self.lab, self.name = lab, name
        self.iam = lab.session("root").client("iam")
        self.iam.create_user(UserName=name)
        self.key = self.iam.create_access_key(UserName=name)["AccessKey"]
        for number, policy in enumerate(policies):
            self.may(policy, f"policy-{number}")

    def may(self, policy: Policy, name: str = "only") -> None:
        self.iam.put_user_policy(
            UserName=self.name, PolicyName=name, PolicyDocument=json.dumps(policy)
        )

    def client(self, service: str, secret: str | None = None, **more: Any) -> Any:
        return boto3.client(
            service,
            region_name="us-east-1",
            aws_access_key_id=self.key["AccessKeyId"],
            aws_secret_access_key=secret or self.key["SecretAccessKey"],
            **more,
        )

    def put(self) -> None:
        self.client("kinesis").put_record(
            StreamName="e-commerce-streaming", PartitionKey="a", Data=b"x"
        )


MakePrincipal = Callable[..., Principal]


def denial(call: Callable[[], Any]) -> str:
    """What AWS says when it denies the call."""
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Message"])


def with_principal(policy: Policy, principal: Any) -> Policy:
    policy["Statement"][0]["Principal"] = principal
    return policy


def send(person: Principal) -> None:
    person.client("sqs").send_message(QueueUrl=QUEUE_URL, MessageBody="a")


def set_queue_policy(lab: Lab, policy: Policy | None) -> None:
    lab.session("root").client("sqs").set_queue_attributes(
        QueueUrl=QUEUE_URL, Attributes={"Policy": json.dumps(policy) if policy else ""}
    )
