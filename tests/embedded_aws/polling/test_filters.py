"""A pipe's filters keep what AWS documents: tables of single records, and what holds for all."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.events.models import EventPattern

from inventory_lab.embedded_aws.polling.filters import DEEPEST, Filters, read_filters
from inventory_lab.exceptions import InvalidFilter
from tests.sampling import examples

Json = dict[str, Any]

TABLES = Path(__file__).parent / "filters"
DECISIONS = [TABLES / "kinesis_data.json", TABLES / "operators.json"]
REFUSED = TABLES / "refused.json"


def rows(table: Path, key: str) -> dict[str, Json]:
    content = json.loads(table.read_text(encoding="utf-8"))
    return {f"{table.stem}: {row['name']}": row for row in content[key]}


CASES = {name: row for table in DECISIONS for name, row in rows(table, "cases").items()}
REFUSALS = rows(REFUSED, "refused")


def record(data: bytes, **fields: Any) -> Json:
    """A Kinesis record as a pipe hands it on."""
    return {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": "1",
        "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
        "data": base64.b64encode(data).decode(),
        "approximateArrivalTimestamp": 1545084650.987,
        "eventSource": "aws:kinesis",
        **fields,
    }


def of(*patterns: Any) -> Filters:
    return read_filters({"Filters": [{"Pattern": json.dumps(pattern)} for pattern in patterns]})


def keeps(pattern: Any, data: Any) -> bool:
    return of({"data": pattern}).keeps(record(json.dumps(data).encode()))


def refusal(*patterns: str) -> InvalidFilter:
    with pytest.raises(InvalidFilter) as refused:
        read_filters({"Filters": [{"Pattern": pattern} for pattern in patterns]})
    return refused.value


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_record_is_kept_or_dropped_as_aws_documents(case: Json) -> None:
    data = case["text"].encode() if "text" in case else json.dumps(case["data"]).encode()
    event = record(data, **case.get("record", {}))
    assert of(*case["patterns"]).keeps(event) is case["keeps"]


@pytest.mark.parametrize("row", REFUSALS.values(), ids=list(REFUSALS))
def test_what_aws_refuses_is_refused_with_its_place(row: Json) -> None:
    text = row["text"] if "text" in row else json.dumps(row["pattern"])
    refused = refusal('{"partitionKey": ["1"]}', text)
    assert (refused.position, refused.key) == (2, row["key"])
    assert row["says"] in str(refused)
    assert str(refused).startswith("filter 2")


@pytest.mark.parametrize("table", [*DECISIONS, REFUSED], ids=lambda table: table.stem)
def test_a_table_names_its_source_and_each_row_once(table: Path) -> None:
    content = json.loads(table.read_text(encoding="utf-8"))
    names = [row["name"] for row in content.get("cases", content.get("refused"))]
    assert content["source"].startswith("https://docs.aws.amazon.com/eventbridge/latest/userguide/")
    assert len(names) == len(set(names))


@pytest.mark.parametrize("criteria", [None, {}, {"Filters": None}, {"Filters": []}])
def test_no_criteria_keep_everything(criteria: Any) -> None:
    assert read_filters(criteria).keeps(record(b"\xff"))


def test_five_filters_are_taken_and_six_are_not() -> None:
    assert of(*[{"partitionKey": [str(n)]} for n in range(5)]).keeps(record(b""))
    assert "5 filters, not 6" in str(refusal(*['{"partitionKey": ["1"]}'] * 6))


def test_a_pattern_may_have_4096_characters_and_no_more() -> None:
    longest = json.dumps(
        {"partitionKey": ["1", "x" * (4_096 - len('{"partitionKey": ["1", ""]}'))]}
    )
    assert read_filters({"Filters": [{"Pattern": longest}]}).keeps(record(b""))
    assert "4097 characters, 4096 are allowed" in str(refusal(longest + " "))


def test_a_filter_without_a_pattern_is_refused() -> None:
    with pytest.raises(InvalidFilter, match="is not a JSON object"):
        read_filters({"Filters": [{}]})


def nested(levels: int, leaf: Any) -> Any:
    return {"a": nested(levels - 1, leaf)} if levels else leaf


def test_a_pattern_can_be_nested_up_to_a_limit() -> None:
    assert keeps(nested(DEEPEST - 1, [1]), nested(DEEPEST - 1, 1))
    assert "nested deeper" in str(refusal(json.dumps({"data": nested(DEEPEST, [1])})))


def test_alternatives_can_be_nested_up_to_a_limit() -> None:
    pattern: Any = {"partitionKey": ["1"]}
    for _ in range(DEEPEST - 1):
        pattern = {"$or": [pattern]}
    assert of(pattern).keeps(record(b""))
    assert "nested deeper" in str(refusal(json.dumps({"$or": [pattern]})))


@pytest.mark.parametrize("levels", [101, 1_000, 100_000])
def test_data_nested_too_deep_is_not_json(levels: int) -> None:
    deep = b'{"a": 1, "b": ' + b"[" * levels + b"]" * levels + b"}"
    assert not of({"data": {"a": [1]}}).keeps(record(deep))
    assert of({"partitionKey": ["1"]}).keeps(record(deep))


def test_brackets_in_a_string_do_not_count_as_depth() -> None:
    assert keeps({"a": [{"suffix": "["}]}, {"a": "[" * 1_000})


@pytest.mark.parametrize("data", ["not base64!", "Zg", "é"])
def test_data_that_is_not_base64_is_not_json(data: str) -> None:
    event = {**record(b""), "data": data}
    assert not of({"data": {"a": [{"exists": False}]}}).keeps(event)


@pytest.mark.parametrize("data", [b'{"a": 1, "b": "\xff"}', '{"a": 1}'.encode("utf-16")])
def test_data_that_is_not_utf_8_is_not_json(data: bytes) -> None:
    assert not of({"data": {"a": [1]}}).keeps(record(data))


# Names and values are few, so that patterns often fit.
KEYS = st.sampled_from("abc")
TEXTS = st.sampled_from(["", "x", "X", "xy", "yx"])
NUMBERS = st.sampled_from([-1, 0, 1, 1.0, 2.5, 10])
# moto takes 1 and true for the same, so booleans are not compared with it.
PLAIN = TEXTS | NUMBERS | st.none()


def operators(*, exists: bool = True) -> st.SearchStrategy[Json]:
    text = TEXTS | st.builds(lambda t: {"equals-ignore-case": t}, TEXTS)
    ranges = st.builds(
        lambda sign, n: [sign, n], st.sampled_from(["=", "<", "<=", ">", ">="]), NUMBERS
    )
    ranges |= st.builds(lambda low, n: [low, n, "<", n + 3], st.sampled_from([">", ">="]), NUMBERS)
    values = TEXTS | NUMBERS | st.lists(TEXTS, min_size=1) | st.lists(NUMBERS, min_size=1)
    names = [
        st.fixed_dictionaries({"prefix": text}),
        st.fixed_dictionaries({"suffix": text}),
        st.fixed_dictionaries({"equals-ignore-case": TEXTS}),
        st.fixed_dictionaries({"numeric": ranges}),
        st.fixed_dictionaries({"anything-but": values}),
        *([st.fixed_dictionaries({"exists": st.booleans()})] if exists else []),
    ]
    return st.one_of(names)


def patterns(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    leaves = st.lists(leaf, min_size=1, max_size=3)
    plain = st.dictionaries(KEYS, leaves, min_size=1, max_size=2)

    def wider(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        either = st.builds(lambda one, other: {"$or": [one, other]}, inner, inner)
        both = st.builds(lambda one, other: {**one, **other}, inner, either)
        return either | both | st.dictionaries(KEYS, inner | leaves, min_size=1, max_size=2)

    return st.recursive(plain, wider, max_leaves=4)


ANY_PATTERN = patterns(PLAIN | operators())
VALUES = PLAIN | st.lists(PLAIN, min_size=1, max_size=3)
EVENTS = st.dictionaries(
    KEYS, VALUES | st.dictionaries(KEYS, VALUES, min_size=1, max_size=2), max_size=3
)


def moto_fits(event: Json, pattern: Json) -> bool:
    fits: bool = EventPattern(None, pattern).matches_event(event)  # type: ignore[arg-type]
    return fits


def objects_as_leaves(pattern: Json, event: Any) -> bool:
    """True when the pattern asks for a value where the event has an object.

    AWS sees no leaf there; moto does when the object is looked at as a whole.
    """
    if not isinstance(event, dict):
        return False
    for key, asked in pattern.items():
        if key == "$or":
            if any(objects_as_leaves(one, event) for one in asked):
                return True
        elif isinstance(asked, dict):
            if objects_as_leaves(asked, event.get(key)):
                return True
        elif isinstance(event.get(key), dict):
            return True
    return False


@pytest.mark.exhaustive(1)
@settings(max_examples=examples(100, of=400), deadline=None)
@given(ANY_PATTERN, EVENTS)
def test_the_verdict_is_that_of_moto(pattern: Json, event: Json) -> None:
    if not objects_as_leaves(pattern, event):
        assert keeps(pattern, event) == moto_fits(event, pattern)


def test_the_comparison_with_moto_sees_both_verdicts() -> None:
    for pattern, fits in (
        ({"a": [{"numeric": [">", 1]}]}, True),
        ({"a": [{"prefix": "x"}]}, False),
    ):
        assert keeps(pattern, {"a": 2}) is moto_fits({"a": 2}, pattern) is fits


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_PATTERN, min_size=1, max_size=5), EVENTS)
def test_several_filters_keep_what_any_of_them_keeps(several: list[Json], event: Json) -> None:
    together = of(*[{"data": one} for one in several])
    assert together.keeps(record(json.dumps(event).encode())) == any(
        keeps(one, event) for one in several
    )


@settings(max_examples=60, deadline=None)
@given(ANY_PATTERN, EVENTS)
def test_an_or_keeps_what_two_filters_keep(pattern: Json, event: Json) -> None:
    other = {"a": [1]}
    assert keeps({"$or": [pattern, other]}, event) == (keeps(pattern, event) or keeps(other, event))


def turned(node: Any) -> Any:
    """The same with the keys of each object, and the values of each array, in reverse order."""
    if isinstance(node, dict):
        return {
            key: value if key in ("numeric", "anything-but") else turned(value)
            for key, value in reversed(node.items())
        }
    return [turned(one) for one in reversed(node)] if isinstance(node, list) else node


@settings(max_examples=80, deadline=None)
@given(ANY_PATTERN, EVENTS)
def test_order_does_not_matter(pattern: Json, event: Json) -> None:
    assert keeps(pattern, event) == keeps(turned(pattern), turned(event))


@settings(max_examples=100, deadline=None)
@given(patterns(PLAIN | operators(exists=False)), EVENTS, EVENTS)
def test_more_keys_do_no_harm_unless_one_must_be_absent(
    pattern: Json, event: Json, more: Json
) -> None:
    if keeps(pattern, event):
        assert keeps(pattern, {**more, **event})


@settings(max_examples=80, deadline=None)
@given(PLAIN | operators(exists=False), PLAIN, st.lists(PLAIN, max_size=3))
def test_more_values_in_an_array_do_no_harm(asked: Any, value: Any, more: list[Any]) -> None:
    if keeps({"a": [asked]}, {"a": value}):
        assert keeps({"a": [asked]}, {"a": [*more, value]})


@given(PLAIN | st.booleans())
def test_each_value_exists_or_does_not(value: Any) -> None:
    assert keeps({"a": [{"exists": True}]}, {"a": value})
    assert not keeps({"a": [{"exists": False}]}, {"a": value})


@settings(max_examples=150, deadline=None)
@given(
    ANY_PATTERN,
    st.binary() | st.text().map(str.encode) | st.text('[]{}",:0123456789.eE+-ab').map(str.encode),
)
def test_no_bytes_are_too_strange(pattern: Json, data: bytes) -> None:
    try:
        json.loads(data.decode())
        is_json = True
    except ValueError:
        is_json = False
    kept = of({"data": pattern}).keeps(record(data))
    assert is_json or not kept


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["$or", "data", "a", "prefix", "numeric", "exists", "eventID"]),
                inner,
                max_size=2,
            )
        ),
    )
)
def test_a_pattern_is_read_or_refused_and_nothing_else(pattern: Any) -> None:
    try:
        kept = of(pattern).keeps(record(b'{"a": 1}'))
    except InvalidFilter as refused:
        kept = refused.position != 1
    assert isinstance(pattern, dict) or not kept
