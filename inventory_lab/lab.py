"""connect() and the Lab: the one object a notebook holds. It wires everything and decides nothing."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from botocore.exceptions import ClientError

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.exceptions import (
    ChargesNotAllowed,
    LabClosed,
    LocalOnly,
    NotBuilt,
    UnknownTarget,
)
from inventory_lab.observe import frames, queues, reconcile, reports, stream, table
from inventory_lab.producer.publisher import Publisher, RawRecord, Receipt
from inventory_lab.resources import function as function_resource
from inventory_lab.resources import pipe as pipe_resource
from inventory_lab.resources import queues as queue_resources
from inventory_lab.resources import roles as role_resources
from inventory_lab.resources import stream as stream_resource
from inventory_lab.resources import table as table_resource
from inventory_lab.resources import topic as topic_resource
from inventory_lab.resources import user as user_resource
from inventory_lab.resources.account import Account
from inventory_lab.resources.policies import policy
from inventory_lab.resources.teardown import tear_down
from inventory_lab.settings import Settings

Stage = Literal["stream", "table", "function", "pipe"]
STAGES: tuple[Stage, ...] = ("stream", "table", "function", "pipe")
ADMIN_POLICIES = ("deployer", "operator")
AWS_PREFIX = "inventory-lab-"
"""Goes before every name on a real account, unless the settings bring a prefix of their own."""


class Place(Protocol):
    """Where a lab runs: the embedded AWS or a real account."""

    clock: Any
    judge: Any
    """Decides access as AWS does; None where AWS itself does it."""

    def session(self, principal: str) -> Any:
        """A boto3.Session of the principal."""

    def revoke_producer(self) -> None:
        """Delete the producer's key that the place made, if it is still there."""

    def pump(self) -> Any:
        """One round of every pipe."""

    def still_open(self, positions: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
        """Those positions that are not passed."""

    def passed(self, shard_id: str, sequence_number: int) -> bool:
        """True when the pipe is known to have delivered the record, or given it up."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True)
class SettleReport:
    """How the waiting for a receipt ended; true when every record was passed.

    `still_open` names the products (and their last sequence number by shard) that were not; `error` is
    why a call of the pipe last failed, as far as that can be known.
    """

    rounds: int
    seconds: float
    still_open: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    error: str = ""

    def __bool__(self) -> bool:
        return not self.still_open


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The function's own counts beside what the stream says; `drift` is empty when they agree.

    `missing_rejections` names records (shard:sequence number) that were rejected and are not in the
    rejected queue, `lost` those that the pipe has passed and nobody has judged, `applied_twice` the
    ids of events that were applied again after the function had forgotten them.
    """

    published: int
    applied: int
    rejected: int
    duplicates: int
    dead_lettered: int
    pending: int
    drift: Any
    missing_rejections: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    applied_twice: tuple[str, ...] = ()

    @property
    def conserved(self) -> bool:
        """Published = applied + rejected + duplicates + dead_lettered + pending."""
        accounted = self.applied + self.rejected + self.duplicates + self.dead_lettered
        return self.published == accounted + self.pending

    @property
    def exact(self) -> bool:
        """No drift, nothing missing or applied twice, every published record accounted for."""
        faults = self.missing_rejections or self.lost or self.applied_twice
        return self.conserved and not len(self.drift) and not faults


class Lab:
    """A pipeline in one place. Use it in a with-statement, or close() it."""

    def __init__(self, place: Place, settings: Settings) -> None:
        self._place: Place | None = place
        self._account: Account | None = None
        self.settings = settings

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def clock(self) -> Any:
        """The lab's clock: now(), and advance(seconds), which on AWS waits."""
        return self._open_place().clock

    @property
    def account(self) -> Account:
        """The account as the admin sees it: clients, names and ARNs."""
        place = self._open_place()
        if self._account is None:
            self._account = Account(place.session("admin"), self.settings)
        return self._account

    def session(self, principal: str = "admin") -> Any:
        """A boto3.Session with the credentials of 'admin', 'producer', 'pipe' or 'function'.

        Raises PrincipalNotAvailable, on AWS also for the roles, which only their services assume.
        """
        return self._open_place().session(principal)

    def build(self, through: Stage = "pipe") -> dict[str, str]:
        """Make what is missing, up to and with a stage; the ARN (of queues, the URL) by name.

        User, roles and policies come first, whatever the stage. Raises ValueError for a stage that
        is not one of 'stream', 'table', 'function', 'pipe'.
        """
        if through not in STAGES:
            raise ValueError(f"build(through={through!r}): there are {', '.join(STAGES)}")
        account, wait = self.account, self.clock.advance
        standing = {"user": user_resource.ensure(account)}
        for kind in role_resources.KINDS:
            standing[kind] = role_resources.ensure(account, kind)
        for stage in STAGES[: STAGES.index(through) + 1]:
            match stage:
                case "stream":
                    standing["stream"] = stream_resource.ensure(account)
                case "table":
                    standing["table"] = table_resource.ensure(account)
                case "function":
                    for kind in queue_resources.KINDS:
                        standing[kind] = queue_resources.ensure(account, kind)
                    standing["topic"] = topic_resource.ensure(account)
                    standing["function"] = function_resource.ensure(account, wait)
                case "pipe":
                    standing["pipe"] = pipe_resource.ensure(account, wait)
        return standing

    def deploy(self, source: str | Path, handler: str = "handle") -> str:
        """Put a handler of your own, a .py file or Python text, in the place of the lab's; the ARN of
        the function. `handler` is the name of its function; the next build() restores the lab's.

        Raises BadHandler, and NotBuilt before build(through="function").
        """
        return function_resource.deploy(self.account, source, handler)

    def teardown(self, dry_run: bool = False) -> Any:
        """Delete what build() makes and carries the lab's tag, project=inventory-lab; a DataFrame of
        kind, name and outcome, in order of deletion: 'deleted', 'would be deleted' (a dry run changes
        nothing), 'not there', or 'not ours' for what has the lab's name without its tag and stays.

        May be repeated, also after an interrupt. Raises StillStanding for a deletion that AWS does
        not finish.
        """
        place = self._open_place()
        deletions = tear_down(self.account, place.clock.advance, dry_run)
        if not dry_run:
            place.revoke_producer()
        return frames.deletions(deletions)

    def publish(
        self,
        events: InventoryEvent | RawRecord | Iterable[InventoryEvent | RawRecord],
        ordered: bool = False,
    ) -> Receipt:
        """Put one event, or any iterable of them, into the stream as the producer.

        `ordered` keeps the given order of each product also when Kinesis refuses entries. Raises
        PrincipalNotAvailable and NotBuilt before build(), EventTooLarge before anything is sent,
        PublishFailed with what was not stored.
        """
        clock = self.clock
        publisher = Publisher(
            self.session("producer").client("kinesis"),
            self.settings.name("stream"),
            now=lambda: clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            sleep=clock.advance,
        )
        with self._needing("stream"):
            return publisher.publish(events, ordered)

    def pump(self) -> Any:
        """Make one round of every pipe, in which a second of lab time passes; on AWS, wait one."""
        return self._open_place().pump()

    def settle(self, receipt: Receipt, timeout: float = 300) -> SettleReport:
        """Pump until every record of the receipt is passed: judged by the function, or given up
        into the dead letters. Ends after `timeout` seconds of lab time; see `still_open` then.
        Raises NotBuilt without a pipe.
        """
        if not isinstance(receipt, Receipt):
            raise TypeError(f"settle() takes the receipt that publish() gave back, not {receipt!r}")
        place, start, rounds, error = self._open_place(), self.clock.now(), 0, ""
        still_open = place.still_open(receipt.positions)
        if still_open and pipe_resource.describe(self.account) is None:
            raise NotBuilt("pipe", self.settings.name("pipe"))
        while still_open and (self.clock.now() - start).total_seconds() < timeout:
            error = getattr(place.pump(), "error", "") or error
            rounds += 1
            still_open = place.still_open(still_open)
        seconds = (self.clock.now() - start).total_seconds()
        return SettleReport(rounds, seconds, still_open, error)

    def pipe_log(self) -> Any:
        """What the pipes did, an execution a row, as a DataFrame: when, shard, first and last record,
        how many, which attempt, outcome, how many failed, error. Local labs only: raises
        LocalOnly on AWS, where a pipe writes its log to a log group of your choice.
        """
        return frames.executions(self._local_place("pipe_log()").executions())

    @contextmanager
    def faults(self, plan: Any = None, **faults: Any) -> Iterator[Any]:
        """Inside, things go wrong as a FaultPlan says, given whole or by its fields; what struck is in
        the report of each pump. Local labs only: raises LocalOnly on AWS.
        """
        from inventory_lab.local.faults import FaultPlan

        if plan is not None and (faults or not isinstance(plan, FaultPlan)):
            raise TypeError("faults() takes a FaultPlan, or its fields by name, and not both")
        place = self._local_place("faults()")
        with place.faults(plan or FaultPlan(**faults)) as struck:
            yield struck

    def inventory(self) -> Any:
        """Active products as a DataFrame: index product_id; quantity, updated_at, version."""
        with self._needing("table"):
            return frames.inventory(table.items(self.account))

    def records(self) -> Any:
        """What is in the stream, by shard, as a DataFrame; all digits of the sequence numbers are
        in `.attrs["sequence_numbers"]`.
        """
        with self._needing("stream"):
            return frames.records(stream.records(self.account))

    def alerts(self) -> Any:
        """The stock alerts that the inbox received, as a DataFrame."""
        return frames.alerts(queues.alerts(self.account))

    def rejected(self) -> Any:
        """The rejected records with their reasons, as a DataFrame; `payload` in bytes."""
        return frames.rejected(queues.rejections(self.account))

    def reports(self) -> dict[str, int]:
        """The function's own counts, summed over the reports in its log."""
        return reports.totals(self.account)

    def reconcile(self) -> Reconciliation:
        """Fold the stream and compare with the table; see Reconciliation."""
        account, watermarked = self.account, self.settings.handler == "fold"
        place = self._open_place()
        with self._needing("table"):
            found = {item.product_id: item for item in table.items(account)}
        ranges = queues.dead_letters(account)
        with self._needing("stream"):
            expected = reconcile.expect(stream.records(account), found, ranges, watermarked)
        drift = reconcile.drift if watermarked else reconcile.simple_drift
        kept = {f"{r['shard_id']}:{r['sequence_number']}" for r in queues.rejections(account)}
        counts = reports.totals(account)
        lost = [r for r in expected.pending if place.passed(r.shard_id, r.sequence_number)]
        return Reconciliation(
            published=expected.published,
            applied=counts["applied"],
            rejected=counts["rejected"],
            duplicates=counts["duplicates"],
            dead_lettered=sum(info["batchSize"] for info in ranges),
            pending=len(expected.pending) - len(lost),
            drift=frames.drift(drift(expected.items, found)),
            missing_rejections=tuple(sorted(expected.rejected - kept)) if watermarked else (),
            lost=tuple(record.event_id for record in lost),
            applied_twice=tuple(expected.applied_twice),
        )

    def explain_access(
        self,
        principal: str,
        action: str,
        resource: str,
        context: Mapping[str, str] | None = None,
    ) -> Any:
        """Why a principal ('admin', 'producer', 'pipe', 'function' or an ARN) may or may not do
        something: an Explanation, with `allowed`, the statement that decided or the nearest one, and
        where that differs. On AWS it judges the policies that your credentials may read.

        Raises PrincipalNotAvailable, and ValueError for an action that is no `service:Action`.
        """
        from inventory_lab.local.access.explanation import explain_access
        from inventory_lab.local.access.judge import Caller, Judge

        if not isinstance(action, str) or not all(action.partition(":")):
            raise ValueError(f"{action!r} is no action; one looks like kinesis:PutRecord")
        if not isinstance(resource, str) or (resource != "*" and resource.count(":") < 5):
            raise ValueError(f"{resource!r} is no resource; give its ARN, or * for none")
        place, region = self._open_place(), self.settings.region
        judge = place.judge or Judge(
            lambda service, where: place.session("admin").client(
                service, region_name=where or region
            ),
            place.clock.now,
        )
        caller = Caller.of_arn(self.account.principal_arn(principal))
        return explain_access(judge, caller, action, resource, region, context)

    def close(self) -> None:
        """End the lab; a local one forgets its account and leaves the process as it was."""
        if self._place is not None:
            self._place.close()
            self._place = None
        _forget(self)

    @contextmanager
    def _needing(self, kind: str) -> Iterator[None]:
        """Say that a resource has not been built, where AWS says that it is not found."""
        try:
            yield
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise NotBuilt(kind, self.settings.name(kind)) from exc

    def _local_place(self, call: str) -> Any:
        place = self._open_place()
        if place.judge is None:
            raise LocalOnly(call)
        return place

    def _open_place(self) -> Place:
        if self._place is None:
            raise LabClosed
        return self._place


_local_lab: list[Lab] = []


def connect(
    target: str = "local", settings: Settings | None = None, allow_charges: bool = False
) -> Lab:
    """A lab on the embedded AWS ("local") or on the account of your credentials ("aws").

    There is one local lab in a process: a second connect() closes the first and says so. Raises
    ChargesNotAllowed for "aws" without `allow_charges=True`, UnknownTarget for another target.
    """
    settings = Settings() if settings is None else settings
    if not isinstance(settings, Settings):
        raise TypeError(f"connect(settings=...) takes Settings, not {settings!r}")
    if target == "aws":
        return _connect_aws(settings, allow_charges)
    if target != "local":
        raise UnknownTarget(target)
    while _local_lab:
        warnings.warn("connect() closed the local lab that was still open", stacklevel=2)
        _local_lab[-1].close()
    from inventory_lab.local.engine import EmbeddedAws

    place = EmbeddedAws(settings).open()
    lab = Lab(place, settings)
    _local_lab.append(lab)
    try:
        documents = {name: policy(f"admin/{name}", lab.account) for name in ADMIN_POLICIES}
        place.attach_to_admin(documents)
    except BaseException:
        lab.close()
        raise
    return lab


def _connect_aws(settings: Settings, allow_charges: bool) -> Lab:
    if not allow_charges:
        raise ChargesNotAllowed
    from inventory_lab.aws import RealAws

    settings = settings if settings.prefix else replace(settings, prefix=AWS_PREFIX)
    return Lab(RealAws(settings), settings)


def _forget(lab: Lab) -> None:
    if lab in _local_lab:
        _local_lab.remove(lab)
