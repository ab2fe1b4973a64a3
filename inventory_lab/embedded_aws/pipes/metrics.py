"""The metrics of a pipe: what each execution adds to AWS/EventBridge/Pipes. Free of moto.

| metric | here |
|---|---|
| Invocations, EventCount, ExecutionFailed, ExecutionPartiallyFailed, TargetStageFailed, TargetStagePartiallyFailed, EnrichmentStageFailed | at each execution, 0 when there is nothing to count, as on AWS |
| TargetStageSkipped | when an enrichment answered with nothing |
| Duration, EventSize, Concurrency, ExecutionThrottled, ExecutionTimeout, ... | not measured |

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html
"""

from __future__ import annotations

from collections.abc import Mapping

NAMESPACE = "AWS/EventBridge/Pipes"


def of_execution(
    records: int, failed: int, stage: str | None = None, skipped: bool = False
) -> Mapping[str, int]:
    """What an execution adds to each metric; `stage` is the one that failed, "Target" or "Enrichment".

    >>> of_execution(3, 1, "Target")["ExecutionPartiallyFailed"]
    1
    """
    whole, partly = failed == records, 0 < failed < records
    values = {
        "Invocations": 1,
        "EventCount": records,
        "ExecutionFailed": int(whole),
        "ExecutionPartiallyFailed": int(partly),
        "TargetStageFailed": int(whole and stage == "Target"),
        "TargetStagePartiallyFailed": int(partly),
        "EnrichmentStageFailed": int(whole and stage == "Enrichment"),
    }
    return values | ({"TargetStageSkipped": 1} if skipped else {})
