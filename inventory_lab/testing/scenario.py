"""What a storm needs to know of a domain: events, how to read the state, and what it has to be.

Inventory events are the default. For a handler of another domain, write the four functions of a
Scenario: the storm itself knows records, batches and faults only.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inventory_lab.domain.errors import MalformedEvent
from inventory_lab.domain.events import (
    InventoryEvent,
    ProductAdded,
    ProductRemoved,
    QuantityChanged,
    encode_event,
    parse_event,
)
from inventory_lab.domain.identity import identity_of
from inventory_lab.exceptions import WrongSetting
from inventory_lab.producer.publisher import RawRecord

if TYPE_CHECKING:
    from inventory_lab.lab import Lab

State = Mapping[str, object]
Events = Callable[[random.Random, int], Sequence[RawRecord]]
ReadState = Callable[["Lab"], State]
ExpectedState = Callable[[Sequence[RawRecord]], State]
Identity = Callable[[RawRecord], Hashable]

OCCURRED_AT = "2026-01-05T09:00:00Z"
SOURCE = f"{OCCURRED_AT}/storm"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The domain of a handler.

    `events(chance, count)` makes the records to publish, with `chance` as the only source of
    randomness. `read_state(lab)` reads what the handler left, by key. `expected_state(records)` is
    what it has to be after these records, in the order of the stream, each processed once.
    `identity(record)` names the fact that a record carries: of several records with one identity
    only the first counts. `None` means that every record is a fact of its own.
    `repeated_state(records)` is what a handler leaves that processes records as often as they are
    listed, without rules; it helps to name the record that was counted twice.
    """

    events: Events
    read_state: ReadState
    expected_state: ExpectedState
    identity: Identity | None = None
    repeated_state: ExpectedState | None = None

    def records(self, chance: random.Random, count: int) -> list[RawRecord]:
        """The records to publish. Raises WrongSetting for none, which would pass, and for anything else."""
        records = list(self.events(chance, count))
        others = [record for record in records if not isinstance(record, RawRecord)]
        if others or not records:
            name = f"scenario.events(chance, {count})"
            raise WrongSetting(name, others[:1], "a list of one RawRecord or more")
        return records

    def state(self, lab: Lab) -> State:
        """What the handler left. Raises WrongSetting when it is not a dict."""
        return _dict("scenario.read_state(lab)", self.read_state(lab))

    def expected(self, facts: Sequence[RawRecord]) -> State:
        """What these records have to leave. Raises WrongSetting when it is not a dict."""
        return _dict("scenario.expected_state(records)", self.expected_state(facts))

    def facts(self, records: Sequence[RawRecord]) -> list[RawRecord]:
        """The records that count: the first of each identity."""
        if self.identity is None:
            return list(records)
        first: dict[Hashable, RawRecord] = {}
        for record in records:
            first.setdefault(self.identity(record), record)
        return list(first.values())


def _dict(name: str, state: State) -> State:
    if not isinstance(state, Mapping):
        raise WrongSetting(name, state, "a dict")
    return state


def inventory_events(chance: random.Random, count: int) -> list[RawRecord]:
    """Stock movements of one to four products, in an order in which each of them fits the stock."""
    products = [f"product-{number}" for number in range(1, chance.randint(1, 4) + 1)]
    stock: dict[str, object] = {}
    numbers: Counter[str] = Counter()
    records: list[RawRecord] = []
    while len(records) < count:
        event = _movement(chance, chance.choice(products), f"event-{len(records) + 1}", stock)
        numbers[event.product_id] += 1
        _apply(stock, event, event.product_id)
        event = replace(event, source=SOURCE, sequence=numbers[event.product_id])
        records.append(RawRecord(event.product_id, encode_event(event)))
    return records


def inventory_state(lab: Lab) -> dict[str, object]:
    """The stock of every active product."""
    pages = lab.account.client("dynamodb").get_paginator("scan").paginate(
        TableName=lab.settings.name("table"), ConsistentRead=True
    )  # fmt: skip
    items = [item for page in pages for item in page["Items"]]
    active = [i for i in items if i.get("status", {}).get("S", "active") == "active"]
    return {i["product_id"]["S"]: _number(i["quantity"]["N"]) for i in active if "quantity" in i}


def expected_inventory(records: Sequence[RawRecord]) -> dict[str, object]:
    """The stock that these events leave, by the rules of the contract."""
    stock: dict[str, object] = {}
    for record in records:
        try:
            _apply(stock, parse_event(record.data), record.partition_key)
        except MalformedEvent:
            continue
    return stock


def summed_inventory(records: Sequence[RawRecord]) -> dict[str, object]:
    """The stock when every record is added up, however often it is listed."""
    stock: dict[str, object] = {}
    for record in records:
        event = parse_event(record.data)
        pieces = stock.get(event.product_id, 0)
        if isinstance(event, ProductRemoved):
            stock.pop(event.product_id, None)
        elif isinstance(pieces, int):
            more = event.quantity if isinstance(event, ProductAdded) else getattr(event, "delta", 0)
            stock[event.product_id] = pieces + more
    return stock


def inventory_identity(record: RawRecord) -> Hashable:
    """The identity of the event in a record; a record that is not an event is a fact of its own."""
    try:
        return identity_of(parse_event(record.data))
    except MalformedEvent:
        return record.partition_key, record.data


INVENTORY = Scenario(
    events=inventory_events,
    read_state=inventory_state,
    expected_state=expected_inventory,
    identity=inventory_identity,
    repeated_state=summed_inventory,
)
"""Inventory events that all fit the stock, the lab's table, and the rules of the contract."""


def _movement(chance: random.Random, product: str, event_id: str, stock: State) -> InventoryEvent:
    pieces = stock.get(product)
    if not isinstance(pieces, int):
        quantity = chance.randint(20, 70)
        return ProductAdded(product, quantity, event_id=event_id, occurred_at=OCCURRED_AT)
    if chance.random() < 0.04:
        return ProductRemoved(product, event_id=event_id, occurred_at=OCCURRED_AT)
    delta = chance.choice([n for n in (-9, -4, -2, -1, 1, 3, 8) if pieces + n >= 0])
    return QuantityChanged(product, delta, event_id=event_id, occurred_at=OCCURRED_AT)


def _apply(stock: dict[str, object], event: InventoryEvent, key: str) -> None:
    product, here = event.product_id, stock.get(event.product_id)
    if product != key:
        return
    if isinstance(event, ProductAdded) and here is None:
        stock[product] = event.quantity
    elif isinstance(event, ProductRemoved):
        stock.pop(product, None)
    elif isinstance(event, QuantityChanged) and isinstance(here, int) and here + event.delta >= 0:
        stock[product] = here + event.delta


def _number(text: str) -> object:
    return int(text) if text.lstrip("-").isdigit() else float(text)
