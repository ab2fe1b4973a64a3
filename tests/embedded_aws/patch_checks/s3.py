"""Checks of the patches of S3."""

from __future__ import annotations

from typing import Any

from tests.embedded_aws.patch_checks import Aws, check, outcome

SOMEBODY_ELSE = "999999999999"


@check("S3Response._bucket_response", "AccessDenied")
def a_bucket_that_somebody_else_should_own(aws: Aws) -> str:
    s3 = _with_bucket(aws)
    return outcome(lambda: s3.list_objects_v2(Bucket=aws.name, ExpectedBucketOwner=SOMEBODY_ELSE))


@check("S3Response._key_response", "AccessDenied")
def an_object_put_to_a_bucket_that_somebody_else_should_own(aws: Aws) -> str:
    s3, request = _with_bucket(aws), {"Key": "a", "Body": b"x", "Bucket": aws.name}
    return outcome(lambda: s3.put_object(**request, ExpectedBucketOwner=SOMEBODY_ELSE))


def _with_bucket(aws: Aws) -> Any:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=aws.name)
    return s3
