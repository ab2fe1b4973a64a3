"""What a lab needs of the place where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import boto3

    from inventory_lab.embedded_aws.faults import FaultPlan, Faults
    from inventory_lab.iam.account.evaluator import PolicyEvaluator

POLL_SECONDS = 1.0
"""A pipe polls a shard about once a second, so that much time passes in a round."""


class Clock(Protocol):
    """The time of a lab."""

    def now(self) -> datetime:
        """The time now, in UTC."""

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""


class Backend(Protocol):
    """The embedded AWS, or a real account."""

    embedded: bool
    """True for the embedded AWS, whose clock can be turned and whose faults can be planned."""

    @property
    def clock(self) -> Clock:
        """The time of the lab."""

    @property
    def evaluator(self) -> PolicyEvaluator:
        """Decides access as AWS does, by the policies of the account."""

    def session(self, principal: str) -> boto3.Session:
        """A session of the principal. Raises PrincipalNotAvailable."""

    def revoke_producer(self) -> None:
        """Delete the producer's key that the backend created, if it still exists."""

    def pump(self) -> Any:
        """One round of every pipe."""

    def still_open(self, positions: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
        """Those of `positions` (product → shard → sequence number) that the pipe has not passed."""

    def passed(self, shard_id: str, sequence_number: int) -> bool | None:
        """Whether the pipe has delivered the record, or given it up; None when that is not known."""

    def executions(self) -> list[Any]:
        """What the pipes did, oldest first. Raises LocalOnly on a real account."""

    def faults(self, plan: FaultPlan) -> AbstractContextManager[Faults]:
        """Inside, the faults of a plan strike. Raises LocalOnly on a real account."""

    def close(self) -> None:
        """End what the backend started."""
