from __future__ import annotations

from inventory_lab.views.dashboard import panels
from inventory_lab.views.dashboard.state import Problem, Second, Sent, State
from tests.views.test_tables import text_of


def test_what_came_from_outside_is_escaped() -> None:
    nasty = "<script>alert(1)</script>"
    shown = [
        panels.sent(Sent(nasty, "+1", "s", 1, "rejected", nasty), ""),
        panels.problems([Problem(0, nasty)], [nasty]),
        panels.inventory({nasty: 3}, 10, 1),
        panels.header(nasty, 0, False, nasty),
    ]
    assert all(nasty not in html and "&lt;script&gt;" in html for html in shown)


def test_an_outcome_is_said_by_a_word_and_a_sign() -> None:
    applied = Sent("Phone", "+5", "s", 1, "applied")
    assert text_of(panels.sent(applied, "an old error")).strip() == "✓ Phone +5: applied"
    waiting = Sent("Phone", "+5", "s", 1)
    assert "waiting (the pipe reports: denied)" in text_of(panels.sent(waiting, "denied"))


def test_errors_are_announced_and_nothing_is_shown_without_any() -> None:
    assert 'role="alert"' in panels.problems([Problem(1767603600, "denied")], [])
    assert "09:00:00 denied" in text_of(panels.problems([Problem(1767603600, "denied")], []))
    assert panels.problems([], []) == ""


def test_the_numbers_have_a_picture_with_words() -> None:
    state = State(stored=1234, totals={"applied": 1200})
    state.seconds.append(Second(0, 10, 10))
    html = panels.numbers(state)
    assert 'aria-label="Records processed in the last 1 s, at most 10 a second"' in html
    assert "1,234" in text_of(html)
    assert "–" in text_of(html), "no latency was measured yet"


def test_an_empty_lab_says_so() -> None:
    assert text_of(panels.inventory({}, 10, 1)) == " No active products. "


def test_an_error_that_is_not_json_is_unchanged() -> None:
    assert panels.brief("AccessDenied: {not json") == "AccessDenied: {not json"
    assert panels.brief("") == ""


def test_a_fault_names_its_record_by_the_last_digits() -> None:
    fault = "duplicate delivery (shardId-000000000001:49176760361600000000000000000000245)"
    assert "duplicate delivery (shard 0001, record …000245)" in panels.problems([], [fault])
