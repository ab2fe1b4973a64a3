"""What was made before the lab was opened, or in another one, does not get past its gate."""

from __future__ import annotations

import boto3
import botocore.handlers
import pytest
from botocore.exceptions import ClientError

from inventory_lab import ProductAdded, connect
from inventory_lab.exceptions import InventoryLabError, UndecidedCall, UnmockedCall


def test_a_client_made_before_the_lab_was_opened_does_not_get_past_the_gate() -> None:
    session = boto3.Session(
        aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1"
    )
    older = session.client("kinesis")
    with connect() as lab:
        lab.build("stream")
        for client in (older, session.client("kinesis")):  # a new client of an older session too
            with pytest.raises(
                (UndecidedCall, UnmockedCall)
            ):  # the second when moto is imported late
                client.list_streams()


def test_a_client_of_a_lab_that_was_closed_does_not_get_past_the_next_gate() -> None:
    with connect() as lab:
        older = lab.session("root").client("kinesis")
    with connect() as lab:
        lab.build("stream")
        with pytest.raises((InventoryLabError, ClientError), match="no policy was evaluated"):
            older.put_record(StreamName="e-commerce-streaming", PartitionKey="a", Data=b"x")
        assert len(lab.records()) == 0


def test_botocore_is_as_it_was_after_the_lab_is_closed() -> None:
    before = list(botocore.handlers.BUILTIN_HANDLERS)
    with connect():
        assert len(botocore.handlers.BUILTIN_HANDLERS) > len(before)
    assert before == botocore.handlers.BUILTIN_HANDLERS


def test_the_producer_of_a_pipeline_that_was_built_again_has_a_new_key() -> None:
    with connect() as lab:
        lab.build()
        lab.session("producer")
        lab.teardown()
        lab.build()
        assert lab.publish(ProductAdded("a", 1)).published == 1
