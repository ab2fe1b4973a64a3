"""Records that were not applied, with their payloads: what a redrive can send again.

A dead letter is a pointer: it names a shard and two sequence numbers, and the records are read from the
stream, as long as that keeps them:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.domain.identity import Identity, identity_of
from inventory_lab.domain.inventory import Reason, Record
from inventory_lab.observe import reconcile, stream
from inventory_lab.observe.pipeline_state import PipelineState
from inventory_lab.observe.queues import Pointer, RejectedQueue
from inventory_lab.observe.stream import event_in
from inventory_lab.resources.account import Account

NOT_REDRIVEN, REDRIVEN = "not redriven", "redriven"
PROCESSED, EXPIRED, NOT_FAILED = "processed", "expired", "not a failed record"


@dataclass(frozen=True, slots=True)
class FailedRecord:
    """One record that was not applied; `payload` is None when the stream no longer holds it.

    `state` is `not redriven`; `redriven`; `processed` for a dead letter whose effect is in the table,
    because only the function's answer was lost; or `expired` when the stream no longer holds the
    record.
    """

    shard_id: str
    sequence_number: int
    partition_key: str
    payload: bytes | None
    reason: str
    state: str = NOT_REDRIVEN
    message_ids: frozenset[str] = frozenset()

    @property
    def record_id(self) -> str:
        """Shard id, colon, sequence number."""
        return f"{self.shard_id}:{self.sequence_number}"

    @property
    def is_dead_letter(self) -> bool:
        """Whether the pipe gave the record up; otherwise the function rejected it."""
        return bool(self.message_ids)

    @property
    def is_of_its_product(self) -> bool:
        """Whether the partition key is the product of the event; otherwise no item remembers it."""
        event = self.event
        return event is not None and event.product_id == self.partition_key

    @property
    def event_id(self) -> str:
        """The id of the event in it; empty when the payload is not an event."""
        event = self.event
        return event.event_id if event else ""

    @property
    def event(self) -> InventoryEvent | None:
        """The inventory event in the payload; None when the payload is not an event."""
        data = self.payload or b""
        return event_in(Record(self.shard_id, self.sequence_number, self.partition_key, data, 0))


def dead_letters(pipeline: PipelineState) -> Iterator[FailedRecord]:
    """The records that the pipe gave up, in the order of the pointers."""
    for pointer, records in pipeline.pointers.items():
        for record in records:
            yield _of_dead_letter(record, pointer, pipeline)
        for _ in range(len(records), pointer.size):
            yield FailedRecord(
                pointer.shard_id, pointer.first, "", None, pointer.condition, EXPIRED, pointer.message_ids
            )  # fmt: skip


def rejections(account: Account, queue: RejectedQueue) -> Iterator[FailedRecord]:
    """The rejected records; a payload that was too large for the queue is read from the stream."""
    for row in queue.rejections:
        shard_id, number = row["shard_id"], int(row["sequence_number"])
        whole = row["payload_is_whole"]
        payload = row["payload"] if whole else _payload(account, shard_id, number)
        state = NOT_REDRIVEN if payload is not None else EXPIRED
        if f"{shard_id}:{number}" in queue.sent_again:
            state = REDRIVEN
        yield FailedRecord(shard_id, number, row["partition_key"], payload, row["reason"], state)


def select(
    account: Account,
    record_ids: Iterable[str],
    failed: Iterable[FailedRecord],
    queue: RejectedQueue,
) -> list[FailedRecord]:
    """The failed records with these ids, each once, with their state now. An id that is not among
    `failed` is of a record that was redriven in the meantime, or that never failed.
    """
    known: dict[str, FailedRecord] = {}
    for record in failed:
        if known.setdefault(record.record_id, record).state == EXPIRED:
            known[record.record_id] = record
    return [
        _with_state(known.get(record_id) or _not_failed(account, record_id), queue.sent_again)
        for record_id in dict.fromkeys(record_ids)
    ]


def already_processed(
    pipeline: PipelineState, read: Callable[[], Iterable[Record]], failed: Iterable[FailedRecord]
) -> set[str]:
    """The ids of the TooOldToTell rejections whose fact was processed, or may have been.

    The stream is folded as the function has processed it, and all facts are kept. When the stream has
    lost its beginning, nothing is certain, and all ids are returned. Of several records with the same
    fact, all but the first are returned.
    """
    too_old = [x for x in failed if x.reason == Reason.TOO_OLD_TO_TELL and x.event is not None]
    if not too_old:
        return set()
    folded = reconcile.fold(pipeline, read())
    if pipeline.cut(
        reconcile.accounted(pipeline) + folded.open, folded.published, folded.missing_from_stream
    ):
        return {x.record_id for x in too_old}
    facts = {x.record_id: identity_of(x.event) for x in too_old if x.event is not None}
    seen = _processed_facts(pipeline, read(), facts)
    duplicates = set()
    for record_id, fact in facts.items():
        if fact in seen:
            duplicates.add(record_id)
        seen.add(fact)
    return duplicates


def _processed_facts(
    pipeline: PipelineState, records: Iterable[Record], facts: Mapping[str, Identity]
) -> set[Identity]:
    """All facts that were processed, or that an earlier redrive has sent again."""
    redriven = {f"redrive-{record_id}": fact for record_id, fact in facts.items()}
    seen: set[Identity] = set()
    for entry in pipeline.ledger().enter(records):
        event = event_in(entry.record)
        if event is None:
            continue
        if event.event_id in redriven:
            seen.add(redriven[event.event_id])
        outcome = entry.outcome
        if outcome and outcome.item.memory is not outcome.before.memory:
            seen.add(identity_of(event))
    return seen


def _with_state(failed: FailedRecord, sent_again: Mapping[str, str]) -> FailedRecord:
    return replace(failed, state=REDRIVEN) if failed.record_id in sent_again else failed


def _not_failed(account: Account, record_id: str) -> FailedRecord:
    shard_id, _, number = record_id.rpartition(":")
    for record in stream.records_between(account, shard_id, int(number), int(number)):
        return FailedRecord(
            shard_id, int(number), record.partition_key, record.data, "", NOT_FAILED
        )
    return FailedRecord(shard_id, int(number), "", None, "", NOT_FAILED)


def _of_dead_letter(record: Record, pointer: Pointer, pipeline: PipelineState) -> FailedRecord:
    state = NOT_REDRIVEN
    if record.record_id in pipeline.rejected.sent_again:
        state = REDRIVEN
    elif record.record_id in pipeline.effects:
        state = PROCESSED
    return FailedRecord(
        record.shard_id, record.sequence_number, record.partition_key, record.data,
        pointer.condition, state, pointer.message_ids,
    )  # fmt: skip


def _payload(account: Account, shard_id: str, number: int) -> bytes | None:
    for record in stream.records_between(account, shard_id, number, number):
        return record.data
    return None
