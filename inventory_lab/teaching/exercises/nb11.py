"""The exercises of notebook 11, Counts that can't drift."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer, StopAnswer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

Item = dict[str, Any]
Fact = dict[str, Any]
ONE, OTHER = "shardId-000000000001", "shardId-000000000002"
NINE, TEN = "9", "10"
"""Sequence numbers as text: the second is larger as a number only."""
LONG, NEXT = "4" + "9" * 54 + "7", "4" + "9" * 54 + "8"
"""Numbers as long as those of Kinesis: as floats they are equal."""
LOST_RACES = 6


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
    _remembers(after)
    if after.get("note") != item["note"]:
        raise WrongAnswer(
            "The item loses attributes that have nothing to do with the record: keep them."
        )
    if after.get("version") != item["version"]:
        raise WrongAnswer("It changes `version`, which has nothing to do with the record: keep it.")
    if (delivered := _after(answer, item, _fact(NINE, "c", 30)).get("quantity")) != 50:
        raise WrongAnswer(
            f"20 pieces and a delivery of 30: the quantity is {_short(delivered)}, expected 50. Add the change, whatever "
            "its sign."
        )
    _recognises_what_comes_again(answer, after)
    _tells_new_from_old(answer)
    _remembers_no_absent_identity(answer)


def _remembers(item: Item) -> None:
    if not isinstance(item.get("memory"), list):
        raise WrongAnswer(
            f"`memory` becomes a {type(item.get('memory')).__name__}: keep it a list."
        )
    if sorted(item["memory"], key=str) != ["a", "b"]:
        raise WrongAnswer(
            "The event_id of a new record has to be in `memory`, once, beside those before it."
        )


def _recognises_what_comes_again(answer: Answer, item: Item) -> None:
    """The record of a minute ago, an older one, one without an identity, and a fact stored twice."""
    for number, event_id in ((NINE, "b"), ("7", "never seen"), (NINE, None), ("7", "a")):
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
    if after.get("memory") != item["memory"]:
        raise WrongAnswer(
            "A fact that is in `memory` already changes `memory`: it would grow with every repetition."
        )


def _tells_new_from_old(answer: Answer) -> None:
    """Numbers that look smaller as text, and a shard that the item has not met."""
    item = _item(20, {ONE: NINE}, [])
    if _after(answer, item, _fact(TEN, "b", -5)).get("quantity") != 15:
        raise WrongAnswer(
            "After record 9, record 10 is taken for an old one. Sequence numbers come as text: compare them as integers."
        )
    if _after(answer, _item(20, {ONE: LONG}, []), _fact(NEXT, "b", -5)).get("quantity") != 15:
        raise WrongAnswer(
            "Two numbers of 56 digits that differ in the last digit are taken for the same. A float keeps about 16 "
            "digits: compare them as integers."
        )
    try:
        after = _after(answer, item, _fact("3", "c", -5, OTHER))
    except WrongAnswer as exc:
        if not isinstance(exc.error, KeyError):
            raise
        raise WrongAnswer(
            f"{exc}. The item has moved to a shard that has no watermark yet: none of its records came before.",
            exc.error,
        ) from exc
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
    if item.get("quantity") == 20:
        raise WrongAnswer(
            "Sales without an event_id (None) are not counted. Old tills send none: each of their records counts."
        )
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
    marks = item.get("watermarks")
    if isinstance(marks, dict) and any(not isinstance(mark, str) for mark in marks.values()):
        raise WrongAnswer(
            "A watermark is not a text. Keep the number as it came: it has more digits than DynamoDB stores of a number."
        )
    if marks != expected:
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
    facts = [_fact("1", "a", 20), _fact("2", "b", -5)]
    _stores(answer, table, facts, "that is not in the table yet")
    if bench.made("UpdateItem") and not bench.made("PutItem"):
        raise WrongAnswer("It writes with update_item: write the whole item with table.put_item.")
    _writes_once(bench)
    _stored_is(bench, name, 15, 1, "A new product with two records")
    _stores(answer, table, [_fact("3", "c", -1)], "that is in the table")
    _stored_is(bench, name, 14, 2, "A record of a product that exists")
    _writes_nothing_new(answer, bench, name)
    _writes_every_change(answer, bench, name)
    _wins_a_race(answer, bench, name, "Fan", 13)
    _wins_a_race(answer, bench, name, "Pan", 0)
    _finds_its_work_done(answer, bench, name)
    _compares_the_version(answer, bench, name)
    _other_error_passes(answer, bench, name)


def _processed(item: Item, fact: Fact) -> Item:
    """What `process` does, as far as `commit` has to know."""
    if int(fact["number"]) <= int(item["watermarks"].get(fact["shard"], -1)):
        return item
    marks = item["watermarks"] | {fact["shard"]: fact["number"]}
    if fact["event_id"] is not None and fact["event_id"] in item["memory"]:
        return item | {"watermarks": marks}
    quantity, memory = item["quantity"] + fact["change"], [*item["memory"], fact["event_id"]]
    return item | {"watermarks": marks, "quantity": quantity, "memory": memory}


def _stores(answer: Answer, table: Any, facts: list[Fact], which: str) -> None:
    try:
        answer(table, "Fan", facts, _processed)
    except WrongAnswer as exc:
        if isinstance(exc.error, KeyError) and exc.error.args == ("Item",):
            raise WrongAnswer(
                f"{exc}. The answer has no Item for a product that nobody has written: `new` is its item.",
                exc.error,
            ) from exc
        if not isinstance(exc.error, StopAnswer):
            raise
        raise WrongAnswer(
            f"The write of a product {which} is refused again and again, although nobody else writes. Does the "
            "condition hold for it? :read is the version that was read.",
            exc.error,
        ) from exc


def _writes_once(bench: Bench) -> None:
    if not bench.made("GetItem"):
        raise WrongAnswer("It does not read the item: call table.get_item.")
    if not all(call.parameters.get("ConsistentRead") for call in bench.made("GetItem")):
        raise WrongAnswer(
            "The read is eventually consistent, so it may give an item that is already old: ask for ConsistentRead=True."
        )
    if len(bench.made("PutItem")) > 1:
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


def _writes_every_change(answer: Answer, bench: Bench, name: str) -> None:
    """A batch whose first record came before, and a batch that moves nothing but the watermark."""
    table = _table(bench, name)
    answer(table, "Fan", [_fact("3", "c", -1), _fact("4", "d", -1)], _processed)
    if _stock(bench, name, "Fan") != 13:
        raise WrongAnswer(
            "Of two records the first came before, and the second is not counted. Process all records, then compare."
        )
    version = _version(bench, name, "Fan")
    answer(table, "Fan", [_fact("5", "d", -1)], _processed)
    if _version(bench, name, "Fan") == version:
        raise WrongAnswer(
            "A fact that is stored a second time moves only the watermark, and that change is not written. Compare the "
            "whole item with the one that was read."
        )


def _finds_its_work_done(answer: Answer, bench: Bench, name: str) -> None:
    """Before the answer writes, another execution has processed the same batch."""
    table, others = _table(bench, name), bench.lab.session("root").resource("dynamodb").Table(name)
    fact = _fact("7", "e", -1)

    def faster(_: object, calls_before: int) -> None:
        if not calls_before:
            item = _processed(others.get_item(Key={"product_id": "Fan"})["Item"], fact)
            others.put_item(Item=item | {"version": item["version"] + 1})

    bench.fault(table.meta.client, "PutItem", faster)
    version = _version(bench, name, "Fan")
    answer(table, "Fan", [fact], _processed)
    if _version(bench, name, "Fan") != version + 1:
        raise WrongAnswer(
            "Another execution processed the same batch before the write, and the item is written once more. After a "
            "refused write, too, write nothing when `process` changed nothing."
        )


def _wins_a_race(answer: Answer, bench: Bench, name: str, product: str, stock: int) -> None:
    """Some times in a row somebody else writes the item between the answer's read and its write."""
    table, others = _table(bench, name), bench.lab.session("root").resource("dynamodb").Table(name)

    def faster(_: object, calls_before: int) -> None:
        if calls_before < LOST_RACES:
            item = others.get_item(Key={"product_id": product}).get("Item") or _item(0, {}, [])
            item = _processed(
                item | {"product_id": product}, _fact("1", None, 30, f"{OTHER}{calls_before}")
            )
            others.put_item(Item=item | {"version": item["version"] + 1})

    bench.fault(table.meta.client, "PutItem", faster)
    version, puts = _version(bench, name, product), len(bench.made("PutItem"))
    try:
        answer(table, product, [_fact("6", "race", -2)], _processed)
    except WrongAnswer as exc:
        raise _lost(exc, len(bench.made("PutItem")) - puts) from exc
    tries = len(bench.made("PutItem")) - puts
    _counts_both(_stock(bench, name, product), stock, tries)
    if _version(bench, name, product) != version + LOST_RACES + 1:
        raise WrongAnswer(
            f"After {LOST_RACES} lost races the item is in version {_version(bench, name, product)}, expected "
            f"{version + LOST_RACES + 1}."
        )


