from __future__ import annotations

import pytest

from inventory_lab import Lab, progress

Printed = pytest.CaptureFixture[str]
NOTHING = "producer · → stream · → pipe · → function · → table ·, topic ·, queues ·\n"
EVERYTHING = NOTHING.replace("·", "✓")


def line(lab: Lab, capsys: Printed) -> str:
    progress(lab)
    return capsys.readouterr().out


def test_a_new_lab_has_nothing(lab: Lab, capsys: Printed) -> None:
    assert line(lab, capsys) == NOTHING


def test_parts_get_their_tick_when_they_are_built(lab: Lab, capsys: Printed) -> None:
    lab.build(through="table")
    assert line(lab, capsys) == (
        "producer ✓ → stream ✓ → pipe · → function · → table ✓, topic ·, queues ·\n"
    )
    lab.build()
    assert line(lab, capsys) == EVERYTHING


def test_the_line_follows_the_account_not_what_was_built(built: Lab, capsys: Printed) -> None:
    url = built.account.client("sqs").get_queue_url(QueueName="inventory-rejected")["QueueUrl"]
    built.account.client("sqs").delete_queue(QueueUrl=url)
    built.account.client("dynamodb").delete_table(TableName="inventory")
    assert line(built, capsys) == (
        "producer ✓ → stream ✓ → pipe ✓ → function ✓ → table ·, topic ✓, queues ·\n"
    )


def test_a_part_that_does_not_run_shows_its_state(built: Lab, capsys: Printed) -> None:
    built.account.client("pipes").stop_pipe(Name="inventory-pipe")
    assert "pipe (STOPPED) →" in line(built, capsys)


def test_after_a_teardown_nothing_is_left(built: Lab, capsys: Printed) -> None:
    built.teardown()
    assert line(built, capsys) == NOTHING
