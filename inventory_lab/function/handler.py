"""The Lambda function with exactly-once effect: process a batch in memory, write once a product.

One invocation: group the records by product, read the items, fold, tell of alerts and rejections,
then commit each product with one conditional write. A product that could not be committed is
returned whole as `batchItemFailures`; whatever is delivered again finds its watermark.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

from inventory_lab.domain.inventory import Item, Outcome, Reason, Record, Thresholds, Verdict, fold
from inventory_lab.function.batch import (
    batch_item_failures,
    group_by_partition_key,
    log_late_parents,
    log_report,
    read_batch,
    required,
    whole_number,
)
from inventory_lab.function.notices import Notices
from inventory_lab.function.store import Store

COMMIT_ATTEMPTS = 4
WRITER_CHARACTERS = 8
"""Enough of the log stream's name to tell execution environments apart."""
RESERVED_MILLISECONDS = 5_000
"""Left for the answer: what is not committed by then is returned as failed."""


def handle(event: Any, context: Any) -> dict[str, Any]:
    """The Lambda entry point: `event` is a Pipe's batch, the answer its `batchItemFailures`."""
    return _processor().process(event, context)


@cache
def _processor() -> BatchProcessor:
    """Made once in an execution environment, at its first invocation."""
    import boto3

    return BatchProcessor(
        Store(
            boto3.client("dynamodb"),
            required("TABLE_NAME"),
            whole_number("TOMBSTONE_DAYS"),
            writer=os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")[-WRITER_CHARACTERS:],
        ),
        Notices(
            boto3.client("sns"),
            boto3.client("sqs"),
            required("ALERT_TOPIC_ARN"),
            required("REJECTED_QUEUE_URL"),
            Thresholds(high=whole_number("HIGH_STOCK"), low=whole_number("LOW_STOCK")),
        ),
    )


class BatchProcessor:
    """Folds batches into the table."""

    def __init__(self, store: Store, notices: Notices) -> None:
        self._store = store
        self._notices = notices

    def process(self, event: Any, context: Any) -> dict[str, Any]:
        """Judge and commit one batch; the answer lists every record of each failed product."""
        records = read_batch(event)
        groups = group_by_partition_key(records)
        items, failed = self._store.load(groups)
        processed = {
            key: fold(items.get(key), group) for key, group in groups.items() if key not in failed
        }
        failed |= self._notices.send(o for outcomes in processed.values() for o in outcomes)
        committed: dict[str, list[Outcome]] = {}
        try:
            for key in [key for key in processed if key not in failed and _time_is_left(context)]:
                committed[key] = self._commit(processed[key])
        finally:  # what is committed is counted, whatever became of the rest
            self._report(records, [o for outcomes in committed.values() for o in outcomes])
        return batch_item_failures(r for r in records if not committed.get(r.partition_key))

    def _commit(self, outcomes: list[Outcome]) -> list[Outcome]:
        """The outcomes that were committed: processed anew on the winner's item after a lost race.

        Empty when they could not be committed.
        """
        for _ in range(COMMIT_ATTEMPTS):
            last = outcomes[-1]
            log_late_parents(outcomes)
            result = self._store.commit(outcomes[0].before, last.item, last.record.arrived_at)
            if result.committed:
                return outcomes
            if result.found is not None:
                outcomes = self._process_again(result.found, outcomes)
                if not outcomes:
                    break
        return []

    def _process_again(self, found: Item, outcomes: list[Outcome]) -> list[Outcome]:
        again = fold(found, [outcome.record for outcome in outcomes])
        return [] if self._notices.send(again) else again

    def _report(self, records: list[Record], committed: list[Outcome]) -> None:
        counts = tally(committed)
        log_report(
            {
                "shard_id": records[0].shard_id if records else None,
                "first": str(records[0].sequence_number) if records else None,
                "last": str(records[-1].sequence_number) if records else None,
                "records": len(records),
                **counts,
                "failed": len(records) - len(committed),
                "alerts": self._notices.count_alerts(committed),
                "late_parent": sum(outcome.late_parent for outcome in committed),
            }
        )


def tally(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many records were applied, rejected, duplicates (a repeated event) and redelivered."""
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


def _time_is_left(context: Any) -> bool:
    return context is None or bool(context.get_remaining_time_in_millis() >= RESERVED_MILLISECONDS)
