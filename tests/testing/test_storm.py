"""A handler under seeded schedules: the exact one passes, and each weaker one is found out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from inventory_lab import Lab, ProductAdded, QuantityChanged, RawRecord
from inventory_lab.domain.events import encode_event
from inventory_lab.exceptions import BadHandler, WrongSetting
from inventory_lab.testing import Scenario, shrink, storm
from inventory_lab.testing.blame import first_difference
from inventory_lab.testing.scenario import (
    INVENTORY,
    OCCURRED_AT,
    expected_inventory,
    inventory_events,
    summed_inventory,
)
from inventory_lab.testing.schedule import schedule_of

HANDLERS = Path(__file__).parent / "handlers"


@pytest.fixture(autouse=True)
def few_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve plays show that a schedule is made smaller; a storm takes sixty."""
    monkeypatch.setattr(shrink, "PLAYS", 12)


@pytest.mark.parametrize("reader", ["pipe", "mapping"])
def test_the_exact_handler_passes(reader: str) -> None:
    report = storm("fold", schedules=3, events=15, reader=reader)  # type: ignore[arg-type]
    assert report.passed, str(report)
    assert "passed 3 schedules, seeds 1 to 3" in str(report)


def test_the_simple_design_fails_and_its_smallest_schedule_is_reported() -> None:
    report = storm("per_record", schedules=5, events=3, seed=4)
    assert not report
    assert report.failure is not None
    assert len(report.failure.smallest.records) < len(report.failure.schedule.records)
    assert "was counted twice" in report.failure.after.problem
    assert "<table>" in report._repr_html_()


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("remembers_nothing.py", "was counted twice"),
        ("adds_and_reports.py", "was counted twice"),
    ],
)
def test_a_weaker_handler_is_found_out(file: str, problem: str) -> None:
    faults = ("throttle", "duplicate_delivery", "crash_between_commits")
    weak = HANDLERS / file
    report = storm(weak, schedules=20, events=8, faults=faults, seed=20, shrink=False)
    assert problem in str(report)


def test_a_write_without_its_condition_is_found_out_by_a_stale_write() -> None:
    """No other fault shows it: two executions of one batch write the same item."""
    weak, stale = HANDLERS / "writes_unconditionally.py", ["stale_write"]
    assert storm(weak, schedules=1, events=8, seed=10, faults=["zombie", "duplicate_delivery"])
    report = storm(weak, schedules=1, events=12, seed=10, faults=stale, shrink=False)
    assert "was lost" in str(report)
    assert "stale write (UpdateItem)" in str(report)
    assert storm("fold", schedules=1, events=12, seed=10, faults=stale)


def unnumbered_events(chance: random.Random, count: int) -> Sequence[RawRecord]:
    """Events of one product that are known by their id alone, more than an item remembers."""
    stocked = ProductAdded("Nail", 10_000, event_id="stocked", occurred_at=OCCURRED_AT)
    sales = [
        QuantityChanged(
            "Nail", -chance.randint(1, 9), event_id=f"sale-{n}", occurred_at=OCCURRED_AT
        )
        for n in range(count)
    ]
    return [RawRecord("Nail", encode_event(event)) for event in (stocked, *sales)]


def test_a_handler_without_watermarks_is_found_out_where_the_memory_ends() -> None:
    scenario = replace(INVENTORY, events=unnumbered_events, identity=None)
    weak, repeats = HANDLERS / "has_no_watermarks.py", ["duplicate_delivery"]
    often = {"schedules": 1, "events": 90, "seed": 10, "faults": repeats, "scenario": scenario}
    assert "counted twice" in str(storm(weak, shrink=False, **often))  # type: ignore[arg-type]
    assert storm("fold", **often)  # type: ignore[arg-type]


def test_a_failing_schedule_is_repeated_by_its_seed() -> None:
    first = storm(HANDLERS / "adds_and_reports.py", schedules=20, events=12, shrink=False)
    assert first.failure is not None
    seed = first.failure.schedule.seed
    again = storm(HANDLERS / "adds_and_reports.py", schedules=1, events=12, seed=seed, shrink=False)
    assert again.failure is not None
    assert again.failure.outcome.problem == first.failure.outcome.problem


def test_a_seed_makes_the_same_schedule_and_another_seed_another_one() -> None:
    assert schedule_of(3, INVENTORY, 20) == schedule_of(3, INVENTORY, 20)
    assert schedule_of(3, INVENTORY, 20) != schedule_of(4, INVENTORY, 20)


def test_a_fault_that_does_not_exist_is_refused() -> None:
    with pytest.raises(WrongSetting, match="earthquake"):
        storm("fold", schedules=1, faults=["earthquake"])


def test_the_record_to_blame_is_named() -> None:
    facts = inventory_events(random.Random(5), 12)
    for at in range(len(facts)):
        state = expected_inventory([*facts[:at], *facts[at + 1 :]])
        if state != expected_inventory(facts):
            text = first_difference(
                facts, expected_inventory(facts), state, expected_inventory, summed_inventory
            )
            assert "was lost" in text or "counted twice" in text


# ------------------------------------------------------------ another domain

