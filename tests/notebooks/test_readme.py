"""What notebooks/README.md gives an instructor to run."""

from __future__ import annotations

import re
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from inventory_lab import Settings, connect
from tools import index

BOUNDARY = "arn:aws:iam::123456789012:policy/anna-inventory-lab-boundary"
ON_AWS = 'with connect("aws", settings, allow_charges=True) as lab:\n'


def instructors_lines() -> str:
    text = index.README.read_text(encoding="utf-8")
    return next(b for b in re.findall("```python\n(.*?)```", text, re.DOTALL) if "create_user" in b)


@pytest.fixture
def anna() -> Iterator[boto3.Session]:
    """A learner, made on the embedded AWS by its owner with the instructor's lines."""
    lines = instructors_lines().replace('session("admin")', 'session("root")')
    assert ON_AWS in lines
    with connect(settings=Settings(prefix="anna-")) as lab:
        exec(lines.replace(ON_AWS, "if lab:\n"), {"lab": lab})  # noqa: S102
        key = lab.session("root").client("iam").create_access_key(UserName="anna")["AccessKey"]
        yield boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")


def test_the_learner_may_build_under_their_prefix_and_inside_the_boundary_only(
    anna: boto3.Session,
) -> None:
    kinesis, iam = anna.client("kinesis"), anna.client("iam")
    kinesis.create_stream(StreamName="anna-e-commerce-streaming", ShardCount=2)
    iam.create_user(UserName="anna-aws-de-user", PermissionsBoundary=BOUNDARY)
    with pytest.raises(ClientError, match="kinesis:CreateStream"):
        kinesis.create_stream(StreamName="ben-e-commerce-streaming", ShardCount=2)
    with pytest.raises(ClientError, match="iam:CreateUser"):
        iam.create_user(UserName="anna-outside")
