"""Answers that writers write are those that moto's serializer writes member by member."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from moto.core.serialize import JSONSerializer, XFormedAttributePicker
from moto.core.utils import get_service_model

from inventory_lab.embedded_aws import performance
from inventory_lab.embedded_aws.patching import applied

AT = datetime(2026, 1, 5, 9, 0, 0, 123_456, tzinfo=UTC)
RECORD = {
    "Data": b"{}",
    "PartitionKey": "Phone",
    "SequenceNumber": "49",
    "ApproximateArrivalTimestamp": AT,
    "EncryptionType": None,
}
ITEM = {
    "product_id": {"S": "Phone"},
    "quantity": {"N": "18"},
    "memory": {"B": b"\x00\xff"},
    "sold_out": {"BOOL": False},
    "nothing": {"NULL": True},
    "sizes": {"L": [{"N": "1"}, {"M": {"deep": {"SS": ["a", "b"]}}}]},
}


class Text:
    """Something that moto writes as its text."""

    def __str__(self) -> str:
        return "text"


@pytest.mark.parametrize(
    ("service", "operation", "answer"),
    [
        ("kinesis", "GetRecords", {"Records": [RECORD], "MillisBehindLatest": 0}),
        ("kinesis", "GetRecords", {"Records": [RECORD | {"Data": "text"}]}),
        ("kinesis", "GetRecords", {"Records": []}),
        ("kinesis", "GetRecords", {"Records": [RECORD | {"PartitionKey": Text()}, RECORD]}),
        ("kinesis", "GetRecords", {"Records": [RECORD | {"unknown": 1}]}),
        ("kinesis", "GetRecords", {"Records": (RECORD, RECORD)}),
        *(
            ("kinesis", "GetRecords", {"Records": [RECORD | {"ApproximateArrivalTimestamp": at}]})
            for at in (
                AT.replace(microsecond=0),
                AT.replace(microsecond=999),
                AT.astimezone(timezone(timedelta(hours=2))),
                AT.timestamp(),
                "2026-01-05T09:00:00Z",
            )
        ),
        ("dynamodb", "BatchGetItem", {"Responses": {"inventory": [ITEM, {}]}}),
        ("dynamodb", "BatchGetItem", {"Responses": {"inventory": [{"sold": {"N": 5}}]}}),
        ("dynamodb", "GetItem", {"Item": ITEM}),
        ("dynamodb", "GetItem", {"Item": None}),
    ],
)
def test_an_answer_is_the_same_with_and_without_writers(
    service: str, operation: str, answer: dict[str, Any]
) -> None:
    slowly = written(service, operation, answer)
    with applied(performance.patches()):
        assert written(service, operation, answer) == slowly


def written(service: str, operation: str, answer: dict[str, Any]) -> Any:
    """The answer as JSON."""
    model = get_service_model(service).operation_model(operation)
    picker = XFormedAttributePicker(response_transformers={})
    response = JSONSerializer(model, value_picker=picker).serialize(answer)
    return json.loads(response["body"])
