"""An input template gives what AWS documents: a table of single records, and what holds for all."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory_lab.embedded_aws.pipes.templates import RESERVED, read_template
from inventory_lab.exceptions import InvalidTemplate

Json = dict[str, Any]

TABLE: Json = json.loads(
    (Path(__file__).parent / "templates" / "input_transformation.json").read_text(encoding="utf-8")
)
CASES = {case["name"]: case for case in TABLE["cases"]}
PIPE = {
    "aws.pipes.pipe-arn": "arn:aws:pipes:us-east-1:111122223333:pipe/example",
    "aws.pipes.pipe-name": "example",
    "aws.pipes.source-arn": "arn:source",
    "aws.pipes.target-arn": "arn:target",
    "aws.pipes.event.ingestion-time": "2026-11-22T10:00:00Z",
}


def record(data: bytes) -> Json:
    return {
        "partitionKey": "1",
        "approximateArrivalTimestamp": 1545084650.987,
        "data": base64.b64encode(data).decode(),
    }


def applied(template: str, data: Any) -> Any:
    return read_template(template).applied(record(json.dumps(data).encode()), PIPE)


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_template_gives_what_aws_documents(case: Json) -> None:
    data = case.get("data", TABLE["usual_data"])
    text = case.get("text", json.dumps(data))
    result = read_template(case["template"]).applied(record(text.encode()), PIPE)
    assert (result, type(result)) == (case["gives"], type(case["gives"]))


def test_the_table_names_its_source_and_each_case_once() -> None:
    assert TABLE["source"].endswith("/eb-pipes-input-transformation.html")
    assert len(CASES) == len(TABLE["cases"])


@pytest.mark.parametrize("text", [None, ""])
def test_without_a_template_the_record_is_handed_on(text: str | None) -> None:
    event = record(b"Hello")
    assert read_template(text).applied(event, PIPE) is event


def test_a_template_may_have_8192_characters_and_no_more() -> None:
    longest = '"' + "x" * 8_190 + '"'
    assert applied(longest, None) == "x" * 8_190
    with pytest.raises(InvalidTemplate, match="8193 characters, 8192 are allowed"):
        read_template(longest + " ")


@pytest.mark.parametrize(
    "name", ["aws.pipes.pipe", "aws.pipes.event.body", "aws.events.rule-arn", "aws.pipes.Event"]
)
@pytest.mark.parametrize("template", ['{{"a": <{}>}}', '"in quotes: <{}>"', "free text <{}>"])
def test_an_unknown_reserved_variable_is_refused_with_those_there_are(
    name: str, template: str
) -> None:
    with pytest.raises(InvalidTemplate, match=re.escape(f"<{name}>")) as refused:
        read_template(template.format(name))
    assert all(f"<{known}>" in str(refused.value) for known in RESERVED)


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_every_reserved_variable_can_be_used(name: str) -> None:
    brought = applied(f'{{"a": <{name}>}}', {"k": 1}).get("a")
    if name in PIPE or name == "aws.pipes.enrichment-arn":
        assert brought == PIPE.get(name)
    else:
        assert brought["partitionKey"] == "1"


def test_the_record_is_not_changed() -> None:
    event = record(b'{"k": {"l": 1}}')
    before = json.dumps(event)
    read_template('{"a": <aws.pipes.event.json>, "b": <$.data.k>}').applied(event, PIPE)
    assert json.dumps(event) == before


def test_one_template_serves_many_records() -> None:
    template = read_template('{"n": <$.data.n>}')
    result = [template.applied(record(b'{"n": %d}' % n), PIPE) for n in range(3)]
    assert result == [{"n": 0}, {"n": 1}, {"n": 2}]


@pytest.mark.parametrize("levels", [101, 4_000])
def test_a_template_nested_too_deep_is_free_text(levels: int) -> None:
    text = "[" * levels + "]" * levels
    assert applied(text, None) == text


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_a_value_outside_quotes_arrives_as_it_was(value: Any) -> None:
    assert applied('{"a": <$.data.v>}', {"v": value}) == {"a": value}


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_a_text_arrives_as_it_was_with_quotes_and_without(text: str) -> None:
    assert applied('{"a": "<$.data.v>", "b": <$.data.v>}', {"v": text}) == {"a": text, "b": text}


@settings(max_examples=100, deadline=None)
@given(st.text('<$.data>["]{}:,* aws.pipes.event-json0NI\\', max_size=40), st.binary(max_size=20))
def test_any_template_is_read_or_refused_and_gives_json_or_text(text: str, data: bytes) -> None:
    try:
        template = read_template(text)
    except InvalidTemplate:
        assert "<aws." in text
    else:
        json.dumps(template.applied(record(data), PIPE), allow_nan=False)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([".data", ".a", "[0]", "[*]", ".*", "['b']", "..", "[x]"])), VALUES)
def test_any_path_finds_json_or_nothing(steps: list[str], data: Any) -> None:
    result = applied(f'{{"a": <${"".join(steps)}>}}', data)
    assert set(result) <= {"a"}
    json.dumps(result, allow_nan=False)
