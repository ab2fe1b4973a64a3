"""A function beside the lab's pipeline: it prints what it is called with, and may do nothing else.

Its role and that of its pipe come from the lab's policy files, filled in with names of its own and cut
down to the statements that it needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from inventory_lab.observe.function_log import log_events
from inventory_lab.resources import function, log_group, pipe, roles
from inventory_lab.resources.account import Account
from inventory_lab.resources.policies import policy

if TYPE_CHECKING:
    from inventory_lab.lab import Lab

HANDLER = """
import json

def handle(event, context):
    print("GOT", json.dumps(event))
"""
STATEMENTS = {
    "function_role": ("function/permissions", {"WriteLogs"}),
    "pipe_role": ("pipe/permissions", {"ReadTheStream", "InvokeTheFunction"}),
}
"""Of each role, the policy file and the statements of it."""


class EchoFunction:
    """A function that prints what it gets. `session` makes and deletes it, for the lab's admin may not:
    `lab.session("root")` on the embedded AWS, an administrator's on a real account.
    """

    def __init__(self, lab: Lab, name: str, session: Any) -> None:
        names: dict[str, Any] = {
            "function": name,
            "function_role": f"{name}-role",
            "pipe": f"{name}-pipe",
            "pipe_role": f"{name}-pipe-role",
        }
        self.account = Account(session, replace(lab.settings, **names))

    @property
    def name(self) -> str:
        """The function's name."""
        return self.account.settings.name("function")

    @property
    def arn(self) -> str:
        """The function's ARN."""
        return self.account.function_arn()

    def build(self) -> str:
        """Make both roles and the function, or what is missing of them; the function's ARN."""
        iam = self.account.client("iam")
        for kind in roles.KINDS:
            roles.ensure(self.account, kind)
            name, document = self.account.settings.name(kind), _policy(self.account, kind)
            iam.put_role_policy(
                RoleName=name, PolicyName=roles.POLICY_NAME, PolicyDocument=document
            )
        function.ensure(self.account)
        return function.use_handler(self.account, HANDLER, "handle")

    def read_stream(
        self,
        pattern: Mapping[str, Any] | None = None,
        role: str = "",
        **kinesis: object,
    ) -> list[str]:
        """Create its pipe again, which then reads the lab's stream from the beginning.

        Returns the state that the pipe reaches, and the reason if there is one. `pattern` is its filter,
        `role` is the ARN of another role, and `kinesis` are parameters of the source, such as BatchSize:
        https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceKinesisStreamParameters.html
        Raises the ClientError with which AWS refuses a pattern or a parameter.
        """
        start = {"StartingPosition": "TRIM_HORIZON"}
        filters = [] if pattern is None else [{"Pattern": json.dumps(pattern)}]
        self.stop_reading()
        self.account.client("pipes").create_pipe(
            Name=self.account.settings.name("pipe"),
            Source=self.account.stream_arn(),
            Target=self.arn,
            RoleArn=role or self.account.role_arn("pipe_role"),
            SourceParameters={
                "KinesisStreamParameters": {**start, **kinesis},
                "FilterCriteria": {"Filters": filters},
            },
        )
        description = pipe.settled(self.account)
        return [description[key] for key in ("CurrentState", "StateReason") if description.get(key)]

    def stop_reading(self) -> None:
        """Delete its pipe, if there is one."""
        pipe.delete(self.account)

    def allow_invoke(self, service: str, arn: str) -> None:
        """Let a rule of events.amazonaws.com or a topic of sns.amazonaws.com invoke the function:
        https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
        """
        functions = self.account.client("lambda")
        with suppress(functions.exceptions.ResourceConflictException):  # it may already
            functions.add_permission(
                FunctionName=self.name,
                StatementId=service.partition(".")[0],
                Action="lambda:InvokeFunction",
                Principal=service,
                SourceArn=arn,
            )

    def heard(self) -> list[Any]:
        """The events it was called with, oldest first, from its log; on AWS that takes some seconds."""
        lines = (event["message"] for event in log_events(self.account, '"GOT"'))
        return [json.loads(line.removeprefix("GOT ")) for line in lines]

    def delete(self) -> None:
        """Delete all of it that is there: pipe, function, roles and log."""
        self.stop_reading()
        function.delete(self.account)
        for kind in roles.KINDS:
            roles.delete(self.account, kind)
        log_group.delete(self.account)


def _policy(account: Account, kind: str) -> str:
    file, sids = STATEMENTS[kind]
    document = json.loads(policy(file, account))
    statements: Sequence[Mapping[str, Any]] = document["Statement"]
    return json.dumps({**document, "Statement": [s for s in statements if s["Sid"] in sids]})
