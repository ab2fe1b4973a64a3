"""Metrics: what was measured, minute by minute. Free of moto.

CloudWatch keeps the metrics of AWS's services per minute, as the sum, number, minimum and maximum of
what was measured in it: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

MINUTE = 60
STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's identity; `dimensions` are its names and values, sorted."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, namespace: str, name: str, /, **dimensions: str) -> Metric:
        """A metric with these dimensions.

        >>> Metric.of("AWS/Lambda", "Errors", FunctionName="f").dimensions
        (('FunctionName', 'f'),)
        """
        return cls(namespace, name, tuple(sorted(dimensions.items())))

    def has(self, dimensions: Mapping[str, str | None]) -> bool:
        """Whether it has all these dimensions; None means any value."""
        own = dict(self.dimensions)
        return all(n in own and v in (None, own[n]) for n, v in dimensions.items())


@dataclass(slots=True)
class Values:
    """What was measured in one period."""

    total: float = 0
    count: float = 0
    lowest: float = float("inf")
    highest: float = float("-inf")

    def add(self, value: float, times: float = 1) -> None:
        """Add one value, `count` times."""
        self.include(Values(value * times, times, value, value))

    def include(self, other: Values) -> None:
        """Take in what was measured in another period."""
        self.total += other.total
        self.count += other.count
        self.lowest = min(self.lowest, other.lowest)
        self.highest = max(self.highest, other.highest)

    def statistic(self, name: str) -> float:
        """One of STATISTICS.

        >>> Values(total=6, count=2, lowest=1, highest=5).statistic("Average")
        3.0
        """
        return {
            "Average": self.total / self.count,
            "Maximum": self.highest,
            "Minimum": self.lowest,
            "SampleCount": self.count,
            "Sum": self.total,
        }[name]


@dataclass(slots=True)
class _Series:
    unit: str = "None"
    minutes: dict[int, Values] = field(default_factory=dict)


class MetricStore:
    """The metrics of one account and region."""

    def __init__(self) -> None:
        self._series: dict[Metric, _Series] = {}

    def put(self, metric: Metric, at: datetime, value: float, unit: str = "Count") -> None:
        """Add one value to the minute that `at` is in."""
        self.put_values(metric, at, Values(value, 1, value, value), unit)

    def put_values(self, metric: Metric, at: datetime, values: Values, unit: str) -> None:
        """Add several values to the minute that `at` is in."""
        series = self._series.setdefault(metric, _Series(unit))
        series.unit = unit
        series.minutes.setdefault(int(at.timestamp()) // MINUTE, Values()).include(values)

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._series)

    def unit(self, metric: Metric) -> str:
        """The unit of a metric; "None" for a metric without values."""
        return self._series[metric].unit if metric in self._series else "None"

    def periods(
        self, metric: Metric, start: datetime, end: datetime, period: int
    ) -> dict[datetime, Values]:
        """The values from `start` until before `end`, by the start of each period that has any. A period
        has `period` seconds; periods are counted from the epoch, as on AWS.
        """
        periods: dict[datetime, Values] = {}
        first = int(start.timestamp()) // period * period
        for minute, values in self._minutes(metric, first, end.timestamp()):
            begin = datetime.fromtimestamp(minute * MINUTE // period * period, UTC)
            periods.setdefault(begin, Values()).include(values)
        return dict(sorted(periods.items()))

    def _minutes(self, metric: Metric, first: float, end: float) -> Iterator[tuple[int, Values]]:
        minutes = self._series[metric].minutes if metric in self._series else {}
        minute_range = range(int(first) // MINUTE, -int(-end // MINUTE))
        if len(minute_range) < len(minutes):
            yield from ((minute, minutes[minute]) for minute in minute_range if minute in minutes)
        else:
            yield from ((m, values) for m, values in minutes.items() if m in minute_range)
