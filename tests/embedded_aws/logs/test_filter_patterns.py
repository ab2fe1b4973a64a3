"""Filter patterns of CloudWatch Logs, by the examples of AWS's pages.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from inventory_lab.embedded_aws.logs.filter_patterns import InvalidPattern, read_pattern

LINE = "[ERROR 400] BAD REQUEST: the stock is too low"
EVENT: dict[str, Any] = {
    "eventType": "UpdateTrail", "n": 3, "latency": 50.5, "ok": True, "user": None,
    "request": {"instances": [{"id": "i-1"}, {"id": "i-2"}]}, "my key": "x", "text": "3",
}  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("", True), ("ERROR", True), ("error", False), ("ERROR REQUEST", True), ("ERROR WARN", False),
        ('"BAD REQUEST"', True), ('"REQUEST BAD"', False), ('"ERROR" "stock is"', True),
        ("?WARN ?ERROR", True), ("?WARN ?INFO", False), ("ERROR -stock", False), ("ERROR -price", True),
        ('ERROR -"too low"', False), ("ERROR ?WARN", True),
    ],
)  # fmt: skip
def test_terms_of_an_unstructured_event(pattern: str, matches: bool) -> None:
    assert read_pattern(pattern)(LINE) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.eventType = "UpdateTrail" }', True), ("{ $.eventType = UpdateTrail }", True),
        ('{ $.eventType = "Update*" }', True), ('{ $.eventType = "Trail*" }', False),
        ('{ $.eventType != "X" }', True), ('{ $.missing != "X" }', False),
        ("{ $.n = 3 }", True), ("{ $.n = 4 }", False), ("{$.n=3}", True), ("{ $.n > 2.5 }", True),
        ("{ $.n >= 3 && $.latency < 1e2 }", True), ("{ $.n < 3 || $.latency <= 50.5 }", True),
        ("{ $.n = 4 && ($.n = 3 || $.n = 3) }", False), ('{ $.n = "3" }', False), ("{ $.ok = 1 }", False),
        ('{ $.text = "3" }', True), ("{ $.text = 3 }", False),
        ('{ $.request.instances[1].id = "i-2" }', True), ('{ $.request.instances[2].id = "i-2" }', False),
        ('{ $["my key"] = "x" }', True), ("{ $.user IS NULL }", True), ("{ $.ok IS TRUE }", True),
        ("{ $.ok IS FALSE }", False), ("{ $.missing NOT EXISTS }", True), ("{ $.n NOT EXISTS }", False),
        ("{ $.n EXISTS }", True),
    ],
)  # fmt: skip
def test_conditions_on_a_json_event(pattern: str, matches: bool) -> None:
    assert read_pattern(pattern)(json.dumps(EVENT)) is matches


def test_a_json_pattern_matches_no_text_and_no_other_json() -> None:
    assert not any(map(read_pattern("{ $.n NOT EXISTS }"), (LINE, "[3]", "3")))


def test_and_binds_more_tightly_than_or() -> None:
    assert read_pattern("{ $.n = 3 || $.n = 4 && $.n = 5 }")('{"n": 3}')


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("2026-01-05", r"Invalid character\(s\) in term '2026-01-05'"), ('"open', r"in term '\"open'"),
        ("{ $.n = 3", "must end with '}'"), ("{ $.n }", "expected operator"), ("{ $.n = }", "not a value"),
        ("{ n = 3 }", "expected selector"), ("{ $.n > many }", "needs a number"),
        ("{ $.n = 3 $.m = 4 }", r"unexpected '\$.m'"), ("{ $.n IS GREEN }", "IS NULL"),
        ("{ ($.n = 3 }", r"expected \)"), ("{ $.n = %3% }", "regular expressions"),
        ("%ERR.R%", "terms and JSON patterns only"), ("[ip, user]", "terms and JSON patterns only"),
    ],
)  # fmt: skip
def test_a_pattern_that_cannot_be_read_is_refused(pattern: str, problem: str) -> None:
    with pytest.raises(InvalidPattern, match=problem):
        read_pattern(pattern)
