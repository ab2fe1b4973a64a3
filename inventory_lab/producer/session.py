"""Numbers for events without a source: a publisher's session is their source.

An event that a session publishes again, the same object or an equal one, keeps its number, so it counts
once. A new event object with a new id is a new fact.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.domain.identity import Identity, identity_of
from inventory_lab.exceptions import EventChanged


class Session:
    """The events that one publisher has published; `source` is the name under which it numbers them."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._last: Counter[str] = Counter()
        self._numbered: dict[Identity, tuple[InventoryEvent, InventoryEvent]] = {}
        self._contents: dict[Identity, int] = {}

    def numbered(self, event: InventoryEvent, now: str) -> InventoryEvent:
        """The event with source, sequence and time; an event that was published before keeps its own.

        `now` is the time of an event without `occurred_at`, in RFC 3339. Raises EventChanged when an
        event with this identity was published with other content.

        >>> from inventory_lab.domain.events import ProductAdded
        >>> session = Session("2026-01-05T09:00:00.000Z/lab.publish")
        >>> session.numbered(ProductAdded("Phone", 3), now="2026-01-05T09:00:01Z").sequence
        1
        """
        identity = identity_of(event)
        if event.source is not None:
            content = hash(event)
            if self._contents.setdefault(identity, content) != content:
                raise EventChanged(event.product_id, event.event_id)
            return event if event.occurred_at else replace(event, occurred_at=now)
        if identity in self._numbered:
            before, numbered = self._numbered[identity]
            if before != event:
                raise EventChanged(event.product_id, event.event_id)
            return numbered
        numbered = self._next(event, event.occurred_at or now)
        self._numbered[identity] = event, numbered
        return numbered

    def _next(self, event: InventoryEvent, occurred_at: str) -> InventoryEvent:
        self._last[event.product_id] += 1
        number = self._last[event.product_id]
        return replace(event, occurred_at=occurred_at, source=self.source, sequence=number)
