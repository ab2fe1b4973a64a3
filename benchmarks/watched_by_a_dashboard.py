"""A dashboard that watches for half an hour: its memory, its numbers, its latency and its CPU.

Without arguments 30 minutes of lab time pass, as fast as they can, with the view of the shards. With
`--real 120` the dashboard is driven for 120 real seconds as in a notebook, with the map.

    python -m benchmarks.watched_by_a_dashboard [--minutes 30] [--rate 50] [--real 0]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import resource
import sys
import time
from types import FunctionType, MethodType, ModuleType

from inventory_lab import Lab, connect
from inventory_lab.views.dashboard.dashboard import Dashboard
from inventory_lab.views.dashboard.state import percentile

NOT_OWN = (ModuleType, FunctionType, MethodType, type)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=30, help="of lab time")
    parser.add_argument("--rate", type=float, default=50, help="events a second")
    parser.add_argument("--real", type=int, default=0, help="seconds in real time instead")
    arguments = parser.parse_args()
    with connect() as lab:
        lab.build()
        dashboard = lab.dashboard()
        if arguments.real:
            asyncio.run(in_real_time(lab, arguments.rate, arguments.real))
        else:
            as_fast_as_it_goes(lab, dashboard, arguments.rate, arguments.minutes)


def as_fast_as_it_goes(lab: Lab, dashboard: Dashboard, rate: float, minutes: int) -> None:
    print(f"{'minute':>6} {'records':>8} {'dashboard':>12} {'process':>10}")
    dashboard.controls.chosen_view.value = "shards"
    dashboard.start_generator(rate)
    for minute in range(1, minutes + 1):
        for _ in range(60):
            dashboard.step()
        if minute == 1 or minute % 5 == 0:
            process = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            size = own_memory(lab, dashboard) / 1024
            print(f"{minute:>6} {dashboard.state.stored:>8} {size:>9.0f} KiB {process:>6.0f} MiB")
    dashboard.stop_generator()
    for _ in range(3):
        dashboard.step()
    agrees(lab, dashboard)


async def in_real_time(lab: Lab, rate: float, seconds: int) -> None:
    dashboard, chance = lab.dashboard(), random.Random(1)  # noqa: S311
    dashboard.start_generator(rate)
    begin, cpu, latencies = time.monotonic(), time.process_time(), []
    lab_begin = lab.clock.now()
    while time.monotonic() - begin < seconds:
        await asyncio.sleep(chance.uniform(2, 4))
        latencies.append(await send(dashboard, len(latencies)))
    real, used = time.monotonic() - begin, time.process_time() - cpu
    passed = (lab.clock.now() - lab_begin).total_seconds()
    dashboard.stop_generator()
    await asyncio.sleep(4)
    dashboard.pause()
    dashboard.refresh()
    print(f"Send to table: p50 {percentile(latencies, 0.5):.2f} s, p99 {percentile(latencies, 0.99):.2f} s"
          f" ({len(latencies)} events)")  # fmt: skip
    print(f"CPU: {used / passed:.2f} s for each second of lab time at {rate:g} events/s")
    print(f"{passed:.0f} s of lab time passed in {real:.0f} s; a busy machine falls behind")
    agrees(lab, dashboard)


async def send(dashboard: Dashboard, number: int) -> float:
    """Send an event with the form; the seconds until the dashboard has seen it in the table."""
    dashboard.controls.kind.value = "product_added"
    dashboard.controls.product.value = f"sent-{number}"
    begin = time.monotonic()
    dashboard.send()
    while dashboard.state.sent is None or dashboard.state.sent.outcome == "waiting":
        await asyncio.sleep(0.005)
    return time.monotonic() - begin


def agrees(lab: Lab, dashboard: Dashboard) -> None:
    """Print whether the shown numbers are those of the table and of reconcile."""
    found, shown = lab.reconcile(), dashboard.state
    print(f"{found!r}")
    print("the stock shown is the table's:", shown.stock == lab.inventory()["quantity"].to_dict())
    counts = found.counts()
    same = all(counts[n] == shown.totals[n] for n in ("applied", "rejected", "duplicates"))
    print("the counts shown are reconcile's:", same and found.published == shown.stored)


def own_memory(lab: Lab, dashboard: Dashboard) -> int:
    """The bytes of what the dashboard keeps: its numbers, its readings, its traffic and its HTML."""
    readings, traffic = dashboard._readings, dashboard._traffic
    seen = {id(lab), id(dashboard._verbs)}
    parts = [dashboard.state, readings._stream, readings._reports, traffic]
    texts = (getattr(dashboard.controls, name).value for name in ("numbers", "inventory", "view"))
    return sum(deep_size(part, seen) for part in parts) + sum(map(sys.getsizeof, texts))


def deep_size(value: object, seen: set[int]) -> int:
    size, waiting = 0, [value]
    while waiting:
        current = waiting.pop()
        if id(current) in seen or isinstance(current, NOT_OWN):
            continue
        seen.add(id(current))
        size += sys.getsizeof(current)
        waiting += gc.get_referents(current)
    return size


if __name__ == "__main__":
    main()
