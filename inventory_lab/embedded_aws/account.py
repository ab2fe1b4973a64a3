"""The embedded AWS: moto with its gaps closed, nothing leaving the machine, pipes that are stepped."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from typing import Any
from unittest.mock import patch

import boto3
import botocore.httpsession
import moto
import moto.logs.models
from moto.core.models import MockAWS
from moto.sns.models import SNSBackend

from inventory_lab.embedded_aws import faults
from inventory_lab.embedded_aws import performance as speed
from inventory_lab.embedded_aws.awslambda.patches import configuration as function_settings
from inventory_lab.embedded_aws.awslambda.patches import invocations as functions
from inventory_lab.embedded_aws.awslambda.timeouts import Real, late_calls_refused
from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.cloudwatch import patches as cloudwatch
from inventory_lab.embedded_aws.cloudwatch.metrics import MetricStore
from inventory_lab.embedded_aws.cloudwatch.sources import Measurements
from inventory_lab.embedded_aws.dynamodb import patches as tables
from inventory_lab.embedded_aws.events import patches as deliveries
from inventory_lab.embedded_aws.iam.patches import gate
from inventory_lab.embedded_aws.iam.patches import user_boundaries as boundaries
from inventory_lab.embedded_aws.kinesis.patches import policies as stream_policies
from inventory_lab.embedded_aws.kinesis.patches import streams
from inventory_lab.embedded_aws.pipes import patches as pipe_states
from inventory_lab.embedded_aws.pipes.consumer import PipeConsumer
from inventory_lab.embedded_aws.pipes.definition import Definition
from inventory_lab.embedded_aws.pipes.patches import PipeRecord
from inventory_lab.embedded_aws.pipes.reporting import PipeReports
from inventory_lab.embedded_aws.polling.pollers import Key, Pollers, Role
from inventory_lab.embedded_aws.polling.report import Execution, Round
from inventory_lab.embedded_aws.sns import patches as subscriptions
from inventory_lab.embedded_aws.sqs import patches as queues
from inventory_lab.exceptions import (
    PrincipalNotAvailable,
    RoleNotAssumable,
    UnmockedCall,
    UnsupportedMoto,
)
from inventory_lab.iam.account.evaluator import PolicyEvaluator
from inventory_lab.iam.evaluation import messages as answers
from inventory_lab.settings import Settings

TESTED_MOTO = ">=5.2.5,<5.3"
POLL_SECONDS = 1
"""A Pipe polls a shard about once a second, so that much lab time passes in a round."""
ADMIN_USER = "inventory-lab-admin"
PIPES, LAMBDA = "pipes.amazonaws.com", "lambda.amazonaws.com"


class EmbeddedAws:
    """An AWS account in this process; `open` it before use, `close` it afterwards."""

    def __init__(
        self, settings: Settings, clock: LabClock | None = None, real: Real | None = None
    ) -> None:
        self.settings = settings
        self.clock = clock or LabClock()
        self._stack = ExitStack()
        self._keys: dict[str, Mapping[str, str]] = {}
        self._clients: dict[tuple[str, str], Any] = {}
        self.evaluator = PolicyEvaluator(self._client, self.clock.now)
        self._gate = gate.Gate(self.evaluator, settings.region, self.clock.now)
        self._faults = faults.Faults()
        self._metrics = Measurements(self.clock, MetricStore())
        self._pollers = Pollers(self.clock, self._faults, self, self._metrics.iterator_age)
        write_log = partial(pipe_states.write_log, settings.region)
        self._reports = PipeReports(self._metrics, write_log)
        self._functions = functions.Functions(
            self.clock, self._session_of_role, real, self._metrics.invocation
        )
        self._alarms = cloudwatch.Alarms(
            settings.region, self.clock, self._metrics.store, self.evaluator
        )

    def open(self) -> EmbeddedAws:
        """Start answering AWS calls in this process. Raises UnsupportedMoto."""
        check_moto(moto.__version__)
        with self._stack:  # should a step fail, those before it are undone
            enter = self._stack.enter_context
            enter(isolated_environ(self.settings.region))
            enter(no_way_out())
            mock = MockAWS({"iam": {"load_aws_managed_policies": False}})
            mock.start()
            self._stack.callback(mock.stop)
            enter(speed.patched())
            enter(streams.patched(self.clock, self.settings.shard_limits))
            enter(stream_policies.patched())
            enter(tables.patched(self.clock))
            enter(functions.patched(self._functions))
            enter(function_settings.patched(self.evaluator))
            invoke = self._functions.queue
            enter(deliveries.patched(deliveries.Deliveries(self.evaluator, self.clock, invoke)))
            enter(_logs_follow(self.clock))
            enter(cloudwatch.patched(self._alarms))
            enter(boundaries.patched())
            enter(subscriptions.patched())
            enter(queues.patched(self.evaluator))  # around the deliveries: it asks first
            enter(pipe_states.patched(self._problem_of_pipe))
            self._aws = self._session_of_aws()
            enter(gate.patched(self._gate))
            enter(faults.patched(self._faults))
            enter(late_calls_refused())
            enter(self._measured())
            self._stack = self._stack.pop_all()
        return self

    def close(self) -> None:
        """Forget the account and leave the process as it was."""
        self._stack.close()

    def session(self, principal: str) -> boto3.Session:
        """A session with the credentials of 'admin', 'producer', 'pipe' or 'function', or of 'root',
        the owner of the account, whom no policy limits.

        Raises PrincipalNotAvailable for any other name, before build() has made the principal, and
        for a role whose trust policy does not let its service assume it.
        """
        names = self.settings
        match principal:
            case "root":
                keys = {
                    "AccessKeyId": self._gate.root_key,
                    "SecretAccessKey": self._gate.root_secret,
                }
                return self._session(keys)
            case "admin":
                return self._session_of_user(ADMIN_USER, principal)
            case "producer":
                return self._session_of_user(names.name("producer_user"), principal)
            case "pipe":
                return self._session_of_lab_role("pipe_role", "pipe", principal)
            case "function":
                return self._session_of_lab_role("function_role", "function", principal)
        raise PrincipalNotAvailable(principal, "there are admin, producer, pipe, function and root")

    def attach_to_admin(self, documents: Mapping[str, str]) -> None:
        """Give the admin these managed policies, JSON by name."""
        iam = self._client("iam")
        self._session_of_user(ADMIN_USER, "admin")
        for name, document in documents.items():
            policy = iam.create_policy(PolicyName=f"inventory-lab-{name}", PolicyDocument=document)
            iam.attach_user_policy(UserName=ADMIN_USER, PolicyArn=policy["Policy"]["Arn"])

    def revoke_producer(self) -> None:
        """Delete the producer's key, which may be gone already with its user."""
        user = self.settings.name("producer_user")
        key = self._keys.pop(user, None)
        if key and self._gate.knows(key["AccessKeyId"]):
            self._client("iam").delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])

    def pump(self) -> Round:
        """Let a second pass, run the functions that were invoked asynchronously and are due, and make
        one round of every running pipe.
        """
        self.clock.advance(POLL_SECONDS)
        self._alarms.evaluate_due()
        self._functions.events.run_due()
        total = Round()
        self._faults.begin_round(self._client("kinesis"), self.settings.name("stream"))
        for pipe in self._running_pipes():
            total.add(self._poll_pipe(pipe))
        total.faults = self._faults.struck()
        return total

    def executions(self) -> list[Execution]:
        """What all pipes did, oldest first; the last 10,000."""
        return self._pollers.executions()

    @contextmanager
    def faults(self, plan: faults.FaultPlan) -> Iterator[faults.Faults]:
        """Inside, the faults of a plan strike."""
        self._faults.begin(plan)
        try:
            yield self._faults
        finally:
            self._faults.end()

    def still_open(self, positions: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
        """Those of `positions` (product → shard → sequence number) that the lab's pipe has not passed."""
        left: dict[str, dict[str, int]] = {}
        for product, shards in positions.items():
            for shard, number in shards.items():
                if not self.passed(shard, number):
                    left.setdefault(product, {})[shard] = number
        return left

    def passed(self, shard_id: str, sequence_number: int) -> bool:
        """True when the lab's pipe has delivered the record, or given it up."""
        ending = f":pipe/{self.settings.name('pipe')}"
        return self._pollers.passed(ending, shard_id, sequence_number)

    @contextmanager
    def _measured(self) -> Iterator[None]:
        """While open, calls and the depth of queues are measured."""

        def of_kinesis(service: str, operation: str, params: Any, answer: Any) -> None:
            if service == "kinesis":
                self._metrics.call(operation, params, answer)

        def measure_depths(later: datetime) -> None:
            self._metrics.depths_until(later, lambda: cloudwatch.depths(self.settings.region))

        self._gate.observe = of_kinesis
        self.clock.before_advance.append(measure_depths)
        try:
            yield
        finally:
            self.clock.before_advance.remove(measure_depths)

    def _running_pipes(self) -> Iterator[dict[str, Any]]:
        pipes = self._client("pipes")
        for page in pipes.get_paginator("list_pipes").paginate(CurrentState="RUNNING"):
            for summary in page["Pipes"]:
                yield pipes.describe_pipe(Name=summary["Name"])

    def _poll_pipe(self, pipe: Mapping[str, Any]) -> Round:
        definition = Definition.read(pipe)
        return self._pollers.poll(
            Key(definition.arn, pipe["CreationTime"]),
            Role(definition.source.role_arn, PIPES, definition.arn),
            partial(PipeConsumer, definition, observer=self._reports),
        )

    def _client(self, service: str, region: str = "") -> Any:
        """A client of AWS itself, which reads its own records: pipes, users, roles, policies."""
        key = service, region or self.settings.region
        if key not in self._clients:
            self._clients[key] = self._aws.client(service, region_name=key[1])
        return self._clients[key]

    def _problem_of_pipe(self, pipe: PipeRecord) -> str | None:
        """Why making or changing a pipe fails: the role is not trusted, or may not do what a pipe is tested for."""
        try:
            self._check_trust(pipe.role_arn, PIPES, pipe.arn)
        except RoleNotAssumable as exc:
            return str(exc)
        role = pipe.role_arn.rpartition("/")[2]
        return pipe_states.problem_of_role(self.evaluator, role, pipe)

    def _session_of_user(self, user: str, principal: str) -> boto3.Session:
        iam = self._client("iam")
        if user in self._keys and not self._gate.knows(self._keys[user]["AccessKeyId"]):
            del self._keys[user]  # deleted, or the user was made anew
        if user not in self._keys:
            if user == ADMIN_USER and not self.evaluator.attached.of_user(user).arn:
                iam.create_user(UserName=user)
            try:
                answer = iam.create_access_key(UserName=user)
            except iam.exceptions.NoSuchEntityException as exc:
                raise PrincipalNotAvailable(principal, "run lab.build() first") from exc
            self._keys[user] = answer["AccessKey"]
        return self._session(self._keys[user])

    def _session_of_lab_role(self, kind: str, resource: str, principal: str) -> boto3.Session:
        iam, role = self._client("iam"), self.settings.name(kind)
        try:
            arn = iam.get_role(RoleName=role)["Role"]["Arn"]
        except iam.exceptions.NoSuchEntityException as exc:
            raise PrincipalNotAvailable(principal, "run lab.build() first") from exc
        partition, account = arn.split(":")[1], arn.split(":")[4]
        service, source = {
            "pipe": (PIPES, f"pipes:{self.settings.region}:{account}:pipe/"),
            "function": (LAMBDA, f"lambda:{self.settings.region}:{account}:function:"),
        }[resource]
        source_arn = f"arn:{partition}:{source}{self.settings.name(resource)}"
        try:
            return self._session_of_role(arn, service, source_arn)
        except RoleNotAssumable as exc:
            raise PrincipalNotAvailable(principal, str(exc)) from exc

    def check_trust(self, role: Role) -> None:
        """Raises RoleNotAssumable."""
        self._check_trust(*role)

    def assume(self, role: Role) -> boto3.Session:
        """A session of the role. Raises RoleNotAssumable."""
        return self._session_of_role(*role)

    def is_valid(self, access_key: str) -> bool:
        """Whether the credentials may still be used."""
        return self._gate.knows(access_key)

    def _check_trust(self, role_arn: str, service: str, source_arn: str) -> None:
        """Raises RoleNotAssumable."""
        decision = self.evaluator.service_may_assume(role_arn, service, source_arn)
        if not decision.allowed:
            reason = answers.reason("sts:AssumeRole", decision)
            raise RoleNotAssumable(service, role_arn, source_arn, reason)

    def _session_of_role(self, role_arn: str, service: str, source_arn: str) -> boto3.Session:
        """A session as the service has it for one of its resources, whose name the session bears."""
        self._check_trust(role_arn, service, source_arn)
        name = source_arn.replace("/", ":").rpartition(":")[2].ljust(2, "-")  # STS wants two
        answer = self._client("sts").assume_role(RoleArn=role_arn, RoleSessionName=name)
        return self._session(answer["Credentials"])

    def _session_of_aws(self) -> boto3.Session:
        """AWS's own: made before the gate stands, so that only this session goes through unasked."""
        session = self._session({"AccessKeyId": "aws", "SecretAccessKey": "aws"})
        session.events.register_last("before-parameter-build", self._gate.keep_parameters)
        session.events.register_last("before-call", self._gate.pass_unasked)
        session.events.register_last("after-call", self._gate.after_call)
        return session

    def _session(self, credentials: Mapping[str, str]) -> boto3.Session:
        return boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            region_name=self.settings.region,
        )


