"""Seconds an event from publishing to the table: batches folded against one write a record.

Both ways run on the same embedded AWS, in turns in this process, so that other programs on the machine
slow both; the medians of the rounds are compared:
- folded: PutRecords, the pipe at BatchSize 1,000 and at 10,000, one conditional write a product and batch;
- per record: one PutRecord an event, the pipe at BatchSize 1,000, one UpdateItem a record (`per_record.py`).

    python benchmarks/folded_against_per_record.py [--events 20000] [--products 200] [--seed 7] [--rounds 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

from inventory_lab import InventoryEvent, Lab, Settings, connect, simulate
from inventory_lab.domain.events import encode_event
from inventory_lab.producer.publisher import Receipt

BATCH_SIZES = (1_000, 10_000)
"""What a pipe has here unless it is set, and the most that a pipe may have."""


def main() -> None:
    """Print the rates of both ways, and how much faster folded batches are."""
    arguments = _arguments()
    events = list(simulate(arguments.events, arguments.products, arguments.seed))
    few = events[: min(len(events), arguments.per_record_events)]
    one_by_one = Settings(handler="per_record")
    folding = [Settings(handler="fold", batch_size=size) for size in BATCH_SIZES]
    per_record: list[float] = []
    folded: list[list[float]] = [[] for _ in folding]
    for _ in range(arguments.rounds):
        per_record.append(_seconds_an_event(one_by_one, few, _one_by_one))
        for settings, rounds in zip(folding, folded, strict=True):
            rounds.append(_seconds_an_event(settings, events, Lab.publish))
    print(f"{'way':<12}{'batch size':>12}{'events':>8}{'events/s':>10}{'times':>7}")
    _print("per record", one_by_one, len(few), per_record, per_record)
    for settings, rounds in zip(folding, folded, strict=True):
        _print("folded", settings, len(events), rounds, per_record)


def _print(
    way: str, settings: Settings, events: int, rounds: list[float], per_record: list[float]
) -> None:
    rate, times = 1 / median(rounds), median(per_record) / median(rounds)
    print(f"{way:<12}{settings.batch_size:>12}{events:>8}{rate:>10.0f}{times:>7.1f}")


def _seconds_an_event(
    settings: Settings,
    events: list[InventoryEvent],
    publish: Callable[[Lab, list[InventoryEvent]], Receipt],
) -> float:
    with connect(settings=settings) as lab:
        lab.build()
        lab.settle(publish(lab, events[:1]))  # the cold start is not the question
        start = time.perf_counter()
        if not lab.settle(publish(lab, events[1:])):
            raise SystemExit(f"{settings.handler}: not all records were passed")
        return (time.perf_counter() - start) / (len(events) - 1)


def _one_by_one(lab: Lab, events: list[InventoryEvent]) -> Receipt:
    kinesis, receipt = lab.session("producer").client("kinesis"), Receipt()
    for event in events:
        answer = kinesis.put_record(
            StreamName=lab.settings.name("stream"),
            PartitionKey=event.product_id,
            Data=encode_event(event),
        )
        number = int(answer["SequenceNumber"])
        receipt.positions.setdefault(event.product_id, {})[answer["ShardId"]] = number
        receipt.published += 1
    return receipt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--products", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--per-record-events", type=int, default=4_000, help="how many of them go record by record"
    )
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
