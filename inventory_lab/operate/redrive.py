"""Send again what was not applied: unchanged, or corrected.

The event goes through the stream once more, as a new record. What was redriven is noted in the rejected
queue, so that reconcile knows of it, and only then does the dead letter leave its queue: a crash in
between sends an event twice, and its id tells the function so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.observe import queues
from inventory_lab.observe.failed_records import EXPIRED, NOT_REDRIVEN, REDRIVEN, FailedRecord
from inventory_lab.observe.history import Line
from inventory_lab.producer.publisher import RawRecord, Receipt
from inventory_lab.resources.account import Account

REJECTED = "rejected records"
UNCHANGED, CORRECTED, LEFT_OUT = "unchanged", "corrected", "left out"

Correct: TypeAlias = Callable[[FailedRecord], InventoryEvent | RawRecord | None]


@dataclass(frozen=True, slots=True)
class Redriven:
    """What was done about a failed record: sent `unchanged` or `corrected`, or `left out`, or its state."""

    failed: FailedRecord
    done: str
    sent: InventoryEvent | RawRecord | None = None

    @property
    def event_id(self) -> str:
        """The id of the event that was sent, or else of the failed record's; empty when it is not an event."""
        return self.sent.event_id if isinstance(self.sent, InventoryEvent) else self.failed.event_id


def prepare(
    failed_records: Iterable[FailedRecord], correct: Correct | None = None
) -> list[Redriven]:
    """What to send for each failed record: nothing for one that was redriven, processed or has expired,
    nor for a record twice.

    `correct` gets each failed record and returns the event to send, or None to leave it out. Raises
    TypeError when it returns anything else.
    """
    prepared: list[Redriven] = []
    sent: set[str] = set()
    for failed in failed_records:
        repeated = failed.state == NOT_REDRIVEN and failed.record_id in sent
        prepared.append(_prepared(replace(failed, state=REDRIVEN) if repeated else failed, correct))
        if prepared[-1].sent is not None:
            sent.add(failed.record_id)
    return prepared


def _prepared(failed: FailedRecord, correct: Correct | None) -> Redriven:
    if failed.state != NOT_REDRIVEN or failed.payload is None:
        return Redriven(failed, failed.state)
    same = RawRecord(failed.partition_key, failed.payload)
    if correct is None:
        return Redriven(failed, UNCHANGED, same)
    corrected = correct(failed)
    if corrected is None:
        return Redriven(failed, LEFT_OUT)
    if not isinstance(corrected, (InventoryEvent, RawRecord)):
        raise TypeError(
            f"correct() must return an event, a RawRecord, or None to leave the record out, "
            f"not {corrected!r:.60}"
        )
    if corrected in (failed.event, same):
        return Redriven(failed, UNCHANGED, same)
    return Redriven(failed, CORRECTED, corrected)


def with_outcomes(
    prepared: Iterable[Redriven], receipt: Receipt, lines: Iterable[Line]
) -> Iterator[tuple[Redriven, Line | None]]:
    """Each with the line of the ledger that its new record has; None when nothing was sent for it."""
    by_place = {(line.record.shard_id, line.record.sequence_number): line for line in lines}
    places = iter(receipt.stored)
    for redriven in prepared:
        place = next(places) if redriven.sent is not None else None
        yield redriven, by_place.get(place) if place is not None else None


def settle_failed_records(
    account: Account, redriven: Sequence[Redriven], existing: Sequence[FailedRecord]
) -> None:
    """Note what was sent again, then take the dead letters away of which nothing is left to do: a
    message may name more records than were redriven. `existing` is all dead letters before the sending.
    """
    ours = {r.failed.record_id for r in redriven}
    sent = {r.failed.record_id for r in redriven if r.sent is not None}
    given_up = {r.failed.record_id for r in redriven if r.failed.message_ids and r.sent is not None}
    given_up |= {x.record_id for x in existing if x.state in (NOT_REDRIVEN, REDRIVEN)}
    again = sent | {r.failed.record_id for r in redriven if r.done == REDRIVEN}
    bodies = [_note(record, queues.DEAD_LETTERS) for record in sorted(again & given_up)]
    bodies += [_note(record, REJECTED) for record in sorted(sent - given_up)]
    queues.send(account, "rejected_queue", bodies)
    settled = {m for x in existing if x.record_id in ours for m in x.message_ids}
    still_open = {m for x in existing if _is_open(x, sent) for m in x.message_ids}
    queues.delete(account, "dead_letter_queue", settled - still_open)


def _is_open(failed: FailedRecord, sent: Collection[str]) -> bool:
    if failed.state == EXPIRED:
        return True
    return failed.state == NOT_REDRIVEN and failed.record_id not in sent


def _note(record_id: str, origin: str) -> str:
    return json.dumps({queues.SENT_AGAIN: record_id, "from": origin})
