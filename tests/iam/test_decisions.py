"""Access is decided as AWS documents it: tables of single decisions, and what holds for all."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path
from time import process_time
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inventory_lab.exceptions import InvalidPolicy
from inventory_lab.iam import AccessRequest, Decision, decide
from inventory_lab.iam.evaluation import conditions
from tests.sampling import examples

Json = dict[str, Any]

TABLES = sorted((Path(__file__).parent / "decisions").glob("*.json"))
CASES: dict[str, Json] = {
    f"{table.stem}: {case['name']}": case
    for table in TABLES
    for case in json.loads(table.read_text(encoding="utf-8"))["cases"]
}
ANA = "arn:aws:iam::111122223333:user/ana"
POLICY_TYPES = ("identity-based policy", "permissions boundary")


def verdict(decision: Decision) -> str:
    if decision.explicit_deny:
        assert not decision.allowed
        return "explicit deny"
    return "allowed" if decision.allowed else "implicit deny"


def decider(decision: Decision, kind: str) -> object:
    """What the table names: the kind of policy, or the Sid of the statement."""
    if kind in POLICY_TYPES:
        return decision.policy_type
    return decision.statement and decision.statement.get("Sid")


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_it_is_decided_as_aws_documents(case: Json) -> None:
    request = AccessRequest(**{"principal_arn": ANA} | case["request"])
    decision = decide(case["policies"], request, case.get("boundary"))
    assert verdict(decision) == case["expect"]
    if "decided_by" in case:
        assert decider(decision, case["decided_by"]) == case["decided_by"]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_a_table_names_its_source_and_each_case_once(table: Path) -> None:
    content = json.loads(table.read_text(encoding="utf-8"))
    names = [case["name"] for case in content["cases"]]
    assert content["source"].startswith("https://docs.aws.amazon.com/IAM/latest/UserGuide/")
    assert len(names) == len(set(names))


def examined(case: Json) -> set[tuple[str, str]]:
    """The operators of a case, each with what is expected, or that the request lacks its key."""
    context = {name.lower() for name in case["request"].get("context", {})}
    return {
        (operator, case["expect"] if key.lower() in context else "missing key")
        for policy in case["policies"]
        for statement in as_list(policy["Statement"])
        for operator, keys in statement.get("Condition", {}).items()
        for key in keys
    }


@pytest.mark.parametrize("operator", conditions._OPERATORS)
def test_the_tables_show_an_operator_that_fits_that_does_not_and_without_its_key(
    operator: str,
) -> None:
    shown = {
        outcome for case in CASES.values() for name, outcome in examined(case) if name == operator
    }
    assert shown >= {"allowed", "implicit deny", "missing key"}


def test_a_decision_that_no_statement_made_has_none() -> None:
    decision = decide([], AccessRequest(ANA, "dynamodb:GetItem", "*"))
    assert decision == Decision(False, False, None, "identity-based policy")


def test_the_statement_of_a_decision_is_the_one_that_was_written() -> None:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {}}
    decision = decide([{"Statement": [statement]}], AccessRequest(ANA, "s3:GetObject", "*"))
    assert decision.statement == statement


def test_any_mapping_may_be_the_context_of_a_request() -> None:
    policy = {"Statement": when({"StringEquals": {"aws:username": "ana"}})}
    context = MappingProxyType({"aws:userName": "ana"})
    assert decide([policy], AccessRequest(ANA, "s3:GetObject", "*", context)).allowed


def test_a_pattern_of_many_wildcards_is_decided_at_once() -> None:
    pattern, name = "arn:aws:s3:::" + "*a" * 9 + "b", "arn:aws:s3:::" + "a" * 42
    policy = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": pattern}}
    started = process_time()  # of this process, so that what else the machine does plays no part
    assert not decide([policy], AccessRequest(ANA, "s3:GetObject", name)).allowed
    assert process_time() - started < 1


# What holds for all policies. The names are few, so that statements often meet requests.

TABLE = "arn:aws:dynamodb:eu-central-1:111122223333:table/ana"
STREAM = "arn:aws:kinesis:eu-central-1:111122223333:stream/orders"
CONDITIONS: list[Json] = [
    {},
    {"StringEquals": {"aws:username": "ana"}},
    {"StringNotLike": {"aws:username": ["b*", "c"]}},
    {"StringEqualsIfExists": {"aws:username": ["ana", "${aws:PrincipalTag/team}"]}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}},
    {"ForAnyValue:StringLike": {"aws:TagKeys": "t*", "aws:username": "a?a"}},
    {"Null": {"aws:TagKeys": True}, "NumericLessThan": {"s3:max-keys": 10}},
]


def one_or_list(values: list[str]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=3)


actions = one_or_list(
    ["*", "dynamodb:*", "DYNAMODB:get?tem", "dynamodb:GetItem", "kinesis:Put*", "kinesis:*"]
)
plain_resources = one_or_list(["*", TABLE, STREAM, "arn:aws:dynamodb:*:*:table/a*", STREAM + "?"])
resources = plain_resources | st.just("arn:aws:dynamodb:*:*:table/${aws:username}")
requests = st.builds(
    AccessRequest,
    st.just(ANA),
    st.sampled_from(["dynamodb:GetItem", "dynamodb:PutItem", "kinesis:PutRecord"]),
    st.sampled_from([TABLE, STREAM, "*"]),
    st.fixed_dictionaries(
        {},
        optional={
            "aws:username": st.sampled_from(["ana", "ben"]),
            "aws:TagKeys": st.lists(st.sampled_from(["team", "cost", "owner", ""]), max_size=3),
            "s3:max-keys": st.sampled_from(["5", "50", "many"]),
        },
    ),
)


@st.composite
def statements(draw: st.DrawFn) -> Json:
    statement = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(actions),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(resources),
    }
    block = draw(st.sampled_from(CONDITIONS))
    return {**statement, "Condition": block} if block else statement


policies = st.builds(
    lambda version, statement: {**version, "Statement": statement},
    st.sampled_from([{"Version": "2012-10-17"}, {"Version": "2008-10-17"}, {}]),
    statements() | st.lists(statements(), min_size=1, max_size=3),
)
several = st.lists(policies, max_size=3)
boundaries = st.none() | policies
often = settings(max_examples=60, deadline=None)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def when(block: Json) -> Json:
    """A statement that allows everything under these conditions."""
    return {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": block}


def applies(statement: Json, request: AccessRequest) -> bool:
    return decide([{"Statement": statement}], request) != decide([], request)


@often
@given(several, requests, boundaries, st.integers(0, 3))
def test_an_explicit_deny_always_wins(
    identity_policies: list[Json], request: AccessRequest, boundary: Json | None, place: int
) -> None:
    identity_policies.insert(
        place, {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
    )
    assert verdict(decide(identity_policies, request, boundary)) == "explicit deny"


@often
@given(several, requests)
def test_a_decision_follows_from_those_on_each_statement_alone(
    identity_policies: list[Json], request: AccessRequest
) -> None:
    singles = {
        verdict(decide([{**policy, "Statement": statement}], request))
        for policy in identity_policies
        for statement in as_list(policy["Statement"])
    }
    strength = ("implicit deny", "allowed", "explicit deny")
    strongest = max(singles, key=strength.index, default="implicit deny")
    assert verdict(decide(identity_policies, request)) == strongest


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same with the elements of every list, and of every object, in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(inner, chance)) for key, inner in value.items()]
        return dict(chance.sample(items, len(items)))
    if isinstance(value, list):
        return [shuffled(inner, chance) for inner in chance.sample(value, len(value))]
    return value


@often
@given(several, requests, boundaries, st.randoms(use_true_random=False))
def test_order_does_not_matter(
    identity_policies: list[Json],
    request: AccessRequest,
    boundary: Json | None,
    chance: random.Random,
) -> None:
    expected = verdict(decide(identity_policies, request, boundary))
    other = shuffled(identity_policies, chance), request, shuffled(boundary, chance)
    assert verdict(decide(*other)) == expected


@often
@given(several, requests, boundaries, statements())
def test_one_more_allow_takes_no_access_away(
    identity_policies: list[Json], request: AccessRequest, boundary: Json | None, statement: Json
) -> None:
    more = [*identity_policies, {"Statement": {**statement, "Effect": "Allow"}}]
    before, after = decide(identity_policies, request, boundary), decide(more, request, boundary)
    assert after.allowed >= before.allowed
    assert after.explicit_deny == before.explicit_deny


@often
@given(several, requests, boundaries, statements())
def test_one_more_deny_gives_no_access(
    identity_policies: list[Json], request: AccessRequest, boundary: Json | None, statement: Json
) -> None:
    more = [*identity_policies, {"Statement": {**statement, "Effect": "Deny"}}]
    before, after = decide(identity_policies, request, boundary), decide(more, request, boundary)
    assert after.allowed <= before.allowed
    assert after.explicit_deny >= before.explicit_deny


@often
@given(requests)
def test_without_policies_nothing_is_allowed(request: AccessRequest) -> None:
    assert verdict(decide([], request)) == "implicit deny"


@often
@given(several, requests, policies)
def test_a_boundary_never_grants(
    identity_policies: list[Json], request: AccessRequest, boundary: Json
) -> None:
    capped, free = decide(identity_policies, request, boundary), decide(identity_policies, request)
    assert capped.allowed == (free.allowed and decide([boundary], request).allowed)
    assert not decide([], request, boundary).allowed


def listed(policy: Json, form: Any) -> Json:
    """The policy with `form` applied to each value that may be single or a list."""
    return {**policy, "Statement": form([_listed(s, form) for s in as_list(policy["Statement"])])}


def _listed(statement: Json, form: Any) -> Json:
    block = statement.get("Condition", {})
    return {
        **{
            key: form(value)
            for key, value in statement.items()
            if key not in ("Effect", "Condition")
        },
        "Effect": statement["Effect"],
        "Condition": {
            name: {key: form(value) for key, value in keys.items()} for name, keys in block.items()
        },
    }


def single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


@often
@given(several, requests, boundaries, st.sampled_from([single, as_list]))
def test_a_single_value_and_a_list_of_it_are_the_same(
    identity_policies: list[Json], request: AccessRequest, boundary: Json | None, form: Any
) -> None:
    expected = verdict(decide(identity_policies, request, boundary))
    other = [listed(policy, form) for policy in identity_policies]
    other_boundary = boundary and listed(boundary, form)
    assert verdict(decide(other, request, other_boundary)) == expected


@often
@given(several, requests, boundaries)
def test_policies_are_the_same_after_a_way_through_json(
    identity_policies: list[Json], request: AccessRequest, boundary: Json | None
) -> None:
    again = json.loads(json.dumps([identity_policies, boundary], indent=2))
    assert decide(again[0], request, again[1]) == decide(identity_policies, request, boundary)


@often
@given(actions, requests, st.sampled_from(["Allow", "Deny"]))
def test_action_and_not_action_are_complements(
    names: Any, request: AccessRequest, effect: str
) -> None:
    rest = {"Effect": effect, "Resource": "*"}
    assert applies({**rest, "Action": names}, request) != applies(
        {**rest, "NotAction": names}, request
    )


@often
@given(plain_resources, requests, st.sampled_from(["Allow", "Deny"]))
def test_resource_and_not_resource_are_complements(
    names: Any, request: AccessRequest, effect: str
) -> None:
    rest = {"Effect": effect, "Action": "*"}
    assert applies({**rest, "Resource": names}, request) != applies(
        {**rest, "NotResource": names}, request
    )


def fits(pattern: str, text: str) -> bool:
    """Wildcards by their definition: a star is any text, a question mark one character."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(fits(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and fits(pattern[1:], text[1:])


