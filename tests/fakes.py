"""Hand-written stand-ins for AWS clients: small, in memory, and readable."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError


def client_error(code: str, **more: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}, **more}, "Operation")


class FakeDynamoDB:
    """One table; `before_update` is called with the number of each update, and may raise.

    A read that does not ask for consistency gets what was there before the last write of an item.
    """

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.outdated: dict[str, dict[str, Any]] = {}
        self.before_read: Callable[[list[str]], None] = lambda keys: None
        self.reads = 0
        self.updates = 0
        self.before_update: Callable[[int], None] = lambda number: None
        self.after_update: Callable[[int], None] = lambda number: None
        self.unprocessed: list[set[str]] = []

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        self.reads += 1
        [(table, request)] = RequestItems.items()
        stored = self.items if request.get("ConsistentRead") else self.outdated
        keys = [key["product_id"]["S"] for key in request["Keys"]]
        assert len(keys) <= 100
        assert len(set(keys)) == len(keys)
        self.before_read(keys)
        left_out = self.unprocessed.pop(0) if self.unprocessed else set()
        items = [dict(stored[k]) for k in keys if k in stored and k not in left_out]
        left = [{"product_id": {"S": k}} for k in keys if k in left_out]
        return {
            "Responses": {table: items},
            "UnprocessedKeys": {table: {"Keys": left}} if left else {},
        }

    def update_item(self, **request: Any) -> dict[str, Any]:
        self.updates += 1
        number = self.updates
        self.before_update(number)
        key = request["Key"]["product_id"]["S"]
        item, values = self.items.get(key), request["ExpressionAttributeValues"]
        version = (item or {}).get("version")
        expected = values.get(":read")
        if version != expected:
            raise client_error("ConditionalCheckFailedException", Item=dict(item or {}))
        if item is not None:
            self.outdated[key] = item
        item = dict(item or {"product_id": {"S": key}})
        for name, value in re.findall(r"#(\w+) = (:\w+)", request["UpdateExpression"]):
            item[name] = values[value]
        for name in re.findall(r"REMOVE (\w+)", request["UpdateExpression"]):
            item.pop(name, None)
        self.items[key] = item
        self.after_update(number)
        return {}


class FakeQueue:
    """SQS and SNS at once: keeps what is sent; `refuse` names the positions of a call that fail.

    Refuses what is larger than a call may be, 1 MiB for SQS and 256 KiB for SNS:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
    https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
    """

    def __init__(self) -> None:
        self.before_call: Callable[[], None] = lambda: None
        self.sent: list[dict[str, Any]] = []
        self.calls: list[int] = []
        self.refuse: list[set[int]] = []

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        return self._take(Entries, 2**20)

    def publish_batch(
        self,
        TopicArn: str,  # noqa: N803
        PublishBatchRequestEntries: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        return self._take(PublishBatchRequestEntries, 2**18)

    def _take(self, entries: list[dict[str, Any]], largest: int) -> dict[str, Any]:
        assert 1 <= len(entries) <= 10
        self.before_call()
        if sum(map(_size, entries)) > largest:
            raise client_error("BatchRequestTooLong")
        refused = self.refuse.pop(0) if self.refuse else set()
        self.calls.append(len(entries))
        self.sent += [e for position, e in enumerate(entries) if position not in refused]
        return {"Failed": [{"Id": entries[p]["Id"], "Code": "Throttled"} for p in refused]}


class FakeKinesis:
    """One stream of one shard; `failures` names, call by call, the positions that are refused."""

    def __init__(self) -> None:
        self.stored: list[tuple[str, bytes]] = []
        self.calls: list[list[str]] = []
        self.failures: list[set[int]] = []
        self.errors: dict[int, Exception] = {}
        self.always_fail = False

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert 1 <= len(Records) <= 500
        assert sum(len(r["Data"]) + len(r["PartitionKey"].encode()) for r in Records) <= 5 * 2**20
        if len(self.calls) in self.errors:
            raise self.errors[len(self.calls)]
        refused = self.failures.pop(0) if self.failures else set()
        if self.always_fail:
            refused = set(range(len(Records)))
        self.calls.append([r["PartitionKey"] for r in Records])
        return {"Records": [self._store(r, p in refused) for p, r in enumerate(Records)]}

    def _store(self, record: dict[str, Any], refused: bool) -> dict[str, Any]:
        if refused:
            return {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow"}
        self.stored.append((record["PartitionKey"], record["Data"]))
        return {"ShardId": "shardId-000000000000", "SequenceNumber": str(10**55 + len(self.stored))}


def _size(entry: dict[str, Any]) -> int:
    """The bytes that count: a message's text and its attributes."""
    text = entry.get("MessageBody", entry.get("Message", ""))
    attributes: dict[str, dict[str, str]] = entry.get("MessageAttributes", {})
    values = (name + "".join(value.values()) for name, value in attributes.items())
    return len(text.encode()) + sum(len(value.encode()) for value in values)


class FakeContext:
    """A Lambda context; its time runs down when `spend` is called."""

    def __init__(self, remaining: int = 60_000) -> None:
        self.remaining = remaining

    def spend(self, milliseconds: int) -> None:
        self.remaining -= milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining
