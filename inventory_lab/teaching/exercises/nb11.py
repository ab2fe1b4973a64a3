"""The exercises of notebook 11, Counts that can't drift."""

from __future__ import annotations

import copy
from typing import Any

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

Item = dict[str, Any]
Fact = dict[str, Any]
ONE, OTHER = "shardId-000000000001", "shardId-000000000002"
NINE, TEN = "9", "10"
"""Sequence numbers as text: the second is larger as a number only."""


@checks("11/process", "process a record once, however often it comes")
def process(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """New records, redelivered ones, another shard, a repeated fact, facts without an identity."""
    item = _item(20, {ONE: "7"}, ["a"], version=3, note="from the supplier")
    after = _after(answer, item, _fact(NINE, "b", -5))
    if after.get("quantity") != 15:
        raise WrongAnswer(
            f"20 pieces and a new sale of 5: the quantity is {_short(after.get('quantity'))}, expected 15."
        )
    _marks(after, {ONE: NINE}, "A new record")
    if after.get("memory") != ["a", "b"]:
        raise WrongAnswer(
            "The event_id of a new record has to be in `memory`, behind those before it."
        )
    if (after.get("version"), after.get("note")) != (3, "from the supplier"):
        raise WrongAnswer(
            "The item loses attributes that have nothing to do with the record: keep them."
        )
    _recognises_what_comes_again(answer, after)
    _tells_new_from_old(answer)
    _remembers_no_absent_identity(answer)


def _recognises_what_comes_again(answer: Answer, item: Item) -> None:
    """The record of a minute ago, an older one, one without an identity, and a fact stored twice."""
    for number, event_id in ((NINE, "b"), ("7", "never seen"), (NINE, None)):
        after = _after(answer, item, _fact(number, event_id, -5))
        if after.get("quantity") != item["quantity"]:
            raise WrongAnswer(
                "A record whose number is not above the watermark of its shard came before, and it is counted again. "
                "It makes no difference whether it has an event_id."
            )
        if after != item:
            raise WrongAnswer(
                "A redelivered record changes the item: give the item back as it was."
            )
    after = _after(answer, item, _fact("95", "b", -5))
    if after.get("quantity") != item["quantity"]:
        raise WrongAnswer(
            "A fact that is stored as a second record, with a new number, is counted again. Its event_id is in `memory`."
        )
    _marks(after, {ONE: "95"}, "A fact that is stored as a second record")


def _tells_new_from_old(answer: Answer) -> None:
    """Numbers that look smaller as text, and a shard that the item has not met."""
    item = _item(20, {ONE: NINE}, [])
    if _after(answer, item, _fact(TEN, "b", -5)).get("quantity") != 15:
        raise WrongAnswer(
            "After record 9, record 10 is taken for an old one. Sequence numbers come as text: compare them as integers."
        )
    after = _after(answer, item, _fact("3", "c", -5, OTHER))
    if after.get("quantity") != 15:
        raise WrongAnswer(
            "A record of another shard is taken for an old one. Each shard has its own watermark; the item has moved to a "
            "shard that it does not know yet."
        )
    _marks(after, {ONE: NINE, OTHER: "3"}, "A record of another shard")


def _remembers_no_absent_identity(answer: Answer) -> None:
    item = _item(20, {}, [])
    for number in ("1", "2"):
        item = _after(answer, item, _fact(number, None, -5))
    if item.get("quantity") != 10:
        raise WrongAnswer(
            "Two sales without an event_id (None) are two sales, and one is taken for a repetition. None is not an identity."
        )
    if item.get("memory") != []:
        raise WrongAnswer("None is in `memory`. Remember identities alone.")


def _after(answer: Answer, item: Item, fact: Fact) -> Item:
    """The item that the answer gives back. Raises WrongAnswer when it changes the one that it was given."""
    given = copy.deepcopy(item)
    returned = answer(given, copy.deepcopy(fact))
    if not isinstance(returned, dict):
        raise WrongAnswer(f"It returns {_short(returned)}: return the item after the record.")
    if given != item:
        raise WrongAnswer(
            "It changes the item that it was given. Make a new one, item | {…}, so that before and after can be compared. "
            "A dictionary or list inside needs a new one, too."
        )
    return returned


def _marks(item: Item, expected: dict[str, str], case: str) -> None:
    if item.get("watermarks") != expected:
        raise WrongAnswer(
            f"{case} leaves watermarks that are not the number of the record for its shard, with the other shards as they "
            "were. Every record that is processed advances the watermark."
        )


def _item(
    quantity: int, watermarks: dict[str, str], memory: list[str], version: int = 0, **more: Any
) -> Item:
    state = {"quantity": quantity, "watermarks": watermarks, "memory": memory}
    return {"product_id": "Fan", **state, "version": version, **more}


def _fact(number: str, event_id: str | None, change: int, shard: str = ONE) -> Fact:
    return {"shard": shard, "number": number, "event_id": event_id, "change": change}


THROTTLED = ("ThrottlingException", "Rate of requests exceeds the allowed throughput.")


@checks("11/commit", "write a product once, and lose no race", build=True)
def commit(answer: Answer, bench: Bench) -> None:
    """A new product, a known one, nothing new, races over both, and another error."""
    name = bench.table("inventory")
    table = _table(bench, name)
    answer(table, "Fan", [_fact("1", "a", 20), _fact("2", "b", -5)], _processed)
    _stored_is(bench, name, 15, 1, "A new product with two records")
    answer(table, "Fan", [_fact("3", "c", -1)], _processed)
    _stored_is(bench, name, 14, 2, "A record of a product that exists")
    _writes_once(bench)
    _writes_nothing_new(answer, bench, name)
    _wins_a_race(answer, bench, name, "Fan", 14)
    _wins_a_race(answer, bench, name, "Pan", 0)
    _other_error_passes(answer, bench, name)


def _processed(item: Item, fact: Fact) -> Item:
    """What `process` does, as far as `commit` has to know."""
    if int(fact["number"]) <= int(item["watermarks"].get(fact["shard"], -1)):
        return item
    marks = item["watermarks"] | {fact["shard"]: fact["number"]}
    quantity, memory = item["quantity"] + fact["change"], [*item["memory"], fact["event_id"]]
    return item | {"watermarks": marks, "quantity": quantity, "memory": memory}


def _writes_once(bench: Bench) -> None:
    if not bench.made("GetItem"):
        raise WrongAnswer("It does not read the item: call table.get_item.")
    if not all(call.parameters.get("ConsistentRead") for call in bench.made("GetItem")):
        raise WrongAnswer(
            "The read is eventually consistent, so it may give an item that is already old: ask for ConsistentRead=True."
        )
    if len(bench.made("PutItem")) > 2:
        raise WrongAnswer(
            "It writes the item for each record. Process all records first, and write once: between two writes the "
            "function may die."
        )


def _writes_nothing_new(answer: Answer, bench: Bench, name: str) -> None:
    before = len(bench.made("PutItem"))
    answer(_table(bench, name), "Fan", [_fact("2", "b", -5), _fact("3", "c", -1)], _processed)
    if len(bench.made("PutItem")) > before:
        raise WrongAnswer(
            "All records came before, and it writes the item all the same. When `process` changed nothing, write nothing: "
            "DynamoDB charges every write."
        )
    _stored_is(bench, name, 14, 2, "A batch that came before")


def _wins_a_race(answer: Answer, bench: Bench, name: str, product: str, stock: int) -> None:
    """Twice in a row somebody else writes the item between the answer's read and its write."""
    table, others = _table(bench, name), bench.lab.session("root").resource("dynamodb").Table(name)

    def faster(_: object, calls_before: int) -> None:
        if calls_before < 2:
            item = others.get_item(Key={"product_id": product}).get("Item") or _item(0, {}, [])
            item = _processed(
                item | {"product_id": product}, _fact("1", None, 30, f"{OTHER}{calls_before}")
            )
            others.put_item(Item=item | {"version": item["version"] + 1})

    bench.fault(table.meta.client, "PutItem", faster)
    version = _version(bench, name, product)
    try:
        answer(table, product, [_fact("4", "d", -2)], _processed)
    except WrongAnswer as exc:
        if "ConditionalCheckFailed" not in str(exc):
            raise
        raise WrongAnswer(
            "Somebody else wrote the item after it was read, and the refused write ends the function. Catch "
            "ConditionalCheckFailedException, read again and process again."
        ) from exc
    item = bench.raw("dynamodb").get_item(TableName=name, Key={"product_id": {"S": product}})[
        "Item"
    ]
    quantity = int(item["quantity"]["N"])
    if quantity == stock - 2:
        raise WrongAnswer(
            "Somebody else wrote the item after it was read, and what they counted is overwritten. Write on the condition "
            "that the version is still the one that was read; a new item must not exist yet."
        )
    if quantity in (stock + 30, stock + 60):
        raise WrongAnswer(
            "The write was refused, and the records are not counted. Read the item again, process the records again on "
            "it, and write; until it succeeds."
        )
    if (quantity, _version(bench, name, product)) != (stock + 58, version + 3):
        raise WrongAnswer(
            f"After two lost races the item has {quantity} pieces, expected {stock + 58}, in version "
            f"{_version(bench, name, product)}, expected {version + 3}."
        )


def _other_error_passes(answer: Answer, bench: Bench, name: str) -> None:
    table = _table(bench, name)
    bench.fault(table.meta.client, "PutItem", lambda *_: THROTTLED)
    try:
        answer(table, "Fan", [_fact("9", "z", -1)], _processed)
    except WrongAnswer as exc:
        if THROTTLED[0] in str(exc):
            return
        raise WrongAnswer(_hidden()) from exc
    raise WrongAnswer(_hidden())


def _hidden() -> str:
    return (
        "When AWS answers ThrottlingException, your function hides it. Let it out: the batch is then delivered again. "
        "Catch ConditionalCheckFailedException alone."
    )


def _stored_is(bench: Bench, name: str, quantity: int, version: int, case: str) -> None:
    answer = bench.raw("dynamodb").get_item(TableName=name, Key={"product_id": {"S": "Fan"}})
    if "Item" not in answer:
        raise WrongAnswer(f"{case}: nothing is in the table. Write the item with table.put_item.")
    stored = answer["Item"]
    if int(stored["quantity"]["N"]) != quantity:
        raise WrongAnswer(
            f"{case}: {stored['quantity']['N']} pieces are stored, expected {quantity}. `process` gives a new item, which is "
            "the one for the next record."
        )
    if _version(bench, name, "Fan") != version:
        raise WrongAnswer(
            f"{case}: the item has version {_version(bench, name, 'Fan')}, expected {version}. Each write makes it one more."
        )


def _version(bench: Bench, name: str, product: str) -> int:
    answer = bench.raw("dynamodb").get_item(TableName=name, Key={"product_id": {"S": product}})
    return int(answer.get("Item", {}).get("version", {"N": "0"}).get("N", 0))


def _table(bench: Bench, name: str) -> Any:
    """The table as boto3's resource has it, with its calls listed; each has faults of its own."""
    table = bench.lab.session("root").resource("dynamodb").Table(name)
    bench.watched(table.meta.client)
    return table


def _short(value: object) -> str:
    return "nothing" if value is None else f"{value!r:.60}"