def check_moto(version: str) -> None:
    """Raises UnsupportedMoto unless the version is in the range the repairs were tested with."""
    numbers = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    if not (5, 2, 5) <= numbers < (5, 3):
        raise UnsupportedMoto(version, TESTED_MOTO)


@contextmanager
def isolated_environ(region: str) -> Iterator[None]:
    """Set the AWS configuration of this machine aside: profiles, endpoints, keys, metadata address."""
    saved = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": region,
    }
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ |= {name: value for name, value in saved.items() if name.startswith("AWS_")}


@contextmanager
def no_way_out() -> Iterator[None]:
    """Refuse whatever botocore would send over the network; a mocked call never gets this far."""

    def refuse(_: Any, request: Any) -> Any:
        raise UnmockedCall(request.url.partition("?")[0])

    def refuse_http(backend: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
        if protocol in ("http", "https"):  # moto would post every message there
            raise UnmockedCall(endpoint)
        return subscribe(backend, topic_arn, endpoint, protocol)

    subscribe = SNSBackend.subscribe
    with (
        patch.object(botocore.httpsession.URLLib3Session, "send", refuse),
        patch.object(SNSBackend, "subscribe", refuse_http),
    ):
        yield


@contextmanager
def _logs_follow(clock: LabClock) -> Iterator[None]:
    """moto refuses log events that are 14 days old by real time."""
    now = lambda: clock.now().replace(tzinfo=None)  # noqa: E731
    with patch.object(moto.logs.models, "utcnow", now):
        yield
