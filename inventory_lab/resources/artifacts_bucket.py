"""The S3 bucket of the builds: sources under `sources/`, what builds produce under `builds/`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.exceptions import BucketRefused
from inventory_lab.resources.account import Account, tags_of, unless_missing
from inventory_lab.resources.ownership import refuse_foreign

SOURCES, BUILDS = "sources/", "builds/"
"""Prefixes of the keys: a build may read the one and write the other."""
_MISSING = ("NoSuchBucket",)
_OWNED = ("BucketAlreadyOwnedByYou",)
_ANOTHER_ACCOUNTS = ("AccessDenied", "BucketAlreadyExists")
_NO_LOCATION = "us-east-1"
"""The region that S3 must not be told:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html"""


def ensure(account: Account) -> str:
    """The bucket's name; created when it is missing, closed to the public, and tagged.

    Raises NotTheLabs, and BucketRefused when S3 says that the name belongs to another account.
    """
    s3, name, bucket = account.client("s3"), account.bucket(), account.own_bucket()
    try:
        existing = _existing_or_created(account)
    except ClientError as exc:
        if exc.response["Error"]["Code"] in _ANOTHER_ACCOUNTS:
            raise BucketRefused(name, str(exc)) from exc
        raise
    refuse_foreign(account, "bucket", name, existing)
    s3.put_public_access_block(**bucket, PublicAccessBlockConfiguration=_CLOSED)
    if existing is None or describe(account) == _UNTAGGED:
        tag_set = [{"Key": key, "Value": value} for key, value in account.tags.items()]
        s3.put_bucket_tagging(**bucket, Tagging={"TagSet": tag_set})
    return name


def _existing_or_created(account: Account) -> dict[str, str] | None:
    """The tags of the bucket, or None when it was created."""
    s3, region = account.client("s3"), account.settings.region
    existing = tags(account)
    if existing is None:
        where = {} if region == _NO_LOCATION else {"LocationConstraint": region}
        request = {"CreateBucketConfiguration": where} if where else {}
        unless_missing(_OWNED, s3.create_bucket, Bucket=account.bucket(), **request)
    return existing


_UNTAGGED: dict[str, Any] = {"TagSet": []}
_CLOSED = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


def describe(account: Account) -> dict[str, Any] | None:
    """The bucket's tags under TagSet, or None when there is no bucket."""
    try:
        call = account.client("s3").get_bucket_tagging
        answer = unless_missing(_MISSING, call, **account.own_bucket())
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "NoSuchTagSet":
            raise
        return _UNTAGGED
    return None if answer is None else {"TagSet": answer["TagSet"]}


def tags(account: Account) -> dict[str, str] | None:
    """The bucket's tags, or None when there is no bucket. An empty bucket without tags is one whose
    creation was cut: S3 tags a bucket in a second call.
    """
    own = own_tags(account)
    return dict(account.tags) if own == {} and not any(_pages(account)) else own


def own_tags(account: Account) -> dict[str, str] | None:
    """The tags that the bucket itself has, or None when there is no bucket."""
    answer = describe(account)
    return None if answer is None else tags_of(answer["TagSet"])


def delete(account: Account) -> None:
    """Delete the bucket with every object in it."""
    s3, bucket = account.client("s3"), account.own_bucket()
    for keys in _pages(account):
        s3.delete_objects(**bucket, Delete={"Objects": keys, "Quiet": True})
    unless_missing(_MISSING, s3.delete_bucket, **bucket)


def _pages(account: Account) -> Iterator[list[dict[str, str]]]:
    """The keys of the bucket's objects, at most 1,000 at a time."""
    paginator = account.client("s3").get_paginator("list_objects_v2")
    for page in paginator.paginate(**account.own_bucket()):
        if page.get("Contents"):
            yield [{"Key": entry["Key"]} for entry in page["Contents"]]
