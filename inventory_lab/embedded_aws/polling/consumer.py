"""What a pipe and an event source mapping do each in their own way: invoke, and report what failed.

The poller reads a stream, cuts batches and retries them; a `Consumer` delivers a batch and says which
of its records have to be tried again. Free of moto.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError, HTTPClientError

from inventory_lab.embedded_aws.polling.records import Event
from inventory_lab.embedded_aws.polling.source import Source

CALL_ERRORS = (ClientError, HTTPClientError)
RETRIES_EXHAUSTED, TOO_OLD = "RetryAttemptsExhausted", "RecordAgeExceeded"


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients that a consumer calls with; those of its role, unless AWS itself makes the call."""

    kinesis: Any
    functions: Any
    sqs: Any
    sns: Any
    events: Callable[[], Any] = lambda: None
    """Makes the client of an event bus, which few consumers need."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a batch: the records to try again, why, whether the target was invoked at all, and
    what its answer says of itself, which a failure record may quote.
    """

    failed: list[Event]
    error: str = ""
    invoked: bool = True
    response: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Records that are delivered no more: all of one shard, in order, with none left out in between.

    `invocations` counts how often the target was invoked with them, `response` is of the last time.
    """

    events: Sequence[Event]
    shard_id: str
    at: datetime
    condition: str
    invocations: int
    response: Mapping[str, Any]


class Consumer(Protocol):
    """A pipe or an event source mapping, with the clients of its role."""

    @property
    def name(self) -> str:
        """Its name in the log of executions."""

    @property
    def source(self) -> Source:
        """The stream, and how it is read."""

    @property
    def clients(self) -> Clients:
        """Reads the stream and sends the failure records."""

    @property
    def failure_destination(self) -> str | None:
        """The ARN of the queue or topic for records that are given up; None when they are dropped."""

    def deliver(self, events: list[Event], now: datetime) -> Delivery:
        """Invoke the target with a batch; a call that is refused is a delivery that failed."""

    def failure_record(self, given_up: GivenUp) -> dict[str, Any]:
        """The message for the failure destination."""
