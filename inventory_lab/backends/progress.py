"""How far a real account has come with the records that were published.

AWS does not report how far a pipe has read. What shows it: the watermarks that the lab's own handler writes
into the table, the dead letters of what was given up, and for another handler the log of the pipe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from inventory_lab.exceptions import NotBuilt
from inventory_lab.function.store import Store
from inventory_lab.observe import pipe_log, queues
from inventory_lab.observe.pipe_log import LoggedExecution
from inventory_lab.resources import function
from inventory_lab.resources.account import Account
from inventory_lab.settings import HANDLERS

Positions = Mapping[str, Mapping[str, int]]
"""The last sequence number of each product, by shard."""
IsPassed = Callable[[str, str, int], bool]
"""Whether a record (product, shard, sequence number) was processed or given up."""

FINISHED = ("delivered", "dead letter", "dropped")
"""Outcomes after which a pipe goes on in the shard."""


def remaining(positions: Positions, is_passed: IsPassed) -> dict[str, dict[str, int]]:
    """Those of the positions that were not passed."""
    waiting = {
        product: {s: n for s, n in shards.items() if not is_passed(product, s, n)}
        for product, shards in positions.items()
    }
    return {product: shards for product, shards in waiting.items() if shards}


def writes_watermarks(account: Account) -> bool:
    """Whether the deployed handler is the one that writes watermarks into the table."""
    configuration = function.describe(account)
    return configuration is None or configuration["Handler"] == HANDLERS["fold"]


def by_watermarks(account: Account, positions: Positions) -> IsPassed:
    """Passed is what the watermark of its product has reached."""
    store = Store(account.client("dynamodb"), account.settings.name("table"), tombstone_days=1)
    items, _ = store.load(positions)
    reached = {product: item.watermarks for product, item in items.items()}
    return lambda product, shard, number: reached.get(product, {}).get(shard, -1) >= number


def by_dead_letters(account: Account) -> IsPassed:
    """Passed is what a dead letter names."""
    try:
        given_up = [(p.shard_id, p.first, p.last) for p in queues.pointers(account)]
    except NotBuilt:
        given_up = []
    return lambda _, shard, number: any(
        shard == there and first <= number <= last for there, first, last in given_up
    )


def by_pipe_log(account: Account) -> IsPassed:
    """Passed is what the pipe has delivered or given up in its shard."""
    reached = _reached(pipe_log.read(account))
    return lambda _, shard, number: reached.get(shard, -1) >= number


def _reached(executions: Iterable[LoggedExecution]) -> dict[str, int]:
    """The last record of each shard that was finished; of a batch whose end AWS has cut, its first."""
    reached: dict[str, int] = {}
    for execution in executions:
        last = execution.last if execution.last is not None else execution.first
        if execution.outcome in FINISHED and last is not None:
            reached[execution.shard_id] = max(last, reached.get(execution.shard_id, -1))
    return reached
