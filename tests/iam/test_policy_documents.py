"""A document that IAM would not store is refused, and the refusal names the element."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inventory_lab.exceptions import InvalidPolicy
from inventory_lab.iam.evaluation.document import Kind, read_policy

Json = dict[str, Any]

TABLE = "arn:aws:dynamodb:eu-central-1:111122223333:table/inventory"
ALLOW: Json = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE}
TRUST: Json = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"Service": "lambda.amazonaws.com"},
}


def policy(*statements: Any, **elements: Any) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements), **elements}


def allow(**elements: Any) -> Json:
    """A policy of one statement, with these elements in place of the usual ones."""
    return policy({**ALLOW, **elements})


def without(element: str, source: Json = ALLOW) -> Json:
    return policy({name: value for name, value in source.items() if name != element})


def when(operator: str, value: Any, key: str = "aws:key") -> Json:
    return allow(Condition={operator: {key: value}})


def refusal(document: Any, kind: Kind = "identity") -> InvalidPolicy:
    with pytest.raises(InvalidPolicy) as refused:
        read_policy(document, kind)
    return refused.value


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


REFUSED_DOCUMENTS = {
    "no statement": ({"Version": "2012-10-17"}, "Statement", "missing or empty"),
    "an empty list of statements": (policy(), "Statement", "missing or empty"),
    "an empty statement": ({"Statement": {}}, "Statement", "missing or empty"),
    "a statement of text": (policy("Allow"), "Statement", "'Allow'; it must be an object"),
    "a statement of a list": (policy([ALLOW]), "Statement", "it must be an object"),
    "a statement of nothing": ({"Statement": None}, "Statement", "missing or empty"),
    "a second statement of text": (
        policy(ALLOW, "Deny"),
        "Statement",
        "'Deny'; it must be an object",
    ),
    "an unknown element of the policy": (
        policy(ALLOW, Statements=[]),
        "Statements",
        "is not an element",
    ),
    "an unknown element of a statement": (allow(Resources="*"), "Resources", "is not an element"),
    "an element in the wrong case": (allow(effect="Deny"), "effect", "is not an element"),
    "an unknown version": (policy(ALLOW, Version="2012-10-18"), "Version", "2012-10-17"),
    "a version of a number": (policy(ALLOW, Version=2012), "Version", "2012-10-17"),
    "a version of a list": (policy(ALLOW, Version=["2012-10-17"]), "Version", "2012-10-17"),
    "a version of nothing": (policy(ALLOW, Version=None), "Version", "2012-10-17"),
    "an id of an object": (policy(ALLOW, Id={}), "Id", "{}"),
    "an id of a number": (policy(ALLOW, Id=7), "Id", "7"),
    "the same Sid twice": (
        policy({**ALLOW, "Sid": "Read"}, {**ALLOW, "Sid": "Read"}),
        "Sid",
        "'Read' is repeated",
    ),
    "a Sid of a number": (allow(Sid=7), "Sid", "7"),
    "a Sid of an empty list": (allow(Sid=[]), "Sid", "[]"),
    "a Sid of an empty object": (allow(Sid={}), "Sid", "{}"),
    "a Sid with a space": (allow(Sid="Read items"), "Sid", "'Read items'"),
    "a Sid with a hyphen": (allow(Sid="read-items"), "Sid", "'read-items'"),
}

REFUSED_STATEMENTS = {
    "no effect": (without("Effect"), "Effect", "Allow or Deny"),
    "an effect in lower case": (allow(Effect="allow"), "Effect", "'allow'"),
    "an unknown effect": (allow(Effect="Permit"), "Effect", "'Permit'"),
    "an effect of a list": (allow(Effect=["Allow"]), "Effect", "['Allow']"),
    "Action and NotAction": (allow(NotAction="s3:*"), "Action", "not both"),
    "neither Action nor NotAction": (without("Action"), "Action", "is needed"),
    "no actions": (allow(Action=[]), "Action", "a string or a list"),
    "an action of a number": (allow(Action=7), "Action", "7"),
    "an action of nothing": (allow(Action=None), "Action", "a string or a list"),
    "an action of an object": (allow(Action={"s3": "GetObject"}), "Action", "a string or a list"),
    "actions of which one is a number": (allow(Action=["s3:*", 7]), "Action", "7"),
    "actions in a list of lists": (allow(Action=[["s3:*"]]), "Action", "a string or a list"),
    "an action without a service": (allow(Action="GetItem"), "Action", "'GetItem'"),
    "an action without a name": (allow(Action="dynamodb:"), "Action", "'dynamodb:'"),
    "an action with an empty service": (allow(Action=":GetItem"), "Action", "':GetItem'"),
    "an empty action": (allow(Action=""), "Action", "''"),
    "an action with two colons": (allow(Action="s3:Get:Object"), "Action", "'s3:Get:Object'"),
    "a wildcard in the service of an action": (allow(Action="dynamo*:Get"), "Action", "'dynamo*"),
    "a question mark in the service of an action": (allow(Action="s?:Get"), "Action", "'s?:Get'"),
    "a space in the service of an action": (allow(Action="s 3:Get"), "Action", "'s 3:Get'"),
    "a wrong action among right ones": (allow(Action=["s3:*", "Get"]), "Action", "'Get'"),
    "Resource and NotResource": (allow(NotResource="*"), "Resource", "not both"),
    "neither Resource nor NotResource": (without("Resource"), "Resource", "is needed"),
    "no resources": (allow(Resource=[]), "Resource", "a string or a list"),
    "a resource of a number": (allow(Resource=7), "Resource", "7"),
    "resources of which one is nothing": (allow(Resource=["*", None]), "Resource", "None"),
    "an empty resource": (allow(Resource=""), "Resource", "neither * nor an ARN"),
    "a resource that is only a name": (allow(Resource="inventory"), "Resource", "'inventory'"),
    "a resource that begins late": (allow(Resource="table/*"), "Resource", "'table/*'"),
    "a resource without arn": (allow(Resource="aws:s3:::b"), "Resource", "'aws:s3:::b'"),
    "a resource that ends early": (allow(Resource="arn:aws:s3::b"), "Resource", "'arn:aws:s3::b'"),
    "a wildcard in the service of a resource": (
        allow(Resource="arn:aws:s*:::bucket"),
        "Resource",
        "'arn:aws:s*:::bucket'",
    ),
    "a wrong resource among right ones": (allow(Resource=["*", "b"]), "Resource", "'b'"),
    "a variable for the region": (
        allow(Resource="arn:aws:kinesis:${aws:RequestedRegion}:111122223333:stream/a"),
        "Resource",
        "before its fifth colon",
    ),
    "a variable for the account": (
        allow(Resource="arn:aws:kinesis:eu-central-1:${aws:PrincipalAccount}:stream/a"),
        "Resource",
        "before its fifth colon",
    ),
    "a wrong action in NotAction": (
        policy({"Effect": "Deny", "NotAction": "Get", "Resource": "*"}),
        "NotAction",
        "'Get'",
    ),
    "no actions in NotAction": (
        policy({"Effect": "Deny", "NotAction": [], "Resource": "*"}),
        "NotAction",
        "a string or a list",
    ),
    "a wrong resource in NotResource": (
        policy({"Effect": "Deny", "Action": "*", "NotResource": "b"}),
        "NotResource",
        "'b'",
    ),
}

REFUSED_CONDITIONS = {
    "a condition of a list": (allow(Condition=[]), "it must be an object"),
    "a condition of text": (allow(Condition="aws:key"), "'aws:key'; it must be an object"),
    "a condition of nothing": (allow(Condition=None), "it must be an object"),
    "an operator with text": (allow(Condition={"Bool": "true"}), "Bool"),
    "an operator with a list": (allow(Condition={"Bool": []}), "Bool"),
    "a key with an object": (when("StringEquals", {}), "aws:key"),
    "a key with nothing": (when("StringEquals", None), "aws:key"),
    "a key with a list of lists": (when("StringEquals", [["a"]]), "aws:key"),
    "a key without a prefix": (when("StringEquals", "ana", key="username"), "'username'"),
    "an unknown operator": (when("StringMatches", "a"), "'StringMatches'"),
    "an operator in the wrong case": (when("stringEquals", "a"), "case-sensitive"),
    "an operator in upper case": (when("BOOL", "true"), "case-sensitive"),
    "NullIfExists": (when("NullIfExists", "true"), "'NullIfExists'"),
    "ForAnyValue:Null": (when("ForAnyValue:Null", "true"), "'ForAnyValue:Null'"),
    "ForAllValues:Null": (when("ForAllValues:Null", "true"), "'ForAllValues:Null'"),
    "an unknown set operator": (when("ForSomeValues:StringEquals", "a"), "'ForSomeValues"),
    "a set operator with two colons": (when("ForAnyValue::StringEquals", "a"), "'ForAnyValue::"),
    "two set operators": (when("ForAnyValue:ForAllValues:StringEquals", "a"), "'ForAnyValue:For"),
    "a set operator alone": (when("ForAnyValue:", "a"), "'ForAnyValue:'"),
    "IfExists twice": (when("BoolIfExistsIfExists", "true"), "'BoolIfExistsIfExists'"),
    "IfExists alone": (when("IfExists", "true"), "'IfExists'"),
    "text for a number": (when("NumericEquals", "ten"), "'ten' is not a number"),
    "empty text for a number": (when("NumericLessThan", ""), "'' is not a number"),
    "true for a number": (when("NumericEquals", True), "'true' is not a number"),
    "no finite number": (when("NumericEquals", "Infinity"), "'Infinity' is not a number"),
    "what is not a number by its name": (when("NumericEquals", "NaN"), "'NaN' is not a number"),
    "an underscore in a number": (when("NumericEquals", "1_000"), "'1_000' is not a number"),
    "a space around a number": (when("NumericEquals", " 10 "), "' 10 ' is not a number"),
    "a variable for a number": (
        when("NumericEquals", "${aws:key}"),
        "'${aws:key}' is not a number",
    ),
    "a wrong number among right ones": (
        when("NumericEquals", ["1", "ten"]),
        "'ten' is not a number",
    ),
    "text for a date": (when("DateEquals", "monday"), "'monday' is not a date"),
    "a month that is none": (when("DateLessThan", "2026-13-01"), "month"),
    "a day that is none": (when("DateLessThan", "2026-02-30"), "day"),
    "an hour that is none": (when("DateLessThan", "2026-01-05T25:00:00Z"), "hour"),
    "a date with a wildcard": (when("DateEquals", "2026-*"), "'2026-*' is not a date"),
    "a date with a space": (when("DateEquals", "2026-01-05 09:00"), "is not a date"),
    "a variable for a date": (when("DateEquals", "${aws:CurrentTime}"), "is not a date"),
    "text for an address": (when("IpAddress", "localhost"), "'localhost'"),
    "an address that is too short": (when("IpAddress", "203.0.113"), "'203.0.113'"),
    "a range with too long a prefix": (when("NotIpAddress", "203.0.113.0/33"), "203.0.113.0/33"),
    "a range of IPv6 with too long a prefix": (when("IpAddress", "2001:db8::/129"), "/129"),
    "a variable for an address": (when("IpAddress", "${aws:SourceIp}"), "${aws:SourceIp}"),
    "text for bytes": (when("BinaryEquals", "%%%"), "'%%%' is not in base64"),
    "bytes without their padding": (when("BinaryEquals", "QUI"), "'QUI' is not in base64"),
    "bytes with a letter that is not ASCII": (when("BinaryEquals", "é"), "ASCII"),
    "text for a boolean": (when("Bool", "yes"), "'yes' is neither true nor false"),
    "a number for a boolean": (when("Bool", 1), "'1' is neither true nor false"),
    "empty text for a boolean": (when("Bool", ""), "'' is neither true nor false"),
    "text for Null": (when("Null", "maybe"), "'maybe' is neither true nor false"),
    "a variable for Null": (when("Null", "${aws:key}"), "neither true nor false"),
    "a wrong value under IfExists": (when("NumericEqualsIfExists", "ten"), "'ten' is not a number"),
    "a wrong value under a set": (
        when("ForAnyValue:NumericEquals", "ten"),
        "'ten' is not a number",
    ),
}

REFUSED_PRINCIPALS: dict[str, tuple[Json, Kind, str, str]] = {
    "a principal in an identity policy": (
        allow(Principal="*"),
        "identity",
        "Principal",
        "identity",
    ),
    "NotPrincipal in an identity policy": (
        allow(NotPrincipal="*"),
        "identity",
        "NotPrincipal",
        "identity",
    ),
    "a trust policy without a principal": (
        without("Principal", TRUST),
        "trust",
        "Principal",
        "is needed",
    ),
    "a resource policy without a principal": (policy(ALLOW), "resource", "Principal", "is needed"),
    "Principal and NotPrincipal": (
        policy({**TRUST, "NotPrincipal": "*"}),
        "trust",
        "Principal",
        "not both",
    ),
    "a resource in a trust policy": (
        policy({**TRUST, "Resource": "*"}),
        "trust",
        "Resource",
        "not allowed in a trust policy",
    ),
    "a principal of text": (
        policy({**TRUST, "Principal": "lambda.amazonaws.com"}),
        "trust",
        "Principal",
        "'lambda.amazonaws.com'",
    ),
    "a principal of a list": (policy({**TRUST, "Principal": ["*"]}), "trust", "Principal", "['*']"),
    "a principal of nothing": (policy({**TRUST, "Principal": None}), "trust", "Principal", "None"),
    "an empty principal": (policy({**TRUST, "Principal": {}}), "trust", "Principal", "{}"),
    "an unknown type of principal": (
        policy({**TRUST, "Principal": {"User": "ana"}}),
        "trust",
        "User",
        "is not an element of Principal",
    ),
    "a resource policy without a resource": (
        policy({**TRUST, "Action": "sqs:SendMessage"}),
        "resource",
        "Resource",
        "is needed",
    ),
}

STATEMENT = json.dumps(ALLOW)
REFUSED_JSON = {
    "no text": ("", "the document", "is not JSON"),
    "text that is not JSON": ("Allow everything", "the document", "is not JSON"),
    "half a document": ('{"Statement": [', "the document", "is not JSON"),
    "a comma too many": (f'{{"Statement": [{STATEMENT},]}}', "the document", "is not JSON"),
    "a list": (f"[{STATEMENT}]", "the document", "is not a JSON object"),
    "a number": ("7", "the document", "is not a JSON object"),
    "null": ("null", "the document", "is not a JSON object"),
    "a number that JSON does not know": (
        json.dumps(when("StringEquals", float("nan"))),
        "the document",
        "is not JSON",
    ),
    "a number of five thousand digits": (
        '{"Id": ' + "9" * 5_000 + "}",
        "the document",
        "is not JSON",
    ),
    "lists in lists": ('{"Statement": ' + "[" * 100_000, "the document", "is not JSON"),
    "closed lists in lists": (
        '{"Statement": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "the document",
        "is not JSON",
    ),
    "objects in objects": ('{"Statement":' * 100_000, "the document", "is not JSON"),
    "a key twice in the policy": (
        f'{{"Statement": {STATEMENT}, "Statement": {STATEMENT}}}',
        "Statement",
        "repeated",
    ),
    "a key twice in a statement": (
        '{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}',
        "Effect",
        "repeated",
    ),
    "a key twice in a condition": (
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",'
        ' "Condition": {"Bool": {"aws:key": "true", "aws:key": "false"}}}}',
        "aws:key",
        "repeated",
    ),
}

ACCEPTED: dict[str, tuple[Json, Kind]] = {
    "a list of one statement": (policy(ALLOW), "identity"),
    "a statement that is no list": ({"Version": "2012-10-17", "Statement": ALLOW}, "identity"),
    "lists of one value": (allow(Action=["s3:*"], Resource=["*"]), "identity"),
    "the version of 2008": (policy(ALLOW, Version="2008-10-17"), "identity"),
    "no version": ({"Statement": ALLOW}, "identity"),
    "an id": (policy(ALLOW, Id="cd3ad3d9-2776-4ef1-a904-4c229d1642ee"), "identity"),
    "a Sid of letters and digits": (allow(Sid="Read2Items"), "identity"),
    "an empty Sid twice": (policy({**ALLOW, "Sid": ""}, {**ALLOW, "Sid": ""}), "identity"),
    "a Sid with a space on a queue": (allow(Sid="Read items", Principal="*"), "resource"),
    "every action and resource": (allow(Action="*", Resource="*"), "identity"),
    "a service with a hyphen": (allow(Action="execute-api:Invoke*"), "identity"),
    "a wildcard for the partition": (allow(Resource="arn:*:s3:::bucket/*"), "identity"),
    "an ARN that a star completes": (allow(Resource="arn:aws:s3:*"), "identity"),
    "a variable behind the fifth colon": (
        allow(Resource="arn:aws:iam::*:user/${aws:username}"),
        "identity",
    ),
    "a colon in a default": (
        allow(Resource="arn:aws:s3:::bucket/${aws:userid, 'a:b'}"),
        "identity",
    ),
    "a condition without operators": (allow(Condition={}), "identity"),
    "a number as a value": (when("NumericEquals", 10), "identity"),
    "a decimal as a value": (when("NumericLessThan", 0.5), "identity"),
    "a number for text": (when("StringEquals", 10), "identity"),
    "a boolean as a value": (when("Bool", True), "identity"),
    "a list of different values": (when("StringEquals", ["10", 10, False]), "identity"),
    "a boolean for Null": (when("Null", False), "identity"),
    "empty text as a value": (when("StringLike", ["", "home/"]), "identity"),
    "a date and a moment": (when("DateEquals", ["2026-01-05", "2026-01-05T09:00:00Z"]), "identity"),
    "a fraction and an offset": (
        when("DateLessThanEquals", "2016-12-13T21:20:37.593194+00:00"),
        "identity",
    ),
    "epoch seconds": (when("DateGreaterThan", "1767603600"), "identity"),
    "epoch seconds as a number": (when("DateGreaterThan", 1767603600), "identity"),
    "addresses and ranges": (
        when("IpAddress", ["203.0.113.7", "203.0.113.0/24", "2001:DB8::/32"]),
        "identity",
    ),
    "set operators with IfExists": (when("ForAnyValue:StringEqualsIfExists", "a"), "identity"),
    "a colon in a key": (
        when("StringEquals", "a", "cognito-identity.amazonaws.com:sub"),
        "identity",
    ),
    "a trust policy": (policy(TRUST), "trust"),
    "a trust policy for an account": (
        policy({**TRUST, "Principal": {"AWS": ["111122223333", TABLE]}}),
        "trust",
    ),
    "a resource policy for everyone": (allow(Principal="*"), "resource"),
    "a resource policy for all but one": (
        allow(Effect="Deny", NotPrincipal={"AWS": "arn:aws:iam::111122223333:user/ana"}),
        "resource",
    ),
}


@pytest.mark.parametrize(
    ("document", "element", "words"),
    [*REFUSED_DOCUMENTS.values(), *REFUSED_STATEMENTS.values()],
    ids=[*REFUSED_DOCUMENTS, *REFUSED_STATEMENTS],
)
def test_what_iam_would_not_store_is_refused_naming_the_element(
    document: Json, element: str, words: str
) -> None:
    refused = refusal(document)
    assert refused.element == element
    assert str(refused).startswith(f"invalid policy: {element} ")
    assert words in str(refused)


@pytest.mark.parametrize(
    ("document", "words"), REFUSED_CONDITIONS.values(), ids=list(REFUSED_CONDITIONS)
)
def test_a_condition_that_cannot_be_tested_is_refused_naming_what_is_wrong(
    document: Json, words: str
) -> None:
    refused = refusal(document)
    assert refused.element == "Condition"
    assert words in str(refused)


@pytest.mark.parametrize(
    ("document", "kind", "element", "words"),
    REFUSED_PRINCIPALS.values(),
    ids=list(REFUSED_PRINCIPALS),
)
def test_principal_and_resource_elements_depend_on_the_kind_of_policy(
    document: Json, kind: Kind, element: str, words: str
) -> None:
    refused = refusal(document, kind)
    assert refused.element == element
    assert words in str(refused)


@pytest.mark.parametrize(
    ("text", "element", "words"), REFUSED_JSON.values(), ids=list(REFUSED_JSON)
)
def test_text_that_is_not_a_document_is_refused(text: str, element: str, words: str) -> None:
    refused = refusal(text)
    assert refused.element == element
    assert words in str(refused)


@pytest.mark.parametrize("element", ["Action", "Condition", "Sid"])
@pytest.mark.parametrize("levels", [50, 1_000, 100_000])
def test_a_document_of_many_levels_is_refused_and_nothing_worse(element: str, levels: int) -> None:
    assert refusal(allow(**{element: nested(levels)})).element in (element, "the document")


@pytest.mark.parametrize("document", [None, 7, b"{}", [], {"Statement": {1, 2}}, object()])
def test_what_cannot_be_json_is_refused(document: Any) -> None:
    assert refusal(document).element == "the document"


def test_a_refusal_quotes_only_the_beginning_of_a_long_value() -> None:
    assert len(str(refusal(allow(Action=[7] * 10_000)))) < 200


def test_a_refused_document_is_refused_again() -> None:
    assert str(refusal(allow(Effect="allow"))) == str(refusal(allow(Effect="allow")))


@pytest.mark.parametrize(("document", "kind"), ACCEPTED.values(), ids=list(ACCEPTED))
def test_what_iam_stores_is_read(document: Json, kind: Kind) -> None:
    sources = document["Statement"]
    statements = [sources] if isinstance(sources, dict) else sources
    assert [statement.source for statement in read_policy(document, kind)] == statements


@pytest.mark.parametrize(("document", "kind"), ACCEPTED.values(), ids=list(ACCEPTED))
def test_a_policy_is_read_from_text_as_well(document: Json, kind: Kind) -> None:
    read = read_policy(json.dumps(document, indent=2), kind)
    assert [s.source for s in read] == [s.source for s in read_policy(document, kind)]
