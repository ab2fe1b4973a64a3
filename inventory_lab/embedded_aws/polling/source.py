"""How a stream is read, cut into batches and retried: what pipes and mappings have in common. Free of moto."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory_lab.embedded_aws.polling.filters import Filters, read_filters

NO_LIMIT = -1


@dataclass(frozen=True, slots=True)
class Source:
    """A Kinesis stream as a pipe or an event source mapping reads it.

    `start` is the request for the first iterator of a shard; `window_seconds` and `max_age` are in
    seconds; `retries` and `max_age` are -1 for no limit; `parallel` is the number of lanes of a shard;
    `role_arn` is the role that reads, and the invokeIdentityArn of each record; `refusals_use_up_retries`
    says whether an invocation that is refused counts as a try.
    """

    stream_arn: str
    role_arn: str
    start: Mapping[str, Any]
    batch_size: int
    window_seconds: float = 0
    retries: int = NO_LIMIT
    max_age: float = NO_LIMIT
    parallel: int = 1
    bisect: bool = False
    refusals_use_up_retries: bool = True
    filters: Filters = field(default_factory=lambda: read_filters(None))


def start_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """GetShardIterator's request for a StartingPosition:
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
    """
    position = {"ShardIteratorType": parameters["StartingPosition"]}
    if "StartingPositionTimestamp" in parameters:
        position["Timestamp"] = parameters["StartingPositionTimestamp"]
    return position
