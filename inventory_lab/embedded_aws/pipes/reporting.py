"""Where pipes report their executions: CloudWatch Logs and the metrics. Free of moto."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from inventory_lab.embedded_aws.cloudwatch.sources import Measurements
from inventory_lab.embedded_aws.pipes.metrics import NAMESPACE

WriteLog = Callable[[str, str, list[dict[str, Any]]], None]
"""Writes events to a stream of a log group as AWS's log delivery does."""


class PipeReports:
    """Observes the executions of all pipes; their ids are the same in every run."""

    def __init__(self, measurements: Measurements, write: WriteLog) -> None:
        self._measurements = measurements
        self._ids = random.Random(0)  # noqa: S311
        self.write = write

    def measure(self, pipe: str, values: Mapping[str, int]) -> None:
        """Add values to the metrics of a pipe."""
        for name, value in values.items():
            self._measurements.put(NAMESPACE, name, value, "None", PipeName=pipe)

    def execution_id(self) -> str:
        """An id for a new execution."""
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))
