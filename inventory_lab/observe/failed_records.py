"""Records that were not applied, with their payloads: what a redrive can send again.

A dead letter is a pointer: it names a shard and two sequence numbers, and the records are read from the
stream, as long as that keeps them:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from inventory_lab.domain.inventory import Record
from inventory_lab.observe import stream
from inventory_lab.observe.pipeline_state import PipelineState
from inventory_lab.observe.queues import Pointer, RejectedQueue
from inventory_lab.observe.stream import event_in
from inventory_lab.resources.account import Account

WAITING, HAS_EFFECT, SENT_AGAIN, GONE = "waiting", "processed before", "sent again", "gone"


@dataclass(frozen=True, slots=True)
class FailedRecord:
    """One record that was not applied; `payload` is None when the stream no longer holds it.

    `state` is `waiting`, `processed before` (given up, but its effect is there), `sent again` or `gone`.
    """

    shard_id: str
    sequence_number: int
    partition_key: str
    payload: bytes | None
    reason: str
    state: str = WAITING
    message_ids: frozenset[str] = frozenset()

    @property
    def record_id(self) -> str:
        """Shard id, colon, sequence number."""
        return f"{self.shard_id}:{self.sequence_number}"

    @property
    def event_id(self) -> str:
        """The id of its event; empty when it holds none."""
        event = self.event
        return event.event_id if event else ""

    @property
    def event(self) -> Any:
        """The inventory event of the payload; None when it is none."""
        data = self.payload or b""
        return event_in(Record(self.shard_id, self.sequence_number, self.partition_key, data, 0))


def dead_letters(pipeline: PipelineState) -> Iterator[FailedRecord]:
    """The records that the pipe gave up, in the order of the pointers."""
    for pointer, records in pipeline.pointers.items():
        for record in records:
            yield _of_dead_letter(record, pointer, pipeline)
        for _ in range(len(records), pointer.size):
            yield FailedRecord(
                pointer.shard_id, pointer.first, "", None, pointer.condition, GONE, pointer.message_ids
            )  # fmt: skip


def rejections(account: Account, queue: RejectedQueue) -> Iterator[FailedRecord]:
    """The rejected records; a payload that was too large for the queue is read from the stream."""
    for row in queue.rejections:
        shard_id, number = row["shard_id"], int(row["sequence_number"])
        whole = row["payload_is_whole"]
        payload = row["payload"] if whole else _payload(account, shard_id, number)
        state = WAITING if payload is not None else GONE
        if f"{shard_id}:{number}" in queue.sent_again:
            state = SENT_AGAIN
        yield FailedRecord(shard_id, number, row["partition_key"], payload, row["reason"], state)


def states(dead: Iterable[FailedRecord], queue: RejectedQueue) -> dict[str, str]:
    """What has become by now of each dead letter and of what was sent again, by record id."""
    known = {failed.record_id: failed.state for failed in dead if failed.state != GONE}
    return known | dict.fromkeys(queue.sent_again, SENT_AGAIN)


def _of_dead_letter(record: Record, pointer: Pointer, pipeline: PipelineState) -> FailedRecord:
    state = WAITING
    if record.record_id in pipeline.rejected.sent_again:
        state = SENT_AGAIN
    elif record.record_id in pipeline.effects:
        state = HAS_EFFECT
    return FailedRecord(
        record.shard_id, record.sequence_number, record.partition_key, record.data,
        pointer.condition, state, pointer.message_ids,
    )  # fmt: skip


def _payload(account: Account, shard_id: str, number: int) -> bytes | None:
    for record in stream.records_between(account, shard_id, number, number):
        return record.data
    return None
