"""One check for each patch: what is observed with it, and never without it.

A check of a gap observes bare moto too: when moto closes the gap, its strict expected failure fails,
and names the patch that can go. A check of a hook observes a lab without that one patch. Patches for
speed are checked by comparing the answers of a workload with and without them.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab import Lab

ACCOUNT = "123456789012"
ACCEPTED = "accepted"

Observe = Callable[["Aws"], Any]


@dataclass
class Aws:
    """What a check calls: clients of root, names of its own, and the lab when it is one."""

    client: Callable[[str], Any]
    name: str
    the_lab: Lab | None = None
    roles: set[str] = field(default_factory=set)

    @property
    def lab(self) -> Lab:
        """The lab of a hook's check."""
        assert self.the_lab is not None
        return self.the_lab

    def pass_seconds(self, seconds: float) -> None:
        """Let lab time pass; bare moto has none."""
        if self.the_lab is not None:
            self.the_lab.clock.advance(seconds)
            self.the_lab.pump()

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}"

    def role(self) -> str:
        """A role that CodeBuild, Lambda and Pipes may assume and that may do anything."""
        if self.name not in self.roles:
            self.roles.add(self.name)
            services = [f"{name}.amazonaws.com" for name in ("codebuild", "lambda", "pipes")]
            trust = _policy(Action="sts:AssumeRole", Principal={"Service": services})
            iam = self.client("iam")
            iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=trust)
            everything = _policy(Action="*", Resource="*")
            iam.put_role_policy(RoleName=self.name, PolicyName="all", PolicyDocument=everything)
        return f"arn:aws:iam::{ACCOUNT}:role/{self.name}"

    def function(self, **more: Any) -> Any:
        """A function that returns its event."""
        request = {
            "FunctionName": self.name, "Runtime": "python3.13", "Handler": "app.handle",
            "Role": self.role(), "Code": {"ZipFile": zip_of("def handle(event, context):\n    return event\n")},
        }  # fmt: skip
        return self.client("lambda").create_function(**request | more)

    def stream(self, shards: int = 1, **more: Any) -> str:
        """A stream; its ARN."""
        self.client("kinesis").create_stream(StreamName=self.name, ShardCount=shards, **more)
        return self.arn("kinesis", f"stream/{self.name}")

    def queue(self, name: str = "", open_to_all: bool = True) -> tuple[str, str]:
        """A queue, its URL and ARN; its policy lets everybody in unless told otherwise."""
        name = name or self.name
        arn = self.arn("sqs", name)
        policy = _policy(Action="sqs:SendMessage", Principal="*", Resource=arn)
        attributes = {"Policy": policy} if open_to_all else {}
        url = self.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, arn

    def messages(self, url: str) -> list[Any]:
        answer = self.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@dataclass(frozen=True)
class Check:
    """What is observed, and what it has to be with the patch."""

    observe: Observe
    expected: Any


CHECKS: dict[str, Check] = {}
"""By the target of the patch."""


def check(target: str, expected: Any) -> Callable[[Observe], Observe]:
    """Register the check of a patch of a gap or hook."""

    def register(observe: Observe) -> Observe:
        assert target not in CHECKS, f"two checks of {target}"
        CHECKS[target] = Check(observe, expected)
        return observe

    return register


def outcome(call: Callable[[], Any]) -> str:
    """How a call ends: 'accepted', the code of AWS's error, or the type of another one."""
    try:
        call()
    except ClientError as exc:
        return str(exc.response["Error"]["Code"])
    except Exception as exc:  # noqa: BLE001 bare moto raises whatever it likes
        return type(exc).__name__
    return ACCEPTED


def message(call: Callable[[], Any]) -> str:
    """The text of the error that a call ends with."""
    try:
        call()
    except ClientError as exc:
        return str(exc.response["Error"]["Message"])
    return ACCEPTED


def zip_of(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", source)
    return buffer.getvalue()


def _policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}})
