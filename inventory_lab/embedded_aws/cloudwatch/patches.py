"""CloudWatch with metrics of what happened, and alarms whose state follows them.

| | AWS | moto 5.2.5 | here |
|---|---|---|---|
| metrics of AWS's services | see `sources.py` | of S3 and others, not of these services | as AWS, of what happened here |
| GetMetricData, GetMetricStatistics, ListMetrics, PutMetricData | by period, counted from the epoch | by StartTime; walks all data | as AWS; periods of whole minutes, the five simple statistics |
| a new alarm | INSUFFICIENT_DATA | OK | as AWS |
| an alarm that is put again | keeps its state | OK | as AWS |
| state of an alarm | evaluated each minute, see `alarms.py` | set by hand only | evaluated in pump(), once for each minute of lab time that has passed |
| SetAlarmState | lasts until the next evaluation, with actions | sets it | as AWS |
| AlarmActions, OKActions, InsufficientDataActions | topics, functions, EC2, ... | ignored | topics, if their policy lets the account or CloudWatch in |
| a queue's metrics | when the queue was used in the last six hours | none | always; the last day when the clock is turned by more |
| how soon a metric is there | minutes later | - | at once |
| refused: Metrics, ExtendedStatistic, ThresholdMetricId, periods under a minute, other actions, composite alarms | accepted | stored | UnsupportedAlarm |
| refused: expressions, percentiles, other periods in a query | answered | answered in part | UnsupportedMetric |

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import moto.cloudwatch.models as moto_models
from moto.cloudwatch.exceptions import InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.cloudwatch import alarms
from inventory_lab.embedded_aws.cloudwatch.alarms import AlarmRule
from inventory_lab.embedded_aws.cloudwatch.metrics import (
    MINUTE,
    STATISTICS,
    Metric,
    MetricStore,
    Values,
)
from inventory_lab.embedded_aws.cloudwatch.notifications import StateChange
from inventory_lab.embedded_aws.patching import Patch, hook
from inventory_lab.exceptions import UnsupportedAlarm, UnsupportedMetric
from inventory_lab.iam.account.evaluator import PolicyEvaluator

CLOUDWATCH = "cloudwatch.amazonaws.com"
MOST_EVALUATIONS = 24 * 60
"""The most minutes for which an alarm is evaluated when the clock moves further."""
_ACTIONS = {
    alarms.ALARM: "alarm_actions",
    alarms.OK: "ok_actions",
    alarms.INSUFFICIENT_DATA: "insufficient_data_actions",
}
_NOT_SUPPORTED = {
    "metric_data_queries": "Metrics",
    "extended_statistic": "ExtendedStatistic",
    "threshold_metric_id": "ThresholdMetricId",
    "evaluate_low_sample_count_percentile": "EvaluateLowSampleCountPercentile",
    "unit": "Unit",
    "rule": "AlarmRule",
}


class Alarms:
    """Evaluates the alarms of a region, and notifies the topics of a change."""

    def __init__(
        self, region: str, clock: LabClock, store: MetricStore, evaluator: PolicyEvaluator
    ) -> None:
        self._region = region
        self._clock = clock
        self._evaluator = evaluator
        self._evaluated = self._minute()
        self.store = store

    def evaluate_due(self) -> None:
        """Evaluate every alarm for each minute that has passed since this was last called."""
        first, now = self._evaluated + 1, self._minute()
        self._evaluated = now
        existing = cloudwatch_backends[DEFAULT_ACCOUNT_ID][self._region].alarms
        if not existing:
            return
        for minute in range(max(first, now - MOST_EVALUATIONS), now + 1):
            at = datetime.fromtimestamp(minute * MINUTE, UTC)
            for alarm in [a for a in existing.values() if _created(a) <= at]:
                self._evaluate(alarm, at)

    def changed(self, alarm: Any, state: str, reason: str, data: str, at: datetime) -> None:
        """Put an alarm in a state, and run the actions for it when it was in another one."""
        old = alarm.state_value
        alarm.update_state(reason, data, state)
        alarm.state_updated_timestamp = at.replace(tzinfo=None)
        if old == state or not alarm.actions_enabled:
            return
        description, rule = alarm.description, rule_of(alarm)
        change = StateChange(alarm.name, alarm.alarm_arn, description, rule, old, state, reason, at)
        for topic in getattr(alarm, _ACTIONS[state]):
            self._notify(topic, change)

    def now(self) -> datetime:
        """The lab's time."""
        return self._clock.now()

    def _evaluate(self, alarm: Any, at: datetime) -> None:
        rule = rule_of(alarm)
        points = alarms.datapoints(rule, self.store, at)
        result = alarms.evaluate(rule, points, alarm.state_value)
        if result.state != alarm.state_value:
            self.changed(alarm, result.state, result.reason, "{}", at)

    def _notify(self, topic: str, change: StateChange) -> None:
        backend = sns_backends[DEFAULT_ACCOUNT_ID][topic.split(":")[3]]
        if topic in backend.topics and self._may_publish(topic, change.arn):
            backend.publish(change.message(), arn=topic, subject=change.subject())

    def _may_publish(self, topic: str, alarm: str) -> bool:
        return self._evaluator.service_may(CLOUDWATCH, "sns:Publish", topic, alarm).allowed

    def _minute(self) -> int:
        return int(self._clock.timestamp()) // MINUTE