def _compares_the_version(answer: Answer, bench: Bench, name: str) -> None:
    """Between read and write somebody else changes the version, and nothing that `process` has made: it
    goes up by two, and then down, as for a product that was deleted and added again.
    """
    for number, step, what in (
        ("8", 2, "wrote the item twice after it was read"),
        ("9", -3, "wrote the item after it was read, with a lower version (it was deleted and added again)"),
    ):  # fmt: skip
        table = _table(bench, name)
        bench.fault(table.meta.client, "PutItem", _noted(bench, name, number, step))
        answer(table, "Fan", [_fact(number, f"after-{number}", -1)], _processed)
        if _note(bench, name) != number:
            raise WrongAnswer(
                f"Somebody else {what}, and what they wrote is overwritten. The condition must fail whenever the version "
                "is not exactly the one that was read, also when all else is the same."
            )


def _noted(bench: Bench, name: str, note: str, step: int) -> Callable[[object, int], None]:
    """A fault that is none: before the first write somebody else writes a note and another version."""
    others = bench.lab.session("root").resource("dynamodb").Table(name)

    def faster(_: object, calls_before: int) -> None:
        if not calls_before:
            item = others.get_item(Key={"product_id": "Fan"})["Item"]
            others.put_item(Item=item | {"note": note, "version": item["version"] + step})

    return faster


