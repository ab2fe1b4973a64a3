"""Lessons that expect a denial, on the embedded AWS and on a real account alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from inventory_lab.exceptions import NotDenied

CODES = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}


class Denial:
    """What AWS answered; empty until the call has been made."""

    code: str = ""
    message: str = ""


@contextmanager
def expect_denied(action: str) -> Iterator[Denial]:
    """Print AWS's words when it denies `action`, such as "kinesis:PutRecord", and go on.

    Gives a Denial that has `code` and `message` afterwards. Raises NotDenied when nothing is denied or
    another action is; any other error is raised unchanged.

    >>> kinesis = lab.session("producer").client("kinesis")
    >>> with expect_denied("kinesis:DeleteStream") as denial:
    ...     kinesis.delete_stream(StreamName="e-commerce-streaming")  # doctest: +ELLIPSIS
    AccessDeniedException: User: arn:aws:iam::...:user/aws-de-user is not authorized to perform: ...
    >>> denial.code
    'AccessDeniedException'
    """
    denial = Denial()
    try:
        yield denial
    except ClientError as exc:
        error = exc.response["Error"]
        if error["Code"] not in CODES:
            raise
        if not _names(error["Message"], action):
            raise NotDenied(action, error["Message"]) from exc
        denial.code, denial.message = error["Code"], error["Message"]
        print(f"{denial.code}: {denial.message}")
    else:
        raise NotDenied(action)


def _names(message: str, action: str) -> bool:
    """Whether the message is about the action; services spell it in upper or lower case."""
    return f" perform: {action.lower()} " in f"{message.lower()} "
