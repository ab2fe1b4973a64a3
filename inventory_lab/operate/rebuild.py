"""Write the table anew from the stream, while the pipe runs.

Each item is written as the function writes it: under the condition that nobody wrote in between. The
loser of a race begins again with what the other one has processed by then, so no update is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.domain.inventory import KEPT_WATERMARKS, Item, Outcome, Record
from inventory_lab.exceptions import RebuildFailed, StreamCut
from inventory_lab.function.notices import rejection_body
from inventory_lab.function.store import Store, to_attributes
from inventory_lab.observe import queues
from inventory_lab.observe.ledger import Ledger, processed_by
from inventory_lab.observe.pipeline_state import PipelineState
from inventory_lab.observe.reconcile import Findings, accounted, missing_rejections
from inventory_lab.resources.account import Account

ROUNDS = 10
WRITER = "rebuild"
THRESHOLDS = ("high_stock", "low_stock")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """An item that was written: `before` is None when it was missing or could not be read, `arrived_at`
    when the last record arrived that it was made from, in epoch seconds.
    """

    product_id: str
    before: Item | None
    after: Item
    arrived_at: float


def rebuild(
    account: Account, read_state: Callable[[], PipelineState], read: Callable[[], Iterable[Record]]
) -> list[Rewritten]:
    """Write every item that is not what the stream says; those that were written, by product id.

    Rejections that are not in the rejected queue are put there first, as the function does. Raises StreamCut when the stream lacks the beginning, RebuildFailed when others are always first.
    """
    client, name = account.client("dynamodb"), account.settings.name("table")
    store = Store(client, name, account.settings.tombstone_days, writer=WRITER)
    done: dict[str, Rewritten] = {}
    for _ in range(ROUNDS):
        pipeline = read_state()
        wanted, missing = differing(pipeline, read())
        queues.send(account, "rejected_queue", [rejection_body(outcome) for outcome in missing])
        written = [w for w in wanted if _write(store, client, name, pipeline, w)]
        done |= {w.product_id: w for w in written}
        if len(written) == len(wanted):
            return [done[key] for key in sorted(done)]
    raise RebuildFailed(sorted({w.product_id for w in wanted} - {w.product_id for w in written}))


def differing(
    pipeline: PipelineState, records: Iterable[Record]
) -> tuple[list[Rewritten], list[Outcome]]:
    """The items that are not what the stream says, with what they have to be; and the rejections that
    are missing from the rejected queue. Raises StreamCut.
    """
    ledger, found = pipeline.ledger(_is_processed(pipeline)), Findings(pipeline.held())
    arrived: dict[str, float] = {}
    for entry in ledger.enter(records):
        found.note(entry)
        arrived[entry.record.partition_key] = entry.record.arrived_at
    if why := pipeline.cut(accounted(pipeline) + found.open, found.published, found.held):
        raise StreamCut(why)
    missing = list(missing_rejections(pipeline, found))
    return _rewritten(pipeline, ledger, arrived), missing


def _rewritten(
    pipeline: PipelineState, ledger: Ledger, arrived: Mapping[str, float]
) -> list[Rewritten]:
    expected = pipeline.expected(ledger.items)
    found = pipeline.contents
    every = [
        Rewritten(
            key, found.items.get(key), _after(key, expected, found.items), arrived.get(key, 0)
        )
        for key in sorted(expected.keys() | found.items.keys() | found.broken.keys())
    ]
    return [each for each in every if each.before != each.after]


def _is_processed(pipeline: PipelineState) -> Callable[[Record], bool]:
    """How far to fold: as far as the item's watermarks, and whatever the pipe has passed. On AWS, which
    does not tell, a missing item is written up to now: what comes is then a redelivery.
    """

    def is_processed(record: Record) -> bool:
        item = pipeline.contents.memory(record.partition_key)
        if processed_by(item, record):
            return True
        passed = pipeline.passed(record.shard_id, record.sequence_number)
        if passed is not None:
            return passed
        return item is None or any(shard > record.shard_id for shard in item.watermarks)

    return is_processed


def _after(key: str, expected: Mapping[str, Item], items: Mapping[str, Item]) -> Item:
    """What the item has to be: the facts of the stream, and all else as it was found."""
    found = items.get(key) or Item(key)
    want = expected.get(key) or Item(key, updated_at=found.updated_at)
    return replace(
        want,
        watermarks=_joined(want.watermarks, found.watermarks),
        version=found.version,
        writer=found.writer,
        high_stock=found.high_stock,
        low_stock=found.low_stock,
    )


def _joined(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """The farther watermark of each shard, of the last shards."""
    joined = {s: max(one.get(s, -1), other.get(s, -1)) for s in one.keys() | other.keys()}
    newest = sorted(joined, key=joined.__getitem__)[-KEPT_WATERMARKS:]
    return {shard: joined[shard] for shard in newest}


def _write(
    store: Store, client: Any, table: str, pipeline: PipelineState, wanted: Rewritten
) -> bool:
    """False when somebody else has written in between."""
    if wanted.product_id in pipeline.contents.broken:
        broken = pipeline.contents.broken[wanted.product_id]
        return _replace_broken(client, table, broken.attributes, wanted.after)
    before = wanted.before or Item(wanted.product_id)
    return store.commit(before, wanted.after, wanted.arrived_at).committed


def _replace_broken(client: Any, table: str, found: Mapping[str, Any], after: Item) -> bool:
    """Set all attributes of an item that cannot be read, if its version is still the one found."""
    version = found.get("version")
    after = replace(after, version=_number(version) + 1, writer=WRITER)
    new = to_attributes(after)
    values = {f":{name}": value for name, value in new.items()}
    names = {f"#{name}": name for name in (*new, *THRESHOLDS)}
    request: dict[str, Any] = {
        "TableName": table,
        "Key": {"product_id": {"S": after.product_id}},
        "UpdateExpression": f"SET {', '.join(f'#{n} = :{n}' for n in new)} "
        f"REMOVE {', '.join(f'#{n}' for n in THRESHOLDS)}",
        "ConditionExpression": "attribute_not_exists(#version)",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    if version is not None:
        request["ConditionExpression"] = "#version = :found"
        values[":found"] = version
    try:
        client.update_item(**request)
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _number(version: Any) -> int:
    try:
        return int(version["N"])
    except (TypeError, KeyError, ValueError):
        return 0
