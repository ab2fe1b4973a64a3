"""Invocations of functions as a picture: what their logs say, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab, ProductAdded, draw_invocations
from inventory_lab.views.invocations import (
    SHOWN,
    Invocation,
    describe,
    invocations_picture,
    read_invocations,
)
from tests.views import svg_rules


class Logs:
    """CloudWatch Logs that answers with one line a page."""

    def __init__(self, **lines: list[tuple[int, str]]) -> None:
        self.lines = lines

    def filter_log_events(self, **request: Any) -> Mapping[str, Any]:
        name = request["logGroupName"].removeprefix("/aws/lambda/")
        if name not in self.lines:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "FilterLogEvents")
        since = request.get("startTime", 0)
        lines = [line for line in self.lines[name] if line[0] * 1000 >= since]
        page = int(request.get("nextToken", 0))
        events = [
            {"message": line, "timestamp": second * 1000, "logStreamName": "one"}
            for second, line in lines[page : page + 1]
        ]
        more = {"nextToken": str(page + 1)} if page + 1 < len(lines) else {}
        return {"events": events, **more}


SEARCH = [
    (100, "START RequestId: 1"),
    (100, "EVENT Phone -2"),
    (100, "EVENT Oven 3"),
    (100, "END RequestId: 1"),
    (101, "START RequestId: 2"),
    (101, "[ERROR] RuntimeError: the search is down"),
    (103, "START RequestId: 3"),
    (103, '{"report":"batch","records":4}'),
]


def test_every_page_of_the_log_is_read_and_split_into_invocations() -> None:
    assert read_invocations(Logs(search=SEARCH), "search") == [
        Invocation(100, ["Phone -2", "Oven 3"], 2),
        Invocation(101, failed=True),
        Invocation(103, [], 4),
    ]


def test_what_was_before_the_given_time_is_left_out() -> None:
    since = datetime.fromtimestamp(101, UTC)
    assert [i.second for i in read_invocations(Logs(search=SEARCH), "search", since)] == [101, 103]


def test_a_time_out_counts_as_a_failure() -> None:
    lines = [(5, "START RequestId: 1"), (8, "Task timed out after 3.00 seconds")]
    assert read_invocations(Logs(search=lines), "search") == [Invocation(5, failed=True)]


def test_a_line_before_the_first_start_belongs_to_no_invocation() -> None:
    assert read_invocations(Logs(search=[(5, "EVENT Phone -2")]), "search") == []


def test_a_function_without_a_log_has_an_empty_lane() -> None:
    picture = draw_invocations(Logs(search=SEARCH), "search", "mail")
    assert "mail: not invoked." in picture.description


def test_any_other_error_of_the_log_comes_out(built: Lab) -> None:
    denied = built.session("producer").client("logs")
    with pytest.raises(ClientError, match="AccessDenied"):
        draw_invocations(denied, "update-inventory")


def test_the_words_say_what_the_picture_shows() -> None:
    lanes = {"search": [Invocation(1, ["Phone -2"], 1), Invocation(2, failed=True)], "mail": []}
    assert describe(lanes) == "search: 2 invocations, 1 failed. mail: not invoked."
    assert describe({"search": []}) == "No function was invoked."


def test_of_many_invocations_the_last_ones_are_drawn() -> None:
    lanes = {"search": [Invocation(second, [f"number {second}"], 1) for second in range(SHOWN + 3)]}
    svg = invocations_picture(lanes).svg
    assert "number 2" not in svg
    assert f"number {SHOWN + 2}" in svg


def test_a_block_with_many_events_says_how_many_more_there_are() -> None:
    lanes = {"search": [Invocation(1, [f"Phone {n}" for n in range(5)], 5)]}
    assert "and 3 more" in invocations_picture(lanes).svg


def test_the_picture_keeps_the_rules_of_all_pictures(built: Lab) -> None:
    built.settle(built.publish([ProductAdded("Phone", 20)]))
    picture = draw_invocations(built.session("admin").client("logs"), "update-inventory")
    assert "1 invocation" in picture.description
    svg_rules.check(picture)
