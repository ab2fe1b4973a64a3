"""Eight threads publish, pump, settle, invoke and read at once: is the table exact, the process unchanged?

python -m benchmarks.threads [--seconds 30]
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import boto3

from inventory_lab import Lab, ProductAdded, QuantityChanged, connect

Work = Callable[[Lab, str], Any]


def publish_and_settle(lab: Lab, name: str) -> None:
    """Two events, of which one is rejected on its repetition."""
    receipt = lab.publish([ProductAdded(name, 5), QuantityChanged(name, -1)])
    if not lab.settle(receipt):
        raise SystemExit("not all records were passed")


def invoke(lab: Lab, _: str) -> None:
    """Invoke the function by hand with an empty batch."""
    functions = lab.session("admin").client("lambda")
    functions.invoke(FunctionName=lab.settings.name("function"), Payload=b"[]")


EVERYTHING: list[Work] = [
    publish_and_settle,
    lambda lab, name: lab.publish([QuantityChanged(name, 1), ProductAdded(name, 1)]),
    lambda lab, _: lab.pump(),
    invoke,
    lambda lab, _: (lab.inventory(), lab.records(), lab.alerts()),
    lambda lab, _: (lab.rejected(), lab.dead_letters(), lab.reports()),
    lambda lab, _: (lab.set_thresholds("Phone", high=50), lab.history("Phone")),
    lambda lab, _: (lab.reconcile(), lab.clock.advance(1), lab.build(through="stream")),
]
"""What each of the threads does, again and again."""


def process_state() -> tuple[Any, ...]:
    """What belongs to the program: environment, output, default session, modules of the function."""
    modules = {name: id(m) for name, m in sys.modules.items() if name.startswith("inventory_lab.f")}
    return dict(os.environ), sys.stdout, sys.stderr, boto3.DEFAULT_SESSION, modules


def main() -> None:
    """Print how often each thread did its work, and what reconcile() says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30)
    seconds = parser.parse_args().seconds
    with connect() as lab:
        lab.build()
        lab.settle(lab.publish(ProductAdded("Phone", 5)))
        lab.reconcile()
        before, end = process_state(), time.monotonic() + seconds
        turns: Counter[int] = Counter()
        errors: list[BaseException] = []

        def again_and_again(number: int) -> None:
            try:
                while time.monotonic() < end:
                    EVERYTHING[number](lab, f"{number}-{turns[number]}")
                    turns[number] += 1
            except BaseException as exc:
                errors.append(exc)
                raise

        threads = [
            threading.Thread(target=again_and_again, args=[n]) for n in range(len(EVERYTHING))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lab.settle(lab.publish(ProductAdded("last", 1)))
        print(f"{len(threads)} threads, turns: {[turns[n] for n in range(len(threads))]}")
        print(lab.reconcile())
        print("process unchanged:", process_state() == before, "| errors:", len(errors))
        if errors or process_state() != before or not lab.reconcile().exact:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
