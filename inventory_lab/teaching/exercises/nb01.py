"""The exercises of notebook 01, the mock data generator."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.domain.errors import MalformedEvent
from inventory_lab.domain.events import parse_event
from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer, StopAnswer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

PRODUCTS = ["Kettle", "Toaster", "Lamp"]
FIRST = "2026-03-01T10:00:00Z"
THROTTLED = ("ProvisionedThroughputExceededException", "Rate exceeded for shard")
STREAM = "tills"
REFUSED = ("ResourceNotFoundException", f"Stream {STREAM} not found")


def _stamp(number: int) -> str:
    return f"2026-03-01T10:{number // 60:02}:{number % 60:02}Z"


@checks("01/generate", "make events that keep the contract, the same for the same seed", build=True)
def generate(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """Several lengths, products and seeds; the contract is read by the library's own reader."""
    cases = [(40, 1, PRODUCTS), (3, 2, PRODUCTS), (2, 3, PRODUCTS)]
    long_days = [(400, seed, PRODUCTS[2:]) for seed in range(4, 12)]  # some of them sell out
    for count, seed, products in cases + long_days:
        events = _made(answer, products, count, seed)
        if seed > 1 and events[0].get("event_type") == "quantity_changed":
            raise WrongAnswer(
                "The second call begins with a change of a product that it has not added: something "
                "stays from the first call. Create the stock inside the function."
            )
        _events_are_right(events, products, count)
    _seed_decides(answer)


def _made(answer: Answer, products: Sequence[str], count: int, seed: int) -> list[dict[str, Any]]:
    given = list(products)
    events = answer(given, count, seed, _stamp)
    if isinstance(events, Iterator):
        events = answer.take(events, count + 1)
    if not isinstance(events, list | tuple):
        raise WrongAnswer(
            f"It returns {_kind(events)}. Return a list of events, or yield one after the other."
        )
    if len(events) != count:
        many = "more" if len(events) > count else len(events)
        raise WrongAnswer(
            f"Asked for {count} events of {len(products)} products, it makes {many}. "
            "The additions count as well."
        )
    for event in events:
        if not isinstance(event, dict):
            raise WrongAnswer(f"An event is {_kind(event)}: make each one a dictionary.")
    if len(set(map(id, events))) < count:
        raise WrongAnswer(
            "It gives the same dictionary several times, so all of them show the last event. "
            "Make a new dictionary for each event."
        )
    if given != list(products):
        raise WrongAnswer(
            "It changes the list `products`, which belongs to the caller. Work with a copy of it."
        )
    return list(events)


def _events_are_right(
    events: Sequence[dict[str, Any]], products: Sequence[str], count: int
) -> None:
    stock: dict[str, int] = {}
    for number, event in enumerate(events):
        try:
            parse_event(json.dumps(event).encode())
        except (MalformedEvent, TypeError) as exc:
            empty = event.get("delta") == 0 and stock.get(str(event.get("product_id"))) == 0
            more = ". A sale of a product with no stock becomes 0: restock it instead" * empty
            raise WrongAnswer(f"Event {number + 1} breaks the contract: {exc}{more}") from exc
        _fits(event, stock, products)
    ids = [event["event_id"] for event in events]
    if len(set(ids)) != len(ids):
        raise WrongAnswer(
            "Two events have the same event_id, so the second one would be taken for a repetition."
        )
    _times_are_right([event["occurred_at"] for event in events])
    if count >= 40:
        _varied(events, products)


def _times_are_right(times: Sequence[str]) -> None:
    expected = [_stamp(number) for number in range(len(times))]
    if list(times) == [_stamp(number + 1) for number in range(len(times))]:
        raise WrongAnswer("The first event has the time stamp(1): the numbers begin with 0.")
    if list(times) != expected:
        at = next(n for n, time in enumerate(times) if time != expected[n])
        raise WrongAnswer(
            f"Event {at + 1} has another time than stamp({at}) gives: each event has a time of its own."
        )


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
    changed = {event["product_id"] for event in events if "delta" in event}
    for product in products:
        if product not in changed:
            raise WrongAnswer(f"{product} is never sold or restocked: choose among all `products`.")
    deltas = [event["delta"] for event in events if event["event_type"] == "quantity_changed"]
    if not any(delta < 0 for delta in deltas) or not any(delta > 0 for delta in deltas):
        raise WrongAnswer("A shop sells and restocks: make negative and positive changes.")


