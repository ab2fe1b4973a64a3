"""A record that expires in the stream before anything reads it is missed, because the lab published it."""

from __future__ import annotations

import pytest

from inventory_lab import Lab, ProductAdded, QuantityChanged

DAY = 24 * 3600


@pytest.fixture
def stopped(built: Lab) -> Lab:
    """A lab whose pipe is stopped after its first product."""
    assert built.settle(built.publish(ProductAdded("Phone", 5)))
    built.session("root").client("pipes").stop_pipe(Name="inventory-pipe")
    return built


def test_records_that_expired_unread_are_lost_also_since_a_snapshot(stopped: Lab) -> None:
    snapshot = stopped.snapshot()
    stopped.publish([ProductAdded("Oven", 3), QuantityChanged("Phone", -1)])
    assert stopped.reconcile(since=snapshot).exact
    stopped.clock.advance(DAY + 60)
    found = stopped.reconcile(since=snapshot)
    assert found.expired == ("Oven", "Phone")
    assert not found.exact
    sentence = (
        "records of 2 products expired in the stream before anything processed them (Oven, Phone)"
    )
    assert sentence in str(found)
    assert sentence in str(stopped.reconcile())


def test_records_that_were_processed_before_they_expired_are_not_lost(built: Lab) -> None:
    assert built.settle(built.publish([ProductAdded("Oven", 3), QuantityChanged("Ghost", 1)]))
    snapshot = built.snapshot()
    built.clock.advance(DAY + 60)
    found = built.reconcile(since=snapshot)
    assert found.expired == ()
    assert found.exact


def test_records_in_the_dead_letters_are_not_expired(built: Lab) -> None:
    with built.faults(crash_before_effect=1):
        assert built.settle(built.publish(ProductAdded("Oven", 3)))
    built.clock.advance(DAY + 60)
    assert built.reconcile().expired == ()


def test_a_stream_that_was_deleted_with_the_lab_lost_nothing(stopped: Lab) -> None:
    stopped.publish(ProductAdded("Oven", 3))
    stopped.teardown()
    stopped.build()
    stopped.clock.advance(DAY + 60)
    assert stopped.reconcile().expired == ()
