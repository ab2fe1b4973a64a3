"""A real AWS account as the backend of a lab: ordinary sessions; AWS runs the pipe and the function."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3

from inventory_lab.backends import progress
from inventory_lab.backends.base import POLL_SECONDS, Clock, Execution, Round, T
from inventory_lab.exceptions import LocalOnly, PrincipalNotAvailable, WaitTooLong
from inventory_lab.resources import producer_key
from inventory_lab.resources.account import Account, unless_missing
from inventory_lab.settings import Settings

if TYPE_CHECKING:
    from inventory_lab.embedded_aws.faults import Faults
    from inventory_lab.iam.account.evaluator import PolicyEvaluator

LONGEST_WAIT = 60
"""Seconds that one call may wait on a real account, where nobody can turn the clock."""
AT_THE_SAME_TIME = 8
"""How many labs are torn down at the same time."""
LOOKS_PER_QUEUE = 10
"""How often progress is looked at before the dead letters are read again."""
SPREADING_SECONDS = 60
"""How long AWS may take until all of its servers know a new access key and its policy:
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency"""
UNKNOWN_KEY = ("InvalidClientTokenId", "UnrecognizedClientException")
UNKNOWN_POLICY = ("AccessDeniedException",)


class RealClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """The time now, in UTC."""
        return datetime.now(UTC)

    def advance(self, seconds: float) -> None:
        """Wait: real time passes by itself. Raises WaitTooLong for more than a minute."""
        refuse_long_wait(seconds)
        time.sleep(seconds)


def refuse_long_wait(seconds: float) -> None:
    """Raise WaitTooLong for more seconds than somebody in front of a notebook waits."""
    if seconds > LONGEST_WAIT:
        raise WaitTooLong(seconds, LONGEST_WAIT)


def _put_inside_boundary(session: boto3.Session, arn: str) -> None:
    """Let every role and user that clients of this session create have this permissions boundary, unless the call
    names one: who is inside a boundary may create nothing outside it.
    """

    def with_boundary(params: dict[str, object], **_: object) -> dict[str, object]:
        return {"PermissionsBoundary": arn, **params}

    for operation in ("CreateRole", "CreateUser"):
        session.events.register(f"provide-client-params.iam.{operation}", with_boundary)


class RealAws:
    """The account that boto3's ordinary credential chain leads to."""

    embedded = False

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        session: boto3.Session | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or RealClock()
        self._admin = session or boto3.Session(region_name=settings.region)
        if settings.permissions_boundary:
            _put_inside_boundary(self._admin, settings.permissions_boundary)
        self._producer: boto3.Session | None = None
        self._producer_key: Mapping[str, str] = {}
        self._account: Account | None = None
        self._key_made_at = 0.0
        self._looks = 0

    def admin_account(self) -> Account:
        """The account as the admin sees it; what it creates has the tags `owner` and `created`."""
        if self._account is None:
            tags = {"created": self.clock.now().date().isoformat()}
            if self.settings.owner:
                tags["owner"] = self.settings.owner
            self._account = Account(self._admin, self.settings, tags, embedded=False)
        return self._account

    @property
    def evaluator(self) -> PolicyEvaluator:
        """Decides as AWS does, by the policies that your credentials may read."""
        from inventory_lab.iam.account.evaluator import PolicyEvaluator

        session, region = self._admin, self.settings.region
        return PolicyEvaluator(
            lambda service, where: session.client(service, region_name=where or region),
            self.clock.now,
        )

    def session(self, principal: str) -> boto3.Session:
        """The session of 'admin' (your own credentials) or of 'producer' (a key made for this lab,
        held in memory and deleted at close). 'root', who on the embedded AWS owns the account, is here
        your own credentials too: root keys are nothing for a program. Raises PrincipalNotAvailable.
        """
        if principal in ("admin", "root"):
            return self._admin
        if principal == "producer":
            self._producer = self._producer or self._new_producer()
            return self._producer
        if principal not in ("pipe", "function"):
            raise PrincipalNotAvailable(
                principal,
                "on AWS there are admin and root, your own credentials both, and producer",
            )
        raise PrincipalNotAvailable(
            principal,
            "on AWS only the service itself can assume this role: its trust policy names "
            "pipes.amazonaws.com or lambda.amazonaws.com",
        )

    def pump(self) -> Round:
        """Wait a second: AWS runs the pipe and reports nothing here."""
        self.clock.advance(POLL_SECONDS)
        return Round(observed=False)

    def still_open(self, positions: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
        """Those of `positions` (product → shard → sequence number) that were not processed or given up, by
        the watermarks of the table and the dead letters, or by the log of the pipe.
        """
        account = self.admin_account()
        watermarks = progress.writes_watermarks(account)
        seen = (
            progress.by_watermarks(account, positions)
            if watermarks
            else progress.by_pipe_log(account)
        )
        waiting = progress.remaining(positions, seen)
        if waiting and watermarks and self._looks_at_dead_letters():
            waiting = progress.remaining(waiting, progress.by_dead_letters(account))
        return waiting

    def unknown_progress(self) -> str:
        """Why nothing tells here when records are processed; empty when something does."""
        if self.settings.has_pipe or progress.writes_watermarks(self.admin_account()):
            return ""
        return (
            "on AWS nothing reports how far an event source mapping has read, and the handler that is "
            "deployed writes no watermarks into the table"
        )

    def _looks_at_dead_letters(self) -> bool:
        """Reading a queue takes seconds, so only at times."""
        self._looks += 1
        return self._looks % LOOKS_PER_QUEUE == 0

    def passed(self, shard_id: str, sequence_number: int) -> None:  # noqa: ARG002
        """None: AWS does not tell how far a pipe has read."""
        return

    def executions(self) -> list[Execution]:
        """Raises LocalOnly."""
        raise LocalOnly("pipe_log()")

    def faults(self, plan: object) -> AbstractContextManager[Faults]:  # noqa: ARG002
        """Raises LocalOnly."""
        raise LocalOnly("faults()")

    def take_build(self, build_id: str) -> None:  # noqa: ARG002
        """None: CodeBuild runs the build."""
        return

    def run(self, work: Callable[[str], T], values: Iterable[str]) -> Iterable[T]:
        """The results of independent work, of which some runs at the same time: waiting for AWS takes most
        of it, and boto3's clients may be shared by threads.
        https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html
        """
        with ThreadPoolExecutor(AT_THE_SAME_TIME) as pool:
            return list(pool.map(work, values))

    def close(self) -> None:
        """Delete the producer's key; the resources stay until teardown()."""
        self.revoke_producer()

    def revoke_producer(self) -> None:
        """Delete the producer's key, which may be gone already with its user."""
        key, self._producer = self._producer_key, None
        if key:
            iam = self._admin.client("iam")
            request = {"UserName": key["UserName"], "AccessKeyId": key["AccessKeyId"]}
            unless_missing(("NoSuchEntity",), iam.delete_access_key, **request)
        self._producer_key = {}  # a key that could not be deleted is remembered for the next time
        atexit.unregister(self.revoke_producer)

    @property
    def publish_patience(self) -> float:
        """Seconds that publish() goes on while Kinesis refuses records: a full shard takes that long."""
        return SPREADING_SECONDS

    def spreading_codes(self) -> tuple[str, ...]:
        """Errors that a call of the producer gets while AWS spreads its new key and policy."""
        return UNKNOWN_KEY + UNKNOWN_POLICY if self._is_spreading() else ()

    def _new_producer(self) -> boto3.Session:
        """A session with a new key, once AWS knows the key. What ends this process deletes it."""
        self.revoke_producer()  # of an attempt that failed
        self._producer_key = producer_key.create(self.admin_account())
        self._key_made_at = self.clock.now().timestamp()
        atexit.register(self.revoke_producer)
        session = boto3.Session(
            aws_access_key_id=self._producer_key["AccessKeyId"],
            aws_secret_access_key=self._producer_key["SecretAccessKey"],
            region_name=self.settings.region,
        )
        session.events.register("needs-retry", self._retry_unknown_key)
        session.client("sts").get_caller_identity()
        return session

    def _retry_unknown_key(self, response: Any, **_: Any) -> int | None:
        """Repeat a call, after a second, that AWS refuses because it does not know the new key yet."""
        code = response[1].get("Error", {}).get("Code") if response else None
        if code not in UNKNOWN_KEY or not self._is_spreading():
            return None
        self.clock.advance(1)
        return 0

    def _is_spreading(self) -> bool:
        return self.clock.now().timestamp() - self._key_made_at < SPREADING_SECONDS
