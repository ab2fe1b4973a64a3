"""Publishing with PutRecords: full calls, a retry of the failed entries only, and a check of the order.

PutRecords answers 200 even when entries failed, and does not guarantee the order inside a call:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from inventory_lab.domain.events import InventoryEvent, encode_event
from inventory_lab.exceptions import EventTooLarge, PublishFailed
from inventory_lab.producer.session import Session
from inventory_lab.records import RawRecord as RawRecord
from inventory_lab.records import Receipt as Receipt

if TYPE_CHECKING:
    from botocore.client import BaseClient

RECORDS_PER_CALL = 500
BYTES_PER_CALL = 5 * 1024 * 1024
"""AWS names 10 MiB in its API reference and 5 MiB in its guide: calls of 5 MiB suit both."""
BYTES_PER_RECORD = 1024 * 1024
"""Data and partition key together; a stream accepts larger records only with a setting of its own."""
IN_FLIGHT_PER_PRODUCT = 50
"""When the answer to a call is lost, the retry stores the whole call twice. The function recognises a
repeated event without a number among the last 64 of a product, so fewer may be unacknowledged."""
ATTEMPTS = 8
TRANSIENT_CODES = {
    "InternalFailure", "InternalFailureException", "KMSThrottlingException",
    "ProvisionedThroughputExceededException", "ServiceUnavailable", "ThrottlingException",
}  # fmt: skip
"""Codes after which the whole call may succeed later:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 12.8

_EXPECTED = "publish() takes an inventory event or RawRecord, or an iterable of them"


@dataclass(slots=True)
class _Entry:
    source: InventoryEvent | RawRecord
    key: str
    data: bytes
    weight: int
    """1 when it counts as unacknowledged until its call is answered, else 0."""
    position: int = 0
    failures: int = 0

    def size(self) -> int:
        return len(self.data) + len(self.key.encode())


class Publisher:
    """Publishes events to one stream.

    `sleep` waits between retries, for a random time that `chance` draws. `session` numbers the events
    without a source; without a session they are sent unchanged. `on_stored` is called after each call,
    with the number of events that it stored and the number of all events.
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
        patience: float = 0,
        spreading: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._kinesis = kinesis
        self._stream_name = stream_name
        self._now = now
        self._sleep = sleep
        self._chance = chance or random.Random()
        self._session = session
        self._on_stored = on_stored or (lambda *_: None)
        self._patience = patience
        self._spreading = spreading
        self._waited = 0.0

    def publish(
        self,
        events: InventoryEvent | RawRecord | Iterable[InventoryEvent | RawRecord],
        ordered: bool = False,
    ) -> Receipt:
        """Store all events; events without `occurred_at` get the time of publishing.

        `ordered` sends one event of a product at a time, which keeps their order. Raises EventTooLarge
        and EventChanged before anything is sent, PublishFailed with the events that were not stored.
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
                if not self._is_transient(exc):
                    if receipt.calls == 0:
                        raise
                    backlog.send_again(call)
                    raise PublishFailed(backlog.sources(), receipt, str(exc)) from exc
                failed, error = _refused(call), str(exc)
            backlog.send_again(failed)
            self._on_stored(len(call) - len(failed), len(entries))
            pause = self._pause(pause) if failed else FIRST_PAUSE_SECONDS
            self._waited = 0.0 if len(failed) < len(call) else self._waited
            given_up = any(entry.failures >= ATTEMPTS for entry in failed)
            if given_up and self._waited >= self._patience:
                raise PublishFailed(backlog.sources(), receipt, error)
        return receipt

    def _entries(self, events: Any) -> list[_Entry]:
        if isinstance(events, (InventoryEvent, RawRecord)):
            events = [events]
        if isinstance(events, (str, bytes, Mapping, type)) or not isinstance(events, Iterable):
            is_file = isinstance(events, (str, PathLike))
            hint = "; make events of a file with replay(path)" if is_file else ""
            raise TypeError(f"{_EXPECTED}, not {_named(events)}{hint}")
        if hasattr(events, "columns"):
            raise TypeError(f"{_EXPECTED}; make events of a DataFrame with replay(frame, ...)")
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
            raise TypeError(f"{_EXPECTED}; one of them is {_named(event)}")
        sent = self._stamped(event)
        return _Entry(event, event.product_id, encode_event(sent), weight=int(sent.source is None))

    def _stamped(self, event: InventoryEvent) -> InventoryEvent:
        """The event with a time and, in a session, with a number."""
        if self._session is not None:
            return self._session.numbered(event, self._now())
        return event if event.occurred_at else replace(event, occurred_at=self._now())

    def _put(self, call: list[_Entry], receipt: Receipt) -> tuple[list[_Entry], str]:
        """Make one PutRecords call; returns the entries that failed, in order, and the last error."""
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
        """Wait a random part of `seconds`; returns the next, longer pause."""
        chosen = self._chance.uniform(0, seconds)
        self._sleep(chosen)
        self._waited += chosen
        return min(seconds * 2, LONGEST_PAUSE_SECONDS)

    def _is_transient(self, exc: Exception) -> bool:
        if not isinstance(exc, ClientError):
            return False
        code = exc.response["Error"]["Code"]
        return code in TRANSIENT_CODES or code in self._spreading()


