"""S3's bucket owner condition, which moto 5.2.5 ignores.

| | AWS | moto 5.2.5, and the lab |
|---|---|---|
| supported: ExpectedBucketOwner | AccessDenied when another account owns the bucket | moto: ignored; the lab as AWS |
| supported: an ExpectedBucketOwner that is not an account id | InvalidBucketOwnerAWSAccountID | moto: ignored; the lab as AWS |

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.s3.exceptions import S3AccessDeniedError, S3ClientError
from moto.s3.responses import S3Response

from inventory_lab.embedded_aws.patching import Patch, gap

_HEADER = "x-amz-expected-bucket-owner"
_ACCOUNT_ID = re.compile("[0-9]{12}")


def patches() -> list[Patch]:
    """What makes S3 compare the owner of a bucket with the one that a request expects."""
    signature = "(self, request, full_url)"
    why = "refuses a bucket of another account than the request expects"
    return [
        gap(S3Response, name, signature, why, around=_of_the_expected_owner)
        for name in ("_bucket_response", "_key_response")
    ]


def _of_the_expected_owner(respond: Callable[..., Any]) -> Callable[..., Any]:
    def responding(self: Any, request: Any, full_url: str) -> Any:
        if _HEADER in request.headers:
            name = self.parse_bucket_name_from_url(request, full_url)
            _compare(self.backend.get_bucket(name).account_id, request.headers[_HEADER])
        return respond(self, request, full_url)

    return responding


def _compare(owner: str, expected: str) -> None:
    if not _ACCOUNT_ID.fullmatch(expected):
        raise S3ClientError(
            "InvalidBucketOwnerAWSAccountID",
            "The value of the expected bucket owner parameter must be an AWS account ID",
        )
    if owner != expected:
        raise S3AccessDeniedError