CLICKS = """
import base64, json, os
import boto3

table = boto3.client("dynamodb")

def handle(event, context):
    records = event if isinstance(event, list) else [r["kinesis"] | {"eventID": r["eventID"]} for r in event["Records"]]
    for record in records:
        table.put_item(
            TableName=os.environ["TABLE_NAME"],
            Item={"product_id": {"S": record["partitionKey"] + "/" + json.loads(base64.b64decode(record["data"]))["click"]}},
        )
"""


def clicks(chance: random.Random, count: int) -> Sequence[RawRecord]:
    return [RawRecord(f"user-{chance.randint(1, 3)}", b'{"click": "%d"}' % n) for n in range(count)]


def seen(lab: Lab) -> dict[str, object]:
    items = lab.account.client("dynamodb").scan(TableName=lab.settings.name("table"))["Items"]
    return {item["product_id"]["S"]: True for item in items}


def all_clicks(records: Sequence[RawRecord]) -> dict[str, object]:
    return {f"{r.partition_key}/{int(r.data[11:-2])}": True for r in records}


def test_a_handler_of_another_domain_is_tried_with_its_own_scenario() -> None:
    scenario = Scenario(events=clicks, read_state=seen, expected_state=all_clicks)
    assert storm(CLICKS, schedules=2, events=10, scenario=scenario).passed


def test_a_lost_record_is_named() -> None:
    scenario = Scenario(events=clicks, read_state=seen, expected_state=all_clicks)
    report = storm(
        HANDLERS / "swallows_errors.py",
        schedules=20,
        events=8,
        seed=10,
        scenario=scenario,
        faults=["throttle"],
        shrink=False,
    )
    assert 'was lost: {"click"' in str(report)
    assert "throttle (PutItem)" in str(report)


# ------------------------------------------------------------ handlers that misbehave


def test_a_handler_that_cannot_be_imported_is_reported() -> None:
    report = storm(
        "import nothing_of_this_name\n\ndef handle(event, context):\n    pass\n",
        schedules=1,
        events=3,
    )
    assert "ImportModuleError" in str(report)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return object()", "MarshalError"),
        ("import sys; sys.exit(3)", "exit status 3"),
        ("import os; os._exit(3)", "exit status 3"),
        ("import time; time.sleep(1_000)", "Task timed out"),
        ("print('x' * 3_000_000); raise ValueError('too much')", "too much"),
    ],
)  # fmt: skip
def test_a_handler_that_misbehaves_costs_a_line_and_never_the_process(body: str, said: str) -> None:
    report = storm(f"def handle(event, context):\n    {body}\n", schedules=1, events=3)
    assert not report
    assert said in str(report)
    assert len(str(report)) < 5_000


def test_what_is_not_a_handler_is_refused() -> None:
    with pytest.raises(BadHandler):
        storm(42, schedules=1)  # type: ignore[arg-type]


WRONG_SCENARIOS: dict[str, tuple[dict[str, object], str]] = {
    "no record": ({"events": lambda chance, count: []}, r"events\(chance, 50\) is \[\]"),
    "a dict": ({"events": lambda chance, count: [{"n": 1}]}, r"is \[{'n': 1}\]; .* RawRecord"),
    "no state": ({"read_state": lambda lab: None}, r"read_state\(lab\) is None; it must be a dict"),
    "a list": ({"expected_state": lambda facts: []}, r"expected_state\(records\) is \[\]; it must"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_SCENARIOS)
def test_a_scenario_that_tries_nothing_does_not_pass(wrong: str) -> None:
    members, message = WRONG_SCENARIOS[wrong]
    with pytest.raises(WrongSetting, match=message):
        storm("fold", schedules=1, scenario=replace(INVENTORY, **members))  # type: ignore[arg-type]


def test_a_lambda_has_to_get_a_name() -> None:
    with pytest.raises(BadHandler, match="the lambda: a handler has a name: write it with def"):
        storm(lambda event, context: None, schedules=1)


@pytest.mark.parametrize(
    ("setting", "value"), [("reader", "both"), ("schedules", "3"), ("events", 2.5)]
)
def test_a_setting_that_cannot_be_played_is_refused(setting: str, value: object) -> None:
    with pytest.raises(WrongSetting, match=f"setting {setting} is {value!r}; it must be"):
        storm("fold", **{setting: value})  # type: ignore[arg-type]


def local_handler(event: object, context: object) -> None:
    raise ValueError(f"{INVENTORY} cannot be carried along")


def test_a_function_that_uses_what_cannot_be_carried_along_is_refused_by_name() -> None:
    with pytest.raises(BadHandler, match="it uses INVENTORY, a Scenario, which"):
        storm(local_handler, schedules=1)


def test_processes_side_by_side_report_what_one_process_reports() -> None:
    weak = HANDLERS / "adds_and_reports.py"
    one, two = (
        storm(weak, schedules=6, events=8, seed=20, processes=processes, shrink=False)
        for processes in (1, 2)
    )
    assert one.failure is not None
    assert str(two) == str(one)


@pytest.mark.parametrize("number", ["schedules", "events", "processes"])
def test_a_number_below_one_is_refused(number: str) -> None:
    with pytest.raises(WrongSetting, match=f"{number} is 0; it must be a whole number, at least 1"):
        storm("fold", **{number: 0})  # type: ignore[arg-type]
