"""Send again what was not applied: unchanged, or corrected.

The event goes through the stream once more, as a new record. What was redriven is noted in the rejected
queue, so that reconcile knows of it, and only then does the dead letter leave its queue: a crash in
between sends an event twice, and its id tells the function so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.observe import queues
from inventory_lab.observe.failed_records import GONE, SENT_AGAIN, WAITING, FailedRecord
from inventory_lab.producer.publisher import RawRecord
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
        """The id of the event that was sent, or else of the failed record's; empty when it is no event."""
        return self.sent.event_id if isinstance(self.sent, InventoryEvent) else self.failed.event_id


def prepare(
    failed_records: Iterable[FailedRecord],
    correct: Correct | None = None,
    states: Mapping[str, str] | None = None,
) -> list[Redriven]:
    """What to send for each failed record; nothing for those that are not waiting, nor for a record twice.

    `correct` gets each failed record and gives the event to send, or None to leave it out; `states` knows of
    records (shard:sequence number) what has become of them since the failed records were read. Raises
    TypeError when `correct` gives anything else.
    """
    states, prepared = dict(states or {}), []
    for failed in failed_records:
        now = replace(failed, state=states.get(failed.record_id, failed.state))
        prepared.append(_prepared(now if failed.state == WAITING else failed, correct))
        if prepared[-1].sent is not None:
            states[failed.record_id] = SENT_AGAIN
    return prepared


def _prepared(failed: FailedRecord, correct: Correct | None) -> Redriven:
    if failed.state != WAITING or failed.payload is None:
        return Redriven(failed, failed.state)
    same = RawRecord(failed.partition_key, failed.payload)
    if correct is None:
        return Redriven(failed, UNCHANGED, same)
    wanted = correct(failed)
    if wanted is None:
        return Redriven(failed, LEFT_OUT)
    if not isinstance(wanted, (InventoryEvent, RawRecord)):
        raise TypeError(f"correct() gives an event, a RawRecord or None, not {wanted!r:.60}")
    unchanged = wanted in (failed.event, same)
    return Redriven(failed, UNCHANGED if unchanged else CORRECTED, same if unchanged else wanted)


def settle_failed_records(
    account: Account, redriven: Sequence[Redriven], existing: Sequence[FailedRecord]
) -> None:
    """Note what was sent again, then take the dead letters away of which nothing is left to do: a
    message may name more records than were redriven. `standing` is all dead letters before the sending.
    """
    ours = {r.failed.record_id for r in redriven}
    sent = {r.failed.record_id for r in redriven if r.sent is not None}
    given_up = {r.failed.record_id for r in redriven if r.failed.message_ids and r.sent is not None}
    given_up |= {x.record_id for x in existing if x.state in (WAITING, SENT_AGAIN)}
    again = sent | {r.failed.record_id for r in redriven if r.done == SENT_AGAIN}
    bodies = [_note(record, queues.DEAD_LETTERS) for record in sorted(again & given_up)]
    bodies += [_note(record, REJECTED) for record in sorted(sent - given_up)]
    queues.send(account, "rejected_queue", bodies)
    settled = {m for x in existing if x.record_id in ours for m in x.message_ids}
    still_open = {m for x in existing if _is_open(x, sent) for m in x.message_ids}
    queues.delete(account, "dead_letter_queue", settled - still_open)


def _is_open(failed: FailedRecord, sent: Collection[str]) -> bool:
    gone = failed.state == GONE
    return gone or (failed.state == WAITING and failed.record_id not in sent)


def _note(record_id: str, origin: str) -> str:
    return json.dumps({queues.SENT_AGAIN: record_id, "from": origin})
