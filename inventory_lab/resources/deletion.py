"""Deletions that AWS accepts before they are done, or refuses while the resource is being changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.exceptions import StillDeleting

WAIT_SECONDS = 300
SPREADING_SECONDS = 60
"""How long IAM may still see a key or a policy that was deleted:
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency"""


def until_gone(
    name: str,
    state: Callable[[], str | None],
    delete: Callable[[], Any],
    look_again: tuple[str, ...],
    sleep: Callable[[float], None],
) -> None:
    """Ask for the deletion until AWS takes it, then wait until there is no `state` any more.

    Errors with one of the codes `look_again` mean that the resource is busy, or gone already. Raises
    StillDeleting after WAIT_SECONDS.
    """
    for _ in range(WAIT_SECONDS):
        if state() not in (None, "DELETING"):
            _ask(delete, look_again)
        if state() is None:
            return
        sleep(1)
    raise StillDeleting(name, str(state()), WAIT_SECONDS)


def until_accepted(
    delete: Callable[[], Any], busy: tuple[str, ...], sleep: Callable[[float], None]
) -> None:
    """Repeat a deletion that AWS refuses with one of the codes `busy` while it spreads what was deleted
    before, for SPREADING_SECONDS at most. Raises the ClientError of the last refusal.
    """
    for second in range(SPREADING_SECONDS + 1):
        try:
            delete()
            return
        except ClientError as exc:
            if exc.response["Error"]["Code"] not in busy or second == SPREADING_SECONDS:
                raise
            sleep(1)


def _ask(delete: Callable[[], Any], look_again: tuple[str, ...]) -> None:
    try:
        delete()
    except ClientError as exc:
        if exc.response["Error"]["Code"] not in look_again:
            raise
