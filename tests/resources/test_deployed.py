"""What a lab says of itself, in a terminal and in a notebook."""

from __future__ import annotations

from inventory_lab import Lab, Settings, connect
from inventory_lab.resources.account import Account
from inventory_lab.resources.deployed import NOT_KNOWN, deployed


def test_an_empty_lab_says_what_deploys_the_pipeline(lab: Lab) -> None:
    assert repr(lab) == "Lab(embedded AWS: nothing is deployed yet; build() deploys the pipeline)"


def test_a_lab_names_what_is_deployed_and_its_state(lab: Lab) -> None:
    lab.build(through="table")
    assert repr(lab) == (
        "Lab(embedded AWS: stream e-commerce-streaming ACTIVE, table inventory ACTIVE; "
        "5 of 11 resources deployed)"
    )


def test_its_state_is_that_of_now(built: Lab) -> None:
    built.session("root").client("pipes").stop_pipe(Name="inventory-pipe")
    assert "pipe inventory-pipe STOPPED" in repr(built)
    built.teardown()
    assert "nothing is deployed" in repr(built)


def test_a_notebook_shows_a_row_for_each_resource(built: Lab) -> None:
    html = built._repr_html_()
    assert "11 of 11 resources deployed" in html
    for resource in deployed(built.account):
        assert resource.exists
        assert resource.name in html
        assert resource.state in html


def test_who_may_not_ask_learns_that_the_state_is_not_known(built: Lab) -> None:
    as_producer = Account(built.session("producer"), built.settings)
    assert {resource.state for resource in deployed(as_producer)} == {NOT_KNOWN}


def test_a_closed_lab_says_so(lab: Lab) -> None:
    lab.close()
    assert repr(lab) == "Lab(closed)"
    assert lab._repr_html_() == "<p>Lab (closed)</p>"


def test_a_lab_with_a_mapping_names_it_by_its_function() -> None:
    with connect(settings=Settings(reader="mapping")) as lab:
        lab.build()
        assert "event_source_mapping update-inventory Enabled" in repr(lab)
        assert "pipe inventory-pipe" not in repr(lab)
