"""What the patches for speed save: connect, build and settle with all of them, and without those of one service.

Run: python benchmarks/patches_for_speed.py [--events 2000] [--repeat 3]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

from inventory_lab import connect, simulate
from inventory_lab.embedded_aws.account import EmbeddedAws
from inventory_lab.embedded_aws.patching import Patch

ALL, NONE = "with all", "without any"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    owners = sorted({owner(one) for one in EmbeddedAws("us-east-1").patches() if is_speed(one)})
    names = [ALL, *(f"without {name}" for name in owners), NONE]
    seconds(ALL, 100)  # warm
    baseline = None
    print(f"{'patches for speed':24}{'connect, build':>16}{f'{asked.events} events':>16}")
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(asked.repeat):  # in turns, so that a busy moment does not meet one name alone
        for name in names:
            runs[name].append(seconds(name, asked.events))
    for name in names:
        start, work = (min(column) for column in zip(*runs[name], strict=True))
        baseline = baseline or (start, work)
        shares = f"{start / baseline[0]:.2f} x, {work / baseline[1]:.2f} x"
        print(f"{name:24}{start:>14.2f} s{work:>14.2f} s   {shares}")


def seconds(name: str, events: int) -> tuple[float, float]:
    """Of connect and build, and of publishing and processing the events."""
    with left_out(lambda one: is_speed(one) and (name == NONE or name == f"without {owner(one)}")):
        begin = time.perf_counter()
        with connect() as lab:
            lab.build()
            built = time.perf_counter()
            lab.settle(lab.publish(simulate(events=events, products=100, seed=1)))
            return built - begin, time.perf_counter() - built


def is_speed(one: Patch) -> bool:
    return one.kind == "speed"


def owner(one: Patch) -> str:
    """The library part of moto or botocore that a patch changes."""
    module = getattr(one.owner, "__module__", None) or one.owner.__name__
    parts = str(module).split(".")
    return ".".join(parts[:2]) if parts[0] == "moto" else parts[0]


@contextmanager
def left_out(which: Callable[[Patch], bool]) -> Iterator[None]:
    service_patches = EmbeddedAws.service_patches

    def remaining(account: EmbeddedAws) -> list[Patch]:
        return [one for one in service_patches(account) if not which(one)]

    with patch.object(EmbeddedAws, "service_patches", remaining):
        yield


if __name__ == "__main__":
    main()
