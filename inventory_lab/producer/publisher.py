"""PutRecords done right: full calls, only failed entries sent again, order kept track of.

PutRecords answers 200 even when entries failed, and promises no order inside a call:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from inventory_lab.domain.events import LONGEST_PRODUCT_ID, InventoryEvent, encode_event
from inventory_lab.exceptions import EventTooLarge, PublishFailed
from inventory_lab.producer.session import Session

if TYPE_CHECKING:
    from botocore.client import BaseClient

RECORDS_PER_CALL = 500
BYTES_PER_CALL = 5 * 1024 * 1024
"""AWS names 10 MiB in its API reference and 5 MiB in its guide: calls of 5 MiB suit both."""
BYTES_PER_RECORD = 1024 * 1024
"""Data and partition key together; larger records have to be switched on for the stream."""
IN_FLIGHT_PER_PRODUCT = 50
"""A whole call can be stored twice when its answer is lost. The function recognises a repeated event
without a number among the last 64 of a product, so fewer than that may be unacknowledged."""
ATTEMPTS = 8
TRANSIENT_CODES = {
    "InternalFailure", "InternalFailureException", "KMSThrottlingException",
    "ProvisionedThroughputExceededException", "ServiceUnavailable", "ThrottlingException",
}  # fmt: skip
"""Codes after which the whole call may succeed later:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""
FIRST_PAUSE_SECONDS = 0.1

