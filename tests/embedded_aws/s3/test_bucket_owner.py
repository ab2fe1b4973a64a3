"""S3's bucket owner condition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab
from tests.embedded_aws.patch_checks import ACCOUNT

OBJECT = {"Bucket": "books", "Key": "a b"}
CALLS: dict[str, Callable[[Any, str], Any]] = {
    "HeadBucket": lambda s3, owner: s3.head_bucket(Bucket="books", ExpectedBucketOwner=owner),
    "PutObject": lambda s3, owner: s3.put_object(**OBJECT, Body=b"x", ExpectedBucketOwner=owner),
    "GetObject": lambda s3, owner: s3.get_object(**OBJECT, ExpectedBucketOwner=owner),
    "DeleteObjects": lambda s3, owner: s3.delete_objects(
        Bucket="books", Delete={"Objects": [{"Key": "other"}]}, ExpectedBucketOwner=owner
    ),
}


@pytest.fixture
def s3(lab: Lab) -> Any:
    s3 = lab.session("root").client("s3")
    s3.create_bucket(Bucket="books")
    s3.put_object(**OBJECT, Body=b"first")
    return s3


def refusal(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as raised:
        call()
    answer = raised.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("operation", CALLS)
def test_a_bucket_of_another_account_is_refused(operation: str, s3: Any) -> None:
    call = CALLS[operation]
    assert refusal(lambda: call(s3, "999999999999")) == ("AccessDenied", 403)
    assert refusal(lambda: call(s3, "me")) == ("InvalidBucketOwnerAWSAccountID", 400)
    assert s3.get_object(**OBJECT)["Body"].read() == b"first"
    assert call(s3, ACCOUNT)


def test_a_bucket_that_is_not_there_is_still_not_there(s3: Any) -> None:
    request = {"Bucket": "films", "ExpectedBucketOwner": ACCOUNT}
    assert refusal(lambda: s3.list_objects_v2(**request)) == ("NoSuchBucket", 404)
