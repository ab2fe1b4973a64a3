"""CloudWatch Logs: log events are as old as the lab's clock says, and filter patterns are evaluated.

| | moto | AWS | the lab |
|---|---|---|---|
| a filter pattern with several quoted terms, `?` or `-` terms, or for JSON | matches every event, or as one phrase | is evaluated | is evaluated |
| a filter pattern that cannot be read | matches every event | InvalidParameterException | InvalidParameterException, also for regular expressions and space-delimited events, which the lab does not evaluate |

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from moto.logs import models
from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogsBackend
from moto.logs.utils import EventMessageFilter

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.logs.filter_patterns import InvalidPattern, Matches, read_pattern
from inventory_lab.embedded_aws.patching import Patch, gap, hook


def patches(clock: LabClock) -> list[Patch]:
    """What makes CloudWatch Logs follow the clock (moto refuses old log events) and its patterns."""
    return [
        hook(
            models,
            "utcnow",
            "()",
            "the age of a log event follows the lab's clock",
            lambda: clock.now().replace(tzinfo=None),
        ),
        gap(
            EventMessageFilter,
            "__init__",
            "(self, pattern)",
            "filter patterns for terms and JSON are evaluated",
            _evaluate,
        ),
        gap(
            LogsBackend,
            "filter_log_events",
            "(self, log_group_name, log_stream_names, start_time, end_time, limit, "
            "next_token, filter_pattern, interleaved)",
            "a filter pattern that cannot be read is refused, also when there are no events",
            around=_refuse_unreadable,
        ),
    ]


def _evaluate(self: Any, pattern: str) -> None:
    self.filter_type = SimpleNamespace(matches=_read(pattern))


def _refuse_unreadable(filter_log_events: Callable[..., Any]) -> Callable[..., Any]:
    def refuse_unreadable(self: Any, log_group_name: str, *args: Any) -> Any:
        *_, pattern, _interleaved = args
        _read(pattern)
        return filter_log_events(self, log_group_name, *args)

    return refuse_unreadable


def _read(pattern: str | None) -> Matches:
    try:
        return read_pattern(pattern or "")
    except InvalidPattern as exc:
        raise InvalidParameterException(f"Invalid filter pattern: {exc}") from exc
