"""The metrics of a pipe: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html"""

from __future__ import annotations

from tests.embedded_aws.cloudwatch.test_metrics import measured
from tests.embedded_aws.pipes.roads import FAILS, SAYS, Roads
from tests.embedded_aws.pipes.test_execution_log import FAILS_ONE

NAMES = (
    "Invocations", "EventCount", "ExecutionFailed", "ExecutionPartiallyFailed", "TargetStageFailed",
    "TargetStagePartiallyFailed", "EnrichmentStageFailed",
)  # fmt: skip


def metrics(roads: Roads, source: str, enrichment: str | None = None) -> list[float]:
    """The sums of NAMES after one execution with two records."""
    more = {"Enrichment": roads.function("enrichment", enrichment)} if enrichment else {}
    roads.pipe(roads.function("target", source), **more)
    roads.put({"n": 1}, {"n": 2})
    roads.lab.pump()
    values = [measured(roads.lab, "AWS/EventBridge/Pipes", name, PipeName="road") for name in NAMES]
    return [value for [value] in values]


def test_an_execution_that_succeeds_counts_zero_failures(roads: Roads) -> None:
    assert metrics(roads, SAYS) == [1, 2, 0, 0, 0, 0, 0]


def test_an_execution_that_fails_counts_for_the_target_stage(roads: Roads) -> None:
    assert metrics(roads, FAILS) == [1, 2, 1, 0, 1, 0, 0]


def test_a_partial_failure_is_counted_apart(roads: Roads) -> None:
    assert metrics(roads, FAILS_ONE) == [1, 2, 0, 1, 0, 1, 0]


def test_a_failure_of_the_enrichment_is_not_one_of_the_target(roads: Roads) -> None:
    assert metrics(roads, SAYS, FAILS) == [1, 2, 1, 0, 0, 0, 1]


def test_a_target_that_is_skipped_is_counted(roads: Roads) -> None:
    metrics(roads, SAYS, "def handle(event, context):\n    return []\n")
    skipped = measured(roads.lab, "AWS/EventBridge/Pipes", "TargetStageSkipped", PipeName="road")
    assert skipped == [1]
