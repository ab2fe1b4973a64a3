"""Send records that were not applied once more: unchanged, or corrected.

The event goes through the stream again, as a new record. A message in the rejected queue notes what was
redriven, so that reconcile knows it; only then is the dead letter deleted. After a crash in between the
event is sent twice, so it must keep its identity (`identity_as_sent`):

- A dead letter was never processed. It is sent with its own source and number, which are a gap in the
  item's memory.
- A rejected record was processed, and the memory holds its number. It is sent without its source, under
  the id `redrive-<record id>`. An event that is known by its id keeps that id, because the memory holds
  only the ids of applied events.

The function recognises an id among the last 64 of a product. So at most 32 records of a product are
sent before they are noted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeAlias

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.domain.identity import is_known_by_id
from inventory_lab.domain.inventory import Reason
from inventory_lab.observe import queues
from inventory_lab.observe.failed_records import EXPIRED, NOT_REDRIVEN, REDRIVEN, FailedRecord
from inventory_lab.observe.history import Line
from inventory_lab.producer.publisher import RawRecord, Receipt
from inventory_lab.resources.account import Account

REJECTED = "rejected records"
SENT_BEFORE_NOTED = 32
"""Records of one product."""
PREFIX = "redrive-"
UNCHANGED, CORRECTED, LEFT_OUT = "unchanged", "corrected", "left out"

Correct: TypeAlias = Callable[[FailedRecord], InventoryEvent | RawRecord | None]


@dataclass(frozen=True, slots=True)
class Redriven:
    """A failed record and what a redrive did: `unchanged`, `corrected`, `left out`, or the record's state."""

    failed: FailedRecord
    done: str
    sent: InventoryEvent | RawRecord | None = None

    @property
    def event_id(self) -> str:
        """The id of the event that was sent, or else of the failed record's; empty when it is not an event."""
        return self.sent.event_id if isinstance(self.sent, InventoryEvent) else self.failed.event_id


def prepare(
    failed_records: Iterable[FailedRecord],
    correct: Correct | None = None,
    left_out: Collection[str] = (),
) -> list[Redriven]:
    """What to send for each failed record.

    Nothing is sent for a record that was redriven or processed, that has expired, that was prepared
    before, or that `left_out` names. `correct` gets each failed record and returns the event to send,
    or None to leave it out. Raises TypeError when it returns anything else.
    """
    prepared: list[Redriven] = []
    sent: set[str] = set()
    for failed in failed_records:
        repeated = failed.state == NOT_REDRIVEN and failed.record_id in sent
        if failed.state == NOT_REDRIVEN and failed.record_id in left_out:
            prepared.append(Redriven(failed, LEFT_OUT))
            continue
        prepared.append(_prepared(replace(failed, state=REDRIVEN) if repeated else failed, correct))
        if prepared[-1].sent is not None:
            sent.add(failed.record_id)
    return prepared


def _prepared(failed: FailedRecord, correct: Correct | None) -> Redriven:
    if failed.state != NOT_REDRIVEN or failed.payload is None:
        return Redriven(failed, failed.state)
    same = RawRecord(failed.partition_key, failed.payload)
    if correct is None:
        return Redriven(failed, UNCHANGED, _unchanged(failed, same))
    corrected = correct(failed)
    if corrected is None:
        return Redriven(failed, LEFT_OUT)
    if not isinstance(corrected, (InventoryEvent, RawRecord)):
        raise TypeError(
            f"correct() must return an event, a RawRecord, or None to leave the record out, "
            f"not {corrected!r:.60}"
        )
    if corrected in (failed.event, same):
        return Redriven(failed, UNCHANGED, _unchanged(failed, same))
    if isinstance(corrected, InventoryEvent):
        corrected = identity_as_sent(failed, corrected)
    return Redriven(failed, CORRECTED, corrected)


