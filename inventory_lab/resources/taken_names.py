"""Names of the lab that the account already uses for something else, said before a lesson creates them."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from inventory_lab.resources import stream, table
from inventory_lab.resources.account import Account
from inventory_lab.resources.ownership import is_the_labs


def sentences(account: Account) -> Iterator[str]:
    """A sentence for the stream and the table of the lab's names that are there without the lab's tag.

    The lessons create both by hand and then tag them, so they would take them over. What the caller may not
    look at is not mentioned.
    """
    for kind, tags in (("stream", stream.tags), ("table", table.tags)):
        try:
            existing = tags(account)
        except ClientError:
            continue
        if existing is not None and not is_the_labs(existing):
            yield (
                f"attention: the account has the {kind} '{account.settings.name(kind)}', which is not the lab's; a "
                "lesson that creates it would take it over, and teardown would delete it - use another prefix"
            )
