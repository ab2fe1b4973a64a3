"""A plan of faults strikes the same way in every run, and the counts stay exact."""

from __future__ import annotations

from typing import Any

import pytest

from inventory_lab import (
    FaultPlan,
    Lab,
    ProductAdded,
    QuantityChanged,
    Settings,
    connect,
    simulate,
)
from inventory_lab.embedded_aws.faults import FAULTS
from inventory_lab.exceptions import WrongSetting

EVENTS = list(simulate(events=60, products=6, seed=3))


def run(lab: Lab, plan: FaultPlan) -> list[str]:
    """Publish and settle under the plan, then let what is still to come come; what struck."""
    struck: list[str] = []
    with lab.faults(plan):
        receipts = [lab.publish(EVENTS[start : start + 20]) for start in range(0, 60, 20)]
        for _ in range(12):
            struck += lab.pump().faults
    for receipt in receipts:
        assert lab.settle(receipt)
    return struck


@pytest.mark.exhaustive(7)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_strikes_when_it_is_certain_and_leaves_the_counts_exact(fault: str) -> None:
    needed = {"reshard": 1.0} if fault == "child_before_parent" else {}
    plan = FaultPlan(seed=1, at_most=3, **needed | {fault: 1})
    with connect(settings=Settings(batch_size=5)) as lab:  # so that a next batch waits to overtake
        lab.build()
        struck = run(lab, plan)
        result = lab.reconcile()
    assert [s for s in struck if s.startswith(fault.replace("_", " "))], struck
    assert not len(result.drift)
    assert result.conserved
    assert not result.lost
    assert not result.applied_twice


def test_the_same_seed_strikes_the_same_way() -> None:
    def once(seed: int) -> list[str]:
        with connect() as lab:
            lab.build()
            plan = FaultPlan(seed=seed, duplicate_delivery=0.3, crash_after_commit=0.3, recut=0.3)
            return [s.partition(" (")[0] for s in run(lab, plan)]

    assert once(5) == once(5)
    assert once(5) != once(6)


def test_all_faults_at_once_leave_the_counts_exact(built: Lab) -> None:
    run(built, FaultPlan(seed=11, **dict.fromkeys(FAULTS, 0.15)))
    result = built.reconcile()
    assert not len(result.drift)
    assert result.conserved
    assert not result.lost


def test_a_fault_strikes_no_more_often_than_it_may(built: Lab) -> None:
    struck = run(built, FaultPlan(crash_after_commit=1, at_most=2))
    assert len([s for s in struck if s.startswith("crash after commit")]) == 2


def test_nothing_strikes_outside_the_plan(built: Lab) -> None:
    with built.faults(throttle=1):
        pass
    receipt = built.publish(ProductAdded("a", 1))
    assert built.pump().faults == []
    assert built.settle(receipt)


def test_the_simple_design_drifts_after_a_lost_answer() -> None:
    with connect(settings=Settings(handler="per_record")) as lab:
        lab.build()
        lab.settle(lab.publish(ProductAdded("a", 10)))
        with lab.faults(crash_after_commit=1, at_most=1):
            lab.settle(lab.publish(QuantityChanged("a", 5)))
        assert lab.inventory().loc["a", "quantity"] == 20
        assert len(lab.reconcile().drift)


@pytest.mark.parametrize("value", [-0.1, 1.5, "often", None])
def test_a_probability_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(WrongSetting, match=r"throttle is .*; it must be a probability from 0 to 1"):
        FaultPlan(throttle=value)


def test_faults_take_a_plan_or_its_fields(built: Lab) -> None:
    with pytest.raises(TypeError, match="takes a FaultPlan, or its fields by name"):
        built.faults(FaultPlan(), throttle=1).__enter__()


def test_a_fault_that_does_not_exist_is_named_with_those_that_do(built: Lab) -> None:
    words = "there is no fault 'duplicate_delivry'; a plan has seed, at_most, duplicate_delivery"
    with pytest.raises(TypeError, match=words), built.faults(duplicate_delivry=1):
        pass
