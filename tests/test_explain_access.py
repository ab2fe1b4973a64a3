"""Why something is denied, and lessons that expect it to be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab, connect, expect_denied
from inventory_lab.exceptions import NotDenied, PrincipalNotAvailable
from inventory_lab.iam.account.explanation import Difference

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/e-commerce-streaming"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with connect() as lab:
        lab.build()
        yield lab


def give_producer(lab: Lab, **statement: Any) -> None:
    statement = {"Sid": "Given", "Effect": "Allow", "Resource": STREAM} | statement
    lab.session("admin").client("iam").put_user_policy(
        UserName="aws-de-user",
        PolicyName="put-to-one-stream",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
    )


def put(lab: Lab) -> None:
    lab.session("producer").client("kinesis").put_record(
        StreamName="e-commerce-streaming", PartitionKey="a", Data=b"x"
    )


def test_an_allowed_action_names_the_statement_that_allows_it(lab: Lab) -> None:
    give_producer(lab, Action="kinesis:Put*")
    explanation = lab.explain_access("producer", "kinesis:PutRecord", STREAM)
    assert explanation.allowed
    assert explanation.differences == ()
    assert explanation.statement is not None
    assert (explanation.statement["Sid"], explanation.policy) == (
        "Given",
        "aws-de-user/put-to-one-stream",
    )


DIFFERENCES: dict[str, tuple[dict[str, Any], list[Difference]]] = {
    "the wrong stream": (
        {"Action": "kinesis:PutRecord", "Resource": STREAM.replace("e-commerce", "orders")},
        [Difference("Resource", "stream/orders-streaming", "stream/e-commerce-streaming")],
    ),
    "the wrong region": (
        {"Action": "kinesis:PutRecord", "Resource": STREAM.replace("us-east-1", "eu-west-1")},
        [Difference("Resource (region)", "eu-west-1", "us-east-1")],
    ),
    "the missing action": (
        {"Action": ["kinesis:PutRecords", "kinesis:ListShards"]},
        [Difference("Action", "kinesis:PutRecords", "kinesis:PutRecord")],
    ),
    "all but the action": (
        {"NotAction": ["kinesis:PutRecord"]},
        [Difference("Action", "all but kinesis:PutRecord", "kinesis:PutRecord")],
    ),
    "a condition": (
        {"Action": "*", "Condition": {"StringEquals": {"aws:username": "somebody-else"}}},
        [Difference("Condition", "StringEquals aws:username: somebody-else", "aws-de-user")],
    ),
    "a key that the request has not": (
        {"Action": "*", "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}},
        [Difference("Condition", "StringEquals aws:SourceVpc: vpc-1", "the request has no such key")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DIFFERENCES)
def test_a_denial_names_the_nearest_statement_and_where_it_differs(case: str, lab: Lab) -> None:
    statement, differences = DIFFERENCES[case]
    give_producer(lab, **statement)
    explanation = lab.explain_access("producer", "kinesis:PutRecord", STREAM)
    assert not explanation.allowed
    assert list(explanation.differences) == differences


def test_the_table_of_a_notebook_escapes_what_is_in_a_policy(lab: Lab) -> None:
    give_producer(
        lab, Action="kinesis:PutRecord", Condition={"StringEquals": {"aws:username": "<b>"}}
    )
    explanation = lab.explain_access("producer", "kinesis:PutRecord", STREAM)
    assert "aws:username: &lt;b&gt; ≠ aws-de-user" in explanation._repr_html_()
    assert "nearest statement  Given in aws-de-user/put-to-one-stream" in repr(explanation)


def test_an_explicit_deny_names_its_statement(lab: Lab) -> None:
    give_producer(lab, Sid="Never", Effect="Deny", Action="*")
    explanation = lab.explain_access("producer", "kinesis:PutRecord", STREAM)
    assert explanation.decision.explicit_deny
    assert explanation.statement is not None
    assert explanation.statement["Sid"] == "Never"


def test_a_principal_without_any_policy_has_no_nearest_statement(lab: Lab) -> None:
    explanation = lab.explain_access(
        "arn:aws:iam::123456789012:user/nobody", "sqs:SendMessage", "*"
    )
    assert (explanation.allowed, explanation.statement) == (False, None)
    assert "decision   denied because no identity-based policy" in repr(explanation)


def test_what_a_principal_may_as_the_lab_decides_it_is_what_the_explanation_says(lab: Lab) -> None:
    for role, action, resource, allowed in [
        ("pipe", "kinesis:GetRecords", STREAM, True),
        ("pipe", "kinesis:PutRecord", STREAM, False),
        ("function", "sns:Publish", "arn:aws:sns:us-east-1:123456789012:inventory-alerts", True),
        ("admin", "kinesis:DeleteStream", STREAM, True),
        ("admin", "kinesis:DeleteStream", STREAM + "-2", False),
        ("producer", "sts:AssumeRole", lab.account.role_arn("pipe_role"), False),
    ]:
        assert lab.explain_access(role, action, resource).allowed is allowed, (role, action)


def test_nonsense_is_refused_with_what_would_do(lab: Lab) -> None:
    with pytest.raises(
        PrincipalNotAvailable, match="'bob': there are admin, producer, pipe, function, and ARNs"
    ):
        lab.explain_access("bob", "kinesis:PutRecord", STREAM)
    with pytest.raises(
        ValueError, match="'PutRecord' is not an action; one looks like kinesis:PutRecord"
    ):
        lab.explain_access("producer", "PutRecord", STREAM)
    with pytest.raises(ValueError, match="is not the ARN of a user, a role or a session"):
        lab.explain_access(STREAM, "kinesis:PutRecord", STREAM)


# ---------------------------------------------------------------- expect_denied


def test_a_lesson_goes_on_after_the_denial_it_expects_and_shows_it(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    give_producer(lab, Action="kinesis:ListStreams")
    with expect_denied("kinesis:PutRecord") as denial:
        put(lab)
    assert denial.code == "AccessDeniedException"
    assert capsys.readouterr().out == f"AccessDeniedException: {denial.message}\n"


def test_it_knows_the_spellings_of_sns_and_sqs(lab: Lab) -> None:
    producer = lab.session("producer")
    with expect_denied("sns:Publish"):
        producer.client("sns").publish(TopicArn=lab.account.topic_arn(), Message="a")
    with expect_denied("sqs:SendMessage"):
        url = "https://sqs.us-east-1.amazonaws.com/123456789012/inventory-rejected"
        producer.client("sqs").send_message(QueueUrl=url, MessageBody="a")


def test_it_fails_when_the_call_is_allowed(lab: Lab) -> None:
    give_producer(lab, Action="kinesis:PutRecord")
    with (
        pytest.raises(
            NotDenied, match="expected a denial of kinesis:PutRecord, but the call was allowed"
        ),
        expect_denied("kinesis:PutRecord"),
    ):
        put(lab)


def test_it_fails_when_another_action_is_denied(lab: Lab) -> None:
    give_producer(lab, Action="kinesis:ListStreams")
    words = r"another denial came instead: User: .*kinesis:PutRecord"
    with pytest.raises(NotDenied, match=words), expect_denied("kinesis:PutRecords"):
        put(lab)


def test_other_errors_go_through_it(lab: Lab) -> None:
    with pytest.raises(ZeroDivisionError), expect_denied("kinesis:PutRecord"):
        1 / 0  # noqa: B018
    kinesis = lab.session("root").client("kinesis")
    missing = pytest.raises(ClientError, match="ResourceNotFoundException")
    with missing, expect_denied("kinesis:DescribeStream"):
        kinesis.describe_stream(StreamName="none")
