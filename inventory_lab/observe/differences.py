"""From which event on an item differs from what the stream says, by what the item remembers."""

from __future__ import annotations

from collections.abc import Sequence

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.domain.identity import is_known_by_id
from inventory_lab.domain.inventory import Item
from inventory_lab.domain.memory import DIGEST_BYTES, Recall, digest, source_key

NO_ITEM = "there is no item"
OTHERWISE = "all events agree: the item was changed otherwise"


def first_difference(
    applied: Sequence[InventoryEvent], named: Sequence[InventoryEvent], item: Item | None
) -> str:
    """The first event in which the events to be applied and the item's memory differ.

    `named` are all processed events of the stream, to name what was applied and should not have been.
    Of the events without a source the item remembers the last 64 only, so an older difference among
    them shows only in its numbers.
    """
    if item is None:
        return NO_ITEM
    for event in applied:
        if not is_known_by_id(event) and item.memory.recall(event) is Recall.NEW:
            return f"{event.event_id} was not applied"
    by_id = [event for event in applied if is_known_by_id(event)]
    return _among_ids(by_id, named, item) or _among_numbers(named, item) or OTHERWISE


def _among_numbers(named: Sequence[InventoryEvent], item: Item) -> str:
    """The first number that the item has processed and the stream does not hold."""
    held: dict[bytes, set[int]] = {}
    for event in named:
        if event.source is not None and event.sequence is not None:
            held.setdefault(source_key(event.source), set()).add(event.sequence)
    for key, numbers in item.memory.sources.items():
        for first, last in numbers.ranges:
            for number in range(first, last + 1):
                if number not in held.get(key, ()):
                    return f"number {number} of a source was processed, and the stream does not hold it"
    return ""


def _among_ids(
    expected: Sequence[InventoryEvent], named: Sequence[InventoryEvent], item: Item
) -> str:
    """The first difference among the events that are known by their ids."""
    names = {digest(event.event_id): event.event_id for event in named}
    wanted = [digest(event.event_id) for event in expected]
    ids = item.memory.event_ids
    have = [ids[at : at + DIGEST_BYTES] for at in range(0, len(ids), DIGEST_BYTES)]
    start = _aligned(wanted, have)
    for want, got in zip(wanted[start:], have, strict=False):
        if want != got:
            return _extra(got, have, names) if want in have else f"{names[want]} was not applied"
    if rest := wanted[start + len(have) :]:
        return f"{names[rest[0]]} was not applied"
    if extra := have[len(wanted) - start :]:
        return _extra(extra[0], have, names)
    return ""


def _aligned(wanted: list[bytes], have: list[bytes]) -> int:
    """Where in the expected events the item's memory begins."""
    for first in have:
        if first in wanted:
            return max(wanted.index(first) - have.index(first), 0)
    return 0


def _extra(got: bytes, have: list[bytes], names: dict[bytes, str]) -> str:
    name = names.get(got, "an event that the stream does not hold")
    return f"{name} was applied " + ("twice" if have.count(got) > 1 else "and should not have been")
