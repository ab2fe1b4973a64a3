"""connect() and the Lab: the one object a notebook holds. It wires everything and decides nothing."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.exceptions import ClientError

from inventory_lab.backends.base import Backend
from inventory_lab.domain.events import InventoryEvent
from inventory_lab.exceptions import (
    ChargesNotAllowed,
    LabClosed,
    NotBuilt,
    UnknownTarget,
    WrongSetting,
)
from inventory_lab.observe import (
    failed_records,
    frames,
    history,
    queues,
    reconcile,
    reports,
    stream,
    table,
)
from inventory_lab.observe import pipe_log as pipe_log
from inventory_lab.observe import pipeline_state as pipeline
from inventory_lab.observe.failed_records import FailedRecord
from inventory_lab.observe.history import Line
from inventory_lab.observe.pipeline_state import PipelineState
from inventory_lab.observe.reconcile import Reconciliation
from inventory_lab.observe.snapshot import Snapshot
from inventory_lab.operate import frames as operate_frames
from inventory_lab.operate import rebuild, redrive
from inventory_lab.operate.redrive import Correct
from inventory_lab.operate.thresholds import set_thresholds
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
from inventory_lab.resources.deployed import as_html, as_text, deployed
from inventory_lab.resources.policies import policy
from inventory_lab.resources.teardown import tear_down
from inventory_lab.settings import Settings

if TYPE_CHECKING:
    import boto3
    import pandas as pd

    from inventory_lab.embedded_aws.faults import FaultPlan, Faults
    from inventory_lab.iam.account.evaluator import PolicyEvaluator
    from inventory_lab.iam.account.explanation import Explanation
    from inventory_lab.views.picture import Picture
    from inventory_lab.views.pipeline_map import Highlight

Stage = Literal["access", "stream", "table", "function", "pipe"]
STAGES: tuple[Stage, ...] = ("access", "stream", "table", "function", "pipe")
ADMIN_POLICIES = ("deployer", "operator")
TARGET_VARIABLE, CHARGES_VARIABLE = "INVENTORY_LAB_TARGET", "INVENTORY_LAB_ALLOW_CHARGES"
AWS_PREFIX = "inventory-lab-"
"""Goes before every name on a real account, unless the settings bring a prefix of their own."""
AWS_CONCURRENCY = 16
"""How many products an invocation writes at the same time on a real account."""


@dataclass(frozen=True, slots=True, repr=False)
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

    def __repr__(self) -> str:
        took = f"{self.rounds} rounds, {self.seconds:.0f} s of lab time"
        if self:
            return f"SettleReport(all records were processed or given up, {took})"
        error = f", last error: {self.error}" if self.error else ""
        return f"SettleReport(still open: {', '.join(self.still_open)}, {took}{error})"


class Lab:
    """A pipeline on one backend. Use it in a with-statement, or close() it."""

    def __init__(self, backend: Backend, settings: Settings) -> None:
        self._backend: Backend | None = backend
        self._account: Account | None = None
        self.settings = settings

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            "Lab(closed)" if self._backend is None else as_text(self._where, deployed(self.account))
        )

    def _repr_html_(self) -> str:
        if self._backend is None:
            return "<p>Lab (closed)</p>"
        return as_html(self._where, deployed(self.account))

    @property
    def _where(self) -> str:
        return "embedded AWS" if self.embedded else f"AWS account, {self.settings.region}"

    @property
    def embedded(self) -> bool:
        """True on the embedded AWS, where the clock can be turned and faults injected."""
        return self._open_backend().embedded

    @property
    def clock(self) -> Any:
        """The lab's clock: now(), and advance(seconds), which on AWS waits."""
        return self._open_backend().clock

    @property
    def account(self) -> Account:
        """The account as the admin sees it: clients, names and ARNs."""
        backend = self._open_backend()
        if self._account is None:
            self._account = Account(backend.session("admin"), self.settings)
        return self._account

    def session(self, principal: str = "admin") -> boto3.Session:
        """A boto3.Session with the credentials of 'admin', 'producer', 'pipe' or 'function'.

        Raises PrincipalNotAvailable, on AWS also for the roles, which only their services assume.
        """
        return self._open_backend().session(principal)

    def build(self, through: Stage = "pipe") -> dict[str, str]:
        """Make what is missing, up to and with a stage; the ARN (of queues, the URL) by name.

        User, roles and policies are the first stage. Raises ValueError for a stage that is not one of
        'access', 'stream', 'table', 'function', 'pipe'.
        """
        if through not in STAGES:
            raise ValueError(f"build(through={through!r}): there are {', '.join(STAGES)}")
        account, wait = self.account, self.clock.advance
        existing: dict[str, str] = {}
        for stage in STAGES[: STAGES.index(through) + 1]:
            match stage:
                case "access":
                    existing["user"] = user_resource.ensure(account)
                    for kind in role_resources.KINDS:
                        existing[kind] = role_resources.ensure(account, kind)
                case "stream":
                    existing["stream"] = stream_resource.ensure(account)
                case "table":
                    existing["table"] = table_resource.ensure(account)
                case "function":
                    for kind in queue_resources.KINDS:
                        existing[kind] = queue_resources.ensure(account, kind)
                    existing["topic"] = topic_resource.ensure(account)
                    existing["function"] = function_resource.ensure(account, wait)
                case "pipe":
                    existing["pipe"] = pipe_resource.ensure(account, wait)
        return existing

    def use_handler(self, source: str | Path, handler: str = "handle") -> str:
        """Put a handler of your own, a .py file or Python text, in the place of the lab's; the ARN of
        the function. `handler` is the name of its function; the next build() restores the lab's.

        Raises BadHandler, and NotBuilt before build(through="function").
        """
        return function_resource.use_handler(self.account, source, handler)

    def teardown(self, dry_run: bool = False) -> pd.DataFrame:
        """Delete what build() makes and carries the lab's tag, project=inventory-lab; a DataFrame of
        kind, name and outcome, in order of deletion: 'deleted', 'would be deleted' (a dry run changes
        nothing), 'not there', or 'not ours' for what has the lab's name without its tag and stays.

        May be repeated, also after an interrupt. Raises StillStanding for a deletion that AWS does
        not finish.
        """
        backend = self._open_backend()
        deletions = tear_down(self.account, backend.clock.advance, dry_run)
        if not dry_run:
            backend.revoke_producer()
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
        return self._open_backend().pump()

    def settle(self, receipt: Receipt, timeout: float = 300) -> SettleReport:
        """Pump until every record of the receipt is passed: processed by the function, or given up
        into the dead letters. Ends after `timeout` seconds of lab time; see `still_open` then.
        Raises NotBuilt without a pipe.
        """
        if not isinstance(receipt, Receipt):
            raise TypeError(f"settle() takes the receipt that publish() gave back, not {receipt!r}")
        backend, start, rounds, error = self._open_backend(), self.clock.now(), 0, ""
        still_open = backend.still_open(receipt.positions)
        if still_open and pipe_resource.describe(self.account) is None:
            raise NotBuilt("pipe", self.settings.name("pipe"))
        while still_open and (self.clock.now() - start).total_seconds() < timeout:
            error = getattr(backend.pump(), "error", "") or error
            rounds += 1
            still_open = backend.still_open(still_open)
        seconds = (self.clock.now() - start).total_seconds()
        return SettleReport(rounds, seconds, still_open, error)

    def pipe_log(self) -> pd.DataFrame:
        """What the pipe did, an execution a row, as a DataFrame: when, shard, first and last record,
        how many, which attempt, outcome, how many failed, error.

        The pipe logs its executions to CloudWatch Logs, in the group /aws/vendedlogs/pipes/<pipe>. On AWS
        this reads that log; what AWS has cut from it is None. Here it also has the pipes of your own.
        """
        backend = self._open_backend()
        if backend.embedded:
            return frames.executions(backend.executions())
        return frames.executions(pipe_log.read(self.account))

    @contextmanager
    def faults(self, plan: FaultPlan | None = None, **faults: float) -> Iterator[Faults]:
        """Inside, things go wrong as a FaultPlan says, given whole or by its fields; what struck is in
        the report of each pump. Local labs only: raises LocalOnly on AWS.
        """
        from inventory_lab.embedded_aws.faults import FaultPlan

        if plan is not None and (faults or not isinstance(plan, FaultPlan)):
            raise TypeError("faults() takes a FaultPlan, or its fields by name, and not both")
        backend, by_name = self._open_backend(), cast("dict[str, Any]", faults)
        with backend.faults(plan or FaultPlan(**by_name)) as struck:
            yield struck

    def inventory(self) -> pd.DataFrame:
        """Active products as a DataFrame: index product_id; quantity, updated_at, version.

        Warns of items that cannot be read.
        """
        found = table.read(self.account)
        for broken in found.broken.values():
            warnings.warn(str(broken.problem), stacklevel=2)
        return frames.inventory(found.items.values())

    def records(self) -> pd.DataFrame:
        """The records that the stream holds, shard by shard: shard_id, sequence (the last digits of the
        sequence number), partition_key, arrived_at, data, and record_id with all digits.
        """
        with self._needing("stream"):
            return frames.records(stream.records(self.account))

    def history(self, product_id: str, since: Snapshot | None = None) -> pd.DataFrame:
        """The ledger of one product as a DataFrame: every event in the order in which it was processed,
        with its outcome, the reason when it was not applied, and the stock after it. Like reconcile()
        it folds the stream; for the simple design it tells what an exact one would have done.
        """
        if not isinstance(product_id, str):
            raise TypeError(f"history() takes a product id such as 'Phone', not {product_id!r:.60}")
        return frames.history(self._lines({product_id}, since))

    def alerts(self) -> pd.DataFrame:
        """The stock alerts that the inbox received, as a DataFrame."""
        return frames.alerts(queues.alerts(self.account))

    def set_thresholds(
        self, product_id: str, high: int | None = None, low: int | None = None
    ) -> None:
        """Alert of this product above `high` or below `low` pieces instead of the lab's thresholds;
        None goes back to the lab's. Raises WrongSetting, NotBuilt.
        """
        with self._needing("table"):
            set_thresholds(self.account, product_id, high, low)

    def rejected(self) -> pd.DataFrame:
        """The rejected records with their reasons, as a DataFrame; `payload` in bytes."""
        return frames.rejected(queues.rejected_queue(self.account).rejections)

    def dead_letters(self) -> pd.DataFrame:
        """The records that the pipe gave up, as a DataFrame: reason, partition_key, event_id, payload
        (read from the stream as long as it keeps the record), record_id for redrive(), and state:
        'not redriven', 'redriven', 'expired' when the stream no longer holds the record, or 'processed'
        when its effect is in the table, because only the function's answer was lost.
        """
        return frames.dead_letters(failed_records.dead_letters(self._pipeline_state()))

    def redrive(
        self,
        rows: pd.DataFrame | Iterable[str] | None = None,
        correct: Correct | None = None,
    ) -> pd.DataFrame:
        """Send dead letters to the stream again, or `rows` of dead_letters() or rejected(), and settle
        them; what became of each, as a DataFrame.

        Rows are recognised by their column `record_id`, so you may filter, sort, join or store them;
        a list of record ids does as well. A record that was redriven or processed in the meantime is
        not sent twice. `correct` gets each FailedRecord (partition_key, payload, event, reason) and
        returns the event to send instead, the same one, or None to leave it out. What was sent is a
        new record of the stream, so it is processed after everything that is in it already, and its
        dead letter is deleted. Raises TypeError for rows without record ids.
        """
        pipeline = self._pipeline_state()
        dead_letters = list(failed_records.dead_letters(pipeline))
        chosen = dead_letters if rows is None else self._failed_records(rows, pipeline)
        prepared = redrive.prepare(chosen, correct)
        receipt = self.publish([r.sent for r in prepared if r.sent is not None], ordered=True)
        redrive.settle_failed_records(self.account, prepared, dead_letters)
        self.settle(receipt)
        lines = self._lines(receipt.positions.keys())
        return operate_frames.redriven(redrive.with_outcomes(prepared, receipt, lines))

    def reports(self) -> dict[str, int]:
        """The function's own counts, summed over the reports in its log."""
        return dict(reports.read(self.account).totals)

    def reconcile(self, since: Snapshot | None = None) -> Reconciliation:
        """Fold the stream, from its beginning or from a snapshot, and compare with the table; see
        Reconciliation. Raises NotBuilt.
        """
        read = partial(stream.records, self.account)
        return reconcile.reconcile(self._pipeline_state(since), read, frames.drift)

    def snapshot(self) -> Snapshot:
        """The table and the function's counts as they are now, for a reconcile() when the stream has
        forgotten the beginning. Take it when reconcile() is exact and nothing is on its way.
        """
        counts = reports.read(self.account).totals
        found = table.read(self.account)
        now = self.clock.now().timestamp()
        return Snapshot(now, found.items, counts, found.expires)

    def rebuild(self, since: Snapshot | None = None) -> pd.DataFrame:
        """Write the items anew that are not what the stream says, while the pipe may run; which ones, as
        a DataFrame. What the pipe has passed and nobody processed is applied too: no alert is sent of it,
        and the function has not counted it, so the sum is even again from a snapshot() on.

        Raises StreamCut when the stream has lost the beginning and no snapshot makes up for it,
        RebuildFailed, NotBuilt.
        """
        if self.settings.handler != "fold":
            raise WrongSetting(
                "handler", self.settings.handler, "fold: only its items can be rebuilt"
            )
        read_state, read = (
            partial(self._pipeline_state, since),
            partial(stream.records, self.account),
        )
        return operate_frames.rebuilt(rebuild.rebuild(self.account, read_state, read))

    def explain_access(
        self,
        principal: str,
        action: str,
        resource: str,
        context: Mapping[str, str] | None = None,
    ) -> Explanation:
        """Why a principal ('admin', 'producer', 'pipe', 'function' or an ARN) may or may not do
        something: an Explanation, with `allowed`, the statement that decided or the nearest one, and
        where that differs. On AWS it processes the policies that your credentials may read.

        Raises PrincipalNotAvailable, and ValueError for an action that is no `service:Action`.
        """
        from inventory_lab.iam.account.evaluator import Caller
        from inventory_lab.iam.account.explanation import explain_access

        if not isinstance(action, str) or not all(action.partition(":")):
            raise ValueError(f"{action!r} is no action; one looks like kinesis:PutRecord")
        if not isinstance(resource, str) or (resource != "*" and resource.count(":") < 5):
            raise ValueError(f"{resource!r} is no resource; give its ARN, or * for none")
        evaluator, region = self._policy_evaluator(), self.settings.region
        caller = Caller.of_arn(self.account.principal_arn(principal))
        return explain_access(evaluator, caller, action, resource, region, context)

    def diagram(self, highlight: Highlight = None) -> Picture:
        """The map of the pipeline as it is now: existing parts solid and missing ones dashed, each
        arrow with IAM's answer and what went along it. `highlight` lights parts such as "stream".
        Raises ValueError for a part that is not on the map.
        """
        from inventory_lab.views.diagram import diagram

        executions = self._open_backend().executions() if self.embedded else None
        return diagram(self.account, self._policy_evaluator(), executions, highlight)

    def close(self) -> None:
        """End the lab; a local one forgets its account and leaves the process as it was."""
        if self._backend is not None:
            self._backend.close()
            self._backend = None
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

    def _pipeline_state(self, since: Snapshot | None = None) -> PipelineState:
        if since is not None and not isinstance(since, Snapshot):
            raise TypeError(f"since takes what snapshot() gave, not {since!r:.60}")
        backend = self._open_backend()
        return pipeline.read_state(self.account, self.clock.now(), backend.passed, since)

    def _failed_records(
        self, rows: pd.DataFrame | Iterable[str], pipeline: PipelineState
    ) -> list[FailedRecord]:
        record_ids, rejected = frames.record_ids(rows), pipeline.rejected
        failed = [
            *failed_records.dead_letters(pipeline),
            *failed_records.rejections(self.account, rejected),
        ]
        return failed_records.select(self.account, record_ids, failed, rejected)

    def _lines(self, product_ids: Collection[str], since: Snapshot | None = None) -> Iterator[Line]:
        """What became of the records of these products, in the order in which they were processed."""
        pipeline = self._pipeline_state(since)
        return history.lines(pipeline, stream.records(self.account), product_ids)

    def _policy_evaluator(self) -> PolicyEvaluator:
        """The embedded AWS's own evaluator; on AWS one that reads policies with your credentials."""
        return self._open_backend().evaluator

    def _open_backend(self) -> Backend:
        if self._backend is None:
            raise LabClosed
        return self._backend