def fits_arn(pattern: str, arn: str) -> bool:
    """Each of the six parts on its own."""
    parts = zip(pattern.split(":", 5), arn.split(":", 5), strict=True)
    return all(fits(part, value) for part, value in parts)


@st.composite
def patterns_and_texts(
    draw: st.DrawFn, patterns: st.SearchStrategy[str], failed_records: str
) -> tuple[str, str]:
    """A pattern, and a text that often fits it: wildcards filled in, then a letter changed."""
    pattern = draw(patterns)
    filling = {
        "*": st.text(st.sampled_from(failed_records), max_size=3),
        "?": st.sampled_from(failed_records),
    }
    text = "".join(draw(filling.get(character, st.just(character))) for character in pattern)
    if draw(st.booleans()):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from(failed_records)) + text[place + 1 :]
    return pattern, text


very_often = settings(max_examples=300, deadline=None)


@very_often
@given(patterns_and_texts(st.text("aB*?/:.\n", max_size=8), "aAbB/:.\n"))
def test_wildcards_of_a_resource_are_what_they_are_defined_to_be(pair: tuple[str, str]) -> None:
    pattern, name = pair
    prefix = "arn:aws:s3:::"
    statement = {"Effect": "Allow", "Action": "*", "Resource": prefix + pattern}
    request = AccessRequest(ANA, "s3:GetObject", prefix + name)
    assert applies(statement, request) == fits(pattern, name)


