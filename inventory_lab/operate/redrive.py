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
from inventory_lab.observe.failed_records import GONE, SENT_AGAIN, WAITING, Letter
from inventory_lab.producer.publisher import RawRecord
from inventory_lab.resources.account import Account

REJECTED = "rejected records"
UNCHANGED, CORRECTED, LEFT_OUT = "unchanged", "corrected", "left out"

Correct: TypeAlias = Callable[[Letter], InventoryEvent | RawRecord | None]


@dataclass(frozen=True, slots=True)
class Redriven:
    """What was done about a letter: sent `unchanged` or `corrected`, or `left out`, or its state."""

    letter: Letter
    done: str
    sent: InventoryEvent | RawRecord | None = None

    @property
    def event_id(self) -> str:
        """The id of the event that was sent, or else of the letter's; empty when it is no event."""
        return self.sent.event_id if isinstance(self.sent, InventoryEvent) else self.letter.event_id


def prepare(
    letters: Iterable[Letter],
    correct: Correct | None = None,
    states: Mapping[str, str] | None = None,
) -> list[Redriven]:
    """What to send for each letter; nothing for those that are not waiting, nor for a record twice.

    `correct` gets each letter and gives the event to send, or None to leave it out; `states` knows of
    records (shard:sequence number) what has become of them since the letters were read. Raises
    TypeError when `correct` gives anything else.
    """
    states, prepared = dict(states or {}), []
    for letter in letters:
        now = replace(letter, state=states.get(letter.record_id, letter.state))
        prepared.append(_prepared(now if letter.state == WAITING else letter, correct))
        if prepared[-1].sent is not None:
            states[letter.record_id] = SENT_AGAIN
    return prepared


def _prepared(letter: Letter, correct: Correct | None) -> Redriven:
    if letter.state != WAITING or letter.payload is None:
        return Redriven(letter, letter.state)
    same = RawRecord(letter.partition_key, letter.payload)
    if correct is None:
        return Redriven(letter, UNCHANGED, same)
    wanted = correct(letter)
    if wanted is None:
        return Redriven(letter, LEFT_OUT)
    if not isinstance(wanted, (InventoryEvent, RawRecord)):
        raise TypeError(f"correct() gives an event, a RawRecord or None, not {wanted!r:.60}")
    unchanged = wanted in (letter.event, same)
    return Redriven(letter, UNCHANGED if unchanged else CORRECTED, same if unchanged else wanted)


def settle_letters(
    account: Account, redriven: Sequence[Redriven], standing: Sequence[Letter]
) -> None:
    """Note what was sent again, then take the dead letters away of which nothing is left to do: a
    message may name more records than were redriven. `standing` is all dead letters before the sending.
    """
    ours = {r.letter.record_id for r in redriven}
    sent = {r.letter.record_id for r in redriven if r.sent is not None}
    given_up = {r.letter.record_id for r in redriven if r.letter.message_ids and r.sent is not None}
    given_up |= {x.record_id for x in standing if x.state in (WAITING, SENT_AGAIN)}
    again = sent | {r.letter.record_id for r in redriven if r.done == SENT_AGAIN}
    bodies = [_note(record, queues.DEAD_LETTERS) for record in sorted(again & given_up)]
    bodies += [_note(record, REJECTED) for record in sorted(sent - given_up)]
    queues.send(account, "rejected_queue", bodies)
    settled = {m for x in standing if x.record_id in ours for m in x.message_ids}
    still_open = {m for x in standing if _is_open(x, sent) for m in x.message_ids}
    queues.delete(account, "dead_letter_queue", settled - still_open)


def _is_open(letter: Letter, sent: Collection[str]) -> bool:
    gone = letter.state == GONE
    return gone or (letter.state == WAITING and letter.record_id not in sent)


def _note(record_id: str, origin: str) -> str:
    return json.dumps({queues.SENT_AGAIN: record_id, "from": origin})
