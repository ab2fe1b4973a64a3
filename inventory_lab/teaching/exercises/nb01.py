"""The exercises of notebook 01, the mock data generator."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from inventory_lab.domain.errors import MalformedEvent
from inventory_lab.domain.events import parse_event
from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

PRODUCTS = ["Kettle", "Toaster", "Lamp"]
FIRST = "2026-03-01T10:00:00Z"
THROTTLED = ("ProvisionedThroughputExceededException", "Rate exceeded for shard")
REFUSED = ("ResourceNotFoundException", "Stream orders not found")


def _stamp(number: int) -> str:
    return f"2026-03-01T10:{number // 60:02}:{number % 60:02}Z"


@checks("01/generate", "make events that keep the contract, the same for the same seed", build=True)
def generate(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """Several lengths, products and seeds; the contract is read by the library's own reader."""
    for count, seed in ((40, 1), (3, 2), (200, 3)):
        _events_are_right(_made(answer, PRODUCTS, count, seed), PRODUCTS, count)
    _seed_decides(answer)


def _made(answer: Answer, products: Sequence[str], count: int, seed: int) -> list[dict[str, Any]]:
    returned = answer(list(products), count, seed, _stamp)
    if returned is None or isinstance(returned, dict | str) or not hasattr(returned, "__iter__"):
        raise WrongAnswer(
            f"It returns {_short(returned)}. Return a list of events, or yield one after the other."
        )
    events = list(islice(returned, count + 1))
    if len(events) != count:
        many = "more" if len(events) > count else len(events)
        raise WrongAnswer(
            f"Asked for {count} events, it makes {many}. The additions count as well."
        )
    for event in events:
        if not isinstance(event, dict):
            raise WrongAnswer(f"An event is {_short(event)}: make each one a dictionary.")
    return events


def _events_are_right(
    events: Sequence[dict[str, Any]], products: Sequence[str], count: int
) -> None:
    stock: dict[str, int] = {}
    for number, event in enumerate(events):
        try:
            parse_event(json.dumps(event).encode())
        except (MalformedEvent, TypeError) as exc:
            raise WrongAnswer(f"Event {number + 1} breaks the contract: {exc}") from exc
        _fits(event, stock, products)
    ids = [event["event_id"] for event in events]
    if len(set(ids)) != len(ids):
        raise WrongAnswer(
            "Two events have the same event_id, so the second one would be taken for a repetition."
        )
    if count >= 40:
        _varied(events, products)


def _fits(event: Mapping[str, Any], stock: dict[str, int], products: Sequence[str]) -> None:
    product, kind = event["product_id"], event["event_type"]
    if product not in products:
        raise WrongAnswer(f"The product {product!r:.40} is not in the argument `products`.")
    if kind == "product_added":
        if product in stock:
            raise WrongAnswer("A product is added a second time: the function would reject that.")
        stock[product] = event["quantity"]
        return
    if product not in stock:
        raise WrongAnswer("A product changes before it was added: begin with the additions.")
    if kind == "product_removed":
        del stock[product]
        return
    stock[product] += event["delta"]
    if stock[product] < 0:
        raise WrongAnswer(
            "A sale takes more pieces than there are. Keep the stock in a dictionary while you make events."
        )


def _varied(events: Sequence[Mapping[str, Any]], products: Sequence[str]) -> None:
    if {event["product_id"] for event in events} != set(products):
        raise WrongAnswer("Not every product has events.")
    deltas = [event["delta"] for event in events if event["event_type"] == "quantity_changed"]
    if not any(delta < 0 for delta in deltas) or not any(delta > 0 for delta in deltas):
        raise WrongAnswer("A shop sells and restocks: make negative and positive changes.")


def _seed_decides(answer: Answer) -> None:
    one, again = (_made(answer, PRODUCTS, 40, 5) for _ in range(2))
    if one != again:
        raise WrongAnswer(
            "The same seed gives other events the second time. Make a random.Random(seed) inside the "
            "function and use only it: uuid4(), the time and the module's own random differ in every run."
        )
    other = _made(answer, PRODUCTS, 40, 6)
    if [_facts(event) for event in other] == [_facts(event) for event in one]:
        raise WrongAnswer("Another seed gives the same events: use the argument `seed`.")
    if {event["event_id"] for event in other} & {event["event_id"] for event in one}:
        raise WrongAnswer(
            "Another seed gives other events with the same ids, so the pipeline would take them for "
            "repetitions. Put the seed into the event_id."
        )


