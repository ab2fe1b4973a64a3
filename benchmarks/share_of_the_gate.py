"""What deciding every call costs: the gate's share of the pipeline's time.

The time inside the gate is added up while events go from publishing to the table, so both are of one run
and other programs on the machine slow both.

    python benchmarks/share_of_the_gate.py [--events 10000] [--products 200] [--rounds 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from statistics import median
from typing import Any
from unittest.mock import patch

from inventory_lab import InventoryEvent, connect, simulate

PARTS = ("keep_parameters", "decide", "after_call", "has_passed")
"""The methods of the gate that every call goes through."""


def main() -> None:
    """Print the share of each round and their median."""
    arguments = _arguments()
    events = list(simulate(arguments.events, arguments.products, arguments.seed))
    rounds = [_share_and_rate(events) for _ in range(arguments.rounds)]
    print("share of the gate, by round: " + ", ".join(f"{share:.1%}" for share, _ in rounds))
    share, rate = (median(values) for values in zip(*rounds, strict=True))
    print(f"the gate takes {share:.1%} of the pipeline's time, at {rate:.0f} events/s")


class Spent:
    """Seconds inside the gate; what one of its methods calls is counted once."""

    def __init__(self) -> None:
        self.seconds, self._inside = 0.0, False

    def timed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, whose time is added up."""

        @wraps(method)
        def and_timed(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return method(*args, **kwargs)
            self._inside, start = True, time.perf_counter()
            try:
                return method(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - start
                self._inside = False

        return and_timed


@contextmanager
def timed_gate() -> Iterator[Spent]:
    """The gate of a lab that is opened here is timed."""
    from inventory_lab.embedded_aws.iam.patches.gate import Gate

    spent = Spent()
    with ExitStack() as stack:
        for name in PARTS:
            stack.enter_context(patch.object(Gate, name, spent.timed(getattr(Gate, name))))
        yield spent


def _share_and_rate(events: list[InventoryEvent]) -> tuple[float, float]:
    with timed_gate() as spent, connect() as lab:
        lab.build()
        lab.settle(lab.publish(events[:1]))  # the cold start is not the question
        start, spent.seconds = time.perf_counter(), 0.0
        if not lab.settle(lab.publish(events[1:])):
            raise SystemExit("not all records were passed")
        seconds = time.perf_counter() - start
        return spent.seconds / seconds, len(events) / seconds


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--products", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
