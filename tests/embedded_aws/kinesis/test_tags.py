"""The tags of a stream by its ARN, and who may read and change them.

https://docs.aws.amazon.com/streams/latest/dev/tagging.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab
from tests.embedded_aws.principals import STREAM, MakePrincipal, allow, denial, deny

CALLS: dict[str, Callable[[Any, str], Any]] = {
    "kinesis:TagResource": lambda c, arn: c.tag_resource(ResourceARN=arn, Tags={"team": "7"}),
    "kinesis:UntagResource": lambda c, arn: c.untag_resource(ResourceARN=arn, TagKeys=["team"]),
    "kinesis:ListTagsForResource": lambda c, arn: c.list_tags_for_resource(ResourceARN=arn),
}


@pytest.mark.parametrize("action", CALLS)
def test_each_needs_the_action_of_its_name_on_the_stream(
    action: str, person: MakePrincipal
) -> None:
    call = CALLS[action]
    somebody = person(allow(action, STREAM))
    call(somebody.client("kinesis"), STREAM)
    for other in (person(allow("kinesis:*Stream", STREAM)), person(allow(action, f"{STREAM}-2"))):
        message = denial(lambda other=other: call(other.client("kinesis"), STREAM))  # type: ignore[misc]
        assert f"not authorized to perform: {action} on resource: {STREAM}" in message


@pytest.mark.parametrize("action", CALLS)
def test_a_stream_that_is_not_there_has_none(action: str, shared: Lab) -> None:
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*Stream another .*not found"):
        CALLS[action](
            shared.session("root").client("kinesis"), STREAM.rpartition("/")[0] + "/another"
        )


@pytest.mark.parametrize("action", CALLS)
def test_those_of_a_consumer_are_refused_by_name(action: str, shared: Lab) -> None:
    message = denial(
        lambda: CALLS[action](
            shared.session("root").client("kinesis"), f"{STREAM}/consumer/reader:1"
        )
    )
    assert f"does not know {action} of a consumer" in message


def test_a_policy_may_limit_the_tags(person: MakePrincipal) -> None:
    only_team = {"ForAllValues:StringEquals": {"aws:TagKeys": "team"}}
    policy = allow("kinesis:TagResource", STREAM, Condition=only_team)
    somebody = person(policy).client("kinesis")
    somebody.tag_resource(ResourceARN=STREAM, Tags={"team": "7"})
    assert "kinesis:TagResource" in denial(
        lambda: somebody.tag_resource(ResourceARN=STREAM, Tags={"owner": "me"})
    )


def test_an_explicit_deny_wins(person: MakePrincipal) -> None:
    somebody = person(allow("kinesis:*"), deny("kinesis:UntagResource")).client("kinesis")
    assert "with an explicit deny" in denial(
        lambda: somebody.untag_resource(ResourceARN=STREAM, TagKeys=["team"])
    )
