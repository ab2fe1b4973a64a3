"""The exercises of notebook 03, inline IAM policies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inventory_lab.exceptions import InvalidPolicy, WrongAnswer
from inventory_lab.iam.account.evaluator import Caller
from inventory_lab.iam.evaluation.decision import (
    RESOURCE,
    AccessRequest,
    Decision,
    evaluate_resource_policy,
)
from inventory_lab.iam.evaluation.document import VERSIONS, Policy, read_policy
from inventory_lab.teaching.exercises.answer import Answer, StopAnswer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.policies import actions_of, allows, listed, require_exactly
from inventory_lab.teaching.exercises.registry import checks

PUTS = ("kinesis:PutRecord", "kinesis:PutRecords")
READS = tuple(
    f"kinesis:{name}"
    for name in ("DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords")
)
STREAMS = (
    "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
    "arn:aws:kinesis:eu-west-1:444455556666:stream/returns",
)
PARTNERS = {
    "arn:aws:iam::444455556666:user/till": "arn:aws:iam::444455556666:user/till",
    "555566667777": "arn:aws:iam::555566667777:user/anybody",
}
"""Whom a stream is shared with, and a caller who is meant by that."""
COLLEAGUE = "arn:aws:iam::444455556666:user/colleague"
STRANGER = "arn:aws:iam::999900001111:user/stranger"


@checks("03/allow_put", "let a user write to one stream, and do nothing else", build=True)
def allow_put(answer: Answer, bench: Bench) -> None:
    """A user with two old policies, the same user for another stream, and one without any policy."""
    iam = bench.client("iam")
    user, colleague, newcomer = (bench.name(n) for n in ("script", "colleague", "newcomer"))
    for name in (user, colleague, newcomer):
        iam.create_user(UserName=name)
    for name, policy in ((user, "everything"), (user, "last-year"), (colleague, "everything")):
        _give(iam, name, policy)
    _once(answer, bench, iam, user, STREAMS[0])
    try:
        _once(answer, bench, iam, user, STREAMS[1])
    except WrongAnswer as exc:
        raise WrongAnswer(f"Called again, now for the stream returns: {exc}", exc.error) from exc
    _once(answer, bench, iam, newcomer, STREAMS[0])
    if _inline(bench, colleague) != {"everything": _all_of_kinesis()}:
        raise WrongAnswer(
            "It changes the policies of another user. Use the argument `user` in every call."
        )
    bench.require_rights("GetUserPolicy", "Their names are enough: list_user_policies.")


def _once(answer: Answer, bench: Bench, iam: Any, user: str, stream: str) -> None:
    before = set(_inline(bench, user))
    answer(iam, user, stream)
    _may_put_only(bench, user, stream, before)


def _all_of_kinesis() -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _give(iam: Any, user: str, policy: str) -> None:
    document = json.dumps(_all_of_kinesis())
    iam.put_user_policy(UserName=user, PolicyName=policy, PolicyDocument=document)


def _inline(bench: Bench, user: str) -> dict[str, Any]:
    """The inline policies of a user, by name."""
    iam = bench.raw("iam")
    names = iam.list_user_policies(UserName=user)["PolicyNames"]
    return {
        name: iam.get_user_policy(UserName=user, PolicyName=name)["PolicyDocument"]
        for name in names
    }


def _may_put_only(bench: Bench, user: str, stream: str, before: set[str]) -> None:
    """Raise WrongAnswer unless the user's policies together allow the two actions alone."""
    policies = _inline(bench, user)
    if bench.made("CreatePolicy") or bench.made("AttachUserPolicy"):
        raise WrongAnswer(
            "It creates a managed policy, which exists outside the user and stays when the user is "
            "deleted. Store an inline policy, with put_user_policy."
        )
    if not bench.made("PutUserPolicy"):
        raise WrongAnswer("No policy was stored: call iam.put_user_policy.")
    if not policies:
        raise WrongAnswer(
            "At the end the user has no policy at all. Delete the other policies, not the one that "
            "you store."
        )
    if len(policies) > 1 and before & set(policies):
        raise WrongAnswer(
            f"The user still has another policy, {min(before & set(policies))}. What several policies "
            "allow adds up, so delete it."
        )
    if len(policies) > 1:
        raise WrongAnswer(f"It stores {len(policies)} policies. Write both actions into one.")
    document = {**next(iter(policies.values())), "Statement": list(_statements(policies))}
    _allows_exactly(document, PUTS, stream, {"aws:username": user})
    _no_other_stream(document, stream)


