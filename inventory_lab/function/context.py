"""The part of Lambda's context object that a handler uses."""

from __future__ import annotations

from typing import Protocol


class LambdaContext(Protocol):
    """The second argument of a handler:
    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds until the invocation times out."""
