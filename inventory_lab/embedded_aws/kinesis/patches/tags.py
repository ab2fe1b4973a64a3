"""The tags of a stream, by its ARN as those of other services' resources, and how many it may have.

| | AWS | moto | here |
|---|---|---|---|
| TagResource, UntagResource, ListTagsForResource | the same tags as AddTagsToStream and ListTagsForStream | not implemented | as AWS |
| more than 50 tags | InvalidArgumentException | stored | as AWS, with text of its own |
| the tags of a consumer | stored | not implemented | refused: nothing can read as a consumer here |

https://docs.aws.amazon.com/streams/latest/dev/tagging.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.kinesis.models import KinesisBackend
from moto.kinesis.responses import KinesisResponse

from inventory_lab.embedded_aws.kinesis.patches import errors
from inventory_lab.embedded_aws.patching import Patch, gap, operation

MOST_TAGS = 50
"""https://docs.aws.amazon.com/kinesis/latest/APIReference/API_TagResource.html"""


def patches() -> list[Patch]:
    """What gives a stream its tags by its ARN."""
    return [
        operation(KinesisResponse, "tag_resource", _tag),
        operation(KinesisResponse, "untag_resource", _untag),
        operation(KinesisResponse, "list_tags_for_resource", _list),
        gap(
            KinesisBackend,
            "add_tags_to_stream",
            "(self, stream_arn, stream_name, tags)",
            "a stream has at most 50 tags",
            around=_at_most,
        ),
    ]


def _tag(self: Any) -> Any:
    self.kinesis_backend.add_tags_to_stream(*_stream(self), self._get_param("Tags"))
    return EmptyResult()


def _untag(self: Any) -> Any:
    self.kinesis_backend.remove_tags_from_stream(*_stream(self), self._get_param("TagKeys"))
    return EmptyResult()


def _list(self: Any) -> Any:
    tags = self.kinesis_backend.list_tags_for_stream(*_stream(self))["Tags"]
    return ActionResult({"Tags": tags})


def _stream(response: Any) -> tuple[str, None]:
    """The ARN and the name that moto asks for."""
    return response._get_param("ResourceARN"), None


def _at_most(add: Callable[..., None]) -> Callable[..., None]:
    def added(
        self: Any, stream_arn: str | None, stream_name: str | None, tags: Mapping[str, str]
    ) -> None:
        stream = self.describe_stream(stream_arn, stream_name)
        if len(stream.tags.keys() | tags.keys()) > MOST_TAGS:
            raise errors.invalid_argument(
                f"Failed to add tags to stream {stream.stream_name} under account {self.account_id}, "
                f"because a stream has at most {MOST_TAGS} tags."
            )
        add(self, stream_arn, stream_name, tags)

    return added
