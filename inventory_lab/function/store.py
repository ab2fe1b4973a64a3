"""The inventory table as the function uses it: consistent reads and one conditional write a product."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from inventory_lab.domain.errors import BrokenItem
from inventory_lab.domain.inventory import Item, Status
from inventory_lab.domain.memory import EMPTY, Memory, decode, encode
from inventory_lab.function.batch import log_line
from inventory_lab.function.watermarks import pack, unpack

KEYS_PER_READ = 100
"""BatchGetItem takes 100 keys:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""

READ_ATTEMPTS = 4

TRANSIENT_CODES = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
    }
)
"""Codes after which the same call may succeed later:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html"""


@dataclass(frozen=True, slots=True)
class CommitResult:
    """The result of one write. `current` is the item of another writer who was first. An uncommitted
    result without `current` is unknown: the write may have succeeded, and it may be repeated.
    """

    committed: bool
    current: Item | None = None


class Store:
    """Reads and commits items. `client` is a low-level DynamoDB client. `writer` is the name of this
    writer, and differs from that of other writers who commit the same items at the same time.
    """

    def __init__(self, client: Any, table_name: str, tombstone_days: int, writer: str = "") -> None:
        self._writer = writer
        self._client = client
        self._table = table_name
        self._tombstone_seconds = tombstone_days * 86_400

    def load(
        self, product_ids: Iterable[str], is_time_left: Callable[[], bool] = lambda: True
    ) -> tuple[dict[str, Item], set[str]]:
        """The items that exist, by product id, read consistently; and the ids that could not be read.

        A damaged item cannot be read, and the log says so. Under load DynamoDB returns only some of the
        keys, or throttles a whole page. Such keys are read again up to three times, without sleeping:
        waiting in the Pipe costs nothing, and Lambda bills every millisecond.

        The reads are consistent because alerts and rejections are sent before the commit. The counts
        would be right with eventually consistent reads too, because the commit fails for an old item.
        """
        unread = list(product_ids)
        items: dict[str, Item] = {}
        broken: set[str] = set()
        for _ in range(READ_ATTEMPTS):
            if not unread:
                break
            unread = [
                key
                for page in _pages(unread)
                for key in (self._load_page(page, items, broken) if is_time_left() else page)
            ]
        return items, broken.union(unread)

    def commit(self, before: Item, after: Item, arrived_at: float) -> CommitResult:
        """Write `after` if the table still has `before`.

        `arrived_at` is the arrival of the last record, in epoch seconds; a tombstone expires
        `tombstone_days` after it. When the answer to an earlier attempt was lost and that attempt
        had succeeded, the write counts as committed. Raises ClientError when a retry cannot help,
        such as a denied access.
        """
        if after == before:
            return CommitResult(committed=True)
        after = replace(after, writer=self._writer)
        try:
            self._client.update_item(**self._update(before, after, arrived_at))
        except (BotoConnectionError, HTTPClientError):
            return CommitResult(committed=False)
        except ClientError as exc:
            return _refused(exc, replace(after, version=before.version + 1))
        return CommitResult(committed=True)

    def _load_page(
        self, product_ids: list[str], items: dict[str, Item], broken: set[str]
    ) -> list[str]:
        keys = [{"product_id": {"S": product_id}} for product_id in product_ids]
        try:
            answer = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
            )
        except (BotoConnectionError, HTTPClientError):
            return product_ids
        except ClientError as exc:
            if exc.response["Error"]["Code"] not in TRANSIENT_CODES:
                raise
            return product_ids
        for attributes in answer["Responses"].get(self._table, []):
            try:
                item = to_item(attributes)
            except BrokenItem as exc:
                broken.add(exc.product_id)
                log_line(str(exc))
            else:
                items[item.product_id] = item
        unprocessed = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
        return [key["product_id"]["S"] for key in unprocessed]

    def _update(self, before: Item, after: Item, arrived_at: float) -> dict[str, Any]:
        """The request. It sets only what has changed, so the attributes of other writers stay."""
        old = to_attributes(before) if before.version else {}
        new = to_attributes(replace(after, version=before.version + 1))
        changed = {name: value for name, value in new.items() if value != old.get(name)}
        expression = ""
        if after.status is not Status.ACTIVE:
            expires_at = int(arrived_at) + self._tombstone_seconds
            changed["expires_at"] = {"N": str(expires_at)}
        elif before.status is not Status.ACTIVE:
            expression = " REMOVE expires_at"
        values = {f":{name}": value for name, value in changed.items()}
        condition = "attribute_not_exists(version)"
        if before.version:
            condition = "version = :read"
            values[":read"] = {"N": str(before.version)}
        return {
            "TableName": self._table,
            "Key": {"product_id": {"S": after.product_id}},
            "UpdateExpression": f"SET {', '.join(f'#{n} = :{n}' for n in changed)}{expression}",
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{name}": name for name in changed},
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }


def to_item(attributes: Mapping[str, Any]) -> Item:
    """The item in a low-level DynamoDB answer. Raises BrokenItem.

    An item of another writer may have no status: with a quantity it is active, without one unknown.
    """
    try:
        return _item(attributes)
    except (ValueError, TypeError, AttributeError, KeyError) as exc:
        problem = f"{type(exc).__name__}: {exc}"
        raise BrokenItem(attributes["product_id"]["S"], problem) from exc


def _item(attributes: Mapping[str, Any]) -> Item:
    def value(name: str, kind: str, default: Any) -> Any:
        return attributes[name][kind] if name in attributes else default

    default_status = Status.ACTIVE if "quantity" in attributes else Status.UNKNOWN
    high, low = value("high_stock", "N", None), value("low_stock", "N", None)
    return Item(
        product_id=attributes["product_id"]["S"],
        status=Status(value("status", "S", default_status)),
        quantity=int(value("quantity", "N", 0)),
        watermarks=unpack(bytes(value("watermarks", "B", b""))),
        memory=_memory(attributes),
        applied_count=int(value("applied_count", "N", 0)),
        version=int(value("version", "N", 0)),
        updated_at=value("updated_at", "S", ""),
        writer=value("writer", "S", ""),
        high_stock=None if high is None else int(high),
        low_stock=None if low is None else int(low),
    )


def _memory(attributes: Mapping[str, Any]) -> Memory:
    """The memory of an item; only an item that the function never wrote may lack it."""
    if "memory" not in attributes and "status" not in attributes:
        return EMPTY
    return decode(bytes(attributes["memory"]["B"]))


def _pages(product_ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(product_ids), KEYS_PER_READ):
        yield product_ids[start : start + KEYS_PER_READ]


def _refused(exc: ClientError, expected: Item) -> CommitResult:
    code = exc.response["Error"]["Code"]
    if code in TRANSIENT_CODES:
        return CommitResult(committed=False)
    if code != "ConditionalCheckFailedException":
        raise exc
    attributes: Any = exc.response.get("Item")
    try:
        current = to_item(attributes) if attributes else Item(expected.product_id)
    except BrokenItem as broken:
        log_line(str(broken))
        return CommitResult(committed=False)
    return CommitResult(committed=True) if current == expected else CommitResult(False, current)


def to_attributes(item: Item) -> dict[str, Any]:
    """The attributes that the function writes, in DynamoDB's low-level format, without the key."""
    return {
        "status": {"S": item.status.value},
        "quantity": {"N": str(item.quantity)},
        "watermarks": {"B": pack(item.watermarks)},
        "memory": {"B": encode(item.memory)},
        "applied_count": {"N": str(item.applied_count)},
        "version": {"N": str(item.version)},
        "updated_at": {"S": item.updated_at},
        "writer": {"S": item.writer},
    }
