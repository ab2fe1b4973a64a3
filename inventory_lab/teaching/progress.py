"""The pipeline in one line, with a tick at every part that is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inventory_lab.resources import function, pipe, queues, stream, table, topic, user

if TYPE_CHECKING:
    from inventory_lab.lab import Lab
    from inventory_lab.resources.account import Account

DEPLOYED, MISSING = "✓", "·"
STATES = ("StreamStatus", "TableStatus", "CurrentState", "State")
"""The member with the state, in the descriptions of stream, table, pipe and function."""


def progress(lab: Lab) -> None:
    """Print the pipeline in one line, with a tick at every part that is deployed.

    A part that AWS describes as neither active nor running shows its state instead.

    >>> progress(lab)
    producer ✓ → stream ✓ → pipe ✓ → function ✓ → table ✓, topic ✓, queues ✓
    """
    account = lab.account
    way = {
        "producer": user.describe(account),
        "stream": stream.describe(account),
        "pipe": pipe.describe(account),
        "function": function.describe(account),
        "table": table.describe(account),
    }
    beside = {"topic": topic.describe(account), "queues": _queues(account)}
    print(" → ".join(_parts(way)), *_parts(beside), sep=", ")


def _parts(descriptions: dict[str, Any]) -> list[str]:
    return [f"{name} {_mark(description)}" for name, description in descriptions.items()]


def _queues(account: Account) -> bool:
    return all(queues.describe(account, kind) for kind in queues.KINDS)


def _mark(description: Any) -> str:
    if not description:
        return MISSING
    states = [description[key] for key in STATES if description is not True and key in description]
    return (
        DEPLOYED if not states or states[0].upper() in {"ACTIVE", "RUNNING"} else f"({states[0]})"
    )