def _unchanged(failed: FailedRecord, same: RawRecord) -> InventoryEvent | RawRecord:
    event = failed.event
    if event is None or failed.is_dead_letter or failed.reason == Reason.PARTITION_KEY_MISMATCH:
        return same
    return identity_as_sent(failed, event)


def identity_as_sent(failed: FailedRecord, event: InventoryEvent) -> InventoryEvent:
    """The event with the identity under which it is sent for a failed record. It is the same identity
    however often it is sent, and the item does not remember it as processed.
    """
    fact, redrive_id = failed.event, f"{PREFIX}{failed.record_id}"
    if fact is None or fact.product_id != event.product_id or not failed.is_of_its_product:
        return event if event.source else replace(event, event_id=redrive_id)
    if failed.is_dead_letter:
        return replace(event, event_id=fact.event_id, source=fact.source, sequence=fact.sequence)
    event_id = fact.event_id if is_known_by_id(fact) else redrive_id
    return replace(event, event_id=event_id, source=None, sequence=None)


def parts(prepared: Iterable[Redriven]) -> Iterator[list[Redriven]]:
    """The records in their order, in parts with at most 32 records of one product to send."""
    part: list[Redriven] = []
    counts: Counter[str] = Counter()
    for redriven in prepared:
        key = redriven.failed.partition_key
        counts[key] += redriven.sent is not None
        if counts[key] > SENT_BEFORE_NOTED:
            yield part
            part, counts = [], Counter({key: 1})
        part.append(redriven)
    yield part


def with_outcomes(
    prepared: Iterable[Redriven], receipts: Iterable[Receipt], lines: Iterable[Line]
) -> Iterator[tuple[Redriven, Line | None]]:
    """Each with the line of the ledger for its new record; None when nothing was sent for it."""
    by_position = {(line.record.shard_id, line.record.sequence_number): line for line in lines}
    positions = chain.from_iterable(receipt.stored for receipt in receipts)
    for redriven in prepared:
        position = next(positions) if redriven.sent is not None else None
        yield redriven, by_position.get(position) if position is not None else None


def note_as_sent(
    account: Account, redriven: Sequence[Redriven], existing: Sequence[FailedRecord]
) -> None:
    """Note in the rejected queue what was sent again; `existing` are all dead letters before that."""
    sent = {r.failed.record_id for r in redriven if r.sent is not None}
    given_up = {
        r.failed.record_id for r in redriven if r.failed.is_dead_letter and r.sent is not None
    }
    given_up |= {
        dead_letter.record_id
        for dead_letter in existing
        if dead_letter.state in (NOT_REDRIVEN, REDRIVEN)
    }
    again = sent | {r.failed.record_id for r in redriven if r.done == REDRIVEN}
    bodies = [_note(record, queues.DEAD_LETTERS) for record in sorted(again & given_up)]
    bodies += [_note(record, REJECTED) for record in sorted(sent - given_up)]
    queues.send(account, "rejected_queue", bodies)


def delete_dead_letters(
    account: Account, redriven: Sequence[Redriven], existing: Sequence[FailedRecord]
) -> None:
    """Delete the dead letters of which no record is open; a message may name more than were redriven.

    `existing` are all dead letters before the sending.
    """
    redriven_ids = {r.failed.record_id for r in redriven}
    sent = {r.failed.record_id for r in redriven if r.sent is not None}
    settled = {
        m
        for dead_letter in existing
        if dead_letter.record_id in redriven_ids
        for m in dead_letter.message_ids
    }
    still_open = {
        m
        for dead_letter in existing
        if _is_open(dead_letter, sent)
        for m in dead_letter.message_ids
    }
    queues.delete(account, "dead_letter_queue", settled - still_open)


def _is_open(failed: FailedRecord, sent: Collection[str]) -> bool:
    if failed.state == EXPIRED:
        return True
    return failed.state == NOT_REDRIVEN and failed.record_id not in sent


def _note(record_id: str, origin: str) -> str:
    return json.dumps({queues.SENT_AGAIN: record_id, "from": origin})