_local_lab: list[Lab] = []


def local_lab() -> Lab | None:
    """The local lab that is open in this process, if there is one."""
    return _local_lab[-1] if _local_lab else None


def connect(
    target: str | None = None, settings: Settings | None = None, allow_charges: bool = False
) -> Lab:
    """A lab on the embedded AWS ("local") or on the account of your credentials ("aws").

    Without a target the environment decides, so that a notebook runs unchanged on an account:
    INVENTORY_LAB_TARGET=aws with INVENTORY_LAB_ALLOW_CHARGES=yes. INVENTORY_LAB_REGION,
    INVENTORY_LAB_PREFIX and INVENTORY_LAB_PERMISSIONS_BOUNDARY then stand for what the settings leave
    at its default, and for an account without settings. There is one local lab in a process: a second
    connect() closes the first and says so. Raises ChargesNotAllowed for "aws" without
    `allow_charges=True`, UnknownTarget for another target.
    """
    if not isinstance(settings, Settings | None):
        raise TypeError(f"connect(settings=...) takes Settings, not {settings!r}")
    asked = settings is None or target is None
    if target is None:
        target = os.environ.get(TARGET_VARIABLE) or "local"
        allow_charges = allow_charges or os.environ.get(CHARGES_VARIABLE, "").lower() == "yes"
    settings = settings or Settings()
    if asked and target != "local":
        settings = settings.with_environment(os.environ)
    if target == "aws":
        return _connect_aws(settings, allow_charges)
    if target != "local":
        raise UnknownTarget(target)
    if (settings.commit_concurrency or 1) > 1:
        expected = "None or 1 here, because the embedded AWS starts no threads"
        raise WrongSetting("commit_concurrency", settings.commit_concurrency, expected)
    while _local_lab:
        warnings.warn("connect() closed the local lab that was still open", stacklevel=2)
        _local_lab[-1].close()
    from inventory_lab.backends.embedded import EmbeddedBackend

    backend = EmbeddedBackend(settings)
    lab = Lab(backend, settings)
    _local_lab.append(lab)
    try:
        documents = {name: policy(f"admin/{name}", lab.account) for name in ADMIN_POLICIES}
        backend.attach_to_admin(documents)
    except BaseException:
        lab.close()
        raise
    return lab


def _connect_aws(settings: Settings, allow_charges: bool) -> Lab:
    if not allow_charges:
        raise ChargesNotAllowed
    from inventory_lab.backends.aws import RealAws

    settings = settings if settings.prefix else replace(settings, prefix=AWS_PREFIX)
    if settings.commit_concurrency is None:
        settings = replace(settings, commit_concurrency=AWS_CONCURRENCY)
    return Lab(RealAws(settings), settings)


def _forget(lab: Lab) -> None:
    if lab in _local_lab:
        _local_lab.remove(lab)
