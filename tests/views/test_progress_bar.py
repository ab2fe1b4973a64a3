from __future__ import annotations

import sys
import threading

import pytest

from inventory_lab import Lab, simulate
from inventory_lab.views import progress_bar
from inventory_lab.views.progress_bar import counted, is_watched


class Screen:
    """What was written to standard error so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    def text(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Screen:
    """Standard error as a person's terminal, outside of any test, with bars that appear at once."""
    monkeypatch.setattr(progress_bar, "_is_terminal", lambda: True)
    monkeypatch.delenv("PYTEST_VERSION", raising=False)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.setattr(progress_bar, "DELAY_SECONDS", 0)
    monkeypatch.setattr(progress_bar, "REDRAW_SECONDS", 0)
    return Screen(capsys)


def left_on(written: str) -> str:
    """What a terminal shows after carriage returns have written over the line."""
    line = ""
    for part in written.split("\r"):
        line = part + line[len(part) :]
    return line.strip()


@pytest.mark.parametrize(
    ("environ", "is_kernel", "is_terminal", "watched"),
    [
        ({}, False, True, True),
        ({}, False, False, False),
        ({}, True, True, False),
        ({"JPY_SESSION_NAME": "02.ipynb"}, True, False, True),
        ({"COLAB_RELEASE_TAG": "r1"}, True, False, True),
        ({"JPY_SESSION_NAME": "02.ipynb"}, False, False, False),
        ({"JPY_SESSION_NAME": "02.ipynb", "PYTEST_VERSION": "9"}, True, False, False),
        ({"PYTEST_VERSION": "9"}, False, True, False),
    ],
)
def test_a_bar_is_shown_where_somebody_watches(
    environ: dict[str, str], is_kernel: bool, is_terminal: bool, watched: bool
) -> None:
    assert is_watched(environ, is_kernel=is_kernel, is_terminal=is_terminal) is watched


def test_in_a_terminal_a_bar_appears_without_a_thread_and_leaves_nothing_behind(
    screen: Screen,
) -> None:
    threads = threading.active_count()
    with progress_bar.progress_bar("publish", "event") as advance:
        advance(5, 20)
        assert threading.active_count() == threads
        assert "publish:  25%" in screen.text()
        assert "5/20" in screen.text()
    assert left_on(screen.text()) == ""


def test_a_bar_is_gone_after_an_error(screen: Screen) -> None:
    def fail() -> None:
        with progress_bar.progress_bar("publish", "event") as advance:
            advance(1, 2)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert "1/2" in screen.text()
    assert left_on(screen.text()) == ""


def test_items_are_counted_as_they_are_read(screen: Screen) -> None:
    assert list(counted(iter("abc"), "read", "record")) == ["a", "b", "c"]
    assert "read: " in screen.text()
    assert left_on(screen.text()) == ""


def test_a_reading_that_is_given_up_closes_its_bar(screen: Screen) -> None:
    reading = counted(iter("abc"), "read", "record")
    assert next(reading) == "a"
    assert "read: " in screen.text()
    reading.close()  # type: ignore[attr-defined]
    assert left_on(screen.text()) == ""


def test_a_short_call_shows_no_bar(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_bar, "DELAY_SECONDS", 60)
    with progress_bar.progress_bar("publish", "event") as advance:
        advance(1, 2)
    assert "publish" not in screen.text()


def test_publish_settle_and_reconcile_show_what_they_do(built: Lab, screen: Screen) -> None:
    events = list(simulate(events=50, products=4, seed=1))
    built.settle(built.publish(events))
    built.reconcile()
    shown = screen.text()
    assert "50/50" in shown
    assert all(label in shown for label in ("publish:", "settle:", "read the stream:"))
    assert left_on(shown) == ""


def test_the_lab_prints_nothing_where_nobody_watches(
    built: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    built.settle(built.publish(simulate(events=50, products=4, seed=1)))
    built.reconcile()
    assert capsys.readouterr() == ("", "")
