"""Does a stream that holds many records slow down the next ones?

Publishes events and settles them, 5,000 of them behind 10,000 records in the stream and 5,000 behind
100,000, in turns in this process; the quickest round of each counts. A ratio of 1 means that it
makes no difference.

    python benchmarks/behind_many_records.py [--events 5000] [--few 10000] [--many 100000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import gc
import time

from inventory_lab import InventoryEvent, connect, simulate


def main() -> None:
    """Print both rates and their ratio."""
    arguments = _arguments()
    total = arguments.many + arguments.events
    events = list(simulate(total, arguments.products, arguments.seed))
    seconds: dict[int, list[float]] = {arguments.few: [], arguments.many: []}
    for _ in range(arguments.rounds):
        for before, measured in seconds.items():
            measured.append(_seconds(events[: before + arguments.events], before))
    rates = {before: arguments.events / min(measured) for before, measured in seconds.items()}
    print(f"{'records before':<16}{'events':>8}{'events/s':>10}")
    for before, rate in rates.items():
        print(f"{before:<16}{arguments.events:>8}{rate:>10.0f}")
    print(f"behind {arguments.many} records it runs at {_ratio(rates):.2f} times the speed")


def _seconds(events: list[InventoryEvent], before: int) -> float:
    with connect() as lab:
        lab.build()
        if not lab.settle(lab.publish(events[:before]), timeout=10_000):
            raise SystemExit("not all records were passed")
        gc.collect()
        start = time.perf_counter()
        if not lab.settle(lab.publish(events[before:])):
            raise SystemExit("not all records were passed")
        return time.perf_counter() - start


def _ratio(rates: dict[int, float]) -> float:
    few, many = rates.values()
    return many / few


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=5_000)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--products", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
