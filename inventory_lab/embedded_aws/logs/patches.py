"""CloudWatch Logs: log events are as old as the lab's clock says."""

from __future__ import annotations

from moto.logs import models

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.patching import Patch


def patches(clock: LabClock) -> list[Patch]:
    """What makes CloudWatch Logs follow the clock: moto refuses log events that are 14 days old."""
    return [
        Patch(
            owner=models,
            name="utcnow",
            signature="()",
            kind="hook",
            why="the age of a log event follows the lab's clock",
            replacement=lambda: clock.now().replace(tzinfo=None),
        )
    ]
