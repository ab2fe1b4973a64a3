"""What a snapshot shows of itself."""

from __future__ import annotations

from inventory_lab import Snapshot
from inventory_lab.domain.inventory import Item, Status

SNAPSHOT = Snapshot(
    0.0,
    {"a": Item("a", Status.ACTIVE), "b": Item("b")},
    {"applied": 3, "rejected": 0},
)


def test_a_snapshot_shows_its_counts_and_not_its_items() -> None:
    assert repr(SNAPSHOT) == "Snapshot(taken_at=1970-01-01T00:00:00Z, items=2, active=1, applied=3)"


def test_a_notebook_shows_the_same() -> None:
    html = SNAPSHOT._repr_html_()
    for fact in ("taken_at", "1970-01-01T00:00:00Z", "items", "active", "applied"):
        assert fact in html