def _seed_decides(answer: Answer) -> None:
    state = random.getstate()
    one, again = (_made(answer, PRODUCTS, 40, 5) for _ in range(2))
    if one != again:
        raise WrongAnswer(
            "The same seed gives other events the second time. Make a random.Random(seed) inside the "
            "function and use only it: uuid4(), the time and the module's own random differ in every run."
        )
    if random.getstate() != state:
        raise WrongAnswer(
            "It uses the random numbers that the whole program shares: random.seed(seed) changes them for "
            "all other code. Make a random.Random(seed) of your own, and take every choice from it."
        )
    other = _made(answer, PRODUCTS, 40, 6)
    if _changes(other) == _changes(one):
        raise WrongAnswer(
            "Another seed sells and restocks the same: choose the product or the delta of a change with your "
            "random.Random(seed)."
        )
    if {event["event_id"] for event in other} & {event["event_id"] for event in one}:
        raise WrongAnswer(
            "Another seed gives other events with the same ids, so the pipeline would take them for "
            "repetitions. Put the seed into the event_id."
        )


def _changes(events: Sequence[Mapping[str, Any]]) -> list[tuple[Any, Any]]:
    return [(event["product_id"], event["delta"]) for event in events if "delta" in event]


@checks("01/publish", "publish every event once, in order, and wait when the shard is busy")
def publish(answer: Answer, bench: Bench) -> None:
    """Events of several products; a shard that is busy for a short and a long time; an error that must
    not be hidden.
    """
    events = [
        _change("Kettle", 5, "a"),
        _change("Tea für zwei", -2, "b"),
        _change("Kettle", -1, "c"),
    ]
    for busy in (0, 2, 1):
        _published(answer, bench, events, busy)
    _published(answer, bench, [], busy=0)
    _other_errors_pass(answer, bench, events)
    _nothing_is_dropped(answer, bench, events)


def _published(answer: Answer, bench: Bench, events: list[dict[str, Any]], busy: int) -> None:
    kinesis, before, pauses = _busy_kinesis(bench, busy), len(bench.calls), len(bench.slept)
    given = copy.deepcopy(events)
    returned = answer(kinesis, STREAM, given, bench.sleep)
    calls = [call for call in bench.calls[before:] if call.operation == "PutRecord"]
    _requests_are_right([call.parameters for call in calls if not call.error], events)
    _pauses_are_right(bench.slept[pauses:], busy)
    if returned != len(events) or isinstance(returned, bool):
        raise WrongAnswer(f"It returns {_short(returned)}: return how many events it published.")
    if given != events:
        raise WrongAnswer("It changes the list `events` or an event in it: the caller needs them.")


def _busy_kinesis(bench: Bench, busy: int) -> Any:
    """A client whose stream stores the first record, and refuses the next `busy` attempts."""
    kinesis = bench.client("kinesis")
    bench.fault(
        kinesis, "PutRecord", lambda _, calls: THROTTLED if 1 <= calls <= busy else _stored(calls)
    )
    bench.fault(kinesis, "PutRecords", _one_by_one)
    return kinesis


def _one_by_one(*_: object) -> None:
    raise StopAnswer(
        "It calls put_records, which can refuse a part of the records: that is for notebook 02. "
        "Send each event with a put_record of its own."
    )


def _pauses_are_right(slept: Sequence[float], busy: int) -> None:
    if len(slept) < busy:
        raise WrongAnswer(
            "It tries again at once. The shard is still busy then: call sleep(1) first, the argument. "
            "(time.sleep does not move the clock of the lab.)"
        )
    if len(slept) > busy:
        raise WrongAnswer(
            "It pauses although the record was stored: sleep only when one is refused."
        )
    for seconds in slept:
        if not 1 <= seconds <= 60:
            raise WrongAnswer(
                f"It pauses for {seconds:g} seconds. The limit of a shard counts by the second: call sleep(1)."
            )


