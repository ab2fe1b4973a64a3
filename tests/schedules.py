"""Schedules: random events, faults, cuts, reshards and mishaps in a random order, each from one seed.

After each the pipeline is left to come to rest, and then it must account for everything.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from inventory_lab import (
    FaultPlan,
    InventoryEvent,
    Lab,
    ProductAdded,
    ProductRemoved,
    QuantityChanged,
    RawRecord,
    Settings,
    connect,
)
from inventory_lab.domain.inventory import Thresholds, crossing
from inventory_lab.embedded_aws.faults import FAULTS
from inventory_lab.exceptions import PublishFailed
from inventory_lab.observe import queues, reports, stream
from inventory_lab.observe.reconcile import UNEVEN, UNREPORTED, Reconciliation
from inventory_lab.producer.publisher import Receipt
from inventory_lab.resources import pipe
from tests.model import model_stock

AT = "2026-01-05T09:00:00Z"
POISON = [b"{", b"\xff", b"[]", b'{"quantity": NaN}', b'{"schema_version": 9}']
MISHAPS = ("none", "none", "none", "none", "broken item", "lost item", "lost table", "second pipe")
ROUNDS_TO_REST = 60
REDRIVES = 8


@dataclass(frozen=True)
class Schedule:
    """What a seed stands for."""

    seed: int
    settings: Settings
    plan: FaultPlan
    parts: list[list[InventoryEvent | RawRecord]]
    ordered: bool
    mishap: str


@dataclass
class Result:
    """How a schedule ended; `problems` is empty when all of it holds."""

    seed: int
    struck: int = 0
    problems: list[str] = field(default_factory=list)
    wrong_products: int = 0
    error: int = 0


def schedule(
    seed: int, handler: str = "fold", most_events: int = 50, reader: str = "pipe"
) -> Schedule:
    """The schedule of a seed; with another `most_events` it is another one. `reader` is what brings the
    records to the function: a pipe, an event source mapping or both.
    """
    chance = random.Random(seed)
    mishap = chance.choice(MISHAPS)
    settings = Settings(
        handler=handler,
        reader=reader,
        batch_size=chance.choice([1, 2, 3, 7, 20, 1000]),
        batch_window_seconds=chance.choice([0, 1, 3]),
        retries=-1 if mishap == "second pipe" else chance.choice([1, 2, 5, 5, 20]),
        high_stock=60,
        low_stock=10,
    )
    likely = {name: chance.choice([0, 0, 0.05, 0.2, 0.5]) for name in FAULTS}
    for rare in ("reshard", "poison"):
        likely[rare] = min(likely[rare], 0.1)
    plan = FaultPlan(seed=seed, at_most=chance.choice([2, 5, 20]), **likely)
    events = list(_events(chance, chance.randint(most_events // 5, most_events)))
    cut = sorted(chance.sample(range(len(events)), min(len(events), chance.randint(1, 4))))
    parts = [events[i:j] for i, j in zip([0, *cut], [*cut, len(events)], strict=True)]
    return Schedule(seed, settings, plan, parts, chance.random() < 0.5, mishap)


def _events(chance: random.Random, count: int) -> Iterator[InventoryEvent | RawRecord]:
    """Facts about few products, some of them repeated, some impossible, some no events at all."""
    products = [f"p{n}" for n in range(chance.randint(1, 4))]
    past: list[InventoryEvent] = [
        ProductAdded(p, chance.randint(0, 70), event_id=f"add-{p}", occurred_at=AT)
        for p in products
    ]
    yield from past
    for number in range(count):
        kind, product = chance.random(), chance.choice(products)
        identity = {"event_id": f"e{number}", "occurred_at": AT}
        if kind < 0.04:
            yield RawRecord(product, chance.choice(POISON))
            continue
        if kind < 0.14:
            yield chance.choice(past)
            continue
        if kind < 0.2:
            event: InventoryEvent = ProductRemoved(product, **identity)
        elif kind < 0.32:
            event = ProductAdded(product, chance.randint(0, 90), **identity)
        else:
            delta = chance.choice([-40, -9, -3, -1, 1, 5, 40])
            event = QuantityChanged(product, delta, **identity)
        past.append(event)
        yield event


def run(scenario: Schedule) -> Result:
    """Play a schedule in a lab of its own and look at what is left."""
    result = Result(scenario.seed)
    with connect(settings=scenario.settings) as lab:
        lab.build()
        receipts = _play(lab, scenario, result)
        if scenario.mishap == "broken item" and handler_is_exact(scenario):
            lab.rebuild()  # until then its records are tried again and again
        _come_to_rest(lab, receipts, result)
        if handler_is_exact(scenario):
            _mend_and_redrive(lab, scenario, result)
        reconciliation = lab.reconcile()
        _measure(reconciliation.drift, result)
        if handler_is_exact(scenario):
            _evaluator(lab, scenario, reconciliation, result)
    return result


def handler_is_exact(scenario: Schedule) -> bool:
    """Whether the schedule runs the folding handler."""
    return scenario.settings.handler == "fold"


def _play(lab: Lab, scenario: Schedule, result: Result) -> list[Receipt]:
    chance, receipts = random.Random(scenario.seed + 1), []
    if scenario.mishap == "second pipe":
        second_pipe(lab)
    with lab.faults(scenario.plan):
        for number, part in enumerate(scenario.parts):
            receipts += _publish(lab, part, scenario.ordered)
            for _ in range(chance.randint(0, 4)):
                result.struck += len(lab.pump().faults)
            if number == len(scenario.parts) // 2:
                mishap(lab, scenario.mishap, chance)
            may_mend = scenario.mishap in ("lost item", "broken item") and handler_is_exact(
                scenario
            )
            if may_mend and chance.random() < 0.5:
                lab.rebuild()
    return receipts


def _publish(lab: Lab, events: list[Any], ordered: bool) -> list[Receipt]:
    """Publish all, again and again what a fault kept from being stored."""
    receipts = []
    while events:
        try:
            receipts.append(lab.publish(events, ordered))
            events = []
        except PublishFailed as exc:
            receipts.append(exc.receipt)
            events = exc.unsent
    return receipts


def mishap(lab: Lab, kind: str, chance: random.Random) -> None:
    """Somebody damages the table."""
    dynamodb = lab.session("root").client("dynamodb")
    keys = [i["product_id"] for i in dynamodb.scan(TableName="inventory")["Items"]]
    if kind == "lost table":
        for key in keys:
            dynamodb.delete_item(TableName="inventory", Key={"product_id": key})
    elif kind == "lost item" and keys:
        dynamodb.delete_item(TableName="inventory", Key={"product_id": chance.choice(keys)})
    elif kind == "broken item" and keys:
        dynamodb.update_item(
            TableName="inventory",
            Key={"product_id": chance.choice(keys)},
            UpdateExpression="SET quantity = :half",
            ExpressionAttributeValues={":half": {"N": "2.5"}},
        )


def second_pipe(lab: Lab) -> None:
    """A pipe that carries the same stream to the same function once more; where there was none, the
    lab's.
    """
    pipes = lab.session("root").client("pipes")
    if not lab.settings.has_pipe:
        pipe.ensure(lab.account, lab.clock.advance)
        return
    first = pipes.describe_pipe(Name="inventory-pipe")
    trust = lab.session("root").client("iam").get_role(RoleName="inventory-pipe-role")["Role"]
    document = json.dumps(trust["AssumeRolePolicyDocument"]).replace(
        "pipe/inventory-pipe", "pipe/*"
    )
    lab.session("root").client("iam").update_assume_role_policy(
        RoleName="inventory-pipe-role", PolicyDocument=document
    )
    pipes.create_pipe(
        Name="second-pipe",
        **{k: first[k] for k in ("Source", "Target", "RoleArn", "SourceParameters")},
    )


def _come_to_rest(lab: Lab, receipts: list[Receipt], result: Result) -> None:
    """Let what is under way arrive, with no faults any more."""
    for receipt in receipts:
        if not lab.settle(receipt):
            result.problems.append("not settled")
    for _ in range(ROUNDS_TO_REST):
        if not lab.pump().invocations:
            return
    result.problems.append("never at rest")


def _mend_and_redrive(lab: Lab, scenario: Schedule, result: Result) -> None:
    if scenario.mishap in ("broken item", "lost item", "lost table"):
        lab.rebuild()
    for _ in range(REDRIVES):
        failed_records = lab.dead_letters()
        if not len(failed_records):
            return
        lab.redrive(failed_records)
    result.problems.append("dead letters stay")


def _evaluator(
    lab: Lab, scenario: Schedule, reconciliation: Reconciliation, result: Result
) -> None:
    forgotten = scenario.mishap in ("lost item", "lost table")  # what came again was counted again
    uneven = (UNEVEN, UNREPORTED)
    result.problems += [
        p for p in reconciliation.problems if not (forgotten and p.startswith(uneven))
    ]
    if len(reconciliation.drift):
        result.problems.append(reconciliation.drift.to_string())
    quantities = lab.inventory()["quantity"]
    if (quantities < 0).any():
        result.problems.append("negative stock")
    if reports.read(lab.account).late or reconciliation.dead_letters:
        return  # the order in which records were processed is not that of the stream
    stored = [
        r
        for r in stream.records(lab.account)
        if r.data not in POISON and "poison" not in r.partition_key
    ]
    expected, _ = model_stock([(r.partition_key, r.data) for r in stored])
    if quantities.to_dict() != expected:
        result.problems.append(f"the model has {expected}, the table {quantities.to_dict()}")
    if scenario.mishap in ("none", "second pipe"):
        alerted = {row["deduplication_id"] for row in queues.alerts(lab.account)}
        missing = set(_crossings(stored, scenario.settings)) - alerted
        result.problems += [f"no alert of {where}" for where in sorted(missing)]


def _crossings(stored: list[Any], settings: Settings) -> Iterator[str]:
    """Where the model's stock crosses a threshold, as an alert's deduplication id."""
    limits = Thresholds(settings.high_stock, settings.low_stock)
    for at, record in enumerate(stored):
        key = record.partition_key
        before, after = (
            model_stock([(r.partition_key, r.data) for r in stored[:end] if r.partition_key == key])[0]
            for end in (at, at + 1)
        )  # fmt: skip
        if key in after and crossing(before.get(key, 0), after[key], limits):
            yield f"{key}/{record.shard_id}/{record.sequence_number}"


def _measure(drift: Any, result: Result) -> None:
    result.wrong_products = len(drift)
    if len(drift):
        result.error = int((drift["expected_quantity"] - drift["table_quantity"]).abs().sum())
