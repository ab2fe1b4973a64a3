"""What a dashboard needs of a lab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from inventory_lab.domain.events import InventoryEvent
from inventory_lab.observe.reconcile import Reconciliation
from inventory_lab.resources.account import Account
from inventory_lab.settings import Settings
from inventory_lab.views.picture import Picture

if TYPE_CHECKING:
    import pandas as pd


class Receipt(Protocol):
    """Where published events are stored."""

    @property
    def published(self) -> int:
        """How many were stored."""

    @property
    def positions(self) -> Mapping[str, Mapping[str, int]]:
        """The last sequence number of each product by shard."""

    @property
    def stored(self) -> Sequence[tuple[str, int] | None]:
        """Shard and sequence number of each event."""


class Round(Protocol):
    """What the pipes did in a second."""

    @property
    def records(self) -> int:
        """How many records they read."""

    @property
    def error(self) -> str:
        """Why a call failed; empty when none did."""

    @property
    def iterator_age_ms(self) -> int:
        """The age of the oldest record that waits."""

    @property
    def faults(self) -> Sequence[str]:
        """The faults that struck."""


class Traffic(Protocol):
    """Where generated events come from."""

    def use_stock(self, stock: Mapping[str, int]) -> None:
        """Go on from this stock."""

    def events(self, count: int, now: str) -> list[InventoryEvent]:
        """The next events."""


class Verbs(Protocol):
    """A lab, as far as the dashboard uses it. Each call may raise LabClosed."""

    @property
    def settings(self) -> Settings:
        """The settings of the lab."""

    @property
    def embedded(self) -> bool:
        """Whether the lab runs on the embedded AWS, where `pump` lets time pass."""

    @property
    def fault_names(self) -> Sequence[str]:
        """The faults that can be switched on; none on a real account."""

    @property
    def account(self) -> Account:
        """The account with its clients."""

    def now(self) -> datetime:
        """Lab time."""

    def traffic(self) -> Traffic:
        """A new source of generated events."""

    def publish(self, event: InventoryEvent) -> Receipt:
        """Publish an event that a person made."""

    def publish_generated(self, events: Sequence[InventoryEvent]) -> Receipt:
        """Publish events of the traffic."""

    def pump(self) -> Round:
        """Let a second of lab time pass."""

    def passed(self, shard_id: str, sequence_number: int) -> bool | None:
        """Whether the pipe has delivered the record or given it up; None when that is not known."""

    def faults(self, plan: Mapping[str, float]) -> AbstractContextManager[object]:
        """Inside, these faults strike with their probability."""

    def draw_map(self, stored: int) -> Picture:
        """The map of the pipeline, whose stream holds so many records."""

    def alerts(self) -> pd.DataFrame:
        """The stock alerts."""

    def rejected(self) -> pd.DataFrame:
        """The rejected records."""

    def dead_letters(self) -> pd.DataFrame:
        """The records that the pipe gave up."""

    def reconcile(self) -> Reconciliation:
        """Compare the table with the stream."""