def _note(bench: Bench, name: str) -> str:
    answer = bench.raw("dynamodb").get_item(TableName=name, Key={"product_id": {"S": "Fan"}})
    return str(answer["Item"].get("note", {}).get("S", ""))


def _lost(exc: WrongAnswer, tries: int) -> WrongAnswer:
    """What to say of an answer that ended in a race with this error, after so many writes."""
    if isinstance(exc.error, StopAnswer):
        return WrongAnswer(
            "Somebody else wrote the item after it was read, and now every further write is refused: it does not come "
            "to an end. Begin again with the read, and write with the version that was read then.",
            exc.error,
        )
    if "ConditionalCheckFailed" not in str(exc):
        return exc
    if tries > 1:
        return WrongAnswer(
            f"Somebody else wrote the item again and again, and refused write number {tries} ends the function. Begin "
            "again with the read after each of them.",
            exc.error,
        )
    return WrongAnswer(
        "Somebody else wrote the item after it was read, and the refused write ends the function. Catch "
        "ConditionalCheckFailedException, read again and process again.",
        exc.error,
    )


def _counts_both(quantity: int, stock: int, tries: int) -> None:
    """Raise WrongAnswer unless the item has the answer's sale of 2 and each 30 of the others."""
    if quantity == stock + 30 * LOST_RACES - 2:
        return
    if (quantity - stock) % 30 == 0:
        how_often = f" {tries} times" if tries > 1 else ""
        raise WrongAnswer(
            f"The write was refused{how_often}, and the records are not counted. Read the item again, process the "
            "records again on it, and write; until it succeeds."
        )
    if tries > 1:
        raise WrongAnswer(
            "After a refused write it writes what it had calculated from an old item, and what others counted is "
            "overwritten. Read again and process the records again on that item."
        )
    raise WrongAnswer(
        "Somebody else wrote the item after it was read, and what they counted is overwritten. Write on the condition "
        "that the version is still the one that was read; a new item must not exist yet."
    )


def _other_error_passes(answer: Answer, bench: Bench, name: str) -> None:
    table = _table(bench, name)
    bench.fault(table.meta.client, "PutItem", lambda *_: THROTTLED)
    try:
        answer(table, "Fan", [_fact("91", "z", -1)], _processed)
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


def _stock(bench: Bench, name: str, product: str) -> int:
    answer = bench.raw("dynamodb").get_item(TableName=name, Key={"product_id": {"S": product}})
    return int(answer["Item"]["quantity"]["N"])


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
