"""When an alarm on one metric changes its state. Free of moto.

An alarm looks at the last periods that are complete: at two more than EvaluationPeriods, so that some
may be missing. When at least EvaluationPeriods of them have data, the newest of those count alone.
Otherwise TreatMissingData says what the others count as:

| TreatMissingData | a missing period |
|---|---|
| breaching | counts as breaching |
| notBreaching | counts as within the threshold |
| ignore | leaves the state as it is, unless the periods with data decide |
| missing | the same; without any data the state is INSUFFICIENT_DATA, and when all data is breaching and the oldest is at least DatapointsToAlarm periods old, ALARM |

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inventory_lab.embedded_aws.cloudwatch.metrics import STATISTICS, Metric, MetricStore

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
TREATMENTS = ("breaching", "ignore", "missing", "notBreaching")
EXTRA_PERIODS = 2
DAY_SECONDS, HOUR_SECONDS = 86_400, 3_600
MOST_SECONDS = 7 * DAY_SECONDS
"""An alarm whose period is shorter than an hour looks back a day at most, another one a week:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""

_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
}
COMPARISONS = tuple(_COMPARISONS)


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """What an alarm watches; `period` in seconds."""

    metric: Metric
    statistic: str
    period: int
    evaluation_periods: int
    datapoints_to_alarm: int
    comparison: str
    threshold: float
    treat_missing: str = "missing"

    def problem(self) -> str | None:
        """Why AWS refuses the rule with a ValidationError; None when it accepts it.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        """
        most = DAY_SECONDS if self.period < HOUR_SECONDS else MOST_SECONDS
        problems = {
            "Period must be 10, 20, 30 or any multiple of 60": self.period < 1
            or (self.period % 60 and self.period not in (10, 20, 30)),
            "EvaluationPeriods must be at least 1": self.evaluation_periods < 1,
            "DatapointsToAlarm must be from 1 to EvaluationPeriods": not (
                1 <= self.datapoints_to_alarm <= self.evaluation_periods
            ),
            f"Metrics cannot be checked across more than {most} seconds (EvaluationPeriods * Period)": (
                self.period * self.evaluation_periods > most
            ),
            f"TreatMissingData must be one of {', '.join(TREATMENTS)}": self.treat_missing
            not in TREATMENTS,
        }
        return next((text for text, wrong in problems.items() if wrong), None)

    def unsupported(self) -> str | None:
        """Why it cannot be evaluated here although AWS could; None when it can."""
        if self.comparison not in COMPARISONS:
            return f"ComparisonOperator {self.comparison}"
        if self.statistic not in STATISTICS:
            return f"Statistic {self.statistic}"
        return f"Period {self.period}, shorter than a minute" if self.period % 60 else None

    def breaches(self, value: float) -> bool:
        """Whether a value is on the wrong side of the threshold."""
        return _COMPARISONS[self.comparison][0](value, self.threshold)


@dataclass(frozen=True, slots=True)
class Datapoint:
    """One period: when it began, and the statistic of it, None when nothing was measured."""

    at: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The state of an alarm at a moment and why."""

    state: str
    reason: str


def datapoints(rule: AlarmRule, store: MetricStore, at: datetime) -> list[Datapoint]:
    """The periods that the alarm looks at, oldest first; the last one ends at or before `at`."""
    end = int(at.timestamp()) // rule.period * rule.period
    count = rule.evaluation_periods + EXTRA_PERIODS
    starts = [datetime.fromtimestamp(end - n * rule.period, UTC) for n in range(count, 0, -1)]
    last = starts[-1] + timedelta(seconds=rule.period)
    measured = store.periods(rule.metric, starts[0], last, rule.period)
    return [
        Datapoint(start, measured[start].statistic(rule.statistic) if start in measured else None)
        for start in starts
    ]


def evaluate(rule: AlarmRule, points: Sequence[Datapoint], state: str) -> Evaluation:
    """The state after these periods, oldest first, for an alarm that is in `state`.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    known = [point for point in points if point.value is not None][-rule.evaluation_periods :]
    missing = rule.evaluation_periods - len(known)
    new = _state(rule, points, known, missing, state)
    return Evaluation(new, _reason(rule, known, missing, state, new))


def _state(
    rule: AlarmRule, points: Sequence[Datapoint], known: list[Datapoint], missing: int, state: str
) -> str:
    breaching = sum(rule.breaches(p.value) for p in known if p.value is not None)
    if missing and rule.treat_missing == "breaching":
        breaching += missing
    if breaching >= rule.datapoints_to_alarm:
        return ALARM
    if not missing or rule.treat_missing in ("breaching", "notBreaching"):
        return OK
    if len(known) > breaching:
        return OK
    return _state_of_too_little_data(rule, points, known, state)


def _state_of_too_little_data(
    rule: AlarmRule, points: Sequence[Datapoint], known: list[Datapoint], state: str
) -> str:
    """Nothing was within the threshold, and too little beyond it."""
    if rule.treat_missing == "ignore":
        return state
    if not known:
        return INSUFFICIENT_DATA
    age = len(points) - next(n for n, point in enumerate(points) if point.at == known[0].at)
    return ALARM if age >= rule.datapoints_to_alarm else state


def _reason(rule: AlarmRule, known: list[Datapoint], missing: int, old: str, new: str) -> str:
    """Why, in CloudWatch's words."""
    if new == INSUFFICIENT_DATA:
        return f"Insufficient Data: {_plural(missing, 'datapoint')} {_were(missing)} unknown."
    if not known:
        treated = {"breaching": "Breaching", "notBreaching": "NonBreaching"}
        how = treated.get(rule.treat_missing, "Missing")
        return (
            f"Threshold Crossed: no datapoints were received for {_plural(missing, 'period')} and "
            f"{_plural(missing, 'missing datapoint')} {_were(missing)} treated as [{how}]."
        )
    values = [(p.at, float(p.value)) for p in known if p.value is not None]
    chosen = [(at, v) for at, v in reversed(values) if rule.breaches(v) == (new == ALARM)]
    shown = ", ".join(f"{value} ({at:%d/%m/%y %H:%M:%S})" for at, value in chosen)
    side = "" if new == ALARM else "not "
    needed = _plural(rule.datapoints_to_alarm, "datapoint")
    return (
        f"Threshold Crossed: {len(chosen)} out of the last {len(known)} datapoints [{shown}] "
        f"{_were(len(chosen))} {side}{_COMPARISONS[rule.comparison][1]} the threshold "
        f"({float(rule.threshold)}) (minimum {needed} for {old} -> {new} transition)."
    )


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
