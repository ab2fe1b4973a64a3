"""The numbers of events that bring none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory_lab import Lab, ProductAdded, QuantityChanged
from inventory_lab.domain.identity import is_known_by_id
from inventory_lab.exceptions import EventChanged
from inventory_lab.producer.session import Session

SOURCE = "2026-01-05T09:00:00.000Z/lab.publish"
NOW = "2026-01-05T09:00:07Z"


@pytest.fixture
def session() -> Session:
    return Session(SOURCE)


def test_events_are_numbered_product_by_product(session: Session) -> None:
    names = ["Phone", "Watch", "Phone", "Phone", "Watch"]
    numbered = [session.numbered(QuantityChanged(name, 1), NOW) for name in names]
    assert [event.sequence for event in numbered] == [1, 1, 2, 3, 2]
    assert {event.source for event in numbered} == {SOURCE}
    assert {event.occurred_at for event in numbered} == {NOW}
    assert all(map(is_known_by_id, numbered))


def test_an_event_that_comes_again_keeps_its_number_and_its_time(session: Session) -> None:
    event = QuantityChanged("Phone", 1)
    first = session.numbered(event, NOW)
    session.numbered(QuantityChanged("Phone", 1), NOW)
    assert session.numbered(event, "2026-01-05T10:00:00Z") == first
    assert session.numbered(replace(event), NOW) == first


def test_the_same_id_with_other_content_is_an_error(session: Session) -> None:
    event = QuantityChanged("Phone", 1)
    session.numbered(event, NOW)
    with pytest.raises(EventChanged, match="create a new event - nothing was sent"):
        session.numbered(replace(event, delta=2), NOW)
    assert session.numbered(replace(event, product_id="Watch"), NOW).sequence == 1


def test_an_event_with_a_source_of_its_own_is_sent_as_it_is(session: Session) -> None:
    event = QuantityChanged(
        "Phone", 1, occurred_at=NOW, source="2026-01-05T09:00:00Z/till", sequence=4
    )
    assert session.numbered(event, NOW) is event
    assert session.numbered(event, NOW) is event
    with pytest.raises(EventChanged):
        session.numbered(replace(event, delta=2), NOW)


def test_nothing_is_sent_when_one_of_the_events_has_changed(built: Lab) -> None:
    event = QuantityChanged("Phone", 1)
    built.settle(built.publish([ProductAdded("Phone", 3), event]))
    with pytest.raises(EventChanged):
        built.publish([QuantityChanged("Phone", 5), replace(event, delta=2)])
    assert built.reconcile().published == 2


def test_publishing_the_same_objects_again_changes_nothing_however_many_they_are(
    built: Lab,
) -> None:
    events = [ProductAdded("Phone", 3), *(QuantityChanged("Phone", 1) for _ in range(200))]
    built.settle(built.publish(events))
    built.settle(built.publish(events))
    result = built.reconcile()
    assert (result.applied, result.duplicates, result.exact) == (201, 201, True)
    assert built.inventory().loc["Phone", "quantity"] == 203


def test_new_event_objects_are_new_facts(built: Lab) -> None:
    for _ in range(2):
        built.settle(built.publish(QuantityChanged("Phone", 1)))
        built.settle(built.publish(ProductAdded("Phone", 3)))
    assert built.reconcile().applied == 2
    assert built.reconcile().rejected == 2
