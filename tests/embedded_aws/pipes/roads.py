"""Pipes, functions and queues of the tests' own beside the lab's."""

from __future__ import annotations

import json
from typing import Any

from inventory_lab import Lab
from tests.embedded_aws.lambda_function import zipped

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/roads"
FUNCTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/update-inventory-role"
SAYS = "import json\ndef handle(event, context):\n    print(json.dumps(event))\n"
FAILS = "def handle(event, context):\n    1 / 0\n"
EVERYTHING = ("lambda:InvokeFunction", "sqs:SendMessage", "sns:Publish", "events:PutEvents")


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Roads:
    """A lab with a stream, and whatever a test adds."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.root = lab.session("root")
        trust = {
            "Effect": "Allow", "Principal": {"Service": "pipes.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }  # fmt: skip
        self.root.client("iam").create_role(
            RoleName="roads", AssumeRolePolicyDocument=policy(trust)
        )
        self.allow(*EVERYTHING)

    def allow(self, *actions: str) -> None:
        """What the role of the pipes may do, besides reading the stream."""
        statement = {"Effect": "Allow", "Action": ["kinesis:*", *actions], "Resource": "*"}
        self.root.client("iam").put_role_policy(
            RoleName="roads", PolicyName="roads", PolicyDocument=policy(statement)
        )

    def function(self, name: str, source: str = SAYS) -> str:
        """A new function; its ARN."""
        self.root.client("lambda").create_function(
            FunctionName=name, Runtime="python3.13", Handler="app.handle", Role=FUNCTION_ROLE,
            Code={"ZipFile": zipped(app=source)},
        )  # fmt: skip
        statement = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
        self.root.client("iam").put_role_policy(
            RoleName="update-inventory-role", PolicyName="logs", PolicyDocument=policy(statement)
        )
        return arn("lambda", f"function:{name}")

    def queue(self, name: str, *services: str, **attributes: str) -> str:
        """A new queue that these services may send to; its URL."""
        statement = {
            "Effect": "Allow", "Principal": {"Service": list(services)},
            "Action": "sqs:SendMessage", "Resource": arn("sqs", name),
        }  # fmt: skip
        given = {"Policy": policy(statement)} if services else {}
        url = self.root.client("sqs").create_queue(QueueName=name, Attributes=given | attributes)
        return str(url["QueueUrl"])

    def topic(self, name: str, **attributes: str) -> str:
        """A new topic; its ARN."""
        created = self.root.client("sns").create_topic(Name=name, Attributes=attributes)
        return str(created["TopicArn"])

    def subscribe(self, topic: str, protocol: str, endpoint: str) -> None:
        self.root.client("sns").subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)

    def let_in(self, function: str, service: str, source: str) -> None:
        """Let a service invoke a function for a resource."""
        self.root.client("lambda").add_permission(
            FunctionName=function, StatementId=service.partition(".")[0], Principal=service,
            Action="lambda:InvokeFunction", SourceArn=source,
        )  # fmt: skip

    def pipe(self, target: str, name: str = "road", batch: int = 10, **more: Any) -> None:
        """A new pipe from the lab's stream; `kinesis` are more source parameters."""
        kinesis = {
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": batch,
            **more.pop("kinesis", {}),
        }
        self.root.client("pipes").create_pipe(
            Name=name, Source=self.lab.account.stream_arn(), Target=target, RoleArn=ROLE,
            SourceParameters={"KinesisStreamParameters": kinesis}, **more,
        )  # fmt: skip

    def describe(self, name: str = "road") -> Any:
        return self.root.client("pipes").describe_pipe(Name=name)

    def put(self, *payloads: Any, key: str = "a") -> None:
        """Put records into the stream, in order."""
        for payload in payloads:
            self.root.client("kinesis").put_record(
                StreamName="e-commerce-streaming",
                PartitionKey=key,
                Data=json.dumps(payload).encode(),
            )

    def bodies(self, url: str) -> list[Any]:
        """The bodies of the messages in a queue, as JSON where they are."""
        answer = self.root.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [_json(message["Body"]) for message in answer.get("Messages", [])]

    def said(self, function: str) -> list[Any]:
        """What a function printed, as JSON."""
        group = f"/aws/lambda/{function}"
        logs = self.root.client("logs")
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return []
        messages = [e["message"] for e in logs.filter_log_events(logGroupName=group)["events"]]
        own = [m for m in messages if not m.startswith(("START ", "END ", "REPORT "))]
        return [_json(message) for message in own]

    def log_group(self, name: str = "/aws/vendedlogs/pipes/road") -> str:
        """A new log group; its ARN."""
        self.root.client("logs").create_log_group(logGroupName=name)
        return arn("logs", f"log-group:{name}")

    def logged(self, name: str = "/aws/vendedlogs/pipes/road") -> list[Any]:
        """The records of a pipe's log."""
        events = self.root.client("logs").filter_log_events(logGroupName=name)["events"]
        return [json.loads(event["message"]) for event in events]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
