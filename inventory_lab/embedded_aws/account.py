"""The embedded AWS: moto with its gaps closed, nothing leaving the machine, pipes that are stepped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import boto3
import moto
from moto.core.models import MockAWS

from inventory_lab.embedded_aws import client_cache, faults, no_network
from inventory_lab.embedded_aws import performance as speed
from inventory_lab.embedded_aws.awslambda.patches import configuration as function_settings
from inventory_lab.embedded_aws.awslambda.patches import invocations as functions
from inventory_lab.embedded_aws.awslambda.timeouts import Real, late_call_handlers
from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.cloudwatch import patches as cloudwatch
from inventory_lab.embedded_aws.cloudwatch.metrics import MetricStore
from inventory_lab.embedded_aws.cloudwatch.sources import Measurements
from inventory_lab.embedded_aws.dynamodb import patches as tables
from inventory_lab.embedded_aws.events import patches as rules
from inventory_lab.embedded_aws.iam.patches import gate
from inventory_lab.embedded_aws.iam.patches import user_boundaries as boundaries
from inventory_lab.embedded_aws.kinesis.patches import policies as stream_policies
from inventory_lab.embedded_aws.kinesis.patches import streams
from inventory_lab.embedded_aws.logs import patches as logs
from inventory_lab.embedded_aws.patching import Patch, applied, check_moto
from inventory_lab.embedded_aws.pipes import patches as pipe_states
from inventory_lab.embedded_aws.pipes.consumer import PipeConsumer
from inventory_lab.embedded_aws.pipes.definition import Definition
from inventory_lab.embedded_aws.pipes.patches import PipeRecord
from inventory_lab.embedded_aws.polling.pollers import Key, Pollers, Role
from inventory_lab.embedded_aws.polling.report import Execution, Round
from inventory_lab.embedded_aws.sns import patches as topics
from inventory_lab.exceptions import PrincipalNotAvailable, RoleNotAssumable
from inventory_lab.iam.account.evaluator import PolicyEvaluator
from inventory_lab.iam.evaluation import messages as answers
from inventory_lab.settings import Settings

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
            enter(no_network.isolated_environ(self.settings.region))
            mock = MockAWS({"iam": {"load_aws_managed_policies": False}})
            mock.start()
            self._stack.callback(mock.stop)
            enter(applied(self.service_patches()))
            self._stack.callback(self._functions.close)
            self._aws = self._session_of_aws()
            enter(applied(self.gate_patches()))
            enter(self._measured())
            self._stack = self._stack.pop_all()
        return self

    def service_patches(self) -> list[Patch]:
        """What moto lacks, by service, and what connects it to this account."""
        clock, evaluator, invoke = self.clock, self.evaluator, self._functions.queue
        return [
            *no_network.patches(),
            *speed.patches(),
            *client_cache.patches(),
            *streams.patches(clock, self.settings.shard_limits),
            *stream_policies.patches(),
            *tables.patches(clock),
            *functions.patches(self._functions),
            *function_settings.patches(evaluator),
            *topics.patches(evaluator, clock, invoke),
            *rules.patches(rules.Deliveries(evaluator, clock, invoke)),
            *logs.patches(clock),
            *cloudwatch.patches(self._alarms),
            *boundaries.patches(),
            *pipe_states.patches(self._problem_of_pipe),
        ]

    def gate_patches(self) -> list[Patch]:
        """What makes sessions ask the gate: applied last, after the session of AWS itself is made."""
        return gate.patches(self._gate, [*self._faults.handlers(), *late_call_handlers()])

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
            partial(PipeConsumer, definition),
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
