"""The embedded AWS: moto with its gaps closed, nothing leaving the machine, pipes that are stepped."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from moto.core.models import MockAWS

from inventory_lab.embedded_aws import client_cache, faults, no_network
from inventory_lab.embedded_aws import performance as speed
from inventory_lab.embedded_aws.awslambda import bytecode, mapping_polling
from inventory_lab.embedded_aws.awslambda.mappings import Mappings
from inventory_lab.embedded_aws.awslambda.patches import configuration as function_settings
from inventory_lab.embedded_aws.awslambda.patches import invocations as functions
from inventory_lab.embedded_aws.awslambda.patches import mappings as mapping_api
from inventory_lab.embedded_aws.awslambda.timeouts import Real, late_call_handlers
from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.cloudwatch import patches as cloudwatch
from inventory_lab.embedded_aws.cloudwatch.metrics import MetricStore
from inventory_lab.embedded_aws.cloudwatch.sources import Measurements
from inventory_lab.embedded_aws.codebuild import patches as build_api
from inventory_lab.embedded_aws.codebuild.agent import Agent
from inventory_lab.embedded_aws.codebuild.builds import Builds
from inventory_lab.embedded_aws.codebuild.reports import Reports
from inventory_lab.embedded_aws.dynamodb.patches import capacity, conditions, tables
from inventory_lab.embedded_aws.events import patches as rules
from inventory_lab.embedded_aws.iam.patches import gate, identities, managed_policies
from inventory_lab.embedded_aws.iam.patches import user_boundaries as boundaries
from inventory_lab.embedded_aws.iam.patches.stored_policies import (
    StoredPolicies,
    StoredResourcePolicies,
)
from inventory_lab.embedded_aws.kinesis.patches import policies as stream_policies
from inventory_lab.embedded_aws.kinesis.patches import streams
from inventory_lab.embedded_aws.kinesis.patches import tags as stream_tags
from inventory_lab.embedded_aws.logs import patches as logs
from inventory_lab.embedded_aws.patching import Patch, applied
from inventory_lab.embedded_aws.performance.garbage import rare_collections
from inventory_lab.embedded_aws.pipes import patches as pipe_states
from inventory_lab.embedded_aws.pipes.consumer import PipeConsumer
from inventory_lab.embedded_aws.pipes.definition import Definition
from inventory_lab.embedded_aws.pipes.patches import PipeRecord
from inventory_lab.embedded_aws.pipes.reporting import PipeReports
from inventory_lab.embedded_aws.pipes.running import RunningPipes
from inventory_lab.embedded_aws.polling.pollers import Key, Pollers, Role, pipe_reader
from inventory_lab.embedded_aws.polling.report import Execution, Round
from inventory_lab.embedded_aws.s3 import patches as buckets
from inventory_lab.embedded_aws.sessions import ADMIN_USER, Sessions
from inventory_lab.embedded_aws.sns import patches as topics
from inventory_lab.embedded_aws.sqs import patches as queues
from inventory_lab.exceptions import RoleNotAssumable
from inventory_lab.iam.account.evaluator import PolicyEvaluator
from inventory_lab.turns import uninterrupted

POLL_SECONDS = 1
"""A Pipe polls a shard about once a second, so that much lab time passes in a round."""
PIPES = "pipes.amazonaws.com"


class EmbeddedAws:
    """An AWS account in this process; `open` it before use, `close` it afterwards."""

    def __init__(
        self,
        region: str,
        shard_limits: bool = False,
        clock: LabClock | None = None,
        real: Real | None = None,
    ) -> None:
        self.region = region
        self.clock = clock or LabClock()
        self.sessions = Sessions(region)
        stored = StoredPolicies(lambda: self.sessions.client("iam"), region)
        of_resources = StoredResourcePolicies(self.sessions.client)
        self.evaluator = PolicyEvaluator(self.sessions.client, self.clock.now, stored, of_resources)
        self._shard_limits = shard_limits
        self._stack = ExitStack()
        self._gate = gate.Gate(self.evaluator, region, self.clock.now)
        self._faults = faults.Faults()
        self._mappings = Mappings(self.clock)
        self._builds, self._build_reports = Builds(self.clock.now), Reports(self.clock.now)
        self._metrics = Measurements(self.clock, MetricStore())
        self._running_pipes = RunningPipes(lambda: self.sessions.client("pipes"), region)
        self._pollers = Pollers(self.clock, self._faults, self.sessions, self._metrics.iterator_age)
        self._reports = PipeReports(self._metrics, partial(pipe_states.write_log, region))
        self._functions = functions.Functions(
            self.clock, self.sessions.of_role, real, self._metrics.invocation
        )
        self._alarms = cloudwatch.Alarms(region, self.clock, self._metrics.store, self.evaluator)

    @uninterrupted
    def open(self) -> EmbeddedAws:
        """Start answering AWS calls in this process. Raises UnsupportedMoto."""
        with self._stack:  # should a step fail, those before it are undone
            enter = self._stack.enter_context
            enter(no_network.isolated_environ(self.region))
            mock = MockAWS({"iam": {"load_aws_managed_policies": False}})
            mock.start()
            self._stack.callback(mock.stop)
            enter(applied(self.service_patches()))
            self._stack.callback(self._functions.close)
            self.sessions.open(self._gate)
            enter(applied(self.gate_patches()))
            enter(self._measured())
            self._stack = self._stack.pop_all()
        return self

    def patches(self) -> list[Patch]:
        """Every patch of moto and botocore that is in force while the account is open."""
        return [*self.service_patches(), *self.gate_patches()]

    def service_patches(self) -> list[Patch]:
        """What moto lacks, by service, and what connects it to this account."""
        clock, evaluator, invoke = self.clock, self.evaluator, self._functions.queue
        return [
            *no_network.patches(),
            *speed.patches(),
            *client_cache.patches(),
            *bytecode.patches(),
            *streams.patches(clock, self._shard_limits),
            *stream_policies.patches(),
            *stream_tags.patches(),
            *conditions.patches(),
            *tables.patches(clock),
            *capacity.patches(),
            *functions.patches(self._functions),
            *function_settings.patches(evaluator),
            *mapping_api.patches(self._mappings, evaluator),
            *topics.patches(evaluator, clock, invoke),
            *queues.patches(clock),
            *buckets.patches(),
            *rules.patches(rules.Deliveries(evaluator, clock, invoke)),
            *logs.patches(clock),
            *cloudwatch.patches(self._alarms),
            *boundaries.patches(),
            *identities.patches(),
            *managed_policies.patches(),
            *pipe_states.patches(self._problem_of_pipe),
            *build_api.patches(self._builds, self._build_reports, evaluator),
        ]

    def gate_patches(self) -> list[Patch]:
        """What makes sessions ask the gate: applied last, after the session of AWS itself is made."""
        return gate.patches(self._gate, [*self._faults.handlers(), *late_call_handlers()])

    @uninterrupted
    def close(self) -> None:
        """Forget the account and leave the process as it was."""
        self._stack.close()

    def attach_to_admin(self, documents: Mapping[str, str]) -> None:
        """Give the admin these managed policies, JSON by name."""
        iam = self.sessions.client("iam")
        self.sessions.of_admin()
        for name, document in documents.items():
            policy = iam.create_policy(PolicyName=f"inventory-lab-{name}", PolicyDocument=document)
            iam.attach_user_policy(UserName=ADMIN_USER, PolicyArn=policy["Policy"]["Arn"])

    @uninterrupted
    def pump(self, stream: str) -> Round:
        """Let a second pass, run the functions that were invoked asynchronously and are due, and make
        one round of every running pipe and every enabled event source mapping. Faults that need a
        stream strike the one of that name.
        """
        with rare_collections():
            return self._round(stream)

    def _round(self, stream: str) -> Round:
        self.clock.advance(POLL_SECONDS)
        self._alarms.evaluate_due()
        self._functions.events.run_due()
        total = Round()
        self._faults.begin_round(self.sessions.client("kinesis"), stream)
        for pipe in self._running_pipes:
            total.add(self._poll_pipe(pipe))
        for mapping in self._mappings.all():
            if mapping.enabled:
                functions_client = self.sessions.client("lambda")
                age = self._metrics.batch_age
                total.add(mapping_polling.poll(mapping, self._pollers, functions_client, age))
        total.faults = self._faults.struck()
        return total

    def executions(self) -> list[Execution]:
        """What all pipes and mappings did, oldest first; the last 10,000."""
        return self._pollers.executions()

    def take_build(self, build_id: str) -> Agent:
        """The agent of a build, which leaves the queue to be run. Raises BuildNotQueued."""
        return Agent(
            self._builds.take(build_id),
            self._builds,
            self._build_reports,
            self.evaluator,
            self.sessions.assume,
            self.clock.advance,
        )

    @contextmanager
    def faults(self, plan: faults.FaultPlan) -> Iterator[faults.Faults]:
        """Inside, the faults of a plan strike."""
        self._faults.begin(plan)
        try:
            yield self._faults
        finally:
            self._faults.end()

    def passed(self, readers: Collection[str], shard_id: str, sequence_number: int) -> bool:
        """True when those of the readers (see `pollers.pipe_reader` and `mapping_reader`) that ran last
        have each delivered the record, or given it up.
        """
        return self._pollers.passed(readers, shard_id, sequence_number)

    @contextmanager
    def _measured(self) -> Iterator[None]:
        """While open, calls and the depth of queues are measured."""

        def of_kinesis(service: str, operation: str, params: Any, answer: Any) -> None:
            if service == "kinesis":
                self._metrics.call(operation, params, answer)

        def measure_depths(later: datetime) -> None:
            self._metrics.depths_until(later, lambda: cloudwatch.depths(self.region))

        def delete_expired(later: datetime) -> None:
            queues.delete_expired(self.region, later)

        self._gate.observe = of_kinesis
        observers = (measure_depths, delete_expired)
        self.clock.before_advance += observers
        try:
            yield
        finally:
            for observe in observers:
                self.clock.before_advance.remove(observe)

    def _poll_pipe(self, pipe: Mapping[str, Any]) -> Round:
        definition = Definition.read(pipe)
        return self._pollers.poll(
            Key(definition.arn, pipe["CreationTime"], pipe_reader(definition.name)),
            Role(definition.source.role_arn, PIPES, definition.arn),
            partial(PipeConsumer, definition, observer=self._reports),
        )

    def _problem_of_pipe(self, pipe: PipeRecord) -> str | None:
        """Why making or changing a pipe fails: the role is not trusted, or may not do what a pipe is tested for."""
        try:
            self.sessions.check_trust(Role(pipe.role_arn, PIPES, pipe.arn))
        except RoleNotAssumable as exc:
            return str(exc)
        role = pipe.role_arn.rpartition("/")[2]
        return pipe_states.problem_of_role(self.evaluator, role, pipe)
