"""The handler against its time limit, simulated; and commits a second, one by one and in 16 threads.

python -m benchmarks.handler_under_time_limit
"""

from __future__ import annotations

import contextlib
import io
import time
from typing import Any

from tests.function.test_handler import Pipeline, sales

TIME_LIMIT = 60_000
SHAPE = {"eventID": "", "partitionKey": "", "sequenceNumber": "", "data": "", "approximateArrivalTimestamp": 0.0}  # fmt: skip


def main() -> None:
    """Print what is committed and returned, and both rates."""
    print(f"{'10,000 products, 60 s':<36}{'committed':>10}{'returned':>10}{'seconds':>9}")
    print(row("10 ms a write", sales([SHAPE], 10_000)))
    print(row("poison, 20 ms a call, 10 ms a write", sales([SHAPE], 10_000, b"{")))
    for concurrency in (1, 16):
        print(f"5 ms a write, concurrency {concurrency:>2}: {rate(concurrency):>5.0f} commits/s")


def row(name: str, batch: list[dict[str, Any]]) -> str:
    pipeline = Pipeline()
    pipeline.queue.before_call = lambda: pipeline.context.spend(20)
    pipeline.table.before_update = lambda _: pipeline.context.spend(10)
    with contextlib.redirect_stdout(io.StringIO()):
        failed = pipeline.process(batch, TIME_LIMIT)
    seconds = (TIME_LIMIT - pipeline.context.remaining) / 1000
    return f"{name:<36}{len(pipeline.table.items):>10}{len(failed):>10}{seconds:>9.1f}"


def rate(concurrency: int, count: int = 1_000) -> float:
    pipeline = Pipeline(concurrency)
    pipeline.table.before_update = lambda _: time.sleep(0.005)
    batch = sales([SHAPE], count)
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        pipeline.process(batch, TIME_LIMIT)
    return count / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
