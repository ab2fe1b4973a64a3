"""Write the items of the table again from the stream, while the pipe runs.

Each item is written as the function writes it: on the condition that nobody wrote in between. When
another writer was first, the rebuild reads the item again and repeats, so no update is lost.
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
from inventory_lab.observe.reconcile import FoldedStream, accounted, missing_rejections
from inventory_lab.resources.account import Account

ROUNDS = 10
WRITER = "rebuild"
THRESHOLDS = ("high_stock", "low_stock")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """An item that was written. `before` is None when it was missing or could not be read; `arrived_at`
    is the arrival of the last record that it was made from, in epoch seconds.
    """

    product_id: str
    before: Item | None
    after: Item
    arrived_at: float


def rebuild(
    account: Account, read_state: Callable[[], PipelineState], read: Callable[[], Iterable[Record]]
) -> list[Rewritten]:
    """Write every item that differs from the stream; returns those that were written, by product id.

    Rejections that are missing from the rejected queue are sent there first, as the function does.
    Raises StreamCut when the stream lacks its beginning, RebuildFailed when other writers were first
    ten times in a row.
    """
    client, name = account.client("dynamodb"), account.settings.name("table")
    store = Store(client, name, account.settings.tombstone_days, writer=WRITER)
    done: dict[str, Rewritten] = {}
    for _ in range(ROUNDS):
        pipeline = read_state()
        rewrites, missing = differing(pipeline, read())
        queues.send(account, "rejected_queue", [rejection_body(outcome) for outcome in missing])
        written = [
            rewrite for rewrite in rewrites if _write(store, client, name, pipeline, rewrite)
        ]
        done |= {rewrite.product_id: rewrite for rewrite in written}
        if len(written) == len(rewrites):
            return [done[key] for key in sorted(done)]
    raise RebuildFailed(
        sorted(
            {rewrite.product_id for rewrite in rewrites}
            - {rewrite.product_id for rewrite in written}
        )
    )


def differing(
    pipeline: PipelineState, records: Iterable[Record]
) -> tuple[list[Rewritten], list[Outcome]]:
    """The items that differ from the stream, as they are and as they should be; and the rejections that
    are missing from the rejected queue. Raises StreamCut.
    """
    ledger, folded = (
        pipeline.ledger(_is_processed(pipeline)),
        FoldedStream(pipeline.missing_from_stream()),
    )
    arrived: dict[str, float] = {}
    for entry in ledger.enter(records):
        folded.note(entry)
        arrived[entry.record.partition_key] = entry.record.arrived_at
    if why := pipeline.cut(
        accounted(pipeline) + folded.open, folded.published, folded.missing_from_stream
    ):
        raise StreamCut(why)
    missing = list(missing_rejections(pipeline, folded))
    return _rewritten(pipeline, ledger, arrived), missing


def _rewritten(
    pipeline: PipelineState, ledger: Ledger, arrived: Mapping[str, float]
) -> list[Rewritten]:
    expected = pipeline.expected(ledger.items)
    contents = pipeline.contents
    every = [
        Rewritten(
            key, contents.items.get(key), _after(key, expected, contents.items), arrived.get(key, 0)
        )
        for key in sorted(expected.keys() | contents.items.keys() | contents.broken.keys())
    ]
    return [each for each in every if each.before != each.after]


def _is_processed(pipeline: PipelineState) -> Callable[[Record], bool]:
    """Which records to fold: those up to the item's watermarks, and those that the pipe has passed.

    AWS does not say what a pipe has passed. There a missing item is folded up to now, and a record
    that the pipe delivers afterwards is a redelivery.
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
    """The item as it should be: the facts of the stream, and everything else as it is in the table."""
    item = items.get(key) or Item(key)
    expected_item = expected.get(key) or Item(key, updated_at=item.updated_at)
    return replace(
        expected_item,
        watermarks=_joined(expected_item.watermarks, item.watermarks),
        version=item.version,
        writer=item.writer,
        high_stock=item.high_stock,
        low_stock=item.low_stock,
    )


def _joined(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """The higher watermark of each shard, for the newest shards."""
    joined = {s: max(one.get(s, -1), other.get(s, -1)) for s in one.keys() | other.keys()}
    newest = sorted(joined, key=joined.__getitem__)[-KEPT_WATERMARKS:]
    return {shard: joined[shard] for shard in newest}


def _write(
    store: Store, client: Any, table: str, pipeline: PipelineState, rewrite: Rewritten
) -> bool:
    """False when another writer was first."""
    if rewrite.product_id in pipeline.contents.broken:
        broken = pipeline.contents.broken[rewrite.product_id]
        return _replace_broken(client, table, broken.attributes, rewrite.after)
    before = rewrite.before or Item(rewrite.product_id)
    return store.commit(before, rewrite.after, rewrite.arrived_at).committed


def _replace_broken(client: Any, table: str, attributes: Mapping[str, Any], after: Item) -> bool:
    """Set all attributes of an item that cannot be read, if its version has not changed."""
    version = attributes.get("version")
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
        request["ConditionExpression"] = "#version = :read_version"
        values[":read_version"] = version
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
