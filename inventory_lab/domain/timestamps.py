"""How a moment is written in events, alerts and tables."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc_3339(moment: datetime) -> str:
    """The moment in UTC, to the millisecond; one without a zone is taken as UTC.

    >>> rfc_3339(datetime(2026, 1, 5, 9, 30))
    '2026-01-05T09:30:00.000Z'
    """
    utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
