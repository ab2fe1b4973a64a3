"""A function of the tests' own, and what surrounds it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from inventory_lab import Lab
from inventory_lab.embedded_aws.awslambda.timeouts import Ring

ROLE = "update-inventory-role"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:probe"
GROUP = "/aws/lambda/probe"


def zip_of(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def zipped(**modules: str) -> bytes:
    return zip_of({f"{name}.py": text for name, text in modules.items()})


def open_to(queue: str, *services: str, source: str = "*") -> str:
    """The policy of a queue that services may send to, for resources like `source`."""
    statement = {
        "Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sqs:SendMessage",
        "Resource": f"arn:aws:sqs:us-east-1:123456789012:{queue}",
        "Condition": {"ArnLike": {"aws:SourceArn": source}},
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


class DeployedFunction:
    """The function "probe" of the lab's function role, which may do whatever `allow` says."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.root = lab.session("root")
        self.client = self.root.client("lambda")

    def allow(self, *actions: str) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        self.root.client("iam").put_role_policy(
            RoleName=ROLE,
            PolicyName="of-the-probe",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
        )

    def create(self, source: str, handler: str = "app.handle", **more: Any) -> Any:
        return self.create_of(zipped(app=source), handler, **more)

    def create_of(self, code: bytes, handler: str = "app.handle", **more: Any) -> Any:
        request = {
            "FunctionName": "probe",
            "Runtime": "python3.13",
            "Handler": handler,
            "Role": f"arn:aws:iam::123456789012:role/{ROLE}",
            "Timeout": 7,
            "MemorySize": 256,
            "Code": {"ZipFile": code},
        }
        request |= more
        given = {name: value for name, value in request.items() if value is not None}
        return self.client.create_function(**given)

    def update(self, source: str) -> None:
        self.client.update_function_code(FunctionName="probe", ZipFile=zipped(app=source))

    def invoke(self, event: Any = None, **more: Any) -> tuple[Any, str | None]:
        request = {"FunctionName": "probe", "Payload": json.dumps(event)} | more
        answer = self.client.invoke(**request)
        payload = answer["Payload"].read()
        return (json.loads(payload) if payload else None), answer.get("FunctionError")

    def result(self, event: Any = None, **more: Any) -> Any:
        result, error = self.invoke(event, **more)
        assert error is None, result
        return result

    def error(self, event: Any = None) -> Any:
        result, error = self.invoke(event)
        assert error == "Unhandled"
        return result

    def send(self, event: Any = None) -> None:
        answer = self.client.invoke(
            FunctionName="probe", InvocationType="Event", Payload=json.dumps(event)
        )
        assert answer["StatusCode"] == 202
        assert answer["Payload"].read() == b""

    def allow_invoke(self, service: str, source: str) -> None:
        self.client.add_permission(
            FunctionName="probe", StatementId=service.partition(".")[0], Principal=service,
            Action="lambda:InvokeFunction", SourceArn=source,
        )  # fmt: skip

    def log(self, lines_of_lambda: bool = False) -> list[str]:
        """What is in the log; START, END and REPORT only when asked for."""
        logs = self.root.client("logs")
        if not logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
            return []
        events = logs.filter_log_events(logGroupName=GROUP)["events"]
        of_lambda = ("START ", "END ", "REPORT ")
        messages = [event["message"] for event in events]
        return [m for m in messages if lines_of_lambda or not m.startswith(of_lambda)]

    def reports(self) -> list[str]:
        return [line for line in self.log(True) if line.startswith("REPORT")]

    def streams(self) -> list[str]:
        log_streams = self.root.client("logs").describe_log_streams(logGroupName=GROUP)[
            "logStreams"
        ]
        return [stream["logStreamName"] for stream in log_streams]

    def pump(self, seconds: float = 0) -> None:
        """Let some lab time pass, then make a round."""
        self.lab.clock.advance(seconds)
        self.lab.pump()

    def queue(self, name: str, policy: str = "") -> tuple[str, str]:
        """A new queue: its URL and its ARN."""
        attributes = {"Policy": policy} if policy else {}
        url = self.root.client("sqs").create_queue(QueueName=name, Attributes=attributes)
        return url["QueueUrl"], f"arn:aws:sqs:us-east-1:123456789012:{name}"

    def messages(self, url: str) -> list[dict[str, Any]]:
        answer = self.root.client("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        received: list[dict[str, Any]] = answer.get("Messages", [])
        return received

    def bodies(self, url: str) -> list[Any]:
        return [json.loads(message["Body"]) for message in self.messages(url)]


class FakeReal:
    """Real time that the test moves; the alarm only notes what was asked of it."""

    def __init__(self) -> None:
        self.time = 0.0
        self.alarms: list[float] = []

    def now(self) -> float:
        return self.time

    @contextmanager
    def alarm(self, seconds: float, ring: Ring) -> Iterator[None]:
        self.alarms.append(seconds)
        yield