def _facts(event: Mapping[str, Any]) -> tuple[Any, ...]:
    return event["product_id"], event.get("quantity"), event.get("delta")


@checks("01/publish", "publish every event once, in order, and wait when the shard is busy")
def publish(answer: Answer, bench: Bench) -> None:
    """Events of several products; a busy shard; an error that must not be hidden."""
    events = [
        _change("Kettle", 5, "a"),
        _change("Tea für zwei", -2, "b"),
        _change("Kettle", -1, "c"),
    ]
    _published(answer, bench, events, busy=0)
    _published(answer, bench, events, busy=2)
    _published(answer, bench, [], busy=0)
    _other_errors_pass(answer, bench, events)


def _published(answer: Answer, bench: Bench, events: list[dict[str, Any]], busy: int) -> None:
    kinesis, before, pauses = bench.client("kinesis"), len(bench.calls), len(bench.slept)
    bench.fault(
        kinesis, "PutRecord", lambda _, calls: THROTTLED if 1 <= calls <= busy else _stored(calls)
    )
    returned = answer(kinesis, "orders", copy.deepcopy(events), bench.sleep)
    calls = [call for call in bench.calls[before:] if call.operation == "PutRecord"]
    stored = [call.parameters for call in calls if not call.error]
    _requests_are_right(stored, events)
    if busy and len(bench.slept) == pauses:
        raise WrongAnswer(
            "It tries again at once. The shard is still busy then: call sleep(1) first."
        )
    if returned != len(events) or isinstance(returned, bool):
        raise WrongAnswer(f"It returns {_short(returned)}: return how many events it published.")


def _requests_are_right(stored: Sequence[Mapping[str, Any]], events: Sequence[Any]) -> None:
    bodies = [_decoded(request["Data"]) for request in stored]
    if len(bodies) < len(events):
        raise WrongAnswer(
            f"{len(events) - len(bodies)} of {len(events)} events are not in the stream. "
            "After ProvisionedThroughputExceededException the same event has to be sent again."
        )
    if bodies != list(events):
        raise WrongAnswer("The stream holds other events, or the same ones in another order.")
    for request, event in zip(stored, events, strict=True):
        if request.get("PartitionKey") != event["product_id"]:
            raise WrongAnswer(
                f"The partition key is {request.get('PartitionKey')!r:.40}. Use the product, so that "
                "the events of a product stay in order."
            )
        if request.get("StreamName") != "orders":
            raise WrongAnswer("It writes to another stream than the argument `stream` says.")


def _decoded(data: object) -> object:
    try:
        return json.loads(data if isinstance(data, bytes | str) else b"")
    except ValueError as exc:
        raise WrongAnswer(
            f"The data of a record is {_short(data)}. Encode the event as JSON: json.dumps(event).encode()."
        ) from exc


def _other_errors_pass(answer: Answer, bench: Bench, events: list[dict[str, Any]]) -> None:
    kinesis = bench.client("kinesis")
    bench.fault(kinesis, "PutRecord", lambda *_: REFUSED)
    try:
        answer(kinesis, "orders", copy.deepcopy(events), bench.sleep)
    except WrongAnswer as exc:
        if "ResourceNotFound" in str(exc):
            return
        raise WrongAnswer(
            "When the stream does not exist, your function tries again for ever. Catch "
            "ProvisionedThroughputExceededException alone."
        ) from exc
    raise WrongAnswer(
        "When the stream does not exist, your function says nothing, and the events are lost."
    )


def _stored(number: int) -> dict[str, str]:
    return {"ShardId": "shardId-000000000000", "SequenceNumber": str(49_000_000 + number)}


def _change(product: str, delta: int, event_id: str) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "event_type": "quantity_changed",
        "product_id": product,
        "delta": delta,
        "occurred_at": FIRST,
        "schema_version": 1,
    }


def _short(value: object) -> str:
    return "nothing" if value is None else f"{value!r:.60}"
