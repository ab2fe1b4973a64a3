"""Send again what was not applied: unchanged, or corrected.

The event goes through the stream once more, as a new record. What was redriven is noted in the rejected
queue, so that reconcile knows of it, and only then does the dead letter leave its queue: a crash in
between sends an event twice, and its id tells the function so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.observe import queues
from inventory_lab.observe.evidence import DEAD_LETTERS
from inventory_lab.observe.letters import GONE, WAITING, Letter
from inventory_lab.producer.publisher import RawRecord
from inventory_lab.resources.account import Account

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


def prepare(letters: Iterable[Letter], correct: Correct | None = None) -> list[Redriven]:
    """What to send for each letter; nothing for those that are not waiting.

    `correct` gets each letter and gives the event to send, or None to leave it out. Raises TypeError
    when it gives anything else.
    """
    return [_prepared(letter, correct) for letter in letters]


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


def settle_letters(account: Account, redriven: Sequence[Redriven]) -> None:
    """Note what was sent again, then take the dead letters away of which nothing is left to do."""
    sent = [r.letter for r in redriven if r.sent is not None]
    queues.send(account, "rejected_queue", [_note(letter) for letter in sent])
    kept = (LEFT_OUT, GONE, WAITING)
    waiting = {m for r in redriven if r.done in kept for m in r.letter.message_ids}
    done = {m for r in redriven for m in r.letter.message_ids} - waiting
    queues.delete(account, "dead_letter_queue", done)


def _note(letter: Letter) -> str:
    origin = DEAD_LETTERS if letter.message_ids else "rejected records"
    return json.dumps({queues.SENT_AGAIN: letter.record_id, "from": origin})
