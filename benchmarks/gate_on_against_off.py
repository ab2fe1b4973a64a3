"""What deciding every call costs: the pipeline with the gate, against the same with calls let through.

Both run in turns in this process, events from publishing to the table; the share is taken from the
quickest run of each.

    python benchmarks/gate_on_against_off.py [--events 10000] [--products 200] [--rounds 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from inventory_lab import InventoryEvent, connect, simulate


def main() -> None:
    """Print both rates and the gate's share of the time."""
    arguments = _arguments()
    events = list(simulate(arguments.events, arguments.products, arguments.seed))
    seconds: dict[str, list[float]] = {"on": [], "off": []}
    for _ in range(arguments.rounds):
        seconds["on"].append(_seconds(events))
        with let_through():
            seconds["off"].append(_seconds(events))
    best = {way: min(seconds) for way, seconds in seconds.items()}
    for way, seconds in best.items():
        print(f"gate {way:<4}{len(events) / seconds:>8.0f} events/s")
    print(f"the gate takes {1 - best['off'] / best['on']:.1%} of the pipeline's time")


@contextmanager
def let_through() -> Iterator[None]:
    """A lab that is opened here asks nobody; only this benchmark can do that."""
    from inventory_lab.embedded_aws.iam.patches.gate import Gate

    with patch.object(Gate, "decide", Gate.pass_unasked):
        yield


def _seconds(events: list[InventoryEvent]) -> float:
    with connect() as lab:
        lab.build()
        lab.settle(lab.publish(events[:1]))  # the cold start is not the question
        start = time.perf_counter()
        if not lab.settle(lab.publish(events[1:])):
            raise SystemExit("not all records were passed")
        return time.perf_counter() - start


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--products", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
