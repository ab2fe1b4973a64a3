"""Inventory Lab: a real-time inventory pipeline on an embedded or a real AWS.

The names below are imported when they are first used, so that importing the domain alone needs
neither pandas nor moto.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inventory_lab.builds.repository import sample_repository as sample_repository
    from inventory_lab.domain.events import InventoryEvent as InventoryEvent
    from inventory_lab.domain.events import ProductAdded as ProductAdded
    from inventory_lab.domain.events import ProductRemoved as ProductRemoved
    from inventory_lab.domain.events import QuantityChanged as QuantityChanged
    from inventory_lab.embedded_aws.faults import FaultPlan as FaultPlan
    from inventory_lab.lab import Lab as Lab
    from inventory_lab.lab import connect as connect
    from inventory_lab.observe.snapshot import Snapshot as Snapshot
    from inventory_lab.producer.generator import simulate as simulate
    from inventory_lab.producer.publisher import RawRecord as RawRecord
    from inventory_lab.producer.replay import replay as replay
    from inventory_lab.settings import Settings as Settings
    from inventory_lab.teaching.checks import check as check
    from inventory_lab.teaching.denials import expect_denied as expect_denied
    from inventory_lab.teaching.exercises import exercise as exercise
    from inventory_lab.teaching.exercises import solved as solved
    from inventory_lab.teaching.progress import progress as progress
    from inventory_lab.teaching.sources import show as show
    from inventory_lab.teaching.versions import versions as versions
    from inventory_lab.views.attempts import draw_attempts as draw_attempts
    from inventory_lab.views.batch import draw_batch as draw_batch
    from inventory_lab.views.bisect import draw_bisect as draw_bisect
    from inventory_lab.views.build import draw_build as draw_build
    from inventory_lab.views.decisions import draw_decisions as draw_decisions
    from inventory_lab.views.diagram import map_of as map_of
    from inventory_lab.views.invocations import draw_invocations as draw_invocations
    from inventory_lab.views.policy_table import policy_table as policy_table
    from inventory_lab.views.race import draw_race as draw_race
    from inventory_lab.views.race import record_calls as record_calls
    from inventory_lab.views.roles import draw_role as draw_role
    from inventory_lab.views.shards import draw_shards as draw_shards
    from inventory_lab.views.stock import draw_stock as draw_stock
    from inventory_lab.views.tables import failed_records_table as failed_records_table
    from inventory_lab.views.tables import inventory_table as inventory_table
    from inventory_lab.views.tables import records_table as records_table
    from inventory_lab.views.window import draw_window as draw_window

__version__ = "0.1.0"

_HOMES = {
    "FaultPlan": "embedded_aws.faults",
    "InventoryEvent": "domain.events",
    "Lab": "lab",
    "ProductAdded": "domain.events",
    "ProductRemoved": "domain.events",
    "QuantityChanged": "domain.events",
    "RawRecord": "producer.publisher",
    "Settings": "settings",
    "Snapshot": "observe.snapshot",
    "check": "teaching.checks",
    "connect": "lab",
    "draw_attempts": "views.attempts",
    "draw_batch": "views.batch",
    "draw_bisect": "views.bisect",
    "draw_build": "views.build",
    "draw_decisions": "views.decisions",
    "draw_invocations": "views.invocations",
    "draw_race": "views.race",
    "draw_role": "views.roles",
    "draw_shards": "views.shards",
    "draw_stock": "views.stock",
    "draw_window": "views.window",
    "exercise": "teaching.exercises",
    "expect_denied": "teaching.denials",
    "failed_records_table": "views.tables",
    "inventory_table": "views.tables",
    "map_of": "views.diagram",
    "policy_table": "views.policy_table",
    "progress": "teaching.progress",
    "record_calls": "views.race",
    "records_table": "views.tables",
    "replay": "producer.replay",
    "sample_repository": "builds.repository",
    "show": "teaching.sources",
    "simulate": "producer.generator",
    "solved": "teaching.exercises",
    "versions": "teaching.versions",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'inventory_lab' has no attribute '{name}'")
    return getattr(import_module(f"inventory_lab.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