@very_often
@given(patterns_and_texts(st.text("aB*?", min_size=1, max_size=8), "aAbB"))
def test_wildcards_of_an_action_are_what_they_are_defined_to_be(pair: tuple[str, str]) -> None:
    pattern, name = pair
    statement = {"Effect": "Allow", "Action": f"S3:{pattern}", "Resource": "*"}
    request = AccessRequest(ANA, f"s3:{name}", "*")
    assert applies(statement, request) == fits(pattern.lower(), name.lower())


@very_often
@given(
    patterns_and_texts(st.text("aB*?/:.\n", max_size=8), "aAbB/:.\n"),
    st.sampled_from([("StringLike", True), ("StringNotLike", False)]),
)
def test_wildcards_of_a_condition_are_what_they_are_defined_to_be(
    pair: tuple[str, str], operator: tuple[str, bool]
) -> None:
    pattern, value = pair
    name, expected = operator
    request = AccessRequest(ANA, "s3:ListBucket", "*", {"s3:prefix": value})
    assert applies(when({name: {"s3:prefix": pattern}}), request) == (
        fits(pattern, value) == expected
    )


@very_often
@given(
    patterns_and_texts(
        st.lists(st.text("ab*?", max_size=3), min_size=6, max_size=7).map(":".join), "aab:"
    )
)
def test_the_parts_of_an_arn_are_compared_one_by_one(pair: tuple[str, str]) -> None:
    pattern, arn = pair
    assume(arn.count(":") >= 5)
    request = AccessRequest(ANA, "sqs:SendMessage", "*", {"aws:SourceArn": arn})
    assert applies(when({"ArnLike": {"aws:SourceArn": pattern}}), request) == fits_arn(pattern, arn)


