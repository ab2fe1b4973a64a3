"""Waiting for deletions that AWS accepts before they are done, or refuses at first."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from inventory_lab.exceptions import StillDeleting
from inventory_lab.resources.deletion import WAIT_SECONDS, until_gone
from tests.fakes import client_error

LOOK_AGAIN = ("NotFoundException", "ConflictException")


class FakePipe:
    """Refuses so many deletions, and then takes some seconds to delete."""

    def __init__(
        self, refusals: int = 0, seconds: float = 0, code: str = "ConflictException"
    ) -> None:
        self.now, self.asked = 0.0, 0
        self.refusals, self.seconds, self.code = refusals, seconds, code
        self.gone_at: float | None = None

    def state(self) -> str | None:
        if self.gone_at is None:
            return "UPDATING" if self.asked < self.refusals else "RUNNING"
        return None if self.now >= self.gone_at else "DELETING"

    def delete(self) -> None:
        self.asked += 1
        if self.asked <= self.refusals:
            self.gone_at = self.now if self.code == "NotFoundException" else None
            raise client_error(self.code)
        self.gone_at = self.now + self.seconds

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def until_gone(self) -> None:
        until_gone("pipe-1", self.state, self.delete, LOOK_AGAIN, self.sleep)


def test_what_goes_at_once_is_not_waited_for() -> None:
    pipe = FakePipe()
    pipe.until_gone()
    assert (pipe.asked, pipe.now) == (1, 0)


def test_what_is_gone_is_not_asked_for() -> None:
    pipe = FakePipe()
    pipe.delete()
    pipe.until_gone()
    assert (pipe.asked, pipe.now) == (1, 0)


def test_a_deletion_is_waited_for() -> None:
    pipe = FakePipe(seconds=42)
    pipe.until_gone()
    assert (pipe.asked, pipe.now) == (1, 42)


def test_a_deletion_under_way_is_waited_for_and_not_asked_for_again() -> None:
    pipe = FakePipe(seconds=42)
    pipe.delete()
    pipe.until_gone()
    assert (pipe.asked, pipe.now) == (1, 42)


def test_what_is_being_changed_is_asked_again_until_it_is_at_rest() -> None:
    pipe = FakePipe(refusals=3, seconds=10)
    pipe.until_gone()
    assert (pipe.asked, pipe.now) == (4, 13)


def test_what_somebody_else_deletes_meanwhile_is_gone() -> None:
    pipe = FakePipe(refusals=1, code="NotFoundException")
    pipe.until_gone()
    assert (pipe.asked, pipe.now) == (1, 0)


def test_a_denial_is_not_waited_for() -> None:
    pipe = FakePipe(refusals=1, code="AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        pipe.until_gone()
    assert pipe.now == 0


def test_a_deletion_that_does_not_end_is_an_error_that_says_in_which_state_it_is() -> None:
    pipe = FakePipe(seconds=WAIT_SECONDS + 1)
    with pytest.raises(
        StillDeleting, match="has not deleted 'pipe-1' after 300 s, its state is DELETING"
    ):
        pipe.until_gone()