def depths(region: str) -> Mapping[str, tuple[int, int]]:
    """The visible and the invisible messages of each queue of a region."""
    queues = sqs_backends[DEFAULT_ACCOUNT_ID][region].queues.values()
    return {
        queue.name: (
            queue.approximate_number_of_messages,
            queue.approximate_number_of_messages_not_visible,
        )
        for queue in queues
    }


def patches(alarms_of_lab: Alarms) -> list[Patch]:
    """What gives CloudWatch the metrics of the lab, and its clock."""
    now, store = alarms_of_lab.now, alarms_of_lab.store
    measured = partial(hook, CloudWatchBackend)
    own = "metrics are what really happened, by the lab's clock"
    return [
        hook(
            moto_models,
            "utcnow",
            "()",
            "alarms are created at the lab's time",
            lambda: now().replace(tzinfo=None),
        ),
        Patch(
            owner=CloudWatchBackend,
            name="put_metric_alarm",
            signature="(self, name, namespace, metric_name, comparison_operator, "
            "evaluation_periods, period, threshold, statistic, description, dimensions, "
            "alarm_actions, metric_data_queries=None, datapoints_to_alarm=None, "
            "extended_statistic=None, ok_actions=None, insufficient_data_actions=None, unit=None, "
            "actions_enabled=True, treat_missing_data=None, "
            "evaluate_low_sample_count_percentile=None, threshold_metric_id=None, rule=None, "
            "tags=None)",
            kind="gap",
            why="refuses what AWS refuses, and an alarm that would never be evaluated",
            around=_put_alarm,
        ),
        measured(
            "set_alarm_state",
            "(self, alarm_name, reason, reason_data, state_value)",
            "a change of state runs the alarm's actions",
            around=lambda set_state: _set_state(set_state, alarms_of_lab),
        ),
        measured(
            "put_metric_data", "(self, namespace, metric_data)", own, _put_data(alarms_of_lab)
        ),
        measured(
            "get_metric_data",
            "(self, queries, start_time, end_time, scan_by='TimestampAscending')",
            own,
            _get_data(store),
        ),
        measured(
            "get_metric_statistics",
            "(self, namespace, metric_name, start_time, end_time, period, stats, dimensions, "
            "unit=None)",
            own,
            _get_statistics(store),
        ),
        measured(
            "list_metrics",
            "(self, next_token, namespace, metric_name, dimensions)",
            own,
            _list(store),
        ),
        Patch(
            owner=CloudWatchResponse,
            name="put_composite_alarm",
            kind="hook",
            why="refuses a composite alarm by name",
            replacement=_composite,
            new=True,
        ),
    ]


