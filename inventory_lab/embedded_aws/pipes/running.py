"""The pipes that run, as DescribePipe answers; asked again only when something of a pipe has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from inventory_lab.embedded_aws.pipes.patches import PipeRecord, records

if TYPE_CHECKING:
    from botocore.client import BaseClient

RUNNING = "RUNNING"


class RunningPipes:
    """The running pipes of a region. `client` makes the client that describes them."""

    def __init__(self, client: Callable[[], BaseClient], region: str) -> None:
        self._client = client
        self._region = region
        self._described: dict[str, tuple[dict[str, Any], Mapping[str, Any]]] = {}

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """DescribePipe's answers, in the order in which the pipes were created."""
        for pipe in records(self._region):
            if pipe.status == RUNNING:
                yield self._answer(pipe)

    def _answer(self, pipe: PipeRecord) -> Mapping[str, Any]:
        state = {name: value for name, value in vars(pipe).items() if not name.startswith("_")}
        before, answer = self._described.get(pipe.name, ({}, {}))
        if state != before:
            answer = self._client().describe_pipe(Name=pipe.name)
            self._described[pipe.name] = deepcopy(state), answer
        return answer
