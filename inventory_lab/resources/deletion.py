"""Deletions that AWS accepts before they are done, or refuses while the resource is being changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.exceptions import StillDeleting

WAIT_SECONDS = 300


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


def _ask(delete: Callable[[], Any], look_again: tuple[str, ...]) -> None:
    try:
        delete()
    except ClientError as exc:
        if exc.response["Error"]["Code"] not in look_again:
            raise
