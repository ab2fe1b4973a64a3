"""The operations of Kinesis whose requests and answers moto 5.2.5 knows in part only.

| | moto | AWS, and the lab |
|---|---|---|
| GetRecords | any Limit; no ChildShards | at most 10,000; ChildShards at the end of a closed shard |
| CreateStream | ignores Tags and MaxRecordSizeInKiB | keeps them |
| UpdateMaxRecordSize | not implemented | 1,024 to 10,240 KiB |
| ListShards | ignores ShardFilter and ExclusiveStartShardId | follows them |
| DescribeStream | ignores ExclusiveStartShardId; no StreamModeDetails | follows it; shows them |
| UpdateShardCount by StreamARN | answers without StreamName and StreamARN | answers with both |
| refusals by StreamARN | name the stream None | name the stream |

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.kinesis.exceptions import ResourceNotFoundError
from moto.kinesis.models import KinesisBackend
from moto.kinesis.responses import KinesisResponse

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.kinesis.iterators import Position
from inventory_lab.embedded_aws.kinesis.pages import ShardPage
from inventory_lab.embedded_aws.kinesis.patches import errors
from inventory_lab.embedded_aws.kinesis.patches.shards import RECORDS_PER_READ
from inventory_lab.embedded_aws.patching import Patch, gap, hook, operation

LARGEST_RECORD_KIB = (1024, 10_240)
"""https://docs.aws.amazon.com/streams/latest/dev/large-records.html"""
DESCRIBED_AT_ONCE = 100
FILTERS = (
    "AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP",
    "FROM_TIMESTAMP",
)  # fmt: skip
_STREAM = "(self, stream_arn, stream_name"
_HOURS = f"{_STREAM}, retention_period_hours)"
NAMED = {
    "split_shard": f"{_STREAM}, shard_to_split, new_starting_hash_key)",
    "increase_stream_retention_period": _HOURS,
    "decrease_stream_retention_period": _HOURS,
}


def patches(clock: LabClock) -> list[Patch]:
    """What makes these operations answer as on AWS."""
    named = "a refusal names the stream, also when it was asked for by its ARN"
    return [
        hook(
            KinesisBackend,
            "describe_stream",
            f"{_STREAM})",
            "records and shards that have expired by the lab's clock are gone",
            around=_expiring,
        ),
        *_backend_patches(),
        *(gap(KinesisBackend, name, NAMED[name], named, around=_named) for name in NAMED),
        *_response_patches(clock),
    ]


def _backend_patches() -> list[Patch]:
    owner = KinesisBackend
    iterator = f"{_STREAM}, shard_id, shard_iterator_type, starting_sequence_number, at_timestamp)"
    record = f"{_STREAM}, partition_key, explicit_hash_key, data)"
    return [
        gap(
            owner,
            "get_shard_iterator",
            iterator,
            "an iterator holds its stream and expires",
            _get_shard_iterator,
        ),
        gap(owner, "put_record", record, "checks key, hash key and size", around=_checked),
        gap(
            owner,
            "put_records",
            f"{_STREAM}, records)",
            "checks every record; answers record by record",
            _put_records,
        ),
        gap(
            owner,
            "update_stream_mode",
            "(self, stream_arn, stream_mode)",
            "two changes in 24 hours",
            _update_stream_mode,
        ),
    ]


def _response_patches(clock: LabClock) -> list[Patch]:
    owner = KinesisResponse
    return [
        gap(owner, "create_stream", "(self)", "keeps Tags and MaxRecordSizeInKiB", _create_stream),
        gap(
            owner,
            "describe_stream",
            "(self)",
            "follows ExclusiveStartShardId; shows the mode",
            _describe_stream,
        ),
        gap(owner, "get_records", "(self)", "at most 10,000 records a call", _get_records(clock)),
        gap(owner, "list_shards", "(self)", "follows filter, start and pages", _list_shards),
        gap(
            owner, "update_shard_count", "(self)", "answers with name and ARN", _update_shard_count
        ),
        operation(owner, "update_max_record_size", _update_max_record_size),
    ]


