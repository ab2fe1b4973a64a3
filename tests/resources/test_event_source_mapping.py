"""A mapping of AWS takes its time, and a new role's permissions do too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab, ProductAdded, QuantityChanged, Settings, connect
from inventory_lab.exceptions import MappingFailed, NotBuilt
from inventory_lab.resources import event_source_mapping
from inventory_lab.resources.event_source_mapping import WAIT_SECONDS
from inventory_lab.resources.propagation import PROPAGATION_SECONDS
from tests.fakes import client_error

ARN = "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:u"


class FakeLambda:
    """A mapping that is in one state after the other, a second each, and stays in the last one."""

    def __init__(self, *states: str, refusals: int = 0) -> None:
        self.states, self.refusals = list(states), refusals
        self.created: list[dict[str, Any]] = []
        self.slept = 0.0

    def list_event_source_mappings(self, **_: Any) -> dict[str, Any]:
        state = self.states[0]
        mapping = {"UUID": "u", "EventSourceMappingArn": ARN, "State": state, **self._request()}
        return {"EventSourceMappings": [] if state == "not there" else [mapping]}

    def list_tags(self, Resource: str) -> dict[str, Any]:  # noqa: N803
        return {"Tags": {"project": "inventory-lab"}}

    def create_event_source_mapping(self, **request: Any) -> None:
        self.created.append(request)
        if len(self.created) <= self.refusals:
            text = "Cannot access stream s. Please ensure the role can perform the GetRecords"
            raise ClientError(
                {"Error": {"Code": "InvalidParameterValueException", "Message": text}}, "C"
            )
        del self.states[0]

    def update_event_source_mapping(self, **_: Any) -> None:
        raise client_error("ResourceInUseException")

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        del self.states[: len(self.states) > 1 and self.states[0] != "not there"]

    def account(self) -> Any:
        return SimpleNamespace(
            settings=Settings(),
            tags={"project": "inventory-lab"},
            client=lambda _: self,
            stream_arn=lambda: "stream",
            queue_arn=lambda kind: kind,
        )

    def _request(self) -> dict[str, Any]:
        return event_source_mapping._configuration(self.account())


@pytest.mark.parametrize("moving", ["Creating", "Enabling", "Updating"])
def test_a_mapping_that_moves_is_waited_for(moving: str) -> None:
    functions = FakeLambda(moving, moving, "Enabled")
    assert event_source_mapping.ensure(functions.account(), functions.sleep) == ARN
    assert functions.slept == 2


def test_a_role_that_cannot_read_yet_is_tried_again() -> None:
    functions = FakeLambda("not there", "Creating", "Enabled", refusals=3)
    assert event_source_mapping.ensure(functions.account(), functions.sleep) == ARN
    assert len(functions.created) == 4


def test_a_role_that_never_can_read_is_an_error_of_aws() -> None:
    functions = FakeLambda("not there", refusals=1000)
    with pytest.raises(ClientError, match="Cannot access stream"):
        event_source_mapping.ensure(functions.account(), functions.sleep)
    assert functions.slept == PROPAGATION_SECONDS


def test_the_waiting_ends_and_names_the_state() -> None:
    functions = FakeLambda("Updating")
    with pytest.raises(MappingFailed, match=f"is still Updating: after {WAIT_SECONDS} s"):
        event_source_mapping.settled(functions.account(), functions.sleep)


def test_a_build_enables_the_mapping_and_has_the_settings() -> None:
    settings = Settings(reader="mapping", batch_size=10, batch_window_seconds=2, retries=3)
    with connect(settings=settings) as lab:
        arn = lab.build()["event_source_mapping"]
        functions = lab.session("root").client("lambda")
        functions.update_event_source_mapping(
            UUID=arn.rpartition(":")[2], Enabled=False, BatchSize=9
        )
        assert lab.build()["event_source_mapping"] == arn
        mapping = event_source_mapping.describe(lab.account)
    assert mapping is not None
    assert (mapping["State"], mapping["BatchSize"]) == ("Enabled", 10)
    assert (mapping["MaximumBatchingWindowInSeconds"], mapping["MaximumRetryAttempts"]) == (2, 3)
    assert mapping["BisectBatchOnFunctionError"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(("reader", "reads"), [("pipe", False), ("mapping", True), ("both", True)])
def test_the_role_of_the_function_reads_the_stream_only_behind_a_mapping(
    reader: str, reads: bool
) -> None:
    with connect(settings=Settings(reader=reader)) as lab:
        assert ("pipe" in lab.build()) is (reader != "mapping")
        stream = lab.account.stream_arn()
        assert lab.explain_access("function", "kinesis:GetRecords", stream).allowed is reads


def test_settle_needs_a_reader(lab: Lab) -> None:
    lab.build(through="function")
    with pytest.raises(NotBuilt):
        lab.settle(lab.publish(ProductAdded("a", 1)))


def fail(lab: Lab) -> None:
    lab.session("root").client("lambda").update_function_configuration(
        FunctionName="update-inventory", Handler="nothing.there"
    )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("reader", ["mapping", "both"])
def test_dead_letters_redrive_history_and_reconcile_are_right_behind(reader: str) -> None:
    with connect(settings=Settings(reader=reader, retries=1)) as lab:
        lab.build()
        assert lab.settle(lab.publish([ProductAdded("a", 5), QuantityChanged("b", 1)]))
        fail(lab)
        assert lab.settle(lab.publish([QuantityChanged("a", 1), QuantityChanged("a", 2)]))
        lab.build()
        dead = lab.dead_letters()
        assert list(dead["reason"]) == ["RetryAttemptsExhausted"] * 2
        assert list(lab.redrive()["outcome"]) == ["applied"] * 2
        assert not len(lab.dead_letters())
        result = lab.reconcile()
        assert result.exact
        assert (result.published, result.applied, result.rejected, result.dead_letters) == (
            6,
            3,
            1,
            2,
        )
        assert list(lab.history("a")["stock"])[-1] == 8
        assert lab.inventory().loc["a", "quantity"] == 8


def test_behind_both_every_record_is_delivered_twice_and_applied_once() -> None:
    with connect(settings=Settings(reader="both")) as lab:
        lab.build()
        assert lab.settle(lab.publish([ProductAdded("a", 50)]))
        sales = [QuantityChanged("a", -1) for _ in range(20)]
        assert lab.settle(lab.publish(sales))
        counts = lab.reports()
        assert (counts["applied"], counts["redelivered"]) == (21, 21)
        assert lab.inventory().loc["a", "quantity"] == 30
        assert lab.reconcile().exact


def test_settle_waits_for_whichever_of_both_is_later() -> None:
    with connect(settings=Settings(reader="both")) as lab:
        lab.build()
        lab.pump()
        functions = lab.session("root").client("lambda")
        [mapping] = functions.list_event_source_mappings()["EventSourceMappings"]
        functions.update_event_source_mapping(
            UUID=mapping["UUID"], MaximumBatchingWindowInSeconds=9
        )
        assert lab.settle(lab.publish(ProductAdded("a", 1))).seconds == 9
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        lab.pump()
        assert lab.settle(lab.publish(ProductAdded("b", 1))).rounds == 1
