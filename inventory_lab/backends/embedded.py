"""The embedded AWS as the backend of a lab: the names of the lab's principals and resources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from inventory_lab.backends.base import Round, T
from inventory_lab.embedded_aws import patching
from inventory_lab.exceptions import PrincipalNotAvailable, RoleNotAssumable
from inventory_lab.resources.account import Account
from inventory_lab.settings import Settings
from inventory_lab.turns import in_turn

if TYPE_CHECKING:
    from inventory_lab.embedded_aws.awslambda.timeouts import Real
    from inventory_lab.embedded_aws.clock import LabClock
    from inventory_lab.embedded_aws.codebuild.agent import Agent
    from inventory_lab.embedded_aws.faults import FaultPlan, Faults
    from inventory_lab.embedded_aws.polling.report import Execution
    from inventory_lab.iam.account.evaluator import PolicyEvaluator

_NOT_BUILT = "run lab.build() first"


class EmbeddedBackend:
    """A lab's view of an embedded account, which is open until close(). Raises UnsupportedMoto."""

    embedded = True

    def __init__(
        self, settings: Settings, clock: LabClock | None = None, real: Real | None = None
    ) -> None:
        patching.check_moto(patching.installed_moto())
        from inventory_lab.embedded_aws.account import (
            EmbeddedAws,  # an untested moto may lack a name
        )

        self.settings = settings
        account = EmbeddedAws(settings.region, settings.shard_limits, clock, real)
        self.account = account.open()

    publish_patience = 0.0
    """Nothing is refused for long here, unless a fault is planned."""

    def spreading_codes(self) -> tuple[str, ...]:
        """None: what is made is known at once."""
        return ()

    def unknown_progress(self) -> str:
        """Empty: the poller knows what it has passed."""
        return ""

    def admin_account(self) -> Account:
        """The account as the admin sees it."""
        return Account(self.session("admin"), self.settings)

    @property
    def clock(self) -> LabClock:
        """Lab time, which moves only when the lab moves it."""
        return self.account.clock

    @property
    def evaluator(self) -> PolicyEvaluator:
        """What decides every call of the embedded account."""
        return self.account.evaluator

    def session(self, principal: str) -> boto3.Session:
        """A session with the credentials of 'admin', 'producer', 'pipe' or 'function', or of 'root',
        the owner of the account, whom no policy limits.

        Raises PrincipalNotAvailable for any other name, before build() has made the principal, and
        for a role whose trust policy does not let its service assume it.
        """
        match principal:
            case "root":
                return self.account.sessions.of_root()
            case "admin":
                return self.account.sessions.of_admin()
            case "producer":
                return self._of_producer()
            case "pipe":
                return self._of_role(principal, "pipes", "pipe/")
            case "function":
                return self._of_role(principal, "lambda", "function:")
        raise PrincipalNotAvailable(principal, "there are admin, producer, pipe, function and root")

    def attach_to_admin(self, documents: Mapping[str, str]) -> None:
        """Give the admin these managed policies, JSON by name."""
        self.account.attach_to_admin(documents)

    def revoke_producer(self) -> None:
        """Delete the producer's key, which may be gone already with its user."""
        self.account.sessions.delete_key_of(self.settings.name("producer_user"))

    def pump(self) -> Round:
        """Let a second pass, in which everything that reads the stream reads and delivers once."""
        facts = asdict(self.account.pump(self.settings.name("stream")))
        return Round(dead_letters=facts.pop("dead_lettered"), **facts)

    @in_turn
    def still_open(self, positions: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
        """Those of `positions` (product → shard → sequence number) not passed."""
        remaining: dict[str, dict[str, int]] = {}
        for product, shards in positions.items():
            for shard, number in shards.items():
                if not self.passed(shard, number):
                    remaining.setdefault(product, {})[shard] = number
        return remaining

    @in_turn
    def passed(self, shard_id: str, sequence_number: int) -> bool:
        """True when the lab's pipe and event source mapping, those of them that run, have each delivered
        the record or given it up.
        """
        from inventory_lab.embedded_aws.polling.pollers import mapping_reader, pipe_reader

        name = self.settings.name
        readers = pipe_reader(name("pipe")), mapping_reader(name("stream"), name("function"))
        return self.account.passed(readers, shard_id, sequence_number)

    def executions(self) -> list[Execution]:
        """What all pipes and mappings did, oldest first; the last 10,000."""
        return self.account.executions()

    def faults(self, plan: FaultPlan) -> AbstractContextManager[Faults]:
        """Inside, the faults of a plan strike."""
        return self.account.faults(plan)

    def take_build(self, build_id: str) -> Agent:
        """The agent of a build, which leaves the queue to be run. Raises BuildNotQueued."""
        return self.account.take_build(build_id)

    def run(self, work: Callable[[str], T], values: Iterable[str]) -> Iterable[T]:
        """The results of independent work, one after the other."""
        return map(work, values)

    def close(self) -> None:
        """Forget the account and leave the process as it was."""
        self.account.close()

    def _of_producer(self) -> boto3.Session:
        try:
            return self.account.sessions.of_user(self.settings.name("producer_user"))
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "NoSuchEntity":
                raise
            raise PrincipalNotAvailable("producer", _NOT_BUILT) from exc

    def _of_role(self, principal: str, service: str, path: str) -> boto3.Session:
        """The session that a service has for the lab's pipe or function."""
        sessions, name = self.account.sessions, self.settings.name(f"{principal}_role")
        try:
            arn = sessions.client("iam").get_role(RoleName=name)["Role"]["Arn"]
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "NoSuchEntity":
                raise
            raise PrincipalNotAvailable(principal, _NOT_BUILT) from exc
        _, partition, _, _, account, _ = arn.split(":", 5)
        region, resource = self.settings.region, path + self.settings.name(principal)
        source_arn = f"arn:{partition}:{service}:{region}:{account}:{resource}"
        try:
            return sessions.of_role(arn, f"{service}.amazonaws.com", source_arn)
        except RoleNotAssumable as exc:
            raise PrincipalNotAvailable(principal, str(exc)) from exc
