"""What a lab has published, and which of it expired in the stream before anything processed it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from inventory_lab.observe.pipeline_state import PipelineState


class PublishedPositions:
    """The last position of each product in each shard that a lab has published, with its time.

    The stream forgets its records, a receipt does not: so a record that expired unread can be missed.
    https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html
    """

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], tuple[int, datetime]] = {}

    def add(self, positions: Mapping[str, Mapping[str, int]], at: datetime) -> None:
        """Remember the positions (product, then shard) of a receipt, published by `at`.

        >>> published = PublishedPositions()
        >>> published.add({"Radio": {"shardId-000000000000": 7}}, datetime(2026, 1, 5))
        """
        for product_id, by_shard in positions.items():
            for shard_id, number in by_shard.items():
                self._last[product_id, shard_id] = number, at

    def clear(self) -> None:
        """Forget everything: the stream is deleted, and its records with it."""
        self._last.clear()

    def expired(self, pipeline: PipelineState) -> tuple[str, ...]:
        """The products whose last records were neither processed nor given up, and are not in the stream
        any more. Empty for a handler that keeps no watermarks.
        """
        if not pipeline.watermarked:
            return ()
        created, horizon = pipeline.stream["StreamCreationTimestamp"], pipeline.horizon()
        missing = {
            product_id
            for (product_id, shard_id), (number, at) in self._last.items()
            if created <= at < horizon
            and pipeline.processed_up_to(product_id, shard_id) < number
            and not pipeline.given_up.hold(shard_id, number)
        }
        return tuple(sorted(missing - pipeline.contents.broken.keys()))