def _allows_exactly(
    document: dict[str, Any],
    actions: Sequence[str],
    stream: str,
    context: Mapping[str, str] | None = None,
) -> None:
    """Raise WrongAnswer unless the document allows these actions, by their names, on this stream alone."""
    statements = list(_statements({"": document})) if "Statement" in document else []
    if any(isinstance(one, dict) and one.get("Effect") == "Deny" for one in statements):
        raise WrongAnswer(
            "It has a Deny. A Deny allows nothing and wins over every Allow, and what no policy allows is "
            "denied without it."
        )
    require_exactly(document, [(action, stream) for action in actions], context)
    _names_in_full(statements)
    if allows(document, actions[0], f"{stream}/consumer/report", context):
        raise WrongAnswer(
            "Its Resource also covers what is below the stream: the ARN of the stream is enough."
        )


def _names_in_full(statements: Sequence[Mapping[str, Any]]) -> None:
    for statement in statements:
        for action in listed(statement.get("Action", [])):
            if "*" in action or "?" in action:
                raise WrongAnswer(
                    f"{action} also covers what AWS adds under such a name later. Write each action in full."
                )


def _statements(policies: dict[str, Any]) -> Iterator[Any]:
    for document in policies.values():
        yield from listed(document["Statement"])


def _no_other_stream(document: dict[str, Any], stream: str) -> None:
    other = next(arn for arn in STREAMS if arn != stream)
    try:
        require_exactly(document, [(action, other) for action in PUTS])
    except WrongAnswer:
        return
    raise WrongAnswer("After a call for another stream, the user may still write to the first one.")


@checks("03/report_policy", "the policy of a program that reads one stream")
def report_policy(answer: Answer, _: Bench) -> None:
    """The documents for two streams of different accounts and regions."""
    for stream in STREAMS:
        document = answer(stream)
        if not isinstance(document, dict):
            raise WrongAnswer(
                f"It returns {_kind(document)}. Return the document as a dictionary with Version and "
                "Statement."
            )
        if "Effect" in document:
            raise WrongAnswer(
                "It returns a statement alone. Return the document that contains it, with Version and "
                "Statement."
            )
        _allows_exactly(_as_iam_reads_it(document), READS, stream)


def _as_iam_reads_it(document: dict[str, Any]) -> dict[str, Any]:
    """The document after its way as JSON, in which a tuple is a list."""
    try:
        read: dict[str, Any] = json.loads(json.dumps(document))
    except (TypeError, ValueError) as exc:
        raise WrongAnswer(f"It cannot be written as JSON: {exc}.") from exc
    if read.get("Version", VERSIONS[1]) == VERSIONS[1]:
        raise WrongAnswer(
            f"IAM refuses a new policy without the present version of its language. Its first element is "
            f'"Version": "{VERSIONS[0]}".'
        )
    return read


@checks("03/share", "let somebody else write to a stream, by a policy on the stream")
def share(answer: Answer, bench: Bench) -> None:
    """A stream that is shared with a user of another account, then with a whole account instead."""
    kinesis, stream = bench.client("kinesis"), bench.name("orders")
    bench.fault(kinesis, "PutResourcePolicy", _denies_nobody)
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    summary = bench.raw("kinesis").describe_stream_summary(StreamName=stream)
    arn = str(summary["StreamDescriptionSummary"]["StreamARN"])
    for principal, caller in PARTNERS.items():
        _put_policy(answer, kinesis, arn, principal)
        policy = _policy_of(bench, arn)
        _lets_in(policy, caller, principal, arn)
        others = [one for name, one in PARTNERS.items() if name != principal]
        others.append(f"arn:aws:iam::{arn.split(':')[4]}:user/till")  # of the owner's account
        _lets_in_nobody_else(policy, others, arn)
        if not principal.isdigit():
            _lets_in_one_user(policy, arn)


