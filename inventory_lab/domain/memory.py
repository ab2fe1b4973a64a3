"""What an item remembers of the facts it has processed, so that a repeated fact changes nothing.

For each source the memory has the *set of processed numbers, as ranges*. QUIC acknowledges packets
in the same way (RFC 9000, section 19.3.1). A source without a gap is one range, however long it is.
Numbers may come in any order and at any distance: a number in a range was processed, and any other
number was not. A window that moves with the highest number would treat late facts as repeated.

| limit | what happens beyond it |
|---|---|
| 32 ranges of a source, 64 of an item | the lowest gap is closed, and its numbers become unsure |
| 16 sources of an item | the oldest source is forgotten; the time when it began becomes the floor |
| 64 ids of events without a source | the oldest id is forgotten, and that event would count again |

When the memory cannot decide, the event must be neither applied nor dropped. So the recall of an unsure
number, and of an unknown source that began at or before the floor, is `UNSURE`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from hashlib import blake2b
from zlib import crc32

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.domain.identity import beginning_of, is_known_by_id

KEPT_SOURCES = 16
RANGES_PER_SOURCE = 32
RANGES_PER_ITEM = 64
KEPT_EVENT_IDS = 64
DIGEST_BYTES = 6
TIME_BYTES = 5
KEY_BYTES = TIME_BYTES + DIGEST_BYTES
CHECK_BYTES = 4

Range = tuple[int, int]
"""The first and the last number, both included."""


class Recall(Enum):
    """What the memory knows about an event."""

    NEW = "new"
    PROCESSED = "processed"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Numbers:
    """The processed numbers of one source: ranges in order, with a gap between any two.

    The numbers in `unsure` may have been processed or not; they are part of the first range.
    """

    ranges: tuple[Range, ...] = ()
    unsure: Range | None = None

    def recall(self, number: int) -> Recall:
        """What the memory knows about a number.

        >>> Numbers(((1, 4), (6, 6))).recall(5)
        <Recall.NEW: 'new'>
        """
        if self.unsure and self.unsure[0] <= number <= self.unsure[1]:
            return Recall.UNSURE
        known = any(first <= number <= last for first, last in self.ranges)
        return Recall.PROCESSED if known else Recall.NEW

    def with_number(self, number: int) -> Numbers:
        """These numbers and a new one; with too many ranges the lowest gap is closed.

        >>> Numbers(((1, 4),)).with_number(5)
        Numbers(ranges=((1, 5),), unsure=None)
        """
        ranges = self.ranges
        if ranges and ranges[-1][1] + 1 == number:  # the usual case
            return Numbers((*ranges[:-1], (ranges[-1][0], number)), self.unsure)
        grown = Numbers(_with(ranges, number), self.unsure)
        return grown.without_lowest_gap() if len(grown.ranges) > RANGES_PER_SOURCE else grown

    def without_lowest_gap(self) -> Numbers:
        """The first two ranges as one, with the numbers between them unsure.

        >>> Numbers(((1, 4), (6, 6), (9, 9))).without_lowest_gap()
        Numbers(ranges=((1, 6), (9, 9)), unsure=(5, 5))
        """
        (first, last), (following, end), *others = self.ranges
        lowest = self.unsure[0] if self.unsure else last + 1
        return Numbers(((first, end), *others), (lowest, following - 1))


NO_NUMBERS = Numbers()


@dataclass(frozen=True, slots=True)
class Memory:
    """The facts that an item has processed.

    - `sources`: the processed numbers by source key.
    - `floor`: when the newest source that was forgotten began.
    - `event_ids`: the last applied events that are known by their id.
    """

    sources: Mapping[bytes, Numbers] = field(default_factory=dict)
    floor: bytes = b""
    event_ids: bytes = b""

    def recall(self, event: InventoryEvent) -> Recall:
        """What the memory knows about an event."""
        if is_known_by_id(event) and self._holds_id(event.event_id):
            return Recall.PROCESSED
        if event.source is None or event.sequence is None:
            return Recall.NEW
        key = source_key(event.source)
        numbers = self.sources.get(key)
        if numbers is not None:
            return numbers.recall(event.sequence)
        return Recall.UNSURE if self.floor and key[:TIME_BYTES] <= self.floor else Recall.NEW

    def with_processed(self, event: InventoryEvent, applied: bool) -> Memory:
        """The memory after an event that was new to it was applied or rejected.

        >>> from inventory_lab.domain.events import ProductRemoved
        >>> event = ProductRemoved("Oven", event_id="e-1")
        >>> EMPTY.with_processed(event, applied=True).recall(event)
        <Recall.PROCESSED: 'processed'>
        """
        ids = self.event_ids
        if applied and is_known_by_id(event):
            ids = (ids + digest(event.event_id))[-KEPT_EVENT_IDS * DIGEST_BYTES :]
        if event.source is None or event.sequence is None:
            return replace(self, event_ids=ids)
        key = source_key(event.source)
        before = self.sources.get(key, NO_NUMBERS)
        numbers = before.with_number(event.sequence)
        memory = Memory({**self.sources, key: numbers}, self.floor, ids)
        return _limited(memory) if len(numbers.ranges) > len(before.ranges) else memory

    def _holds_id(self, event_id: str) -> bool:
        target, ids = digest(event_id), self.event_ids
        at = ids.find(target)
        while at != -1 and at % DIGEST_BYTES:  # a match across two ids does not count
            at = ids.find(target, at + 1)
        return at != -1


EMPTY = Memory()


@lru_cache(maxsize=4096)
def source_key(source: str) -> bytes:
    """The key of a source in the memory: the time when it began, then 6 bytes of its digest.

    Keys sort by time.

    >>> len(source_key("2026-01-05T09:00:00Z/sales"))
    11
    """
    return beginning_of(source).to_bytes(TIME_BYTES, "big") + digest(source)


def digest(text: str) -> bytes:
    """The 6 bytes that an item stores of an event id or the name of a source.

    >>> len(digest("e-1"))
    6
    """
    return blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


def encode(memory: Memory) -> bytes:
    """The memory as bytes: 15 bytes for a source without gaps, 6 for an event id.

    >>> decode(encode(EMPTY)) == EMPTY
    True
    """
    body = bytearray([len(memory.sources), len(memory.floor)]) + memory.floor
    for key in sorted(memory.sources):
        body += key
        _encode_numbers(memory.sources[key], body)
    body += memory.event_ids
    return crc32(body).to_bytes(CHECK_BYTES, "big") + bytes(body)


def decode(data: bytes) -> Memory:
    """The memory that encode() has stored. Raises ValueError when the bytes are damaged.

    >>> decode(b"damaged")
    Traceback (most recent call last):
    ValueError: the memory of processed events is damaged
    """
    body = data[CHECK_BYTES:]
    if len(data) < CHECK_BYTES + 2 or crc32(body) != int.from_bytes(data[:CHECK_BYTES], "big"):
        raise ValueError("the memory of processed events is damaged")
    count, floor_bytes = body[0], body[1]
    at = 2 + floor_bytes
    floor, sources = body[2:at], {}
    for _ in range(count):
        key = body[at : at + KEY_BYTES]
        sources[key], at = _decode_numbers(body, at + KEY_BYTES)
    return Memory(sources, floor, body[at:])


def _with(ranges: tuple[Range, ...], number: int) -> tuple[Range, ...]:
    """The ranges and one number that is in none of them; ranges that now touch are joined."""
    first = last = number
    others = []
    for lower, upper in ranges:
        if upper + 1 == number:
            first = lower
        elif lower - 1 == number:
            last = upper
        else:
            others.append((lower, upper))
    return tuple(sorted([*others, (first, last)]))


def _limited(memory: Memory) -> Memory:
    """The memory within its limits: without the oldest source, and without one gap, if it has too many."""
    if len(memory.sources) > KEPT_SOURCES:
        oldest = min(memory.sources)
        kept = {key: numbers for key, numbers in memory.sources.items() if key != oldest}
        memory = Memory(kept, max(memory.floor, oldest[:TIME_BYTES]), memory.event_ids)
    return _with_a_gap_less(memory) if _count(memory) > RANGES_PER_ITEM else memory


def _count(memory: Memory) -> int:
    return sum(len(numbers.ranges) for numbers in memory.sources.values())


def _with_a_gap_less(memory: Memory) -> Memory:
    """Without the lowest gap of the source with the most ranges; of two such sources, the older one."""
    key = max(sorted(memory.sources), key=lambda key: len(memory.sources[key].ranges))
    smaller = memory.sources[key].without_lowest_gap()
    return replace(memory, sources={**memory.sources, key: smaller})


def _encode_numbers(numbers: Numbers, body: bytearray) -> None:
    """The number of ranges, whether numbers are unsure, and the differences between the bounds."""
    body.append(len(numbers.ranges) << 1 | (numbers.unsure is not None))
    for pairs in (numbers.ranges, (numbers.unsure,) if numbers.unsure else ()):
        before = 0
        for bound in (bound for pair in pairs for bound in pair):
            _encode_whole(bound - before, body)
            before = bound


def _decode_numbers(body: bytes, at: int) -> tuple[Numbers, int]:
    count, has_unsure = body[at] >> 1, body[at] & 1
    ranges, at = _decode_pairs(body, at + 1, count)
    unsure, at = _decode_pairs(body, at, has_unsure)
    return Numbers(ranges, unsure[0] if unsure else None), at


def _decode_pairs(body: bytes, at: int, count: int) -> tuple[tuple[Range, ...], int]:
    pairs, last = [], 0
    for _ in range(count):
        step, at = _decode_whole(body, at)
        length, at = _decode_whole(body, at)
        pairs.append((last + step, last + step + length))
        last = pairs[-1][1]
    return tuple(pairs), at


def _encode_whole(value: int, body: bytearray) -> None:
    """Seven bits in each byte, the lowest first; the highest bit means that more bytes follow."""
    while value > 0x7F:
        body.append(value & 0x7F | 0x80)
        value >>= 7
    body.append(value)


def _decode_whole(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while body[at] > 0x7F:
        value |= (body[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | body[at] << shift, at + 1
