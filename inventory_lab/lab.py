"""connect() and the Lab, the one object of a notebook. It wires everything and decides nothing."""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from inventory_lab.backends.base import Backend, Clock, Round
from inventory_lab.domain.events import InventoryEvent
from inventory_lab.domain.identity import SESSION, source_name
from inventory_lab.domain.timestamps import rfc_3339
from inventory_lab.exceptions import (
    ChargesNotAllowed,
    LabClosed,
    NotBuilt,
    PublishFailed,
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
from inventory_lab.observe.published import PublishedPositions
from inventory_lab.observe.reconcile import Reconciliation
from inventory_lab.observe.snapshot import Snapshot
from inventory_lab.operate import frames as operate_frames
from inventory_lab.operate import rebuild, redrive
from inventory_lab.operate.redrive import Correct
from inventory_lab.operate.thresholds import set_thresholds
from inventory_lab.producer.publisher import Publisher, RawRecord, Receipt
from inventory_lab.producer.session import Session
from inventory_lab.producer.traffic import Traffic
from inventory_lab.resources import build_project
from inventory_lab.resources import event_source_mapping as mapping_resource
from inventory_lab.resources import function as function_resource
from inventory_lab.resources import pipe as pipe_resource
from inventory_lab.resources import table as table_resource
from inventory_lab.resources.account import Account
from inventory_lab.resources.build import STAGES as STAGES
from inventory_lab.resources.build import Stage as Stage
from inventory_lab.resources.build import build
from inventory_lab.resources.deployed import as_html, as_text, deployed
from inventory_lab.resources.policies import policy
from inventory_lab.resources.sweep import sweep
from inventory_lab.resources.teardown import refuse_leftovers, tear_down
from inventory_lab.settings import DefaultRegion, Settings
from inventory_lab.turns import in_turn, uninterrupted
from inventory_lab.views.progress_bar import counted, progress_bar
from inventory_lab.warn import warn

if TYPE_CHECKING:
    import boto3
    import pandas as pd

    from inventory_lab.builds.report import BuildReport
    from inventory_lab.domain.inventory import Record
    from inventory_lab.embedded_aws.faults import FaultPlan, Faults
    from inventory_lab.iam.account.evaluator import PolicyEvaluator
    from inventory_lab.iam.account.explanation import Explanation
    from inventory_lab.views.dashboard.dashboard import Dashboard
    from inventory_lab.views.picture import Picture
    from inventory_lab.views.pipeline_map import Highlight

ADMIN_POLICIES = ("deployer", "operator", "builder", "options")
TARGET_VARIABLE, CHARGES_VARIABLE = "INVENTORY_LAB_TARGET", "INVENTORY_LAB_ALLOW_CHARGES"
AWS_PREFIX = "inventory-lab-"
"""The prefix of every name on a real account, unless the settings have their own prefix."""
REPORTS_ARRIVE_WITHIN, REPORTS_PAUSE = 60, 5
"""Seconds until CloudWatch Logs shows the function's reports at the latest, and between two reads."""
AWS_LOG_RETENTION_DAYS = 14
AWS_CONCURRENCY = 16
"""How many products an invocation writes at the same time on a real account."""


@dataclass(frozen=True, slots=True, repr=False)
class SettleReport:
    """The result of settle(); true when every record was processed or given up.

    `still_open` are the products with a record that was not, with their last sequence number by shard.
    `error` is the last error of the pipe, "" when it is not known. `in_lab_time` says that the lab's clock
    counted the seconds.
    """

    rounds: int
    seconds: float
    still_open: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    error: str = ""
    in_lab_time: bool = True

    def __bool__(self) -> bool:
        return not self.still_open

    def __repr__(self) -> str:
        rounds = "1 round" if self.rounds == 1 else f"{self.rounds} rounds"
        took = f"{rounds}, {self.seconds:.0f} s{' of lab time' if self.in_lab_time else ''}"
        if self:
            return f"SettleReport(all records were processed or given up, {took})"
        error = f", last error: {self.error}" if self.error else ""
        return f"SettleReport(still open: {', '.join(self.still_open)}, {took}{error})"


class Lab:
    """An inventory pipeline on the embedded AWS or on your account. Begin with `lab = connect()`.

    Deploy       build()           stream, table, function, queues, topic and pipe with their roles
                 use_handler()     optional: put a handler of your own into the function
    Send         publish()         put events into the stream
                 settle()          wait until they are processed
    Look         inventory()       the stock of each product
                 history()         the outcome of each event of a product
                 diagram()         the pipeline as it is now, with what IAM allows
    Check        reconcile()       does the table agree with the stream?
    Repair       redrive()         send failed records again; see dead_letters() and rejected()
    Permissions  explain_access()  why IAM allows or denies a call
    End          teardown()        delete everything that build() deployed

    Any number of threads may use a lab; their calls run one after the other. During a call the lab
    may change environment variables, modules and output of the process; after it they are as before.
    Ctrl-C lets the current step finish, and then stops the call.

    Use it in a with-statement, or close() it. The other members are for special cases: session() returns
    a boto3.Session for your own AWS calls, faults() injects failures, and clock moves lab time.

    >>> receipt = lab.publish([ProductAdded("Radio", 20), QuantityChanged("Radio", -2)])
    >>> bool(lab.settle(receipt))
    True
    >>> int(lab.inventory().loc["Radio", "quantity"])
    18
    """

    def __init__(self, backend: Backend, settings: Settings) -> None:
        self._backend: Backend | None = backend
        self._account: Account | None = None
        self._session: Session | None = None
        self._published = PublishedPositions()
        self._dashboard: Dashboard | None = None
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
        """True on the embedded AWS, where the clock can be turned and faults can be injected.

        >>> lab.embedded
        True
        """
        return self._open_backend().embedded

    @property
    def clock(self) -> Clock:
        """The lab's clock: now() and advance(seconds), which on a real account waits that long.

        >>> before = lab.clock.now()
        >>> lab.clock.advance(60)
        >>> (lab.clock.now() - before).total_seconds()
        60.0
        """
        return self._open_backend().clock

    @property
    def account(self) -> Account:
        """The account as the admin sees it: clients, names and ARNs.

        >>> lab.account.stream_arn().partition(":stream/")[2]
        'e-commerce-streaming'
        """
        backend = self._open_backend()
        if self._account is None:
            self._account = backend.admin_account()
        return self._account

    @in_turn
    def session(self, principal: str = "admin") -> boto3.Session:
        """A boto3.Session with the credentials of a principal, for AWS calls of your own.

        `principal` is 'admin', 'producer', 'pipe' or 'function'; the embedded AWS also has 'root', which
        may do everything. Raises PrincipalNotAvailable for a principal that does not exist, and on AWS for the
        roles, because only the pipe and the function can assume them.

        >>> kinesis = lab.session("producer").client("kinesis")
        >>> answer = kinesis.put_record(
        ...     StreamName="e-commerce-streaming", PartitionKey="Camera", Data=b"not an event"
        ... )
        >>> answer["ShardId"].startswith("shardId-")
        True
        >>> _ = lab.pump()
        """
        return self._open_backend().session(principal)

    @in_turn
    def build(self, through: Stage = "pipe") -> dict[str, str]:
        """Deploy what is missing, up to and with a stage; the ARN of each resource by its kind.

        The stages are 'access' (user, roles and their policies), 'stream', 'table', 'function' (with its
        queues and topic) and 'pipe'. A build that was interrupted is completed by the next one. Resources
        that exist are kept and brought to the settings; a setting that AWS cannot change is named in a
        SettingNotApplied warning. The function gets the lab's own handler again, and a pipe that was stopped
        is started. A queue is reported by its URL, as SQS names it. Raises ValueError for another stage,
        NotTheLabs for a resource of the same name without the tag project=inventory-lab, WrongKeySchema for a
        table with another key, StillChanging when AWS does not finish a change within 5 minutes. When AWS
        denies a call or a quota is reached, BuildDenied or QuotaReached names the stage.

        >>> arns = lab.build(through="stream")
        >>> arns["stream"].partition(":stream/")[2]
        'e-commerce-streaming'
        """
        if through not in STAGES:
            raise ValueError(f"build(through={through!r}): there are {', '.join(STAGES)}")
        return build(self.account, through, self.clock.advance)

    @in_turn
    def use_handler(self, source: str | Path, handler: str = "handle") -> str:
        r"""Put a handler of your own into the function; the function's ARN.

        `source` is the path of a .py file or Python text, `handler` the name of the function in it that
        Lambda calls with (event, context). build() puts the lab's own handler back. Raises BadHandler
        before anything is changed, and NotBuilt before build(through="function").
        https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html

        >>> arn = lab.use_handler("def handle(event, context):\n    print(len(event), 'records')")
        >>> arn.rpartition(":")[2]
        'update-inventory'
        >>> _ = lab.build()
        """
        return function_resource.use_handler(self.account, source, handler)

    @in_turn
    def teardown(self, dry_run: bool = False, all_prefixes: bool = False) -> pd.DataFrame:
        """Delete what build() deployed; a DataFrame of kind, name and outcome, in the order of deletion.

        Only resources with the lab's tag project=inventory-lab are deleted. The outcome is 'deleted',
        'would be deleted' (`dry_run=True` changes nothing), 'not there', or 'not ours' for a resource that
        has a name of the lab but not its tag. You may call it again, also after an interrupt and from
        another process. `all_prefixes=True` deletes every lab of the region, for the end of a workshop; it
        needs the right to list resources. Raises TeardownIncomplete with what AWS refused to delete or did
        not finish deleting within 5 minutes, after everything else is deleted.

        >>> lab.teardown(dry_run=True).set_index("kind").loc["stream", "outcome"]
        'would be deleted'
        """
        backend = self._open_backend()
        if all_prefixes:
            deletions = sweep(self.account, backend.clock.advance, dry_run, backend.run)
        else:
            deletions = tear_down(self.account, backend.clock.advance, dry_run)
        if not dry_run:
            backend.revoke_producer()
            self._published.clear()
        refuse_leftovers(deletions)
        return frames.deletions(deletions)

    @in_turn
    def publish(
        self,
        events: InventoryEvent | RawRecord | Iterable[InventoryEvent | RawRecord],
        ordered: bool = False,
    ) -> Receipt:
        """Put one event, or any iterable of them, into the stream as the producer.

        Publishing the same event object again changes nothing. A new object with the same values is a
        new event, and counts again. An event whose id was published before with other content raises
        EventChanged.

        `ordered` keeps the order of each product also when Kinesis rejects entries. Raises
        PrincipalNotAvailable and NotBuilt before build(), EventTooLarge before anything is sent,
        PublishFailed with the events that were not stored.

        >>> lab.publish([ProductAdded("Camera", 5), QuantityChanged("Camera", -1)])
        Receipt(published=2, products=1, calls=1, sent_again=0, reordered=0)
        """
        if self._session is None:
            self._session = Session(source_name(self.clock.now(), self._session_name()))
        return self._publish(events, ordered, self._session)

    def _publish(
        self,
        events: InventoryEvent | RawRecord | Iterable[InventoryEvent | RawRecord],
        ordered: bool,
        session: Session | None = None,
    ) -> Receipt:
        backend, clock = self._open_backend(), self.clock
        kinesis = self.session("producer").client("kinesis")
        with self._needing("stream"), progress_bar("publish", "event") as on_stored:
            publisher = Publisher(
                kinesis,
                self.settings.name("stream"),
                now=lambda: rfc_3339(clock.now()),
                sleep=clock.advance,
                session=session,
                on_stored=on_stored,
                patience=backend.publish_patience,
                spreading=backend.spreading_codes,
            )
            try:
                receipt = publisher.publish(events, ordered)
            except PublishFailed as exc:
                self._published.add(exc.receipt.positions, clock.now())
                raise
            self._published.add(receipt.positions, clock.now())
            return receipt

    def _session_name(self) -> str:
        """Two kernels may begin on a real account at the same time; here there is one."""
        return SESSION if self.embedded else f"{SESSION}-{uuid.uuid4().hex[:12]}"

    @in_turn
    def pump(self) -> Round:
        """Let a second of lab time pass, in which every pipe and mapping reads once; returns what they did.

        On AWS they run by themselves: the call waits a second and reports no counts.

        >>> _ = lab.publish(ProductAdded("Lamp", 3))
        >>> lab.pump().records
        1
        """
        return self._open_backend().pump()

    def settle(self, receipt: Receipt, timeout: float = 300) -> SettleReport:
        """Wait until every record of the receipt is processed, or is in the dead letters.

        `timeout` is in seconds of lab time. The report is true when no record is open; otherwise its
        `still_open` has the products that wait, and `error` the last error of the pipe. On AWS
        the lab sees progress in the table's watermarks, or else in the pipe's log; with neither it returns
        at once, and `error` says that the progress is not known. Raises NotBuilt without a pipe, TypeError when
        the argument is not a receipt.

        >>> lab.settle(lab.publish(ProductAdded("Mixer", 3)))
        SettleReport(all records were processed or given up, 1 round, 1 s of lab time)
        """
        if not isinstance(receipt, Receipt):
            raise TypeError(f"settle() takes the receipt that publish() returned, not {receipt!r}")
        backend, start, rounds, error = self._open_backend(), self.clock.now(), 0, ""
        still_open = backend.still_open(receipt.positions)
        if still_open and not self._is_read():
            raise NotBuilt("pipe", self.settings.name("pipe"))
        if still_open and (unknown := backend.unknown_progress()):
            return SettleReport(0, 0.0, still_open, unknown, self.embedded)
        total = len(still_open)
        with progress_bar("settle", "product") as advance:
            while still_open and (self.clock.now() - start).total_seconds() < timeout:
                error = backend.pump().error or error
                rounds, before = rounds + 1, len(still_open)
                still_open = backend.still_open(still_open)
                advance(before - len(still_open), total)
        if still_open:  # other threads may have pumped while this one waited for its turn
            still_open = backend.still_open(still_open)
        seconds = (self.clock.now() - start).total_seconds()
        return SettleReport(rounds, seconds, still_open, error, self.embedded)

    def _is_read(self) -> bool:
        """Whether a pipe or an event source mapping brings the stream's records to the function."""
        readers = (pipe_resource.describe, mapping_resource.describe)
        return any(describe(self.account) is not None for describe in readers)

    @in_turn
    def pipe_log(self) -> pd.DataFrame:
        """What the pipes did, as a DataFrame with one execution a row, oldest first.

        Columns: at, pipe, shard, first and last (sequence numbers), records, attempt, outcome, failed,
        error. The pipe logs its executions to the log group /aws/vendedlogs/pipes/<pipe>; on AWS they are
        read from there, what AWS has cut is None, and a pipe or mapping of your own is not in it:
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-logs.html

        >>> _ = lab.settle(lab.publish(ProductAdded("Toaster", 3)))
        >>> lab.pipe_log()["outcome"].iloc[-1]
        'delivered'
        """
        backend = self._open_backend()
        if backend.embedded:
            return frames.executions(backend.executions())
        return frames.executions(pipe_log.read(self.account))

    @contextmanager
    def faults(self, plan: FaultPlan | None = None, **faults: float) -> Iterator[Faults]:
        """Inside the with-block, failures happen as a FaultPlan says; pump() reports which.

        Give a plan, or its fields by name: a probability from 0 to 1 for each kind of fault, such as
        duplicate_delivery, throttle or crash_after_commit (`help(FaultPlan)` lists all), `at_most` for how
        often each may happen, and `seed`, which makes the same faults happen again. Raises LocalOnly on
        AWS, TypeError for a plan together with fields or for an unknown field, WrongSetting for a
        probability outside 0 to 1.

        >>> with lab.faults(duplicate_delivery=1, at_most=1):
        ...     _ = lab.settle(lab.publish(ProductAdded("Fan", 3)))
        >>> int(lab.inventory().loc["Fan", "quantity"])
        3
        """
        with self._open_backend().faults(_fault_plan(plan, faults)) as struck:
            yield struck

    @in_turn
    def inventory(self) -> pd.DataFrame:
        """The active products, as a DataFrame by product_id: quantity, updated_at, version.

        An item that cannot be read is left out with a warning. Raises NotBuilt without a table.

        >>> _ = lab.settle(lab.publish(ProductAdded("Watch", 6)))
        >>> int(lab.inventory().loc["Watch", "quantity"])
        6
        """
        contents = table.read(self.account)
        for broken in contents.broken.values():
            warn(str(broken.problem))
        return frames.inventory(contents.items.values())

    @in_turn
    def records(self) -> pd.DataFrame:
        """The records of the stream, as a DataFrame, shard by shard.

        Columns: shard_id, sequence (the last digits of the sequence number), partition_key, arrived_at,
        data (as text) and record_id, which has all digits. Raises NotBuilt without a stream.

        >>> _ = lab.settle(lab.publish(ProductAdded("Drill", 2)))
        >>> len(lab.records().query("partition_key == 'Drill'"))
        1
        """
        with self._needing("stream"):
            return frames.records(self._stored_records())

    @in_turn
    def history(self, product_id: str, since: Snapshot | None = None) -> pd.DataFrame:
        """Every event of a product in the order in which it was processed, as a DataFrame.

        Columns: sequence, occurred_at, event, amount, outcome, reason (of a rejection or a duplicate),
        stock (the quantity after the event), event_id, record_id. The stream is processed again, from its
        beginning or `since` a snapshot; for the handler "per_record" the result is what an exact handler
        would have done. Raises NotBuilt, and TypeError when `product_id` is not a string.

        >>> events = [ProductAdded("Kettle", 2), QuantityChanged("Kettle", -5)]
        >>> _ = lab.settle(lab.publish(events))
        >>> lab.history("Kettle")[["outcome", "reason", "stock"]].values.tolist()
        [['applied', '', 2], ['rejected', 'InsufficientStock', 2]]
        """
        if not isinstance(product_id, str):
            raise TypeError(f"history() takes a product id such as 'Phone', not {product_id!r:.60}")
        return frames.history(self._lines({product_id}, since))

    @in_turn
    def alerts(self) -> pd.DataFrame:
        """The stock alerts that the inbox queue received, as a DataFrame.

        Columns: alert ('high' or 'low'), product_id, quantity_before, quantity, threshold, text. An alert
        that SNS delivered twice is shown once. Raises NotBuilt without a queue.

        >>> _ = lab.settle(lab.publish([ProductAdded("Bulb", 12), QuantityChanged("Bulb", -4)]))
        >>> lab.alerts().query("product_id == 'Bulb'")[["alert", "quantity"]].values.tolist()
        [['low', 8]]
        """
        return frames.alerts(queues.alerts(self.account))

    @in_turn
    def set_thresholds(
        self, product_id: str, high: int | None = None, low: int | None = None
    ) -> None:
        """Alert above `high` or below `low` pieces of this product, instead of the lab's thresholds.

        None takes the product's own threshold away, so the lab's applies again. Raises WrongSetting for a
        threshold that is not a whole number from 0, or for a `low` above `high`; NotBuilt without a table.

        >>> lab.set_thresholds("Phone", high=50, low=5)
        """
        with self._needing("table"):
            table_resource.refuse_foreign_table(self.account)
            set_thresholds(self.account, product_id, high, low)

    @in_turn
    def rejected(self) -> pd.DataFrame:
        """The records that were processed and rejected, with the reason, as a DataFrame.

        Columns: reason, partition_key, detail, sequence, event_id, payload (bytes) and record_id, by which
        redrive() recognises a row. Raises NotBuilt without a queue.

        >>> _ = lab.settle(lab.publish(QuantityChanged("Ghost", 1, event_id="ghost-1")))
        >>> lab.rejected().set_index("event_id").loc["ghost-1", "reason"]
        'UnknownProduct'
        """
        return frames.rejected(queues.rejected_queue(self.account).rejections)

    @in_turn
    def dead_letters(self) -> pd.DataFrame:
        """The records that the pipe gave up after its retries, as a DataFrame.

        Columns: reason, sequence, partition_key, event_id, state, payload (bytes, as long as the stream
        holds the record) and record_id, by which redrive() recognises a row. `state` is 'not redriven',
        'redriven', 'expired' when the stream no longer holds the record, or 'processed' when its effect is
        in the table, because only the function's answer was lost. Raises NotBuilt.
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html

        >>> with lab.faults(crash_before_effect=1):
        ...     _ = lab.settle(lab.publish(ProductAdded("Oven", 3)))
        >>> lab.dead_letters().query("partition_key == 'Oven'")["state"].tolist()
        ['not redriven']
        """
        return frames.dead_letters(failed_records.dead_letters(self._pipeline_state()))

    @in_turn
    def redrive(
        self,
        rows: pd.DataFrame | Iterable[str] | None = None,
        correct: Correct | None = None,
        as_new: bool = False,
    ) -> pd.DataFrame:
        """Send failed records to the stream again and settle them; the outcome of each, as a DataFrame.

        `rows` are rows of dead_letters() or rejected(), or a list of record ids; by default all dead
        letters. Rows are recognised by their column `record_id`, so you may filter, sort, join or store
        them. `correct` gets each FailedRecord (partition_key, payload, event, reason) and returns the event
        to send instead, the same event, or None to leave the record out. A record that was redriven or
        processed in the meantime is not sent twice. What is sent is a new record, so it is processed after
        everything that is already in the stream. A record that was rejected as TooOldToTell is sent only
        when the stream shows that its fact was never processed, or with `as_new=True`. Raises TypeError
        for rows without record ids, NotBuilt.

        >>> with lab.faults(crash_before_effect=1):
        ...     _ = lab.settle(lab.publish(ProductAdded("Printer", 3)))
        >>> rows = lab.dead_letters().query("partition_key == 'Printer'")
        >>> lab.redrive(rows)[["done", "outcome"]].values.tolist()
        [['unchanged', 'applied']]
        """
        table_resource.refuse_foreign_table(self.account)
        pipeline = self._pipeline_state()
        dead_letters = list(failed_records.dead_letters(pipeline))
        chosen = dead_letters if rows is None else self._failed_records(rows, pipeline)
        read = partial(stream.records, self.account)
        left_out = set() if as_new else failed_records.already_processed(pipeline, read, chosen)
        prepared, receipts = redrive.prepare(chosen, correct, left_out), []
        for part in redrive.parts(prepared):
            receipts.append(self._publish([r.sent for r in part if r.sent is not None], True))
            redrive.note_as_sent(self.account, part, dead_letters)
        redrive.delete_dead_letters(self.account, prepared, dead_letters)
        for receipt in receipts:
            self.settle(receipt)
        lines = self._lines({key for receipt in receipts for key in receipt.positions})
        return operate_frames.redriven(redrive.with_outcomes(prepared, receipts, lines))

    @in_turn
    def reports(self) -> dict[str, int]:
        """The function's own counts, summed over the reports that it wrote to its log.

        >>> before = lab.reports()["applied"]
        >>> _ = lab.settle(lab.publish(ProductAdded("Scale", 3)))
        >>> lab.reports()["applied"] - before
        1
        """
        return dict(reports.read(self.account).totals)

    @in_turn
    def reconcile(self, since: Snapshot | None = None) -> Reconciliation:
        """Compare the table with the stream: is every published event accounted for, exactly once?

        `exact` of the result says so, and its `problems` say what differs; redrive() or rebuild() repair it.
        The stream is processed again, from its beginning or `since` a snapshot, and compared with the table
        and with the function's own counts. On AWS it waits up to a minute for log lines and messages that
        arrive late. Raises NotBuilt.

        >>> lab.reconcile().exact
        True
        """
        backend = self._open_backend()
        start = self.clock.now()
        while True:
            state = self._pipeline_state(since)
            expired = self._published.expired(state)
            result = reconcile.reconcile(state, self._stored_records, frames.drift, expired)
            waited = (self.clock.now() - start).total_seconds()
            if backend.embedded or not result.is_incomplete or waited >= REPORTS_ARRIVE_WITHIN:
                return result
            self.clock.advance(REPORTS_PAUSE)

    @in_turn
    def snapshot(self) -> Snapshot:
        """The table and the function's counts as they are now, as the start of a later reconcile().

        A stream forgets its oldest records after 24 hours; a snapshot replaces them. Take it when
        reconcile() is exact and no record is on its way. Raises NotBuilt.

        >>> snapshot = lab.snapshot()
        >>> lab.reconcile(since=snapshot).exact
        True
        """
        counts = reports.read(self.account).totals
        contents = table.read(self.account)
        now = self.clock.now().timestamp()
        return Snapshot(now, contents.items, counts, contents.expires)

    @in_turn
    def rebuild(self, since: Snapshot | None = None) -> pd.DataFrame:
        """Write again the items that differ from what the stream says; a DataFrame of them.

        The pipe may keep running.

        Records that the pipe delivered and the function never processed are applied too, without an alert.
        The function did not count them, so reconcile() reports that difference afterwards; take a
        snapshot(), and use reconcile(since=snapshot) from then on. Raises StreamCut when the stream has lost its beginning and `since` does not replace it,
        RebuildFailed when other writers are faster ten times in a row, WrongSetting for a handler other
        than "fold", NotBuilt.

        >>> len(lab.rebuild())
        0
        """
        if self.settings.handler != "fold":
            raise WrongSetting(
                "handler", self.settings.handler, "fold: only its items can be rebuilt"
            )
        table_resource.refuse_foreign_table(self.account)
        read_state, read = partial(self._pipeline_state, since), self._stored_records
        return operate_frames.rebuilt(rebuild.rebuild(self.account, read_state, read))

    @in_turn
    def explain_access(
        self,
        principal: str,
        action: str,
        resource: str,
        context: Mapping[str, str] | None = None,
    ) -> Explanation:
        """Why IAM allows or denies a principal an action on a resource: an Explanation.

        `principal` is 'admin', 'producer', 'pipe', 'function' or an ARN; `action` is like
        'kinesis:PutRecord'; `resource` is an ARN, or '*' for actions without a resource; `context` has
        condition keys that only a real call would have. The Explanation has `allowed` and shows the
        statement that decided, or the nearest one and where it differs. On AWS it evaluates the policies
        that your credentials may read. Raises PrincipalNotAvailable, and ValueError for an action or a
        resource of another form.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

        >>> stream = lab.account.stream_arn()
        >>> lab.explain_access("producer", "kinesis:PutRecords", stream).allowed
        True
        >>> lab.explain_access("producer", "kinesis:DeleteStream", stream).allowed
        False
        """
        from inventory_lab.iam.account.evaluator import Caller
        from inventory_lab.iam.account.explanation import explain_access

        if not isinstance(action, str) or not all(action.partition(":")):
            raise ValueError(f"{action!r} is not an action; one looks like kinesis:PutRecord")
        if not isinstance(resource, str) or (resource != "*" and resource.count(":") < 5):
            raise ValueError(f"{resource!r} is not a resource; give its ARN, or * for none")
        evaluator, region = self._policy_evaluator(), self.settings.region
        caller = Caller.of_arn(self.account.principal_arn(principal))
        return explain_access(evaluator, caller, action, resource, region, context)

    @in_turn
    def diagram(self, highlight: Highlight = None) -> Picture:
        """The map of the pipeline as it is now, with IAM's answer on each arrow and what went along it.

        Existing parts are solid and missing ones dashed; `highlight` lights parts such as "stream". Raises
        ValueError for a part that is not on the map.

        >>> lab.diagram("stream").title
        'The pipeline now'
        """
        from inventory_lab.views.diagram import diagram

        executions = self._open_backend().executions() if self.embedded else None
        return diagram(self.account, self._policy_evaluator(), executions, highlight)

    @in_turn
    def dashboard(self) -> Dashboard:
        """The lab to look at and to play with: send events, generate traffic, switch faults on, watch.

        In an open notebook it shows controls; elsewhere the numbers. Nothing happens until you press a
        button. Then lab time follows real time between the cells, until you press Pause or close the lab.
        A lab has one dashboard: making another one stops the first. It reads the account every second, and
        on a real account every five; what the lab itself keeps grows with its stream. Raises NotBuilt.

        >>> _ = lab.settle(lab.publish(ProductAdded("Scanner", 3)))
        >>> dashboard = lab.dashboard()
        >>> dashboard.state.stock["Scanner"]
        3
        >>> dashboard.is_live
        False
        """
        from inventory_lab.views.dashboard.dashboard import Dashboard

        with self._needing("stream"):
            self.account.client("kinesis").describe_stream_summary(
                StreamName=self.settings.name("stream")
            )
        if self._dashboard is not None:
            self._dashboard.end("another dashboard of this lab has replaced this one")
        self._dashboard = Dashboard(DashboardVerbs(self))
        return self._dashboard

    def create_build_project(self) -> str:
        """Create the CodeBuild project of the function, with its bucket and its two roles; its ARN.

        The build's role may read sources and keep artifacts; the deploy role may update the function's
        code. What exists is brought up to date, and teardown() deletes all of it. Raises NotTheLabs, and
        BucketRefused when another account has the bucket's name.
        https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html

        >>> lab.create_build_project().rpartition(":")[2]
        'project/inventory-build'
        """
        return build_project.ensure(self.account, self.clock.advance)

    def run_build(
        self, source: str | Path | None = None, *, branch: str = "main", deploy: bool = True
    ) -> BuildReport:
        """Build a folder of source as a commit on a branch, and deploy what succeeded on `main`.

        The files are uploaded, CodeBuild runs the phases of their buildspec.yml, and the artifact becomes
        the function's code unless `deploy` is False. Without a source, the oldest build that was started
        and has not ended is run, else the newest is reported. On the embedded AWS the commands run in
        a child process of this machine, without credentials; on AWS the call waits for CodeBuild. Raises
        BuildNotQueued when there is no build, BucketRefused, UnsupportedBuild, NotBuilt; NotADirectoryError.
        https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html

        >>> from tempfile import mkdtemp
        >>> report = lab.run_build(sample_repository(mkdtemp()), branch="feature")
        >>> report
        BuildReport(SUCCEEDED, branch feature, tests: 2 SUCCEEDED, nothing deployed)
        """
        delivery, backend, account = _delivery(), self._open_backend(), self.account
        if source is not None:
            self.create_build_project()
            build_id = delivery.start(account, Path(source), branch)
        else:
            build_id = delivery.next_build(account)
        build = delivery.run(account, backend, build_id)
        deployed = ""
        if deploy and delivery.may_deploy(build):
            deployed = delivery.deploy(account, build, self.clock.advance)
        report: BuildReport = delivery.report(account, build, deployed)
        return report

    @uninterrupted
    def close(self) -> None:
        """End the lab. The embedded AWS is forgotten; on AWS everything stays until teardown().

        >>> lab.close()
        >>> lab
        Lab(closed)
        """
        if self._dashboard is not None:
            self._dashboard.end()
            self._dashboard = None
        if self._backend is not None:
            self._backend.close()
            self._backend = None
        _forget(self)

    @contextmanager
    def _needing(self, kind: str) -> Iterator[None]:
        """Raise NotBuilt when AWS answers that a resource does not exist."""
        try:
            yield
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise NotBuilt(kind, self.settings.name(kind)) from exc

    def _pipeline_state(self, since: Snapshot | None = None) -> PipelineState:
        if since is not None and not isinstance(since, Snapshot):
            raise TypeError(f"since takes a Snapshot that snapshot() returned, not {since!r:.60}")
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
        return history.lines(pipeline, self._stored_records(), product_ids)

    def _stored_records(self) -> Iterator[Record]:
        """Every record that the stream holds; a progress bar counts them where somebody watches."""
        return counted(stream.records(self.account), "read the stream", "record")

    def _policy_evaluator(self) -> PolicyEvaluator:
        """The embedded AWS's own evaluator; on AWS one that reads policies with your credentials."""
        return self._open_backend().evaluator

    def _open_backend(self) -> Backend:
        if self._backend is None:
            raise LabClosed
        return self._backend


class DashboardVerbs:
    """A lab as its dashboard uses it: `views.dashboard.verbs.Verbs`."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.settings, self.embedded = lab.settings, lab.embedded
        self.alerts, self.rejected, self.dead_letters = lab.alerts, lab.rejected, lab.dead_letters
        self.publish, self.pump, self.reconcile = lab.publish, lab.pump, lab.reconcile

    @property
    def account(self) -> Account:
        """The account with its clients."""
        return self._lab.account

    @property
    @in_turn
    def fault_names(self) -> tuple[str, ...]:
        """The faults of a FaultPlan; none on a real account."""
        from inventory_lab.embedded_aws.faults import FAULTS

        return FAULTS if self.embedded else ()

    def now(self) -> datetime:
        """Lab time."""
        return self._lab.clock.now()

    def traffic(self) -> Traffic:
        """A new source of generated events."""
        name = "dashboard" if self.embedded else f"dashboard-{uuid.uuid4().hex[:12]}"
        return Traffic(source_name(self.now(), name))

    def publish_generated(self, events: Iterable[InventoryEvent]) -> Receipt:
        """Publish events that bring their numbers, so that no session has to remember them."""
        return self._lab._publish(events, ordered=False)

    def passed(self, shard_id: str, sequence_number: int) -> bool | None:
        """Whether the pipe has delivered the record or given it up; None when that is not known."""
        return self._lab._open_backend().passed(shard_id, sequence_number)

    def faults(self, plan: Mapping[str, float]) -> AbstractContextManager[Faults]:
        """Inside, these faults strike with their probability."""
        return self._lab.faults(None, **plan)

    @in_turn
    def draw_map(self, stored: int) -> Picture:
        """The map of the pipeline, whose stream holds so many records."""
        from inventory_lab.views.diagram import diagram

        backend = self._lab._open_backend()
        executions = backend.executions() if self.embedded else None
        return diagram(self.account, self._lab._policy_evaluator(), executions, stored=stored)


@in_turn
def _fault_plan(plan: FaultPlan | None, by_name: Mapping[str, float]) -> FaultPlan:
    from inventory_lab.embedded_aws.faults import FaultPlan

    if plan is not None and (by_name or not isinstance(plan, FaultPlan)):
        raise TypeError("faults() takes a FaultPlan, or its fields by name, and not both")
    if unknown := sorted(by_name.keys() - {f.name for f in fields(FaultPlan)}):
        names = ", ".join(f.name for f in fields(FaultPlan))
        raise TypeError(f"there is no fault {unknown[0]!r}; a plan has {names}")
    return plan or FaultPlan(**cast("dict[str, Any]", by_name))


@in_turn
def _delivery() -> ModuleType:
    from inventory_lab.builds import delivery

    return delivery


_local_lab: list[Lab] = []


def local_lab() -> Lab | None:
    """The local lab that is open in this process, if there is one."""
    return _local_lab[-1] if _local_lab else None


@uninterrupted
def connect(
    target: str | None = None, settings: Settings | None = None, allow_charges: bool = False
) -> Lab:
    """A Lab on the embedded AWS ("local") or on the account of your credentials ("aws").

    Without a target the environment decides, so that a notebook runs unchanged on an account:
    INVENTORY_LAB_TARGET=aws together with INVENTORY_LAB_ALLOW_CHARGES=yes. INVENTORY_LAB_REGION,
    INVENTORY_LAB_PREFIX, INVENTORY_LAB_OWNER and INVENTORY_LAB_PERMISSIONS_BOUNDARY then replace what the
    settings leave at their default. A process has one embedded AWS: a second connect() closes the first lab with a warning.

    On "aws" boto3's ordinary credential chain and the region of the profile are used, and
    AWS_ENDPOINT_URL; before anything is created it prints the account, the region, who you are and what an
    hour costs. Raises ChargesNotAllowed for "aws" without `allow_charges=True`, UnknownTarget for another
    target; NoCredentials, CredentialsExpired, CredentialsRefused, UnknownProfile, NoRegion,
    UnreachableRegion, and RootRefused for the root user of an account.

    >>> with connect() as mine:
    ...     mine
    Lab(embedded AWS: nothing is deployed yet; build() deploys the pipeline)
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
        warn("connect() closed the local lab that was still open")
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
    from inventory_lab.backends.credentials import identify, open_session
    from inventory_lab.resources import cost, taken_names

    chosen = None if isinstance(settings.region, DefaultRegion) else settings.region
    session = open_session(chosen)
    settings = replace(
        settings,
        region=session.region_name,
        prefix=settings.prefix or AWS_PREFIX,
        commit_concurrency=settings.commit_concurrency or AWS_CONCURRENCY,
        log_retention_days=settings.log_retention_days or AWS_LOG_RETENTION_DAYS,
    )
    identity = identify(session)
    settings = replace(settings, owner=settings.owner or identity.owner)
    print(f"{identity}\n{cost.sentence(settings)}")
    backend = RealAws(settings, session=session)
    for sentence in taken_names.sentences(backend.admin_account()):
        print(sentence)
    return Lab(backend, settings)


def _forget(lab: Lab) -> None:
    if lab in _local_lab:
        _local_lab.remove(lab)
