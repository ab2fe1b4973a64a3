"""The same random schedules of events and faults on both designs: how often, and how far, they drift.

python -m benchmarks.drift_of_both_designs --schedules 300
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace

from inventory_lab import FaultPlan, InventoryEvent
from inventory_lab.domain.events import encode_event
from tests.model import model_stock
from tests.schedules import Result, Schedule, run, schedule

UNDAMAGED = ("none", "second pipe")
"""Damage to the table is left out: nobody can rebuild what the simple design counted."""


def schedules(count: int, handler: str) -> Iterator[Schedule]:
    seed = 0
    while count:
        candidate = schedule(seed, handler)
        seed += 1
        if candidate.mishap in UNDAMAGED:
            count -= 1
            yield candidate


def calm(scenario: Schedule) -> Schedule:
    return replace(scenario, plan=FaultPlan(), mishap="none")


def lawful(scenario: Schedule) -> Schedule:
    """The schedule without events that have to be rejected or are repeated."""
    kept: list[InventoryEvent] = []
    for event in (event for part in scenario.parts for event in part):
        if isinstance(event, InventoryEvent):
            stored = [(e.product_id, encode_event(e)) for e in (*kept, event)]
            kept += [event] if model_stock(stored)[1]["applied"] == len(stored) else []
    plan = replace(scenario.plan, poison=0)
    return replace(scenario, parts=[kept[:9], kept[9:]], plan=plan, ordered=True)


def row(name: str, results: Iterable[Result]) -> str:
    results = list(results)
    drifted = [r for r in results if r.wrong_products]
    wrong = sum(r.wrong_products for r in results)
    pieces = sum(r.error for r in results)
    return (
        f"{name:<26} {len(results):>9} {len(drifted):>8} {len(drifted) / len(results):>6.0%} "
        f"{wrong:>15} {pieces / wrong if wrong else 0:>16.1f} {max(r.error for r in results):>8}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=100)
    count = parser.parse_args().schedules
    warnings.simplefilter("ignore")
    print(
        "design                     schedules  drifted  share  wrong products  pieces a product  at most"
    )
    simple = list(schedules(count, "per_record"))
    print(
        row("simple, lawful, no faults", (run(calm(lawful(scenario))) for scenario in simple)),
        flush=True,
    )
    print(row("simple, lawful events", (run(lawful(scenario)) for scenario in simple)), flush=True)
    print(row("simple, all events", (run(scenario) for scenario in simple)), flush=True)
    print(row("folding, all events", (run(scenario) for scenario in schedules(count, "fold"))))


if __name__ == "__main__":
    main()
