"""The pollers of all running pipes and mappings, each with a session of its role. Free of moto."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, NamedTuple, Protocol

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.faults import Faults
from inventory_lab.embedded_aws.polling.consumer import Clients, Consumer
from inventory_lab.embedded_aws.polling.poller import EXECUTIONS_KEPT, Poller
from inventory_lab.embedded_aws.polling.report import Execution, Round
from inventory_lab.exceptions import RoleNotAssumable


class Role(NamedTuple):
    """A role, the service that assumes it, and the resource on whose behalf."""

    arn: str
    service: str
    source_arn: str


@dataclass(frozen=True, slots=True)
class Key:
    """A pipe or mapping: its ARN and when it was created, for one of the same name may follow it, and
    what it connects.
    """

    arn: str
    created: Any
    reader: str = field(default="", compare=False)


def pipe_reader(name: str) -> str:
    """A pipe as one of the readers in `Pollers.passed`."""
    return f"pipe/{name}"


def mapping_reader(stream: str, function: str) -> str:
    """The event source mapping of a stream and a function, by their names."""
    return f"stream/{stream} to function:{function}"


class Sessions(Protocol):
    """Where the sessions of roles come from."""

    def check_trust(self, role: Role) -> None:
        """Raises RoleNotAssumable."""

    def assume(self, role: Role) -> Any:
        """A boto3.Session of the role. Raises RoleNotAssumable."""

    def is_valid(self, access_key: str) -> bool:
        """False when the credentials have expired or their role was deleted."""


@dataclass(slots=True)
class _Running:
    poller: Poller
    role: Role | None = None
    access_key: str = ""
    clients: Clients | None = None


class Pollers:
    """Keeps a poller for each pipe and mapping, from its first round on."""

    def __init__(
        self,
        clock: LabClock,
        faults: Faults,
        sessions: Sessions,
        measure_age: Callable[[str, float], None] = lambda _stream, _milliseconds: None,
    ) -> None:
        self._measure_age = measure_age
        self._clock = clock
        self._faults = faults
        self._sessions = sessions
        self._running: dict[Key, _Running] = {}
        self._ran_at: dict[Key, float] = {}
        self._executions: deque[Execution] = deque(maxlen=EXECUTIONS_KEPT)

    def executions(self) -> list[Execution]:
        """What all of them did, oldest first; the last 10,000."""
        return list(self._executions)

    def poll(self, key: Key, role: Role, consumer: Callable[[Clients], Consumer]) -> Round:
        """Make one round of a pipe or mapping with the clients of its role."""
        running = self._started(key)
        self._ran_at.pop(key, None)  # the key may have got another reader
        self._ran_at[key] = self._clock.timestamp()
        try:
            reader = consumer(self._clients(running, role))
        except RoleNotAssumable as exc:
            return Round(error=str(exc))
        done = running.poller.poll(reader)
        self._measure_age(reader.source.stream_arn.rpartition("/")[2], done.iterator_age_ms)
        return done

    def passed(self, readers: Collection[str], shard_id: str, sequence_number: int) -> bool:
        """Whether those of the readers that ran last have each delivered the record, or given it up."""
        ran = {key: at for key, at in self._ran_at.items() if key.reader in readers}
        last = [key for key, at in ran.items() if at == max(ran.values())]
        return bool(last) and all(
            self._running[key].poller.passed(shard_id, sequence_number) for key in last
        )

    def _started(self, key: Key) -> _Running:
        if key not in self._running:
            self._running[key] = _Running(Poller(self._clock, self._executions, self._faults))
        return self._running[key]

    def _clients(self, running: _Running, role: Role) -> Clients:
        self._sessions.check_trust(role)
        stale = running.role != role or not self._sessions.is_valid(running.access_key)
        if stale or running.clients is None:
            session = self._sessions.assume(role)
            running.role, running.access_key = role, session.get_credentials().access_key
            kinesis, functions, sqs, sns = map(session.client, ("kinesis", "lambda", "sqs", "sns"))
            events = cache(partial(session.client, "events"))
            running.clients = Clients(kinesis, functions, sqs, sns, events)
        return running.clients
