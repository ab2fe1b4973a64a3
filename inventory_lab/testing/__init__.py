"""Tests for a handler of your own: seeded schedules of the faults of a stream on AWS."""

from __future__ import annotations

from inventory_lab.testing.report import StormReport as StormReport
from inventory_lab.testing.scenario import Scenario as Scenario
from inventory_lab.testing.storm import storm as storm

__all__ = ["Scenario", "StormReport", "storm"]
