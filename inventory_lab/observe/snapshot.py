"""The table at one time, kept so that a later reconcile can begin there."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inventory_lab.domain.inventory import Item, Status
from inventory_lab.domain.memory import decode, encode
from inventory_lab.exceptions import BadSnapshot
from inventory_lab.html import cell, table


@dataclass(frozen=True, slots=True, repr=False)
class Snapshot:
    """The table at one time, as the start of a later reconcile(); lab.snapshot() makes one.

    `taken_at` is in epoch seconds, `items` are by product id, `counts` are the function's own, and
    `expires` is the time until which a tombstone or placeholder stays in the table. Take a snapshot
    when no event is being processed. The log is read first and the table after it, so an event that is
    processed in between would be in `items` and not in `counts`.

    >>> Snapshot()
    Snapshot(taken_at=1970-01-01T00:00:00Z, items=0, active=0)
    """

    taken_at: float = 0
    items: Mapping[str, Item] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    expires: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Snapshot({', '.join(f'{name}={value}' for name, value in self._facts().items())})"

    def _repr_html_(self) -> str:
        rows = [[cell(name), cell(value)] for name, value in self._facts().items()]
        return table(("snapshot", ""), rows)

    def _facts(self) -> dict[str, str | int]:
        """What a notebook shows; there are too many items to show them."""
        taken_at = datetime.fromtimestamp(self.taken_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        active = sum(item.status is Status.ACTIVE for item in self.items.values())
        counts = {name: count for name, count in self.counts.items() if count}
        return {"taken_at": taken_at, "items": len(self.items), "active": active, **counts}

    def has_expired(self, product_id: str, now: float) -> bool:
        """Whether the table may have deleted the item by now (epoch seconds).

        >>> Snapshot(expires={"Phone": 1_800_000_000}).has_expired("Phone", now=1_800_000_001)
        True
        """
        return self.expires.get(product_id, now) < now

    def save(self, path: str | Path) -> None:
        """Write the snapshot to a file, as JSON.

        >>> import tempfile
        >>> Snapshot().save(f"{tempfile.mkdtemp()}/monday.json")
        """
        body = {
            "taken_at": self.taken_at,
            "counts": dict(self.counts),
            "expires": dict(self.expires),
            "items": [_to_json(item) for item in self.items.values()],
        }
        Path(path).write_text(json.dumps(body, separators=(",", ":")), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Snapshot:
        """The snapshot in a file that save() wrote. Raises BadSnapshot for another file, OSError.

        >>> import tempfile
        >>> path = f"{tempfile.mkdtemp()}/monday.json"
        >>> Snapshot().save(path)
        >>> Snapshot.load(path) == Snapshot()
        True
        """
        try:
            body = json.loads(Path(path).read_bytes())
            items = [_from_json(row) for row in body["items"]]
            counts = {name: int(count) for name, count in body["counts"].items()}
            expires = {key: int(at) for key, at in body.get("expires", {}).items()}
            return cls(float(body["taken_at"]), {i.product_id: i for i in items}, counts, expires)
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            raise BadSnapshot(str(path), f"{type(exc).__name__}: {exc}") from exc


def _to_json(item: Item) -> dict[str, Any]:
    row = {f.name: getattr(item, f.name) for f in fields(item)}
    return row | {"memory": b64encode(encode(item.memory)).decode()}


def _from_json(row: Mapping[str, Any]) -> Item:
    memory, status = decode(b64decode(row["memory"])), Status(row["status"])
    return Item(**{**row, "memory": memory, "status": status})