def _refused(call: list[_Entry]) -> list[_Entry]:
    for entry in call:
        entry.failures += 1
    return call


def _named(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else repr(value)[:60]


def _note(receipt: Receipt, entry: _Entry, result: dict[str, Any], overtaken: set[str]) -> None:
    """Count a stored record. Its product is reordered when the record is not the newest of it, or when
    an earlier event of the product failed in the same call.
    """
    key, shard, number = entry.key, result["ShardId"], int(result["SequenceNumber"])
    shards = receipt.positions.setdefault(key, {})
    if number < shards.get(shard, -1) or key in overtaken:
        receipt.reordered.add(key)
    shards[shard] = max(number, shards.get(shard, -1))
    receipt.stored[entry.position] = shard, number
    receipt.published += 1


class _Backlog:
    """The entries still to send. A call has at most `in_flight` weighted entries of one product, and
    the entries of a product are sent in their order.
    """

    def __init__(self, entries: list[_Entry], in_flight: int) -> None:
        self._new = deque(entries)
        self._waiting: dict[str, deque[_Entry]] = {}
        self._in_flight = in_flight

    def next_call(self) -> list[_Entry]:
        """The entries of the next call; empty when everything is sent."""
        call: list[_Entry] = []
        free_bytes, weights = BYTES_PER_CALL, Counter[str]()
        for entry in self._candidates(weights):
            if len(call) == RECORDS_PER_CALL or entry.size() > free_bytes:
                self._put_first(entry)
                break
            call.append(entry)
            weights[entry.key] += entry.weight
            free_bytes -= entry.size()
        self._waiting = {key: waiting for key, waiting in self._waiting.items() if waiting}
        return call

    def send_again(self, failed: list[_Entry]) -> None:
        """Put failed entries back, before all other entries of their products."""
        for entry in failed:
            self._waiting.setdefault(entry.key, deque())
        for entry in reversed(failed):
            self._put_first(entry)

    def sources(self) -> list[InventoryEvent | RawRecord]:
        """All events that are not stored, each product's in order."""
        waiting = (entry for queue in self._waiting.values() for entry in queue)
        return [entry.source for entry in (*waiting, *self._new)]

    def _candidates(self, weights: Counter[str]) -> Iterator[_Entry]:
        for key, waiting in list(self._waiting.items()):
            while waiting and weights[key] < self._in_flight:
                yield waiting.popleft()
        while self._new:
            entry = self._new.popleft()
            if weights[entry.key] >= self._in_flight:
                self._waiting.setdefault(entry.key, deque()).append(entry)
            else:
                yield entry

    def _put_first(self, entry: _Entry) -> None:
        self._waiting.setdefault(entry.key, deque()).appendleft(entry)
