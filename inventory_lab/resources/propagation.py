"""Calls that AWS refuses for a while, because a new role, policy or stream is not known everywhere yet.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

PROPAGATION_SECONDS = 120
"""How long a refusal may come from what is new."""

ROLE = ("cannot be assumed by Lambda", "KMS key is invalid for CreateGrant")
"""What Lambda says of a role that it does not know yet; it makes a KMS grant for the role to encrypt the
environment variables: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html"""
STREAM = (
    "Cannot access stream", "does not have permissions to call", "perform actions on source stream",
    "cannot be assumed", "not authorized to assume role", "Role does not exist",
)  # fmt: skip
"""What Pipes and Lambda say while a new role or stream is not known to the reader of a stream."""


def once_known(
    call: Callable[[], Any], refusals: tuple[str, ...], sleep: Callable[[float], None]
) -> Any:
    """The call's answer, repeated every second while its error has one of the texts `refusals`.

    Raises the ClientError of the last refusal after PROPAGATION_SECONDS.

    >>> once_known(lambda: "made", ROLE, lambda seconds: None)
    'made'
    """
    for second in range(PROPAGATION_SECONDS + 1):
        try:
            return call()
        except ClientError as exc:
            if second == PROPAGATION_SECONDS or not may_spread(str(exc), refusals):
                raise
            sleep(1)
    return None


def may_spread(reason: str, refusals: tuple[str, ...]) -> bool:
    """Whether a refusal may come from what is new.

    >>> may_spread("The role defined for the function cannot be assumed by Lambda.", ROLE)
    True
    """
    return any(text.lower() in reason.lower() for text in refusals)
