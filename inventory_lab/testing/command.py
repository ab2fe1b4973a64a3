"""The command `inventory-lab storm my_handler.py`: a handler of your own under seeded faults."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from inventory_lab.exceptions import BadHandler, WrongSetting
from inventory_lab.settings import HANDLERS
from inventory_lab.testing.processes import AVAILABLE
from inventory_lab.testing.storm import storm

EXIT_PASSED, EXIT_FAILED, EXIT_BAD_INPUT = 0, 1, 2


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("handler", help=f"a .py file, or one of {', '.join(HANDLERS)}")
    parser.add_argument("--function", default="handle", metavar="NAME", help="default: handle")
    parser.add_argument("--reader", choices=("pipe", "mapping"), default="pipe")
    parser.add_argument("--schedules", type=int, default=200, metavar="N", help="default: 200")
    parser.add_argument("--events", type=int, default=50, metavar="N", help="default: 50")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="default: 1")
    parser.add_argument(
        "--processes", type=int, metavar="N", help="default: one for each processor"
    )


def run(options: argparse.Namespace) -> int:
    """Play the schedules and print the report; 0 when all passed, 1 for a failure, 2 for bad input."""
    handler = options.handler if options.handler in HANDLERS else Path(options.handler)
    try:
        report = storm(
            handler,
            schedules=options.schedules,
            events=options.events,
            seed=options.seed,
            reader=options.reader,
            function=options.function,
            processes=_processes(options),
        )
    except (BadHandler, WrongSetting) as exc:
        print(f"inventory-lab: {exc}", file=sys.stderr)
        return EXIT_BAD_INPUT
    print(report)
    return EXIT_PASSED if report else EXIT_FAILED


def _processes(options: argparse.Namespace) -> int:
    if options.processes is not None:
        return int(options.processes)
    return (os.cpu_count() or 1) if AVAILABLE else 1
