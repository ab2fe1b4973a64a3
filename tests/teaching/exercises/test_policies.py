"""A policy that is the answer to an exercise: too narrow, too wide, or right."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.policies import actions_of, require_exactly

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
RIGHTS = [("kinesis:PutRecord", ARN), ("kinesis:PutRecords", ARN)]


def policy(action: Any, resource: Any = ARN, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_policy_that_allows_just_that_passes_as_document_and_as_text() -> None:
    right = policy(["kinesis:PutRecord", "kinesis:PutRecords"])
    require_exactly(right, RIGHTS)
    require_exactly(json.dumps(right), RIGHTS)


@pytest.mark.parametrize(
    ("document", "diagnosis"),
    [
        (policy("kinesis:PutRecord"), "does not allow kinesis:PutRecords on stream/orders"),
        (policy("kinesis:Put*"), "Besides what it should, it allows kinesis:PutResourcePolicy"),
        (policy("kinesis:*"), r"Delete\w+ on stream/orders, .* and \d+ more"),
        (policy(["kinesis:PutRecord", "kinesis:PutRecords"], "*"), "on stream/orders-2025"),
        (policy(["kinesis:PutRecord", "kinesis:PutRecords"], f"{ARN}*"), "on stream/orders-2025"),
        (policy(["kinesis:PutRecord*", "iam:*"], ARN), "too wide"),
        (policy("kinesis:PutRecord", Condition={"Maybe": {}}), "IAM would refuse the document"),
        ("{", "IAM would refuse the document"),
        (7, "IAM would refuse the document"),
        (
            {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "NotAction": "kinesis:DeleteStream", "Resource": "*"}
            ]},
            "too wide",
        ),
    ],
)  # fmt: skip
def test_a_wrong_policy_gets_a_diagnosis(document: Any, diagnosis: str) -> None:
    with pytest.raises(WrongAnswer, match=diagnosis):
        require_exactly(document, RIGHTS)


def test_the_actions_of_a_service_are_those_of_its_api() -> None:
    assert "kinesis:DeleteStream" in actions_of("kinesis")
    assert "dynamodb:UpdateItem" in actions_of("dynamodb")
