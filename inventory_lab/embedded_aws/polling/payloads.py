"""What a pipe takes for JSON, and the data of a Kinesis record read as JSON.

A pipe reads the data of a record for its filters and for its input template:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html,
"Implicit body data parsing".

Where AWS leaves it open, this is what happens here: data is JSON when it is UTF-8 and standard JSON
(no NaN, no Infinity), holds no number beyond a double and is nested no deeper than `LEVELS`.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

LEVELS = 100


class Missing(Enum):
    """Stands for a value that is not there; None is JSON's null."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def parsed(text: str, constant: Callable[[str], Any] = _refused) -> Any:
    """The value of a JSON text, or MISSING when it is none; `constant` gives the value of a NaN."""
    try:
        value = json.loads(text, parse_int=_integer, parse_float=_double, parse_constant=constant)
    except (ValueError, RecursionError):
        return MISSING
    return MISSING if text.count("{") + text.count("[") > LEVELS and _deep(value) else value


def payload(event: Mapping[str, Any]) -> Any:
    """The data of a record, decoded; MISSING when it is not JSON."""
    try:
        text = base64.b64decode(event.get("data", "")).decode()
    except ValueError:
        return MISSING
    return parsed(text)


def children(node: Any) -> list[Any]:
    """What is directly inside an object or an array."""
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _integer(text: str) -> int:
    _double(text)
    return int(text)


def _double(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _deep(value: Any) -> bool:
    nodes = [value]
    for _ in range(LEVELS):
        nodes = [child for node in nodes for child in children(node)]
    return any(isinstance(node, (dict, list)) for node in nodes)
