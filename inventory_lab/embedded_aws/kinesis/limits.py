"""How much a shard takes and gives in a second of lab time. Free of moto.

| | AWS, and the lab with `Settings(shard_limits=True)` |
|---|---|
| written | 1,000 records and 1 MiB a second, partition keys included |
| read | 5 GetRecords and 2 MiB a second, all readers together; a read of 10 MiB is paid off in 5 s |
| a record larger than a second's worth | taken when nothing else was written, then paid off |

https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html and
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
"""

from __future__ import annotations

from heapq import heappop, heappush

RECORDS_WRITTEN = 1_000
BYTES_WRITTEN = 1024 * 1024
READS = 5
BYTES_READ = 2 * 1024 * 1024


class Window:
    """What was taken during the last second, of at most `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._used = 0
        self._amounts: dict[float, int] = {}
        self._ends: list[float] = []

    def fits(self, now: float, amount: int) -> bool:
        """True when the amount can be taken now; into an empty window everything fits."""
        return self._used_at(now) == 0 or self._used + amount <= self._most

    def has_room(self, now: float) -> bool:
        """True when less than a second's worth is taken."""
        return self._used_at(now) < self._most

    def take(self, now: float, amount: int) -> None:
        """Count an amount for a second, or for as long as it takes to pay it off."""
        end = now + max(1.0, amount / self._most)
        if end not in self._amounts:
            heappush(self._ends, end)
            self._amounts[end] = 0
        self._amounts[end] += amount
        self._used += amount

    def _used_at(self, now: float) -> int:
        while self._ends and self._ends[0] <= now:
            self._used -= self._amounts.pop(heappop(self._ends))
        return self._used


class ShardLimits:
    """The four limits of one shard."""

    def __init__(self) -> None:
        self._records = Window(RECORDS_WRITTEN)
        self._bytes_in = Window(BYTES_WRITTEN)
        self._reads = Window(READS)
        self._bytes_out = Window(BYTES_READ)

    def write(self, now: float, size: int) -> bool:
        """Count a record of `size` bytes in; False, and nothing counted, when it is too much."""
        if not (self._records.fits(now, 1) and self._bytes_in.fits(now, size)):
            return False
        self._records.take(now, 1)
        self._bytes_in.take(now, size)
        return True

    def may_read(self, now: float) -> bool:
        """True when a GetRecords is answered now."""
        return self._reads.has_room(now) and self._bytes_out.has_room(now)

    def read(self, now: float, size: int) -> None:
        """Count an answered GetRecords in."""
        self._reads.take(now, 1)
        self._bytes_out.take(now, size)