# Documents that are no policies, from far off to nearly right.

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
odd_values = st.sampled_from(
    ["", "*", "${", "${}", "${a:b", "${*}", "9" * 400, "1e9999", "sNaN", "0000", "=", "é"]
) | st.sampled_from(
    ["0001-01-01T00:00:00+23:59", "::/0", "1.2.3.4/33", "\ud800", "\0", "arn:aws:s3:::(["]
)
operators = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "ForAllValues:", "ForAnyValue:"]),
    st.sampled_from([*conditions._OPERATORS, "Unknown"]),
    st.sampled_from(["", "", "IfExists"]),
)
nearly_blocks = st.dictionaries(
    operators,
    st.dictionaries(st.sampled_from(["aws:a", "aws:b", "a"]), odd_values | anything, max_size=2)
    | anything,
    max_size=2,
)
nearly_statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]) | anything},
    optional={
        "Sid": st.text(max_size=3) | anything,
        "Action": actions | odd_values | anything,
        "NotAction": anything,
        "Resource": resources | odd_values | anything,
        "NotResource": anything,
        "Principal": anything,
        "Condition": nearly_blocks | anything,
    },
)
nearly_policies = st.fixed_dictionaries(
    {"Statement": nearly_statements | st.lists(nearly_statements, max_size=2) | anything},
    optional={"Version": st.just("2012-10-17") | anything, "Id": anything},
)


@pytest.mark.exhaustive(1)
@settings(max_examples=examples(100, of=300), deadline=None)
@given(nearly_policies | anything, requests, st.booleans())
def test_any_document_is_a_policy_or_invalid_and_nothing_worse(
    document: Any, request: AccessRequest, as_boundary: bool
) -> None:
    with suppress(InvalidPolicy):
        decide([] if as_boundary else [document], request, document if as_boundary else None)


@pytest.mark.exhaustive(1)
@settings(max_examples=examples(100, of=300), deadline=None)
@given(operators, odd_values, odd_values | st.lists(odd_values, max_size=2), requests)
def test_any_value_of_a_request_is_decided(
    operator: str, limit: str, value: Any, request: AccessRequest
) -> None:
    policy = {"Version": "2012-10-17", "Statement": when({operator: {"aws:a": limit}})}
    asked = AccessRequest(ANA, request.action, request.resource, {"aws:a": value})
    with suppress(InvalidPolicy):
        assert verdict(decide([policy], asked)) in ("allowed", "implicit deny")