def rule_of(alarm: Any) -> AlarmRule:
    """What an alarm of moto's watches."""
    dimensions = {dimension.name: dimension.value for dimension in alarm.dimensions}
    return AlarmRule(
        metric=Metric.of(str(alarm.namespace), str(alarm.metric_name), **dimensions),
        statistic=str(alarm.statistic),
        period=int(alarm.period or 0),
        evaluation_periods=int(alarm.evaluation_periods),
        datapoints_to_alarm=int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold or 0),
        treat_missing=alarm.treat_missing_data or "missing",
    )


def _created(alarm: Any) -> datetime:
    created: datetime = alarm.configuration_updated_timestamp
    return created.replace(tzinfo=UTC)


def _put_alarm(put: Callable[..., Any]) -> Callable[..., Any]:
    def put_alarm(self: Any, name: str, **settings: Any) -> Any:
        for setting, param in _NOT_SUPPORTED.items():
            if settings.get(setting):
                raise UnsupportedAlarm(name, f"it has {param}")
        existing = self.alarms.get(name)
        alarm = put(self, name=name, **settings)
        try:
            _check(alarm)
        except BaseException:
            self.alarms.pop(name)
            self.alarms |= {} if existing is None else {name: existing}
            raise
        _keep_state(alarm, existing)
        return alarm

    return put_alarm


def _composite(self: Any) -> None:
    raise UnsupportedAlarm(self._get_param("AlarmName"), "it has AlarmRule")


def _check(alarm: Any) -> None:
    """Raises ValidationError for what AWS refuses, UnsupportedAlarm for what is not evaluated here."""
    if not (alarm.namespace and alarm.metric_name and alarm.statistic):
        raise ValidationError("MetricName, Namespace and Statistic must be specified.")
    rule = rule_of(alarm)
    problem = rule.problem()
    if problem:
        raise ValidationError(problem)
    for arn in {arn for kind in _ACTIONS.values() for arn in getattr(alarm, kind)}:
        if not str(arn).startswith("arn:"):
            raise ValidationError(f"Invalid arn syntax: {arn}")
        if arn.split(":")[2] != "sns":
            raise UnsupportedAlarm(alarm.name, f"its action {arn} is not a topic")
    if rule.unsupported():
        raise UnsupportedAlarm(alarm.name, f"it has {rule.unsupported()}")


def _keep_state(alarm: Any, existing: Any) -> None:
    if existing is None:
        alarm.state_value = alarms.INSUFFICIENT_DATA
        return
    for name in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp"):
        setattr(alarm, name, getattr(existing, name))
    alarm.history = existing.history


def _set_state(set_state: Callable[..., None], lab: Alarms) -> Callable[..., None]:
    def set_alarm_state(
        self: Any, alarm_name: str, reason: str, reason_data: str, state_value: str
    ) -> None:
        alarm = self.alarms.get(alarm_name)
        old = alarm.state_value if alarm else None
        set_state(self, alarm_name, reason, reason_data, state_value)
        alarm.state_value = old  # checked by moto, and not yet changed
        alarm.history.pop()
        lab.changed(alarm, state_value, reason, reason_data or "{}", lab.now())

    return set_alarm_state


