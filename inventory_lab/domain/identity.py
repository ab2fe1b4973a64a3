"""Which records carry the same fact. Handler, reconcile, history and rebuild share this definition.

The identity of a fact is its source and its number there; without a source it is the event id. The name
of a source starts with the time when it began, as in `2026-01-05T09:00:00Z/sales`. An item remembers
only some sources, and the time shows which of them are older.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.domain.timestamps import rfc_3339

Identity: TypeAlias = tuple[str, str] | tuple[str, str, int]

SESSION = "lab.publish"
"""The beginning of the name of a source whose events a publisher has numbered."""
_BEGINNING = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?Z(/|$)")


def identity_of(event: InventoryEvent) -> Identity:
    """Product, source and sequence of an event; without a source, product and event id.

    >>> from inventory_lab.domain.events import ProductAdded
    >>> identity_of(ProductAdded("Phone", 3, event_id="e1"))
    ('Phone', 'e1')
    >>> identity_of(ProductAdded("Phone", 3, source="2026-01-05T09:00:00Z/sales", sequence=1))
    ('Phone', '2026-01-05T09:00:00Z/sales', 1)
    """
    if event.source is None or event.sequence is None:
        return event.product_id, event.event_id
    return event.product_id, event.source, event.sequence


def is_known_by_id(event: InventoryEvent) -> bool:
    """Whether the event id identifies the fact: it has no source, or only a publisher's session.

    A second session that publishes an event with the same id gives it another number.

    >>> from inventory_lab.domain.events import ProductRemoved
    >>> is_known_by_id(ProductRemoved("Oven", source="2026-01-05T09:00:00Z/sales", sequence=1))
    False
    """
    return event.source is None or is_session(event.source)


@lru_cache(maxsize=4096)
def is_session(source: str) -> bool:
    """Whether a publisher has numbered the events of this source, because they had no source.

    >>> is_session("2026-01-05T09:00:00Z/lab.publish-1f")
    True
    """
    return bool(_BEGINNING.match(source)) and source.partition("/")[2].startswith(SESSION)


def beginning_of(source: str) -> int:
    """When a source began, in whole seconds since 1970; 0 for an older source or one without a time.

    >>> beginning_of("1970-01-01T00:01:00Z/a"), beginning_of("a")
    (60, 0)
    """
    match = _BEGINNING.match(source)
    if match is None:
        return 0
    try:
        moment = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    except ValueError:
        return 0
    return max(0, int(moment.timestamp()))


def source_name(began: datetime, name: str) -> str:
    """The source of this name that began at this time (UTC).

    >>> source_name(datetime(2026, 1, 5, 9, tzinfo=UTC), "sales")
    '2026-01-05T09:00:00.000Z/sales'
    """
    return f"{rfc_3339(began)}/{name}"
