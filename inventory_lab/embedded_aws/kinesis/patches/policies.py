"""The resource policies of streams, where moto 5.2.5 stores them for streams that are not there.

| | AWS | moto | here |
|---|---|---|---|
| PutResourcePolicy of a missing stream | ResourceNotFoundException | stored | as AWS |
| a policy that is not valid | InvalidArgumentException | stored | as AWS, with text of its own |
| the policy of a deleted stream | deleted | kept for the next stream of that name | as AWS |
| who may call | identity policy or resource policy, an explicit deny wins | ignored | as AWS |
| the policy of a consumer | stored and evaluated | stored | refused: nothing can read as a consumer here |

https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutResourcePolicy.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.kinesis.models import KinesisBackend

from inventory_lab.embedded_aws.patching import Patch, gap


def patches() -> list[Patch]:
    """What makes a policy belong to a stream that exists."""
    return [
        gap(
            KinesisBackend,
            "put_resource_policy",
            "(self, resource_arn, policy_doc)",
            "a policy needs a stream",
            around=_put,
        ),
        gap(
            KinesisBackend,
            "delete_stream",
            "(self, stream_arn, stream_name)",
            "the policy of a stream is deleted with it",
            around=_deleted,
        ),
    ]


def _put(put: Callable[..., None]) -> Callable[..., None]:
    def put_of_stream(self: Any, resource_arn: str, policy_doc: str) -> None:
        self.describe_stream(stream_arn=resource_arn, stream_name=None)
        put(self, resource_arn, policy_doc)

    return put_of_stream


def _deleted(delete: Callable[..., Any]) -> Callable[..., Any]:
    def deleted(self: Any, stream_arn: str | None, stream_name: str | None) -> Any:
        stream = delete(self, stream_arn, stream_name)
        self.resource_policies.pop(stream.arn, None)
        return stream

    return deleted
