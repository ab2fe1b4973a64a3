"""The commands for a pipeline that outlives the process: `inventory-lab deploy`, `status`, `publish`,
`reconcile` and `teardown`.

Results go to standard output, with `--json` as one object; who and where you are goes to standard
error. With `--target local` a command rehearses on an embedded AWS of its own, which is built first.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.exceptions import (
    BadRow,
    BadTable,
    InventoryLabError,
    TeardownIncomplete,
    WrongSetting,
)

if TYPE_CHECKING:
    from inventory_lab.lab import Lab
    from inventory_lab.settings import Settings

EXIT_OK, EXIT_NOT_EXACT, EXIT_BAD_INPUT, EXIT_REFUSED = 0, 1, 2, 3
Events = Callable[[argparse.Namespace], Iterable[InventoryEvent]]
Facts = dict[str, Any]

HELP = {
    "deploy": "deploy what is missing, and bring the rest up to date",
    "status": "list the resources and their states; exit status 1 when one is missing",
    "publish": "publish events, and wait until they are processed; exit status 1 when some are not",
    "reconcile": "compare the table with the stream; exit status 1 when they differ",
    "teardown": "list what would be deleted; with --yes delete it; exit status 1 when something stays",
}
COSTS = ("deploy", "publish")
"""What creates or sends something; the other commands need no --allow-charges."""
CHARGES_VARIABLE = "INVENTORY_LAB_ALLOW_CHARGES"


def add_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    add_events: Callable[[argparse.ArgumentParser], None],
) -> None:
    """Add the commands to a parser; `add_events` adds the options that say what to publish."""
    for name, text in HELP.items():
        parser = commands.add_parser(name, help=text, description=text)
        _add_options(parser)
        if name in COSTS:
            parser.add_argument(
                "--allow-charges", action="store_true", help="accept that AWS bills your account"
            )
        if name == "publish":
            add_events(parser)
            parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS")
        if name == "teardown":
            parser.add_argument("--yes", action="store_true", help="delete, not only list")
            parser.add_argument(
                "--all-prefixes", action="store_true", help="every lab of the region"
            )


def run(options: argparse.Namespace, events: Events) -> int:
    """Run the command that was parsed; the exit status. `events` gives what to publish.

    0: done; 1: not exact, or something is missing or stays; 2: bad input; 3: AWS or the lab refused.
    """
    command = {
        "deploy": _deploy,
        "status": _status,
        "publish": lambda lab, options: _publish(lab, options, events(options)),
        "reconcile": _reconcile,
        "teardown": _teardown,
    }[options.command]
    try:
        with _lab(options) as lab:
            facts, text, status = command(lab, options)
    except (BadTable, BadRow, WrongSetting) as exc:
        return _refused(exc, EXIT_BAD_INPUT)
    except (InventoryLabError, ClientError, BotoCoreError) as exc:
        return _refused(exc, EXIT_REFUSED)
    print(json.dumps(facts) if options.json else text, flush=True)
    return int(status)


def _lab(options: argparse.Namespace) -> Lab:
    """The lab of the command; one on an embedded AWS is built at once."""
    from inventory_lab.lab import connect

    may_cost = options.command not in COSTS or options.allow_charges
    allow_charges = may_cost or os.environ.get(CHARGES_VARIABLE, "").lower() == "yes"
    with redirect_stdout(sys.stderr):
        lab = connect(options.target, _settings(options), allow_charges)
    if lab.embedded and options.command != "deploy":
        lab.build()
    return lab


def _settings(options: argparse.Namespace) -> Settings:
    from inventory_lab.settings import Settings

    chosen = {name: getattr(options, name) for name in ("prefix", "region", "shards", "reader")}
    given: Facts = {name: value for name, value in chosen.items() if value is not None}
    return Settings(**given).with_environment(os.environ)


def _deploy(lab: Lab, _: argparse.Namespace) -> tuple[Facts, str, int]:
    arns = lab.build()
    facts = {"target": _target(lab), "region": lab.settings.region, "resources": arns}
    return facts, _rows(arns), EXIT_OK


def _status(lab: Lab, _: argparse.Namespace) -> tuple[Facts, str, int]:
    from inventory_lab.resources.deployed import deployed

    resources = deployed(lab.account)
    rows = [{"kind": r.kind, "name": r.name, "state": r.state} for r in resources]
    missing = sum(not r.exists for r in resources)
    text = _rows({r.kind: f"{r.name}  {r.state}" for r in resources})
    facts = {"target": _target(lab), "resources": rows, "missing": missing}
    return facts, text, EXIT_NOT_EXACT if missing else EXIT_OK


def _publish(
    lab: Lab, options: argparse.Namespace, events: Iterable[InventoryEvent]
) -> tuple[Facts, str, int]:
    receipt = lab.publish(events)
    settled = lab.settle(receipt, timeout=options.timeout)
    facts = {
        "published": receipt.published,
        "products": len(receipt.positions),
        "settled": bool(settled),
        "still_open": sorted(settled.still_open),
        "seconds": round(settled.seconds, 1),
    }
    return facts, f"{receipt}\n{settled}", EXIT_OK if settled else EXIT_NOT_EXACT


def _reconcile(lab: Lab, _: argparse.Namespace) -> tuple[Facts, str, int]:
    result = lab.reconcile()
    counts = {name.replace(" ", "_"): count for name, count in result.counts().items()}
    facts = {**counts, "exact": result.exact, "problems": result.problems}
    return facts, repr(result), EXIT_OK if result.exact else EXIT_NOT_EXACT


def _teardown(lab: Lab, options: argparse.Namespace) -> tuple[Facts, str, int]:
    left: list[tuple[str, str, str]] = []
    try:
        table = lab.teardown(dry_run=not options.yes, all_prefixes=options.all_prefixes)
        rows = table.to_dict("records")
    except TeardownIncomplete as exc:
        left = exc.left
        rows = [{"kind": kind, "name": name, "outcome": "not deleted"} for kind, name, _ in left]
    lines = [f"{row['outcome']:16} {row['kind'].replace('_', ' ')} {row['name']}" for row in rows]
    lines += [f"why {kind} {name} stays: {why}" for kind, name, why in left]
    if not options.yes:
        lines.append("nothing was deleted; add --yes to delete")
    reasons = [{"kind": kind, "name": name, "why": why} for kind, name, why in left]
    facts = {"dry_run": not options.yes, "resources": rows, "left": reasons}
    return facts, "\n".join(lines), EXIT_NOT_EXACT if left else EXIT_OK


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--target", choices=("aws", "local"), default="aws", help="default: aws")
    parser.add_argument("--prefix", metavar="P", help="goes before every name")
    parser.add_argument("--region", metavar="R", help="default: that of your profile")
    parser.add_argument("--shards", type=int, metavar="N", help="of the stream; default: 2")
    parser.add_argument("--reader", choices=("pipe", "mapping", "both"), help="default: pipe")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _target(lab: Lab) -> str:
    return "local" if lab.embedded else "aws"


def _rows(values: Mapping[str, str]) -> str:
    width = max(map(len, values))
    return "\n".join(f"{kind:{width}}  {value}" for kind, value in values.items())


def _refused(exc: Exception, status: int) -> int:
    print(f"inventory-lab: {exc}", file=sys.stderr)
    return status