def _expiring(describe_stream: Callable[..., Any]) -> Callable[..., Any]:
    """Every operation looks up its stream here, so expired records are deleted before it begins."""

    def expiring(self: Any, stream_arn: str | None, stream_name: str | None) -> Any:
        stream = describe_stream(self, stream_arn, stream_name)
        stream.expire()
        return stream

    return expiring


def _named(operation: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(operation)
    def named(self: Any, stream_arn: str | None, stream_name: str | None, *more: Any) -> Any:
        name = self.describe_stream(stream_arn, stream_name).stream_name
        return operation(self, stream_arn, name, *more)

    return named


def _get_shard_iterator(
    self: Any,
    stream_arn: str | None,
    stream_name: str | None,
    shard_id: str,
    shard_iterator_type: str,
    starting_sequence_number: str | None,
    at_timestamp: Any,
) -> str:
    stream = self.describe_stream(stream_arn, stream_name)
    _shard(stream, shard_id)
    answer: str = stream.iterator(
        shard_id, shard_iterator_type, starting_sequence_number, at_timestamp
    )
    return answer


def _checked(put_record: Callable[..., Any]) -> Callable[..., Any]:
    def checked(
        self: Any,
        stream_arn: str | None,
        stream_name: str | None,
        partition_key: str,
        explicit_hash_key: str,
        data: str,
    ) -> Any:
        record = {
            "PartitionKey": partition_key,
            "ExplicitHashKey": explicit_hash_key,
            "Data": data,
        }
        self.describe_stream(stream_arn, stream_name).check_record(record)
        return put_record(
            self, stream_arn, stream_name, partition_key, explicit_hash_key, data or ""
        )

    return checked


def _put_records(
    self: Any, stream_arn: str | None, stream_name: str | None, records: list[dict[str, Any]]
) -> dict[str, Any]:
    """Refused as a whole, or answered record by record: some may have failed."""
    stream = self.describe_stream(stream_arn, stream_name)
    incoming = stream.check_records(records)
    entries = [stream.put_entry(record) for record in records]
    self._send_stream_metrics(stream.stream_name, incoming, len(records))
    return {"FailedRecordCount": sum("ErrorCode" in e for e in entries), "Records": entries}


def _update_stream_mode(self: Any, stream_arn: str, stream_mode: dict[str, str]) -> None:
    self.describe_stream(stream_arn, None).change_mode(stream_mode)


def _create_stream(self: Any) -> Any:
    size = _record_size(self, default=LARGEST_RECORD_KIB[0])
    if self._get_param("RecordDistributionStrategy") == "AUTO":
        raise errors.invalid_argument("RecordDistributionStrategy AUTO is not known to the lab.")
    name, mode = self._get_param("StreamName"), self._get_param("StreamModeDetails")
    stream = self.kinesis_backend.create_stream(
        name, self._get_param("ShardCount"), stream_mode=mode
    )
    stream.max_record_bytes = size * 1024
    stream.tags.update(self._get_param("Tags") or {})
    return EmptyResult()


def _update_max_record_size(self: Any) -> Any:
    size = _record_size(self, default=0)
    stream = self.kinesis_backend.describe_stream(self._get_param("StreamARN"), None)
    stream.max_record_bytes = size * 1024
    return EmptyResult()


def _record_size(self: Any, default: int) -> int:
    size = self._get_param("MaxRecordSizeInKiB") or default
    least, most = LARGEST_RECORD_KIB
    if size < least:
        constraint = f"have value greater than or equal to {least}"
        raise errors.malformed("maxRecordSizeInKiB", size, constraint)
    if size > most:
        constraint = f"have value less than or equal to {most}"
        raise errors.malformed("maxRecordSizeInKiB", size, constraint)
    return int(size)


def _describe_stream(self: Any) -> Any:
    stream = self.kinesis_backend.describe_stream(*_which(self))
    answer = stream.to_json()
    description = answer["StreamDescription"]
    start = self._get_param("ExclusiveStartShardId") or ""
    rest = [shard for shard in description["Shards"] if shard["ShardId"] > start]
    most = self._get_param("Limit") or DESCRIBED_AT_ONCE
    description |= {
        "Shards": rest[:most],
        "HasMoreShards": len(rest) > most,
        "StreamModeDetails": stream.stream_mode,
    }
    return ActionResult(answer)


def _get_records(clock: LabClock) -> Callable[[Any], Any]:
    def get_records(self: Any) -> Any:
        limit = self._get_param("Limit")
        if limit and limit > RECORDS_PER_READ:
            raise errors.invalid_argument(
                f"Limit {limit} is greater than the {RECORDS_PER_READ} records of one GetRecords."
            )
        position = Position.decode(self._get_param("ShardIterator"), clock.timestamp())
        stream = self.kinesis_backend.describe_stream(None, position.stream)
        _shard(stream, position.shard_id)
        return ActionResult(stream.read(position, limit))

    return get_records


def _list_shards(self: Any) -> Any:
    """One page; the token names the stream, the filter and the last shard of the page before."""
    begin = _page_of_token(self) or _first_page(self)
    stream = self.kinesis_backend.describe_stream(None, begin.stream)
    shards = _filtered(stream, begin.shard_filter)
    remaining = sorted(shard.shard_id for shard in shards if shard.shard_id > begin.after)
    page = remaining[: self._get_param("MaxResults") or 1000]
    answer: dict[str, Any] = {"Shards": [stream.shards[shard].to_json() for shard in page]}
    if len(remaining) > len(page):
        answer["NextToken"] = begin._replace(after=page[-1]).encode()
    return ActionResult(answer)


def _first_page(self: Any) -> ShardPage:
    stream = self.kinesis_backend.describe_stream(*_which(self))
    only = self._get_param("ShardFilter") or {"Type": "FROM_TRIM_HORIZON"}
    if "Timestamp" in only:
        only = only | {"Timestamp": _seconds(only["Timestamp"])}
    return ShardPage(stream.stream_name, only, self._get_param("ExclusiveStartShardId") or "")


def _page_of_token(self: Any) -> ShardPage | None:
    """The page of a NextToken, which comes without a stream; None without a token."""
    token = self._get_param("NextToken")
    if not token:
        return None
    if any(_which(self)):
        raise errors.invalid_argument("NextToken and StreamName cannot be provided together.")
    try:
        return ShardPage.decode(token)
    except ValueError as exc:
        raise errors.invalid_argument("NextToken is invalid.") from exc


def _update_shard_count(self: Any) -> Any:
    stream = self.kinesis_backend.describe_stream(*_which(self))
    target, before = self._get_param("TargetShardCount"), len(stream.open_shards())
    stream.update_shard_count(target)
    return ActionResult(
        {
            "StreamName": stream.stream_name,
            "StreamARN": stream.arn,
            "CurrentShardCount": before,
            "TargetShardCount": target,
        }
    )


def _filtered(stream: Any, only: dict[str, Any]) -> list[Any]:
    """The shards that a ShardFilter lets through.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html
    """
    kind, shards = only.get("Type"), list(stream.shards.values())
    if kind not in FILTERS:
        raise errors.malformed(
            "shardFilter.type", kind, f"satisfy enum value set: [{', '.join(FILTERS)}]"
        )
    if kind == "AFTER_SHARD_ID":
        return [shard for shard in shards if shard.shard_id > only.get("ShardId", "")]
    if kind == "AT_LATEST":
        return [shard for shard in shards if shard.is_open]
    first = [shard for shard in shards if not set(shard.parents) & stream.shards.keys()]
    if kind == "FROM_TRIM_HORIZON":
        return shards
    moment = _seconds(only.get("Timestamp"))
    if kind == "AT_TRIM_HORIZON" or moment < min(shard.opened_at for shard in first):
        return first if kind != "FROM_TIMESTAMP" else shards
    still_open = [s for s in shards if s.closed_at is None or s.closed_at > moment]
    if kind == "FROM_TIMESTAMP":
        return still_open
    return [shard for shard in still_open if shard.opened_at <= moment]


def _seconds(moment: Any) -> float:
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return float(moment or 0)


def _which(self: Any) -> tuple[str | None, str | None]:
    return self._get_param("StreamARN"), self._get_param("StreamName")


def _shard(stream: Any, shard_id: str) -> None:
    if shard_id not in stream.shards:
        raise ResourceNotFoundError(
            f"Shard {shard_id} in stream {stream.stream_name} under account {stream.account_id} "
            "does not exist"
        )
