"""What a lab has on its account: each resource with the state that AWS reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.html import cell
from inventory_lab.html import table as html_table
from inventory_lab.resources import (  # fmt: skip
    event_source_mapping,
    function,
    pipe,
    queues,
    roles,
    stream,
    table,
    topic,
    user,
)
from inventory_lab.resources.account import Account

Asking = tuple[Callable[[], Mapping[str, Any] | str | None], str]
"""What describes a resource, and the member of the answer that holds its state."""
NOT_DEPLOYED, NOT_KNOWN = "not deployed", "not known"
DEPLOYED = "deployed"
"""The state of a resource for which AWS reports none, such as a queue or a role."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A resource of the lab: its kind, its full name, and AWS's word for its state, or `deployed`,
    `not deployed`, or `not known` when the caller may not ask.
    """

    kind: str
    name: str
    state: str

    @property
    def exists(self) -> bool:
        """Whether AWS says that the resource exists."""
        return self.state not in (NOT_DEPLOYED, NOT_KNOWN)


def deployed(account: Account) -> list[Deployed]:
    """Every resource that build() deploys, in the order in which an event flows, then who may do what."""
    readers: dict[str, Asking] = {}
    if account.settings.has_pipe:
        readers["pipe"] = partial(pipe.describe, account), "CurrentState"
    if account.settings.has_mapping:
        readers["event_source_mapping"] = partial(event_source_mapping.describe, account), "State"
    kinds: dict[str, Asking] = {
        "stream": (partial(stream.describe, account), "StreamStatus"),
        **readers,
        "function": (partial(function.describe, account), "State"),
        "table": (partial(table.describe, account), "TableStatus"),
        "topic": (partial(topic.describe, account), ""),
        **{kind: (partial(queues.describe, account, kind), "") for kind in queues.KINDS},
        "producer_user": (partial(user.describe, account), ""),
        **{kind: (partial(roles.describe, account, kind), "") for kind in roles.KINDS},
    }
    return [Deployed(kind, _name(account, kind), _state(*asking)) for kind, asking in kinds.items()]


def _name(account: Account, kind: str) -> str:
    """Its name in the settings; a mapping has none, it is known by its function."""
    return account.settings.name("function" if kind == "event_source_mapping" else kind)


def _state(describe: Callable[[], Mapping[str, Any] | str | None], member: str) -> str:
    try:
        answer = describe()
    except ClientError:
        return NOT_KNOWN
    if not answer:
        return NOT_DEPLOYED
    return str(answer[member]) if member and isinstance(answer, Mapping) else DEPLOYED


def as_text(where: str, resources: list[Deployed]) -> str:
    """One line: what exists of the resources with a state, and how many there are in all.

    >>> as_text("embedded AWS", [Deployed("stream", "orders", "ACTIVE")])
    'Lab(embedded AWS: stream orders ACTIVE; 1 of 1 resources deployed)'
    """
    states = [f"{r.kind} {r.name} {r.state}" for r in resources if r.exists and r.state != DEPLOYED]
    count = sum(resource.exists for resource in resources)
    if not count:
        return f"Lab({where}: nothing is deployed yet; build() deploys the pipeline)"
    deployed_of = f"{count} of {len(resources)} resources deployed"
    return f"Lab({where}: {'; '.join(filter(None, (', '.join(states), deployed_of)))})"


def as_html(where: str, resources: list[Deployed]) -> str:
    """A table with a row for each resource: what it is, its name, its state.

    >>> "orders" in as_html("embedded AWS", [Deployed("stream", "orders", "ACTIVE")])
    True
    """
    rows = [[cell(r.kind.replace("_", " ")), cell(r.name), cell(r.state)] for r in resources]
    count = sum(resource.exists for resource in resources)
    caption = f"Lab on the {where}: {count} of {len(resources)} resources deployed"
    return html_table(("resource", "name", "state"), rows, caption)
