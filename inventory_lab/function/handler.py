"""The Lambda function with exactly-once effect: process a batch in memory, write once per product.

One invocation groups the records by product, reads the items, folds the records, sends alerts and
rejections, and then commits each product with one conditional write. When a product is not committed,
all its records are returned as `batchItemFailures`. A record that is delivered again is recognised by
the item's watermark.

What is guaranteed:

- A record that was committed changes the counts once, however often it is delivered.
- A product is committed whole or not at all, and two executions of the same batch cannot both commit.
- Every alert and every rejection is sent at least once. Readers drop repeats by `deduplication_id`.
- No call starts in the last seconds before the time-out; products that remain are returned as failed.
- A read or write that DynamoDB throttles fails its products, never the batch.

What is not guaranteed:

- An alert or a rejection may be sent before another execution commits the product first. It may then
  name a stock that was never in the table.
- When AWS stops the environment in the middle of a batch, the table stays exact, but the batch's report
  is missing from the log. Its records count as `redelivered` when they come again.
- When a retry cannot help, as after a denied access, the whole batch fails, although some of its
  products are already committed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from inventory_lab.domain.inventory import Item, Outcome, Reason, Record, Thresholds, Verdict, fold
from inventory_lab.function.audit import Audit, log_late_parents, no_audit
from inventory_lab.function.batch import (
    group_by_partition_key,
    log_report,
    read_batch,
    required,
    whole_number,
)
from inventory_lab.function.clients import LONGEST_CALL_MILLISECONDS, client
from inventory_lab.function.concurrency import Map, in_threads, one_by_one
from inventory_lab.function.context import LambdaContext
from inventory_lab.function.notices import Notices
from inventory_lab.function.store import Store

COMMIT_ATTEMPTS = 4
WRITER_CHARACTERS = 8
"""Enough of the log stream's name to tell execution environments apart."""
RESERVED_MILLISECONDS = LONGEST_CALL_MILLISECONDS + 1_000
"""With less time than this no call starts, so the longest call ends before the time-out."""


def handle(event: object, context: LambdaContext | None) -> dict[str, Any]:
    """The Lambda entry point: `event` is the batch of a Pipe or of an event source mapping.

    Returns the records that failed, in the format that the sender expects.
    """
    return _handler().process(event, context)


@cache
def _handler() -> FoldingHandler:
    """Made once in an execution environment, at its first invocation."""
    concurrency = whole_number("COMMIT_CONCURRENCY", default=1)
    return FoldingHandler(
        Store(
            client("dynamodb", concurrency),
            required("TABLE_NAME"),
            whole_number("TOMBSTONE_DAYS"),
            writer=os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")[-WRITER_CHARACTERS:],
        ),
        Notices(
            client("sns", concurrency),
            client("sqs", concurrency),
            required("ALERT_TOPIC_ARN"),
            required("REJECTED_QUEUE_URL"),
            Thresholds(high=whole_number("HIGH_STOCK"), low=whole_number("LOW_STOCK")),
        ),
        map_calls=in_threads(concurrency) if concurrency > 1 else one_by_one,
        audit=log_late_parents,
    )


class FoldingHandler:
    """Folds batches into the table.

    `map_calls` makes the calls to AWS. They may run at the same time, because boto3's clients are
    thread-safe and products do not depend on each other. `audit` gets the outcomes of each product
    before they are committed.
    """

    def __init__(
        self,
        store: Store,
        notices: Notices,
        map_calls: Map = one_by_one,
        audit: Audit = no_audit,
    ) -> None:
        self._store = store
        self._notices = notices
        self._map = map_calls
        self._audit = audit

    def process(self, event: object, context: LambdaContext | None) -> dict[str, Any]:
        """Process and commit one batch; returns every record of each failed product.

        Raises MalformedBatch, MissingEnvironment, and ClientError when a retry cannot help.
        """
        batch, is_time_left = read_batch(event), _time_check(context)
        groups = group_by_partition_key(batch.records)
        items, failed = self._store.load(groups, is_time_left)
        processed = {
            key: fold(items.get(key), group) for key, group in groups.items() if key not in failed
        }
        failed |= self._send(processed.values(), is_time_left)
        committed: dict[str, list[Outcome]] = {}

        def commit(key: str) -> None:
            committed[key] = self._commit(processed[key], is_time_left)

        try:
            self._map(commit, [key for key in processed if key not in failed])
        finally:  # committed records are counted even when another product raised
            self._report(batch.records, [o for outcomes in committed.values() for o in outcomes])
        return batch.failures(r for r in batch.records if not committed.get(r.partition_key))

    def _commit(self, outcomes: list[Outcome], is_time_left: Callable[[], bool]) -> list[Outcome]:
        """The outcomes that were committed; empty when they could not be.

        When another writer was first, the records are folded again on its item.
        """
        for _ in range(COMMIT_ATTEMPTS):
            if not outcomes or not is_time_left():
                break
            last = outcomes[-1]
            result = self._store.commit(outcomes[0].before, last.item, last.record.arrived_at)
            if result.committed:
                return outcomes
            if result.current is not None:
                outcomes = self._process_again(result.current, outcomes, is_time_left)
        return []

    def _process_again(
        self, current: Item, outcomes: list[Outcome], is_time_left: Callable[[], bool]
    ) -> list[Outcome]:
        again = fold(current, [outcome.record for outcome in outcomes])
        return [] if self._send([again], is_time_left) else again

    def _send(
        self, products: Iterable[list[Outcome]], is_time_left: Callable[[], bool]
    ) -> set[str]:
        """Send what must be sent before the commits; returns the partition keys that failed."""
        products = list(products)
        for outcomes in products:
            self._audit(outcomes)
        every = [outcome for outcomes in products for outcome in outcomes]
        return self._notices.send(every, is_time_left, self._map)

    def _report(self, records: list[Record], committed: list[Outcome]) -> None:
        log_report(
            {
                "shard_id": records[0].shard_id if records else None,
                "first": str(records[0].sequence_number) if records else None,
                "last": str(records[-1].sequence_number) if records else None,
                "records": len(records),
                **tally(committed),
                "failed": len(records) - len(committed),
                "alerts": self._notices.count_alerts(committed),
            }
        )


def tally(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many records were applied, rejected, duplicates (a repeated event) and redelivered.

    >>> tally([])
    {'applied': 0, 'rejected': 0, 'duplicates': 0, 'redelivered': 0}
    """
    counts = Counter(
        "redelivered" if outcome.reason is Reason.REDELIVERED_RECORD else outcome.verdict.value
        for outcome in outcomes
    )
    return {
        "applied": counts[Verdict.APPLIED],
        "rejected": counts[Verdict.REJECTED],
        "duplicates": counts[Verdict.DUPLICATE],
        "redelivered": counts["redelivered"],
    }


def _time_check(context: LambdaContext | None) -> Callable[[], bool]:
    """A function that says whether another call may start; without a context it is always true."""
    if context is None:
        return lambda: True
    return lambda: context.get_remaining_time_in_millis() >= RESERVED_MILLISECONDS