def _put_data(lab: Alarms) -> Callable[..., None]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"""

    def put_metric_data(self: Any, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        if namespace.startswith("AWS/"):  # moto's own; the gate lets no program's through
            return
        for number, datum in enumerate(metric_data, 1):
            self._validate_parameters_put_metric_data(datum, number)
        for datum in metric_data:
            metric = _metric(namespace, datum["MetricName"], datum.get("Dimensions"))
            at = _aware(datum.get("Timestamp") or lab.now())
            unit = datum.get("Unit") or "None"
            lab.store.put_values(metric, at, _values(datum), unit)

    return put_metric_data


def _values(datum: Mapping[str, Any]) -> Values:
    statistics = datum.get("StatisticValues")
    if statistics:
        names = ("Sum", "SampleCount", "Minimum", "Maximum")
        return Values(*(float(statistics[name]) for name in names))
    values, total = datum.get("Values") or [datum.get("Value", 0)], Values()
    for value, count in zip(values, datum.get("Counts") or [1] * len(values), strict=True):
        total.add(float(value), float(count))
    return total


def _get_data(store: MetricStore) -> Callable[..., list[dict[str, Any]]]:
    def get_metric_data(
        _: Any,
        queries: list[dict[str, Any]],
        start_time: datetime,
        end_time: datetime,
        scan_by: str = "TimestampDescending",
    ) -> list[dict[str, Any]]:
        _check_times(start_time, end_time)
        answers = [_answer(store, query, start_time, end_time, scan_by) for query in queries]
        return [
            a for a, query in zip(answers, queries, strict=True) if query.get("ReturnData", True)
        ]

    return get_metric_data


def _answer(
    store: MetricStore, query: Mapping[str, Any], start: datetime, end: datetime, scan_by: str
) -> dict[str, Any]:
    """One result of GetMetricData."""
    if "MetricStat" not in query:
        raise UnsupportedMetric(f"the Expression {query.get('Expression')}")
    statistic = query["MetricStat"]
    named = statistic["Metric"]
    metric = _metric(named["Namespace"], named["MetricName"], named.get("Dimensions"))
    _check_query([statistic["Stat"]], int(statistic["Period"]))
    periods = store.periods(metric, _aware(start), _aware(end), int(statistic["Period"]))
    moments = sorted(periods, reverse=scan_by == "TimestampDescending")
    return {
        "Id": query["Id"],
        "Label": query.get("Label") or metric.name,
        "Timestamps": moments,
        "Values": [periods[moment].statistic(statistic["Stat"]) for moment in moments],
        "StatusCode": "Complete",
    }


def _get_statistics(store: MetricStore) -> Callable[..., list[dict[str, Any]]]:
    def get_metric_statistics(
        _: Any,
        namespace: str,
        metric_name: str,
        start_time: datetime,
        end_time: datetime,
        period: int,
        stats: list[str],
        dimensions: list[dict[str, str]],
        unit: str | None = None,
    ) -> list[dict[str, Any]]:
        _check_times(start_time, end_time)
        _check_query(stats, period)
        metric = _metric(namespace, metric_name, dimensions)
        if unit not in (None, store.unit(metric)):
            return []
        periods = store.periods(metric, _aware(start_time), _aware(end_time), period)
        return [
            {"Timestamp": moment, "Unit": store.unit(metric)}
            | {name: values.statistic(name) for name in stats}
            for moment, values in periods.items()
        ]

    return get_metric_statistics


def _list(store: MetricStore) -> Callable[..., tuple[None, list[dict[str, Any]]]]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html"""

    def list_metrics(
        _: Any,
        next_token: str | None,  # noqa: ARG001
        namespace: str | None,
        metric_name: str | None,
        dimensions: list[dict[str, str]],
    ) -> tuple[None, list[dict[str, Any]]]:
        asked = {d["Name"]: d.get("Value") for d in dimensions or ()}
        metrics = [
            metric
            for metric in sorted(store, key=lambda m: (m.namespace, m.name, m.dimensions))
            if namespace in (None, metric.namespace)
            and metric_name in (None, metric.name)
            and metric.has(asked)
        ]
        return None, [_listed(metric) for metric in metrics]

    return list_metrics


def _listed(metric: Metric) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}


def _metric(namespace: str, name: str, dimensions: Iterable[Mapping[str, str]] | None) -> Metric:
    return Metric.of(namespace, name, **{d["Name"]: d["Value"] for d in dimensions or ()})


def _check_times(start: datetime, end: datetime) -> None:
    if _aware(start) >= _aware(end):
        raise InvalidParameterValue(
            "The parameter StartTime must be less than the parameter EndTime."
        )


def _check_query(statistics: Iterable[str], period: int) -> None:
    """Raises UnsupportedMetric."""
    if period < MINUTE or period % MINUTE:
        raise UnsupportedMetric(f"the Period {period}, which is not a number of whole minutes")
    for name in statistics or ("ExtendedStatistics",):
        if name not in STATISTICS:
            raise UnsupportedMetric(f"the statistic {name}")


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
