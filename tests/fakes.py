"""Hand-written stand-ins for AWS clients: small, in memory, and readable."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError


def client_error(code: str, **more: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}, **more}, "Operation")


class FakeDynamoDB:
    """One table, whose eventually consistent reads miss the last update of an item; `before_update`
    is called with the number of each update, and may raise.
    """

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.before_last_update: dict[str, dict[str, Any]] = {}
        self.updates = 0
        self.before_update: Callable[[int], None] = lambda number: None
        self.after_update: Callable[[int], None] = lambda number: None
        self.unprocessed: list[set[str]] = []

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        [(table, request)] = RequestItems.items()
        keys = [key["product_id"]["S"] for key in request["Keys"]]
        assert len(keys) <= 100
        assert len(set(keys)) == len(keys)
        left_out = self.unprocessed.pop(0) if self.unprocessed else set()
        consistent = request.get("ConsistentRead", False)
        items = self.items if consistent else {**self.items, **self.before_last_update}
        found = [dict(items[k]) for k in keys if items.get(k) and k not in left_out]
        left = [{"product_id": {"S": k}} for k in keys if k in left_out]
        return {
            "Responses": {table: found},
            "UnprocessedKeys": {table: {"Keys": left}} if left else {},
        }

    def update_item(self, **request: Any) -> dict[str, Any]:
        self.updates += 1
        number = self.updates
        self.before_update(number)
        key = request["Key"]["product_id"]["S"]
        item, values = self.items.get(key), request["ExpressionAttributeValues"]
        version = (item or {}).get("version")
        wanted = values.get(":read")
        if version != wanted:
            raise client_error("ConditionalCheckFailedException", Item=dict(item or {}))
        self.before_last_update[key] = dict(item or {})
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

    Both take ten entries a call, SNS 256 KiB with the message attributes, SQS 1 MiB:
    https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
    """

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.calls: list[int] = []
        self.refuse: list[set[int]] = []

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        return self._take(Entries, 1024 * 1024)

    def publish_batch(
        self,
        TopicArn: str,  # noqa: N803
        PublishBatchRequestEntries: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        return self._take(PublishBatchRequestEntries, 256 * 1024)

    def _take(self, entries: list[dict[str, Any]], most_bytes: int) -> dict[str, Any]:
        assert 1 <= len(entries) <= 10
        assert sum(map(_bytes_of_text, entries)) <= most_bytes
        refused = self.refuse.pop(0) if self.refuse else set()
        self.calls.append(len(entries))
        self.sent += [e for position, e in enumerate(entries) if position not in refused]
        return {"Failed": [{"Id": entries[p]["Id"], "Code": "Throttled"} for p in refused]}


def _bytes_of_text(value: Any) -> int:
    """The bytes of every text in an entry, the names of its members not counted."""
    if isinstance(value, dict):
        return sum(map(_bytes_of_text, value.values()))
    return len(str(value).encode())


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


class FakeContext:
    """A Lambda context with a fixed remaining time."""

    def __init__(self, remaining: int = 60_000) -> None:
        self.remaining = remaining

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining
