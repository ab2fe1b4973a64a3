from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from inventory_lab import Lab, ProductAdded, RawRecord, Settings, connect
from inventory_lab.exceptions import NotBuilt
from inventory_lab.lab import DashboardVerbs
from inventory_lab.views.dashboard.dashboard import NO_LOOP, Dashboard
from tests.views.dashboard.stand_ins import FakeClock
from tests.views.test_tables import text_of


class Watched:
    """A dashboard whose second of lab time is a second of the fake clock."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.clock = lab, FakeClock()
        self.dashboard = Dashboard(DashboardVerbs(lab), self.clock)
        self.controls, self.state = self.dashboard.controls, self.dashboard.state
        self.controls.chosen_view.value = "alerts"  # cheaper to draw than the map

    def seconds(self, count: int) -> None:
        for _ in range(count):
            self.clock.now += 1
            self.dashboard.step()

    def send(self, kind: str, product: str, quantity: int = 1) -> None:
        self.controls.kind.value = kind
        self.controls.product.value = product
        self.controls.quantity.value = quantity
        self.controls.send.click()

    def errors(self) -> list[str]:
        return [problem.error for problem in self.state.problems if problem.error != NO_LOOP]


@pytest.fixture
def watched(built: Lab) -> Watched:
    return Watched(built)


def test_a_click_on_send_changes_the_table_within_a_second(watched: Watched) -> None:
    watched.send("product_added", "Phone", 18)
    assert "waiting" in text_of(watched.controls.sent.value)
    watched.seconds(1)
    assert watched.lab.inventory().loc["Phone", "quantity"] == 18
    assert "Phone" in text_of(watched.controls.inventory.value)
    assert "✓ Phone new: 18: applied" in text_of(watched.controls.sent.value)
    assert watched.controls.product.options == ("Phone",)


def test_a_rejected_event_shows_its_reason(watched: Watched) -> None:
    watched.send("product_removed", "Ghost")
    watched.seconds(1)
    assert "✗ Ghost removed: rejected (UnknownProduct" in text_of(watched.controls.sent.value)


def test_an_event_that_breaks_the_contract_is_not_sent_and_says_why(watched: Watched) -> None:
    watched.send("quantity_changed", "Phone", 0)
    assert watched.errors() == [
        "MalformedEvent: field 'delta' is 0; a change must change something"
    ]
    assert len(watched.lab.records()) == 0


def test_an_event_that_is_given_up_says_so(watched: Watched) -> None:
    watched.controls.probability.value = 1
    watched.controls.faults["crash_before_effect"].value = True
    watched.send("product_added", "Phone", 3)
    watched.seconds(1)
    assert "waiting (the pipe reports: the function failed" in text_of(watched.controls.sent.value)
    watched.seconds(8)
    assert "✗ Phone new: 3: given up" in text_of(watched.controls.sent.value)
    assert watched.state.dead_letter_messages == 1


def test_the_generator_publishes_at_its_rate_and_the_numbers_are_those_of_reconcile(
    watched: Watched,
) -> None:
    watched.dashboard.start_generator(rate=12.5)
    watched.seconds(6)
    watched.dashboard.stop_generator()
    watched.seconds(2)
    result = watched.lab.reconcile()
    assert result.exact
    assert result.published == watched.state.stored == 75
    names = ("applied", "rejected", "duplicates")
    assert result.counts()["applied"] > 60
    assert [result.counts()[n] for n in names] == [watched.state.totals[n] for n in names]
    assert watched.state.stock == watched.lab.inventory()["quantity"].to_dict()
    assert (watched.state.latency(0.5), watched.state.latency(0.99)) == (1.0, 1.0)


def test_stop_stops(watched: Watched) -> None:
    watched.controls.generate.click()
    assert watched.controls.generate.description == "Stop generator"
    watched.seconds(3)
    watched.controls.generate.click()
    assert watched.controls.generate.description == "Start generator"
    stored = len(watched.lab.records())
    watched.seconds(3)
    assert len(watched.lab.records()) == stored > 0


def test_a_second_generator_goes_on_from_the_stock_of_the_first(built: Lab) -> None:
    for _ in range(2):
        watched = Watched(built)
        watched.dashboard.start_generator(rate=40)
        watched.seconds(3)
        watched.dashboard.stop_generator()
        watched.seconds(1)
    result = built.reconcile()
    assert result.exact
    assert result.duplicates == 0
    assert result.rejected < 12


def test_what_a_cell_publishes_is_seen_too(watched: Watched) -> None:
    watched.lab.settle(watched.lab.publish(ProductAdded("Oven", 4)))
    watched.seconds(1)
    assert watched.state.stock == {"Oven": 4}
    assert watched.state.stored == 1


def test_switches_let_faults_strike_until_they_are_switched_off(watched: Watched) -> None:
    watched.controls.probability.value = 1
    watched.controls.faults["duplicate_delivery"].value = True
    watched.dashboard.start_generator(rate=5)
    watched.seconds(3)
    assert "duplicate delivery" in text_of(watched.controls.problems.value)
    watched.controls.faults["duplicate_delivery"].value = False
    watched.dashboard.stop_generator()
    watched.state.faults.clear()
    watched.seconds(3)
    assert watched.state.totals["redelivered"] > 0
    assert not watched.state.faults
    assert watched.lab.reconcile().exact


def test_a_missing_permission_shows_in_the_dashboard(watched: Watched) -> None:
    iam, name = watched.lab.session("root").client("iam"), watched.lab.settings.name
    for policy in iam.list_role_policies(RoleName=name("pipe_role"))["PolicyNames"]:
        iam.delete_role_policy(RoleName=name("pipe_role"), PolicyName=policy)
    watched.send("product_added", "Phone", 3)
    watched.seconds(1)
    assert any("not authorized to perform" in error for error in watched.errors())
    assert "not authorized to perform" in text_of(watched.controls.problems.value)


def test_a_table_that_is_gone_shows_in_the_dashboard_and_the_steps_go_on(watched: Watched) -> None:
    table = watched.lab.settings.name("table")
    watched.lab.session("root").client("dynamodb").delete_table(TableName=table)
    watched.seconds(2)
    assert any(error.startswith("NotBuilt: the table") for error in watched.errors())
    watched.lab.build()
    watched.send("product_added", "Phone", 3)
    watched.seconds(1)
    assert watched.state.stock == {"Phone": 3}


def test_a_foreign_message_in_a_queue_is_shown_and_not_printed(watched: Watched) -> None:
    sqs = watched.lab.session("root").client("sqs")
    url = sqs.get_queue_url(QueueName=watched.lab.settings.name("rejected_queue"))["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"hello": 1}))
    watched.controls.chosen_view.value = "rejected"
    assert "is not from this pipeline" in watched.errors()[0]


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("map", "The pipeline now"),
        ("shards", "Records in their shards"),
        ("alerts", "Phone"),
        ("rejected", "UnknownProduct"),
        ("dead letters", "No records."),
    ],
)
def test_each_view_shows_the_lab(watched: Watched, view: str, words: str) -> None:
    watched.send("product_added", "Phone", 12)
    watched.send("quantity_changed", "Phone", -5)
    watched.send("product_removed", "Ghost")
    watched.seconds(1)
    watched.controls.chosen_view.value = view
    assert words in watched.controls.view.value


def test_the_shards_show_their_newest_records_and_how_far_the_pipe_has_come(
    watched: Watched,
) -> None:
    watched.dashboard.start_generator(rate=40)
    watched.seconds(1)
    watched.lab.publish([ProductAdded(f"late-{n}", 1) for n in range(20)])
    watched.clock.now += 1
    watched.dashboard.refresh()
    lanes = watched.dashboard.lanes()
    assert sum(lane.count for lane in lanes) == 60
    assert all(len(lane.records) == 8 and lane.position == 0 for lane in lanes)
    watched.seconds(1)
    assert all(lane.position == 8 for lane in watched.dashboard.lanes())


def test_records_that_no_event_can_be_read_from_are_shown(watched: Watched) -> None:
    watched.lab.publish(RawRecord("Phone", b"\xff\xfe{"))
    watched.seconds(1)
    watched.controls.chosen_view.value = "shards"
    [lane] = [lane for lane in watched.dashboard.lanes() if lane.records]
    assert lane.records[0].change == "no event"


def test_a_function_without_watermarks_is_watched_by_what_the_pipe_has_delivered() -> None:
    with connect(settings=Settings(handler="per_record")) as lab:
        lab.build()
        watched = Watched(lab)
        watched.send("product_added", "Phone", 3)
        watched.seconds(1)
        assert watched.state.sent is not None
        assert watched.state.sent.outcome == "applied"
        assert watched.state.latency(0.5) == 1.0


def test_a_click_on_reconcile_compares_the_table_with_the_stream(watched: Watched) -> None:
    watched.send("product_added", "Phone", 3)
    watched.seconds(1)
    watched.controls.reconcile.click()
    assert "✓ exact" in text_of(watched.controls.reconciliation.value)


def test_nothing_happens_to_the_lab_before_a_button_is_pressed(watched: Watched) -> None:
    before = watched.lab.clock.now()
    repr(watched.dashboard)
    watched.dashboard.snapshot()
    assert not watched.dashboard.is_live
    assert watched.lab.clock.now() == before


def test_one_second_is_one_second(watched: Watched) -> None:
    before = watched.lab.clock.now()
    watched.controls.one_second.click()
    assert (watched.lab.clock.now() - before).total_seconds() == 1


def test_in_a_script_the_dashboard_says_why_time_does_not_run(watched: Watched) -> None:
    watched.controls.live.click()
    assert NO_LOOP in text_of(watched.controls.problems.value)
    assert watched.controls.live.description == "Run"


def test_a_removed_product_has_no_quantity(watched: Watched) -> None:
    watched.controls.kind.value = "product_removed"
    assert watched.controls.quantity.disabled
    watched.controls.kind.value = "product_added"
    assert not watched.controls.quantity.disabled


def test_the_dashboard_ends_with_its_lab(built: Lab) -> None:
    dashboard = built.dashboard()
    dashboard.start_generator(5)
    built.close()
    assert "the lab is closed" in dashboard.controls.header.value
    assert dashboard.controls.send.disabled
    dashboard.send()
    dashboard.step()
    dashboard.reconcile()
    assert not dashboard.is_generating
    assert repr(dashboard).startswith("Dashboard(the lab is closed;")


def test_a_lab_that_was_closed_behind_its_back_ends_the_dashboard(watched: Watched) -> None:
    watched.lab.close()
    watched.seconds(1)
    assert "the lab is closed" in watched.controls.header.value


def test_a_second_dashboard_of_a_lab_ends_the_first(built: Lab) -> None:
    first, second = built.dashboard(), built.dashboard()
    assert first.controls.send.disabled
    assert not second.controls.send.disabled


def test_a_dashboard_needs_something_to_show(lab: Lab) -> None:
    with pytest.raises(NotBuilt, match="the stream"):
        lab.dashboard()


def test_where_nobody_watches_the_numbers_are_shown_without_controls(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[object] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    watched.dashboard._ipython_display_()
    assert shown == [watched.dashboard.snapshot()]


def test_a_step_that_fails_for_another_reason_ends_the_dashboard_with_the_reason(
    watched: Watched,
) -> None:
    watched.dashboard._died(ZeroDivisionError("a mistake"))
    assert "ZeroDivisionError: a mistake" in text_of(watched.controls.problems.value)
    assert watched.controls.send.disabled


@pytest.fixture(autouse=True)
def no_widgets_are_left() -> Iterator[None]:
    import ipywidgets

    yield
    ipywidgets.Widget.close_all()