_WANTED = "publish() takes an inventory event or RawRecord, or an iterable of them"


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A payload to store as it is: for what an InventoryEvent cannot be, such as broken JSON.

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
    """What was stored, and where.

    `positions` gives each product's last sequence number by shard, `stored` shard and sequence number
    of each event, in the order in which they were given (None: not stored); `reordered` names the products
    whose stored order is, or may be, another than the order in which they were given.
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


@dataclass(slots=True)
class _Entry:
    source: InventoryEvent | RawRecord
    key: str
    data: bytes
    weight: int
    """1 when it counts towards what may be unacknowledged, else 0."""
    position: int = 0
    failures: int = 0

    def size(self) -> int:
        return len(self.data) + len(self.key.encode())


class Publisher:
    """Puts events into one stream; the client, the pause and the chance come in as parameters.

    `session` numbers the events that bring no source. Without it they are sent as they are.
    `on_stored` is called after each call with how many events it stored, and how many there are in all.
    """

    def __init__(
        self,
        kinesis: BaseClient,
        stream_name: str,
        now: Callable[[], str],
        sleep: Callable[[float], None],
        chance: random.Random | None = None,
        session: Session | None = None,
        on_stored: Callable[[int, int], None] | None = None,
    ) -> None:
        self._kinesis = kinesis
        self._stream_name = stream_name
        self._now = now
        self._sleep = sleep
        self._chance = chance or random.Random()
        self._session = session
        self._on_stored = on_stored or (lambda *_: None)

    def publish(
        self,
        events: InventoryEvent | RawRecord | Iterable[InventoryEvent | RawRecord],
        ordered: bool = False,
    ) -> Receipt:
        """Store all events; events without `occurred_at` get the time of publishing.

        `ordered` keeps one event of a product in flight, which keeps the given order. Raises
        EventTooLarge and EventChanged before anything is sent, PublishFailed with what was not stored.
        """
        entries = self._entries(events)
        receipt = Receipt(stored=[None] * len(entries))
        for entry in entries if ordered else ():
            entry.weight = 1
        backlog = _Backlog(entries, 1 if ordered else IN_FLIGHT_PER_PRODUCT)
        pause = FIRST_PAUSE_SECONDS
        while call := backlog.next_call():
            try:
                failed, error = self._put(call, receipt)
            except (ClientError, BotoCoreError) as exc:
                if not _is_transient(exc):
                    if receipt.calls == 0:
                        raise
                    backlog.send_again(call)
                    raise PublishFailed(backlog.sources(), receipt, str(exc)) from exc
                failed, error = _refused(call), str(exc)
            backlog.send_again(failed)
            self._on_stored(len(call) - len(failed), len(entries))
            pause = self._pause(pause) if failed else FIRST_PAUSE_SECONDS
            if any(entry.failures >= ATTEMPTS for entry in failed):
                raise PublishFailed(backlog.sources(), receipt, error)
        return receipt

    def _entries(self, events: Any) -> list[_Entry]:
        if isinstance(events, (InventoryEvent, RawRecord)):
            events = [events]
        if isinstance(events, (str, bytes, Mapping, type)) or not isinstance(events, Iterable):
            raise TypeError(f"{_WANTED}, not {_named(events)}")
        if hasattr(events, "columns"):
            raise TypeError(f"{_WANTED}; make events of a DataFrame with replay(frame, ...)")
        entries = []
        for position, event in enumerate(events):
            entry = self._entry(event)
            entry.position = position
            if entry.size() > BYTES_PER_RECORD:
                raise EventTooLarge(position, entry.key, entry.size(), BYTES_PER_RECORD)
            entries.append(entry)
        return entries

    def _entry(self, event: Any) -> _Entry:
        if isinstance(event, RawRecord):
            return _Entry(event, event.partition_key, event.data, weight=1)
        if not isinstance(event, InventoryEvent):
            raise TypeError(f"{_WANTED}, not of {_named(event)}")
        sent = self._stamped(event)
        return _Entry(event, event.product_id, encode_event(sent), weight=int(sent.source is None))

    def _stamped(self, event: InventoryEvent) -> InventoryEvent:
        """The event with a time and, in a session, with a number."""
        if self._session is not None:
            return self._session.numbered(event, self._now())
        return event if event.occurred_at else replace(event, occurred_at=self._now())

    def _put(self, call: list[_Entry], receipt: Receipt) -> tuple[list[_Entry], str]:
        """Make one PutRecords call; the entries that failed, in order, and the last error."""
        answer = self._kinesis.put_records(
            StreamName=self._stream_name,
            Records=[{"PartitionKey": entry.key, "Data": entry.data} for entry in call],
        )
        receipt.calls += 1
        failed, error = [], ""
        overtaken: set[str] = set()
        for entry, result in zip(call, answer["Records"], strict=True):
            if result.get("ErrorCode"):
                entry.failures += 1
                failed.append(entry)
                overtaken.add(entry.key)
                error = f"{result['ErrorCode']}: {result.get('ErrorMessage', '')}"
            else:
                _note(receipt, entry, result, overtaken)
        receipt.sent_again += len(failed)
        return failed, error

    def _pause(self, seconds: float) -> float:
        """Wait a random part of `seconds`; the next, longer pause."""
        self._sleep(self._chance.uniform(0, seconds))
        return seconds * 2


def _is_transient(exc: Exception) -> bool:
    return isinstance(exc, ClientError) and exc.response["Error"]["Code"] in TRANSIENT_CODES


def _refused(call: list[_Entry]) -> list[_Entry]:
    for entry in call:
        entry.failures += 1
    return call


def _named(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else repr(value)[:60]


def _note(receipt: Receipt, entry: _Entry, result: dict[str, Any], overtaken: set[str]) -> None:
    """Count a stored record. It is out of order when it is not the newest of its product, or when
    it has overtaken an event of its product that failed in the same call.
    """
    key, shard, number = entry.key, result["ShardId"], int(result["SequenceNumber"])
    shards = receipt.positions.setdefault(key, {})
    if number < shards.get(shard, -1) or key in overtaken:
        receipt.reordered.add(key)
    shards[shard] = max(number, shards.get(shard, -1))
    receipt.stored[entry.position] = shard, number
    receipt.published += 1


class _Backlog:
    """What is still to be sent: no call holds more weight of one product than `in_flight`, and a
    product's entries leave in the order in which they came.
    """

    def __init__(self, entries: list[_Entry], in_flight: int) -> None:
        self._fresh = deque(entries)
        self._held: dict[str, deque[_Entry]] = {}
        self._in_flight = in_flight

    def next_call(self) -> list[_Entry]:
        """The entries of the next call; empty when all is sent."""
        call: list[_Entry] = []
        room, taken = BYTES_PER_CALL, Counter[str]()
        for entry in self._candidates(taken):
            if len(call) == RECORDS_PER_CALL or entry.size() > room:
                self._hold_first(entry)
                break
            call.append(entry)
            taken[entry.key] += entry.weight
            room -= entry.size()
        self._held = {key: held for key, held in self._held.items() if held}
        return call

    def send_again(self, failed: list[_Entry]) -> None:
        """Put failed entries back before everything else of their products."""
        for entry in failed:
            self._held.setdefault(entry.key, deque())
        for entry in reversed(failed):
            self._hold_first(entry)

    def sources(self) -> list[InventoryEvent | RawRecord]:
        """All that is not stored, each product's events in order."""
        held = (entry for queue in self._held.values() for entry in queue)
        return [entry.source for entry in (*held, *self._fresh)]

    def _candidates(self, taken: Counter[str]) -> Iterator[_Entry]:
        for key, held in list(self._held.items()):
            while held and taken[key] < self._in_flight:
                yield held.popleft()
        while self._fresh:
            entry = self._fresh.popleft()
            if taken[entry.key] >= self._in_flight:
                self._held.setdefault(entry.key, deque()).append(entry)
            else:
                yield entry

    def _hold_first(self, entry: _Entry) -> None:
        self._held.setdefault(entry.key, deque()).appendleft(entry)