def _denies_nobody(sent: Mapping[str, Any], _: int) -> None:
    """A Deny could shut out the owner too, who then could not delete the stream: it is not stored."""
    try:
        statements = list(_statements({"": json.loads(sent["Policy"])}))
    except (ValueError, KeyError, TypeError):  # Kinesis says what is wrong with it
        return
    if any(isinstance(one, dict) and one.get("Effect") == "Deny" for one in statements):
        raise StopAnswer(
            "Its policy has a Deny, which can shut out the stream's owner too. What nobody allows is "
            "denied already: one Allow is enough."
        )


def _put_policy(answer: Answer, kinesis: Any, arn: str, principal: str) -> None:
    try:
        answer(kinesis, arn, principal)
    except WrongAnswer as exc:
        if "InvalidArgumentException" not in str(exc):
            raise
        raise WrongAnswer(
            f"{exc}. A policy on a resource must also say who is allowed: give its statement a "
            "Principal.",
            exc.error,
        ) from exc


def _policy_of(bench: Bench, arn: str) -> Policy:
    text = bench.raw("kinesis").get_resource_policy(ResourceARN=arn)["Policy"]
    if text in ("", "{}"):
        raise WrongAnswer("The stream has no policy: call kinesis.put_resource_policy.")
    try:
        return read_policy(text, "resource")
    except InvalidPolicy as exc:
        raise WrongAnswer(f"Kinesis would refuse the document: {exc}", exc) from exc


def _lets_in(policy: Policy, caller: str, principal: str, arn: str) -> None:
    for action in PUTS:
        if not _decision(policy, caller, action, arn).allowed:
            who = "the account" if principal.isdigit() else principal.rpartition(":")[2]
            raise WrongAnswer(f"It does not let {who} call {action} on this stream.")
    allowed = [a for a in actions_of("kinesis") if _decision(policy, caller, a, arn).allowed]
    besides = [action for action in allowed if action not in PUTS]
    if besides:
        raise WrongAnswer(
            f"It is too wide. Besides what it should, it allows {', '.join(besides[:3])}."
        )
    _names_in_full([statement.source for statement in policy])
    if _decision(policy, caller, PUTS[0], f"{arn}-2025").allowed:
        raise WrongAnswer("Its Resource covers more than this stream: write the stream's ARN.")


def _lets_in_nobody_else(policy: Policy, others: list[str], arn: str) -> None:
    if any(_decision(policy, STRANGER, action, arn).allowed for action in PUTS):
        raise WrongAnswer(
            "It lets every AWS account in. Principal must name the argument `principal`, not *."
        )
    if any(_decision(policy, other, action, arn).allowed for other in others for action in PUTS):
        raise WrongAnswer("It lets in somebody else than the argument `principal` says.")


def _lets_in_one_user(policy: Policy, arn: str) -> None:
    if any(_decision(policy, COLLEAGUE, action, arn).allowed for action in PUTS):
        raise WrongAnswer(
            "Shared with one user, it lets in every user of that account. Principal must be the "
            "argument `principal` as it is."
        )


def _decision(policy: Policy, caller_arn: str, action: str, arn: str) -> Decision:
    caller = Caller.of_arn(caller_arn)
    account = caller_arn.split(":")[4]
    context = {"aws:PrincipalArn": caller_arn, "aws:PrincipalAccount": account}
    request = AccessRequest(caller_arn, action, arn, context)
    return evaluate_resource_policy(
        policy, request, caller.itself(), RESOURCE, caller.its_account()
    )


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
