"""What publish() takes besides events, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from inventory_lab.domain.events import LONGEST_PRODUCT_ID


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A payload that is stored unchanged, for data that is not an InventoryEvent, such as broken JSON.

    Raises TypeError for anything but a str and bytes, ValueError for a partition key that is not 1 to
    256 characters long.

    >>> RawRecord("Phone", b'{"event_id": ').data
    b'{"event_id": '
    """

    partition_key: str
    data: bytes

    def __post_init__(self) -> None:
        if not isinstance(self.partition_key, str) or not isinstance(self.data, bytes):
            raise TypeError("RawRecord(partition_key, data) takes a str and bytes")
        if not 1 <= len(self.partition_key) <= LONGEST_PRODUCT_ID:
            raise ValueError(
                f"a partition key has 1 to 256 characters, not {len(self.partition_key)}"
            )


@dataclass(slots=True)
class Receipt:
    """What publish() has stored, and where.

    - `published`: the number of stored events; `calls`: of PutRecords calls; `sent_again`: of retries.
    - `positions`: the last sequence number of each product, by shard.
    - `stored`: shard and sequence number of each event, in the order of publish(); None if not stored.
    - `reordered`: the products whose stored order differs, or may differ, from the order of publish().
    """

    published: int = 0
    calls: int = 0
    sent_again: int = 0
    positions: dict[str, dict[str, int]] = field(default_factory=dict)
    reordered: set[str] = field(default_factory=set)
    stored: list[tuple[str, int] | None] = field(default_factory=list)

    def __repr__(self) -> str:
        return (
            f"Receipt(published={self.published}, products={len(self.positions)}, "
            f"calls={self.calls}, sent_again={self.sent_again}, reordered={len(self.reordered)})"
        )
