"""Where an answer is tried: the embedded AWS, with fresh names, clients that keep a list of their calls,
and faults at a chosen call. What was created is deleted afterwards, so trying again always works.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import StopAnswer
from inventory_lab.teaching.exercises.cleanup import delete_created

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from inventory_lab.lab import Lab

CALLS = 400
"""AWS calls that one check may make through its clients."""
_PARAMETERS = "inventory_lab_exercise_parameters"
_serial = count(1)

Fault = Callable[[Mapping[str, Any], int], Any]
"""Gets the parameters of a call and the number of earlier calls of its operation. Returns None to let the
call through, ("Code", "message") to fail it, or a dict to answer it. It may raise StopAnswer with a
diagnosis."""


@dataclass(slots=True)
class AwsCall:
    """One API call of the answer: `operation` such as "PutRecords", what was sent and what came back."""

    service: str
    operation: str
    parameters: dict[str, Any]
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> str:
        """The error code that AWS answered; "" for a success."""
        return str(self.answer.get("Error", {}).get("Code", ""))


class Bench:
    """Passed to every check. `lab` is the embedded lab in which the answer runs."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.calls: list[AwsCall] = []
        self.slept: list[float] = []
        self._names: dict[str, str] = {}
        self._raw: dict[str, BaseClient] = {}

    def name(self, kind: str) -> str:
        """A name that nothing has yet, such as "orders-17"; a diagnosis shows it as "orders"."""
        fresh = f"{kind}-{next(_serial)}"
        self._names[fresh] = kind
        return fresh

    def client(self, service: str, session: boto3.Session | None = None) -> BaseClient:
        """A boto3 client whose calls are in `calls`, as the owner of the account, or in a `session`."""
        return self.watched((session or self._owner).client(service))

    def watched(self, client: Any) -> Any:
        """A client that was made elsewhere, such as that of a table's resource: its calls are in `calls`
        from now on.
        """
        events = client.meta.events
        events.register_first("before-parameter-build", self._note_parameters)
        events.register_first("after-call", self._note_answer)
        return client

    def raw(self, service: str) -> BaseClient:
        """A client of the check's own: its calls are not listed. Delete what you create with it."""
        if service not in self._raw:
            self._raw[service] = self._owner.client(service)
        return self._raw[service]

    @cached_property
    def _owner(self) -> boto3.Session:
        """The session of the root user of the account, which no policy limits."""
        return self.lab.session("root")

    def table(self, kind: str) -> str:
        """The fresh name of a new table with the key `product_id`."""
        name = self.name(kind)
        self.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def fault(self, client: BaseClient, operation: str, fault: Fault) -> None:
        """Let calls of an operation through this client fail, or be answered, as `fault` says: one fault
        per client and operation.
        """
        number = count()

        def strike(context: Mapping[str, Any], **_: object) -> Any:
            return _response(fault(context[_PARAMETERS], next(number)))

        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"before-call.{service}.{operation}", strike)

    def altered(
        self, client: BaseClient, operation: str, alter: Callable[[dict[str, Any], int], None]
    ) -> None:
        """Let `alter` change the answers of an operation: it gets the answer and the number of calls before."""
        number = count()

        def change(parsed: dict[str, Any], **_: object) -> None:
            alter(parsed, next(number))

        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"after-call.{service}.{operation}", change)

    def sleep(self, seconds: float) -> None:
        """For answers that pause: takes the seconds down in `slept` and lets no time pass."""
        self.slept.append(float(seconds))
        if len(self.slept) > CALLS:
            raise StopAnswer(f"It does not come to an end: it has paused {CALLS} times.")

    def user(self, *policies: object) -> boto3.Session:
        """The session of a new IAM user who has these inline policies, documents or their JSON text.
        Raises WrongAnswer with AWS's words for a document that IAM refuses.
        """
        iam, user = self.client("iam"), self.name("user")
        iam.create_user(UserName=user)
        for number, policy in enumerate(policies):
            document = policy if isinstance(policy, str) else json.dumps(policy)
            try:
                iam.put_user_policy(
                    UserName=user, PolicyName=f"policy-{number}", PolicyDocument=document
                )
            except iam.exceptions.MalformedPolicyDocumentException as exc:
                raise WrongAnswer(f"IAM refuses the document: {exc}", exc) from exc
        key = iam.create_access_key(UserName=user)["AccessKey"]
        return boto3.Session(
            key["AccessKeyId"], key["SecretAccessKey"], region_name=self.lab.settings.region
        )

    def made(self, operation: str) -> list[AwsCall]:
        """The calls so far of an operation such as "PutRecords"."""
        return [call for call in self.calls if call.operation == operation]

    def require_rights(self, operation: str, instead: str) -> None:
        """Raise WrongAnswer when the answer calls an operation that IAM denies to the lesson's own client:
        in the check everything is allowed.
        """
        if self.made(operation):
            raise WrongAnswer(
                f"It calls {operation}, which IAM denies to the user of this lesson. {instead}"
            )

    def readable(self, text: str) -> str:
        """The text with the fresh names as their kinds, so that it is the same in every run."""
        for fresh, kind in self._names.items():
            text = re.sub(rf"{re.escape(fresh)}(?!\d)", kind, text)
        return text

    def _note_parameters(
        self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: object
    ) -> None:
        if len(self.calls) >= CALLS:
            raise StopAnswer(f"It does not come to an end: it has called AWS {CALLS} times.")
        context[_PARAMETERS] = copy.deepcopy(params)
        service = model.service_model.signing_name
        self.calls.append(AwsCall(service, model.name, context[_PARAMETERS]))

    def _note_answer(self, parsed: dict[str, Any], context: Mapping[str, Any], **_: object) -> None:
        for call in reversed(self.calls):
            if call.parameters is context.get(_PARAMETERS):
                call.answer = {
                    name: copy.copy(value) if isinstance(value, list) else value
                    for name, value in parsed.items()
                }  # a paginator's build_full_result adds the next pages to the lists of the first
                return


@contextmanager
def bench() -> Iterator[Bench]:
    """A Bench on the embedded lab of this process, or on one that is opened for the time being."""
    from inventory_lab.lab import connect, local_lab

    lab = local_lab()
    opened = lab or connect("local")
    trial = Bench(opened)
    try:
        yield trial
    finally:
        if lab is None:
            opened.close()
        else:
            delete_created(trial.calls, trial.raw)


def _response(answer: Any) -> Any:
    """The answer in the form in which botocore takes it from a handler."""
    if answer is None:
        return None
    status = 400 if isinstance(answer, tuple) else 200
    metadata = {
        "HTTPStatusCode": status,
        "RequestId": "exercise",
        "HTTPHeaders": {},
        "RetryAttempts": 0,
    }
    if isinstance(answer, tuple):
        answer = {"Error": {"Code": answer[0], "Message": answer[1]}}
    return SimpleNamespace(status_code=status, headers={}), {**answer, "ResponseMetadata": metadata}
