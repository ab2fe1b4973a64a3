"""The command line: `inventory-lab demo` runs the whole pipeline on the embedded AWS, and so does
`python -m inventory_lab demo` where the library is not installed. `commands.py` has the commands for a
real account.

What takes long to import is imported inside `main`, where Ctrl-C is answered in one line.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inventory_lab.domain.events import LARGEST_QUANTITY, InventoryEvent
from inventory_lab.exceptions import BadRow, BadTable
from inventory_lab.views.progress_bar import progress_bar
from inventory_lab.views.terminal_report import Report, print_report

if TYPE_CHECKING:
    from inventory_lab.lab import Lab
    from inventory_lab.observe.reconcile import Reconciliation

SLICE = 5_000
"""Events published and settled between two lines of progress."""
SHOWN_ROWS = 10
EXIT_DRIFT, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status: 0, 1 when counts drift, 2 for bad input, 3 when AWS refuses, 130
    after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    try:
        return _run_command(options)
    except (BadTable, BadRow) as exc:
        _say(f"inventory-lab: {exc}")
        return EXIT_BAD_INPUT
    except BrokenPipeError:  # the reader of the output has left, as head does
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 for the flush at exit
        return 0
    except KeyboardInterrupt:
        _say(f"\nstopped; {_what_is_left(options)}")
        return EXIT_INTERRUPTED


@dataclass(frozen=True, slots=True)
class _Run:
    """The result of a demo."""

    published: int
    seconds: float
    reconciliation: Reconciliation
    inventory: Any
    alerts: Any
    rejected: Any
    unsettled: int

    def as_json(self) -> dict[str, Any]:
        result = self.reconciliation
        return {
            "published": self.published,
            "applied": result.applied,
            "rejected": result.rejected,
            "duplicates": result.duplicates,
            "dead_lettered": result.dead_letters,
            "pending": result.pending,
            "drift": len(result.drift),
            "exact": result.exact and not self.unsettled,
            "products": len(self.inventory),
            "alerts": len(self.alerts),
            "seconds": round(self.seconds, 3),
            "events_per_second": round(self.published / self.seconds, 1),
        }


def _run_command(options: argparse.Namespace) -> int:
    if options.command == "demo":
        return _demo(options)
    if options.command == "storm":
        from inventory_lab.testing import command

        return command.run(options)
    from inventory_lab import commands

    return commands.run(options, _events)


def _what_is_left(options: argparse.Namespace) -> str:
    if getattr(options, "target", "local") == "local":
        return "the embedded AWS is gone, nothing was left behind"
    return "what exists on AWS stays: `inventory-lab teardown` lists it, and run the command again to go on"


def _demo(options: argparse.Namespace) -> int:
    from inventory_lab.lab import connect

    events = _events(options)
    _say("building stream, table, function and pipe on the embedded AWS")
    with connect() as lab:
        lab.build()
        run = _run(lab, events, options.events if options.csv is None else 0)
        _print(run, options)
    return 0 if run.as_json()["exact"] else EXIT_DRIFT


def _print(run: _Run, options: argparse.Namespace) -> None:
    """The result: JSON when it was asked for, tables in a terminal, plain text in a pipe or a file."""
    if options.json:
        print(json.dumps(run.as_json()), flush=True)
    elif sys.stdout.isatty() and not len(run.reconciliation.drift):
        print_report(_terminal_report(run), sys.stdout)
    else:
        print(_report(run), flush=True)


def _events(options: argparse.Namespace) -> Iterable[InventoryEvent]:
    from inventory_lab.producer.generator import simulate
    from inventory_lab.producer.replay import replay

    if options.csv is None:
        return simulate(options.events, options.products, options.seed)
    source = replay(
        options.csv,
        product=options.product,
        delta=options.delta,
        sold=options.sold,
        time=options.time,
        opening_stock="enough" if options.opening_stock is None else options.opening_stock,
        day_first=options.day_first,
        on_bad_row="refuse" if options.refuse_bad_rows else "skip",
        progress=lambda rows: _say(f"read {rows} rows", over=True),
    )
    for row in source.bad_rows:
        _say(f"left out: {row}")
    _say(f"{source.name}: {source.assumptions}; {len(source.bad_rows)} bad rows")
    return source


def _run(lab: Lab, events: Iterable[InventoryEvent], total: int) -> _Run:
    start, published, unsettled = time.perf_counter(), 0, 0
    with progress_bar("publish and settle", "event") as advance:
        for part in _slices(events):
            receipt = lab.publish(part)
            unsettled += len(lab.settle(receipt).still_open)
            published += receipt.published
            advance(receipt.published, total)
    seconds = time.perf_counter() - start
    _say("reconciling the table with the stream")
    return _Run(
        published,
        seconds,
        lab.reconcile(),
        lab.inventory(),
        lab.alerts(),
        lab.rejected(),
        unsettled,
    )


def _slices(events: Iterable[InventoryEvent]) -> Iterator[list[InventoryEvent]]:
    part: list[InventoryEvent] = []
    for event in events:
        part.append(event)
        if len(part) == SLICE:
            yield part
            part = []
    if part:
        yield part


def _terminal_report(run: _Run) -> Report:
    result = run.reconciliation
    parts = {
        "applied": result.applied, "rejected": result.rejected, "duplicates": result.duplicates,
        "dead letters": result.dead_letters, "pending": result.pending,
    }  # fmt: skip
    stock = [(str(p), int(q)) for p, q in run.inventory["quantity"].items()]
    reasons = run.rejected["reason"].value_counts().to_dict() if len(run.rejected) else {}
    exact = bool(run.as_json()["exact"])
    return Report(
        stock, run.alerts["text"].tolist(), reasons, result.published, parts, len(result.drift), exact,
        run.seconds,
    )  # fmt: skip


def _report(run: _Run) -> str:
    result, facts = run.reconciliation, run.as_json()
    rejected = run.rejected["reason"].value_counts().to_dict() if len(run.rejected) else {}
    lines = [
        f"inventory: {len(run.inventory)} active products",
        _rows(run.inventory),
        f"alerts: {len(run.alerts)}",
        *run.alerts["text"].tail(3).tolist(),
        f"rejected: {result.rejected}",
        *(f"  {count} {reason}" for reason, count in rejected.items()),
        "reconcile:",
        f"  published {result.published} = applied {result.applied} + rejected {result.rejected} "
        f"+ duplicates {result.duplicates} + dead letters {result.dead_letters} "
        f"+ pending {result.pending}",
        f"  drift: {len(result.drift)} products" + ("" if facts["exact"] else "  NOT EXACT"),
        *([_rows(result.drift)] if len(result.drift) else []),
        f"{run.published} events in {run.seconds:.1f} s: {facts['events_per_second']:.0f} events/s",
    ]
    return "\n".join(lines)


def _rows(frame: Any) -> str:
    text: str = frame.head(SHOWN_ROWS).to_string()
    more = len(frame) - SHOWN_ROWS
    return text + (f"\n… and {more} more" if more > 0 else "")


def _say(text: str, over: bool = False) -> None:
    """Tell of progress on standard error; `over` writes over the last line in a terminal."""
    terminal = sys.stderr.isatty()
    if over and not terminal:
        return
    print(
        f"\r\x1b[K{text}" if terminal else text,
        end="" if over else "\n",
        file=sys.stderr,
        flush=True,
    )


def _parser() -> argparse.ArgumentParser:
    from inventory_lab.commands import add_commands
    from inventory_lab.testing import command as storm_command

    parser = argparse.ArgumentParser(prog="inventory-lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="run the whole pipeline and reconcile it")
    demo.add_argument("--json", action="store_true", help="print one JSON object")
    _add_events(demo)
    storm = commands.add_parser("storm", help="try a handler of your own under seeded faults")
    storm_command.add_options(storm)
    add_commands(commands, _add_events)
    return parser


def _add_events(parser: argparse.ArgumentParser) -> None:
    """The options that say which events to publish."""
    parser.add_argument("--events", type=_count, default=5_000, metavar="N", help="default: 5000")
    parser.add_argument("--products", type=_positive, default=50, metavar="P", help="default: 50")
    parser.add_argument("--seed", type=int, default=7, metavar="S", help="default: 7")
    rows = parser.add_argument_group("your own stock movements, instead of simulated events")
    rows.add_argument("--csv", metavar="FILE", help="columns with common names are recognised")
    rows.add_argument("--product", metavar="COLUMN", help="the product")
    rows.add_argument("--delta", metavar="COLUMN", help="the stock change")
    rows.add_argument("--sold", metavar="COLUMN", help="the units sold, instead of --delta")
    rows.add_argument("--time", metavar="COLUMN", help="when it happened")
    rows.add_argument(
        "--opening-stock", type=_stock, metavar="N", help="of each product; default: just enough"
    )
    days = rows.add_mutually_exclusive_group()
    days.add_argument(
        "--day-first", action="store_true", default=None, help="read 1/2 as 1 February"
    )
    days.add_argument("--month-first", action="store_false", dest="day_first", help="as 2 January")
    rows.add_argument(
        "--refuse-bad-rows", action="store_true", help="stop at a bad row; default: leave it out"
    )


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from exc
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} is negative")
    return number


def _stock(text: str) -> int:
    number = _count(text)
    if number > LARGEST_QUANTITY:
        raise argparse.ArgumentTypeError(f"{number} is more than {LARGEST_QUANTITY}")
    return number


def _positive(text: str) -> int:
    number = _count(text)
    if number == 0:
        raise argparse.ArgumentTypeError("0 is too few")
    return number


if __name__ == "__main__":
    sys.exit(main())
