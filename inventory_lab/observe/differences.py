"""The first event in which an item's memory differs from the stream."""

from __future__ import annotations

from collections.abc import Sequence

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.domain.identity import is_known_by_id
from inventory_lab.domain.inventory import Item
from inventory_lab.domain.memory import DIGEST_BYTES, Recall, digest, source_key

NO_ITEM = "there is no item"
OTHERWISE = "all events agree: the item changed in another way"


def first_difference(
    applied: Sequence[InventoryEvent], named: Sequence[InventoryEvent], item: Item | None
) -> str:
    """The first event in which the item's memory differs from `applied`, the events of the stream.

    `named` are all processed events of the stream. They give a name to an event that was applied and
    should not have been. Of the events without a source an item remembers only the last 64, so an
    older difference among them shows only in the item's quantity and count.
    """
    if item is None:
        return NO_ITEM
    for event in applied:
        if not is_known_by_id(event) and item.memory.recall(event) is Recall.NEW:
            return f"{event.event_id} was not applied"
    by_id = [event for event in applied if is_known_by_id(event)]
    return _among_ids(by_id, named, item) or _among_numbers(named, item) or OTHERWISE


def _among_numbers(named: Sequence[InventoryEvent], item: Item) -> str:
    """The first number that the item has processed and that is not in the stream."""
    published: dict[bytes, set[int]] = {}
    for event in named:
        if event.source is not None and event.sequence is not None:
            published.setdefault(source_key(event.source), set()).add(event.sequence)
    for key, numbers in item.memory.sources.items():
        for first, last in numbers.ranges:
            for number in range(first, last + 1):
                if number not in published.get(key, ()):
                    return f"number {number} of a source was processed and is not in the stream"
    return ""


def _among_ids(
    applied: Sequence[InventoryEvent], named: Sequence[InventoryEvent], item: Item
) -> str:
    """The first difference among the events that are known by their ids."""
    names = {digest(event.event_id): event.event_id for event in named}
    expected_ids = [digest(event.event_id) for event in applied]
    ids = item.memory.event_ids
    remembered = [ids[at : at + DIGEST_BYTES] for at in range(0, len(ids), DIGEST_BYTES)]
    start = _aligned(expected_ids, remembered)
    for expected_id, remembered_id in zip(expected_ids[start:], remembered, strict=False):
        if expected_id != remembered_id:
            return (
                _extra(remembered_id, remembered, names)
                if expected_id in remembered
                else f"{names[expected_id]} was not applied"
            )
    if rest := expected_ids[start + len(remembered) :]:
        return f"{names[rest[0]]} was not applied"
    if extra := remembered[len(expected_ids) - start :]:
        return _extra(extra[0], remembered, names)
    return ""


def _aligned(expected_ids: list[bytes], remembered: list[bytes]) -> int:
    """Where in the expected events the item's memory begins."""
    for first in remembered:
        if first in expected_ids:
            return max(expected_ids.index(first) - remembered.index(first), 0)
    return 0


def _extra(event_digest: bytes, remembered: list[bytes], names: dict[bytes, str]) -> str:
    name = names.get(event_digest, "an event that is not in the stream")
    return f"{name} was applied " + (
        "twice" if remembered.count(event_digest) > 1 else "and should not have been"
    )
