"""Splitting and merging the shards of a stream, one by one and to a number of equal ones.

| | |
|---|---|
| supported | SplitShard, MergeShards, UpdateShardCount with UNIFORM_SCALING; parents close, children name them; at most double, at least half, ten times in 24 h |
| differs | done at once: the stream is never UPDATING; the short-lived shards in between are the lab's choice |
| refused | all three on a stream in on-demand mode, as AWS does |

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SplitShard.html, API_MergeShards.html and
API_UpdateShardCount.html beside it.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from inventory_lab.embedded_aws.kinesis.patches import errors

HASH_KEYS = 2**128


def even_ranges(shards: int) -> list[tuple[int, int]]:
    """The hash key ranges of this number of equal shards, up to and with the key 2**128 - 1."""
    step = HASH_KEYS // shards
    starts = [number * step for number in range(shards)]
    return list(zip(starts, [start - 1 for start in starts[1:]] + [HASH_KEYS - 1], strict=True))


def split(stream: Any, shard: Any, key: int) -> None:
    """Close a shard for two, the second of which begins at the key. Raises InvalidArgumentException."""
    _check_provisioned(stream)
    _check_open(stream, shard)
    if not shard.starting_hash + 1 < key < shard.ending_hash:
        raise errors.invalid_argument(
            f"NewStartingHashKey {key} used in SplitShard() on shard {shard.shard_id} in stream "
            f"{stream.stream_name} under account {stream.account_id} is not both greater than one "
            f"plus the shard's StartingHashKey {shard.starting_hash} and less than the shard's "
            f"EndingHashKey {shard.ending_hash}."
        )
    _split(stream, shard, key)


def merge(stream: Any, shard: Any, adjacent: Any) -> None:
    """Close two neighbours for one, the lower first. Raises InvalidArgumentException."""
    _check_provisioned(stream)
    if shard.ending_hash + 1 != adjacent.starting_hash:
        raise errors.invalid_argument(
            f"Shards {shard.shard_id} and {adjacent.shard_id} in stream {stream.stream_name} under "
            f"account {stream.account_id} are not an adjacent pair of shards eligible for merging"
        )
    _check_open(stream, shard)
    _check_open(stream, adjacent)
    _merge(stream, shard, adjacent)


def scale(stream: Any, target: int) -> None:
    """Split and merge until there is this number of equal shards. Raises LimitExceededException."""
    _check_provisioned(stream)
    _check_target(len(stream.open_shards()), target)
    stream.count_change("UpdateShardCount", 10)
    starts = [start for start, _ in even_ranges(target)]
    for start in starts:
        inside = [s for s in stream.open_shards() if s.starting_hash < start <= s.ending_hash]
        for shard in inside:
            _split(stream, shard, start)
    for start, end in even_ranges(target):
        pieces = [s for s in stream.open_shards() if start <= s.starting_hash <= end]
        while len(pieces) > 1:
            pieces[:2] = [_merge(stream, pieces[0], pieces[1])]


def shard_for(open_shards: list[Any], key: int) -> Any:
    """The shard whose range contains the hash key; `shards` are in order of their ranges."""
    return open_shards[bisect_left(open_shards, key, key=lambda shard: shard.ending_hash)]


def _split(stream: Any, shard: Any, key: int) -> None:
    shard.close()
    stream.open_shard((shard.starting_hash, key - 1), shard.shard_id)
    stream.open_shard((key, shard.ending_hash), shard.shard_id)


def _merge(stream: Any, shard: Any, adjacent: Any) -> Any:
    shard.close()
    adjacent.close()
    hashes = shard.starting_hash, adjacent.ending_hash
    return stream.open_shard(hashes, shard.shard_id, adjacent.shard_id)


def _check_provisioned(stream: Any) -> None:
    if stream.is_on_demand():
        raise errors.not_provisioned(stream.stream_name, stream.account_id)


def _check_open(stream: Any, shard: Any) -> None:
    if not shard.is_open:
        raise errors.invalid_argument(
            f"Shard {shard.shard_id} in stream {stream.stream_name} under account "
            f"{stream.account_id} has already been merged or split, and thus is not eligible for "
            "merging or splitting."
        )


def _check_target(current: int, target: int) -> None:
    if target > 2 * current:
        bound = "scale up over double"
    elif 2 * target < current:
        bound = "scale down below half"
    else:
        return
    raise errors.limit_exceeded(
        f"UpdateShardCount cannot {bound} your current open shard count. "
        f"Current open shard count: {current} Target shard count: {target}"
    )
