"""The state of an alarm after periods with and without data.

The rows are those of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html:
0 is a value within the threshold, X one beyond it, - a missing one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_lab.embedded_aws.clock import LAB_EPOCH
from inventory_lab.embedded_aws.cloudwatch.alarms import (
    TREATMENTS,
    AlarmRule,
    Datapoint,
    datapoints,
    evaluate,
)
from inventory_lab.embedded_aws.cloudwatch.metrics import Metric, MetricStore

METRIC = Metric.of("AWS/Lambda", "Errors", FunctionName="f")
VALUES = {"0": 0.0, "X": 9.0, "-": None}
KEPT = "INSUFFICIENT_DATA or OK or ALARM, as before"


def rule(needed: int, periods: int = 3, treat_missing: str = "missing") -> AlarmRule:
    return AlarmRule(
        METRIC, "Sum", 60, periods, needed, "GreaterThanThreshold", 5, treat_missing
    )  # fmt: skip


def points(row: str) -> list[Datapoint]:
    start = LAB_EPOCH
    return [Datapoint(start + timedelta(minutes=n), VALUES[c]) for n, c in enumerate(row.split())]


ROWS = {
    3: {
        "0 - X - X": ("OK", "OK", "OK", "OK"),
        "0 - - - -": ("OK", "OK", "OK", "OK"),
        "- - - - -": ("INSUFFICIENT_DATA", KEPT, "ALARM", "OK"),
        "0 X X - X": ("ALARM", "ALARM", "ALARM", "ALARM"),
        "- - X - -": ("ALARM", KEPT, "ALARM", "OK"),
        "- - - - X": (KEPT, KEPT, "ALARM", "OK"),
    },
    2: {
        "0 - X - X": ("ALARM", "ALARM", "ALARM", "ALARM"),
        "0 0 X 0 X": ("ALARM", "ALARM", "ALARM", "ALARM"),
        "0 - X - -": ("OK", "OK", "ALARM", "OK"),
        "- - - - 0": ("OK", "OK", "ALARM", "OK"),
        "- - - X -": ("ALARM", KEPT, "ALARM", "OK"),
    },
}
CASES = [
    (needed, row, treat, expected)
    for needed, rows in ROWS.items()
    for row, states in rows.items()
    for treat, expected in zip(
        ("missing", "ignore", "breaching", "notBreaching"), states, strict=True
    )
]


@pytest.mark.parametrize(("needed", "row", "treat", "expected"), CASES)
@pytest.mark.parametrize("before", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_missing_data_counts_as_the_alarm_says(
    needed: int, row: str, treat: str, expected: str, before: str
) -> None:
    state = evaluate(rule(needed, treat_missing=treat), points(row), before).state
    assert state == (before if expected == KEPT else expected)


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", [6]),
        ("GreaterThanOrEqualToThreshold", [5, 6]),
        ("LessThanThreshold", [4]),
        ("LessThanOrEqualToThreshold", [4, 5]),
    ],
)
def test_a_comparison_includes_the_threshold_or_not(comparison: str, breaching: list[int]) -> None:
    compared = AlarmRule(METRIC, "Sum", 60, 1, 1, comparison, 5)
    assert [value for value in (4, 5, 6) if compared.breaches(value)] == breaching


@given(
    st.lists(st.sampled_from("0X"), min_size=5, max_size=5),
    st.sampled_from(TREATMENTS),
    st.integers(1, 3),
)
def test_with_data_in_every_period_the_treatment_of_missing_data_changes_nothing(
    row: list[str], treat: str, needed: int
) -> None:
    state = evaluate(rule(needed, treat_missing=treat), points(" ".join(row)), "OK").state
    assert state == ("ALARM" if row[-3:].count("X") >= needed else "OK")


def test_the_reason_names_the_values_that_decided() -> None:
    reason = evaluate(rule(2), points("0 0 X 0 X"), "OK").reason
    assert reason == (
        "Threshold Crossed: 2 out of the last 3 datapoints [9.0 (05/01/26 09:04:00), "
        "9.0 (05/01/26 09:02:00)] were greater than the threshold (5.0) "
        "(minimum 2 datapoints for OK -> ALARM transition)."
    )


def test_the_reason_says_how_many_periods_had_no_data() -> None:
    missing = points("- - - - -")
    assert "3 datapoints were unknown" in evaluate(rule(3), missing, "OK").reason
    reason = evaluate(rule(3, treat_missing="breaching"), missing, "OK").reason
    assert reason.endswith("3 missing datapoints were treated as [Breaching].")


def test_an_alarm_looks_at_periods_that_are_complete() -> None:
    store = MetricStore()
    store.put(METRIC, LAB_EPOCH + timedelta(seconds=70), 9)
    watched = rule(1, periods=1)
    before, after = (LAB_EPOCH + timedelta(seconds=s) for s in (119, 120))
    assert [p.value for p in datapoints(watched, store, before)] == [None, None, None]
    assert [p.value for p in datapoints(watched, store, after)] == [None, None, 9]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"period": 90}, "multiple of 60"),
        ({"evaluation_periods": 1441}, "more than 86400 seconds"),
        ({"period": 3600, "evaluation_periods": 169}, "more than 604800 seconds"),
        ({"datapoints_to_alarm": 4}, "from 1 to EvaluationPeriods"),
        ({"treat_missing": "never"}, "must be one of"),
    ],
)
def test_a_rule_that_aws_refuses(change: dict[str, int], problem: str) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    assert rule(1).problem() is None
    assert problem in (replace(rule(1), **change).problem() or "")  # type: ignore[arg-type]