def _nothing_is_dropped(answer: Answer, bench: Bench, events: list[dict[str, Any]]) -> None:
    """A shard that is busy for long: to give up with AWS's error is allowed, to go on is not."""
    before = len(bench.calls)
    try:
        answer(_busy_kinesis(bench, 40), STREAM, copy.deepcopy(events), bench.sleep)
    except WrongAnswer as exc:
        if _code(exc) == THROTTLED[0] and len(bench.calls) - before > 4:
            return
        raise
    stored = [call for call in bench.calls[before:] if not call.error]
    if len(stored) < len(events):
        raise WrongAnswer(
            "When the shard stays busy, your function gives up an event and says nothing. Repeat the "
            "call until the event is stored."
        )


def _requests_are_right(stored: Sequence[Mapping[str, Any]], events: Sequence[Any]) -> None:
    if any(request.get("StreamName") != STREAM for request in stored):
        raise WrongAnswer("It writes to another stream than the argument `stream` says.")
    bodies = [_decoded(request["Data"]) for request in stored]
    _bodies_are_right(bodies, events)
    for request, event in zip(stored, events, strict=True):
        if request.get("PartitionKey") != event["product_id"]:
            raise WrongAnswer(
                f"The partition key is {request.get('PartitionKey')!r:.40}. Use the product, so that "
                "the events of a product stay in order."
            )


def _bodies_are_right(bodies: Sequence[Any], events: Sequence[Any]) -> None:
    for body in bodies:
        if body not in events:
            raise WrongAnswer(
                f"{_differing(body, events)} Encode each event as it is, with all its fields."
            )
    if len(bodies) < len(events):
        raise WrongAnswer(
            f"{len(events) - len(bodies)} of {len(events)} events are not in the stream. "
            "After ProvisionedThroughputExceededException the same event has to be sent again."
        )
    if len(bodies) > len(events):
        raise WrongAnswer(
            f"{len(events)} events have become {len(bodies)} records. Send again only the event that was "
            "refused, not those before it."
        )
    if list(bodies) != list(events):
        order = ", ".join(str(body["event_id"]) for body in bodies)
        raise WrongAnswer(
            f"The events a, b, c are in the stream in the order {order}. Repeat the event that was "
            "refused before you send the next one."
        )


def _differing(body: object, events: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong with a record's data, compared with the event that is most like it."""
    if not isinstance(body, dict) or not events:
        return f"The data of a record is {_kind(body)}, not one of the events."
    fields = [
        sorted(key for key in {*body, *event} if body.get(key) != event.get(key))
        for event in events
    ]
    fewest = min(fields, key=lambda differing: len(differing))
    return f"A record differs from its event in {', '.join(fewest)}."


def _decoded(data: object) -> object:
    try:
        return json.loads(data if isinstance(data, bytes | bytearray | str) else b"")
    except ValueError as exc:
        if _is_base64(data):
            raise WrongAnswer(
                "The data of a record is base64. boto3 encodes it by itself on the way: give it "
                "json.dumps(event).encode()."
            ) from exc
        raise WrongAnswer(
            f"The data of a record is {_short(data)}. Encode the event as JSON: json.dumps(event).encode()."
        ) from exc


def _is_base64(data: object) -> bool:
    """Whether the data are JSON in base64."""
    try:
        json.loads(base64.b64decode(data if isinstance(data, bytes | str) else b""))
    except ValueError:
        return False
    return True


def _other_errors_pass(answer: Answer, bench: Bench, events: list[dict[str, Any]]) -> None:
    kinesis = bench.client("kinesis")
    bench.fault(kinesis, "PutRecord", lambda *_: REFUSED)
    try:
        answer(kinesis, STREAM, copy.deepcopy(events), bench.sleep)
    except WrongAnswer as exc:
        if _code(exc) == REFUSED[0]:
            return
        if not isinstance(exc.error, StopAnswer):
            raise
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
    if " at 0x" in repr(value):  # differs in every run
        return f"a {type(value).__name__}"
    return "nothing" if value is None else f"{value!r:.60}"


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"


def _code(exc: WrongAnswer) -> str:
    """The code of AWS's error that came out of the answer; "" for another error."""
    error = exc.error
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
