"""A log line for reconcile() and history(): in which order the records of two shards were processed.

After a reshard a product's records are in two shards, and the younger one may be read before the older
one is empty. The counts do not depend on this order. A later fold of the stream does, because the order
decides which of two events was rejected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TypeAlias

from inventory_lab.domain.inventory import Outcome, Reason
from inventory_lab.function.batch import log_line

Audit: TypeAlias = Callable[[Sequence[Outcome]], object]


def no_audit(outcomes: Sequence[Outcome]) -> None:
    """Log nothing."""


def log_late_parents(outcomes: Sequence[Outcome], log: Callable[[str], object] = log_line) -> None:
    """Log one line when records of an older shard follow those of a younger one; shard ids only grow.

    `outcomes` are those of one product. The line is written before the commit. When the commit fails, a
    later line has the same version or a higher one, and that line counts.
    """
    if len(outcomes[-1].item.watermarks) < 2:
        return  # the usual case: the product was in one shard only
    late = [outcome for outcome in outcomes if _is_late_parent(outcome)]
    if not late:
        return
    record, before = late[0].record, outcomes[0].before
    younger = {s: str(n) for s, n in before.watermarks.items() if s > record.shard_id}
    line = {
        "report": "late_parent",
        "partition_key": record.partition_key,
        "version": before.version + 1,
        "shard_id": record.shard_id,
        "first": str(record.sequence_number),
        "last": str(late[-1].record.sequence_number),
        "after": younger,
    }
    log(json.dumps(line, separators=(",", ":")))


def _is_late_parent(outcome: Outcome) -> bool:
    shard_id = outcome.record.shard_id
    late = any(shard > shard_id for shard in outcome.before.watermarks)
    return late and outcome.reason is not Reason.REDELIVERED_RECORD
