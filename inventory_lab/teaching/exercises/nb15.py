"""The exercises of notebook 15, your own account."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from inventory_lab.exceptions import InvalidPolicy, WrongAnswer
from inventory_lab.iam import AccessRequest, decide
from inventory_lab.settings import Settings
from inventory_lab.teaching.exercises.answer import Answer
from inventory_lab.teaching.exercises.bench import AwsCall, Bench
from inventory_lab.teaching.exercises.policies import actions_of
from inventory_lab.teaching.exercises.registry import checks

LEARNERS = (("123456789012", "anna-", "ben-"), ("444455556666", "team-7-", "team-8-"))
"""An account, the prefix of somebody in it, and that of a neighbour."""
STREAM_ACTIONS = ("kinesis:CreateStream", "kinesis:PutRecord", "kinesis:DeleteStream")
MORE_OF_KINESIS = (
    "kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:UpdateShardCount", "kinesis:AddTagsToStream",
)  # fmt: skip
ROLE_ACTIONS = ("iam:CreateRole", "iam:PutRolePolicy")
HOUR = 3600
INSIDE = "iam:PermissionsBoundary"
LOOKS = ("DescribeStream", "DescribeStreamSummary")
OURS = {"project": "inventory-lab"}
THEIRS = ({"project": "invoices", "owner": "inventory-lab"}, {"project": "inventory-lab-2"})
DENIED = ("AccessDeniedException", "User: learner is not authorized to perform this action")


@checks("15/settings_for", "settings for one learner in a shared account")
def settings_for(answer: Answer, _: Bench) -> None:
    """The settings for two learners of different accounts."""
    for account, prefix, _neighbour in LEARNERS:
        learner = prefix.removesuffix("-")
        settings = answer(learner, account)
        if not isinstance(settings, Settings):
            raise WrongAnswer(f"It returns {_kind(settings)}. Return Settings(…) with your values.")
        _names_are_apart(settings, prefix)
        limits = f"arn:aws:iam::{account}:policy/{prefix}boundary"
        if settings.permissions_boundary != limits:
            raise WrongAnswer(
                "permissions_boundary is not the ARN of the policy <learner>-boundary in this account: "
                f"{settings.permissions_boundary.replace(learner, '<learner>') or 'empty'}."
            )
        if settings.shards != 1:
            raise WrongAnswer(
                f"shards is {settings.shards}: each is billed by the hour, and one is enough for a class."
            )
        _nothing_is_lost(settings)


def _names_are_apart(settings: Settings, prefix: str) -> None:
    if settings.prefix == prefix:
        return
    if settings.prefix == prefix.removesuffix("-"):
        raise WrongAnswer(
            "The prefix has no dash at its end. So the prefix ann is also the beginning of anna's names, and a "
            "policy for ann* lets Ann use what is Anna's."
        )
    raise WrongAnswer(
        f"The prefix is {settings.prefix!r}: it is to be the learner's name and a dash."
    )


def _nothing_is_lost(settings: Settings) -> None:
    """Raise WrongAnswer for retries that give up soon, or that outlive the records."""
    if settings.retries != -1:
        raise WrongAnswer(
            f"With retries={settings.retries} a batch may be given up long before its records are 12 hours "
            "old. -1 retries for as long as the records are young enough."
        )
    if settings.maximum_record_age_seconds == -1:
        raise WrongAnswer(
            "Without a maximum age a failing batch blocks its shard until the stream has forgotten the "
            "records, and by then nobody can send them again. Set maximum_record_age_seconds."
        )
    if settings.maximum_record_age_seconds != 12 * HOUR:
        raise WrongAnswer(
            f"maximum_record_age_seconds is {settings.maximum_record_age_seconds}, which is not 12 hours. The "
            "stream keeps records for 24 hours: a dead letter has to come early enough to send it again."
        )


@checks("15/boundary", "limit a learner, and every role that the learner creates")
def boundary(answer: Answer, bench: Bench) -> None:
    """The documents for two learners of different accounts, tried with requests of theirs; IAM must accept them."""
    for account, prefix, neighbour in LEARNERS:
        document = answer(account, prefix)
        if not isinstance(document, dict):
            raise WrongAnswer(
                f"It returns {_kind(document)}. Return the document as a dictionary with Version and "
                "Statement."
            )
        limits = _Limits(copy.deepcopy(document), account, prefix)
        _streams(limits, neighbour)
        _roles(limits, neighbour)
        _nothing_else(limits)
        bench.user(document)


class _Limits:
    """A document and the requests that it allows."""

    def __init__(self, document: dict[str, Any], account: str, prefix: str) -> None:
        self.document, self.account, self.prefix = document, account, prefix

    @property
    def policy_arn(self) -> str:
        return f"arn:aws:iam::{self.account}:policy/{self.prefix}boundary"

    def allows(self, action: str, resource: str, inside: str = "") -> bool:
        """Whether it allows an action; `inside` is the boundary of the role that the request is about."""
        context: Mapping[str, str] = {INSIDE: inside} if inside else {}
        request = AccessRequest("learner", action, resource, context)
        try:
            return decide([self.document], request).allowed
        except (InvalidPolicy, ValueError, TypeError) as exc:
            raise WrongAnswer(f"IAM would refuse the document: {exc}", exc) from exc

    def stream(self, name: str, account: str = "", region: str = "us-east-1") -> str:
        return f"arn:aws:kinesis:{region}:{account or self.account}:stream/{name}"

    def role(self, name: str) -> str:
        return f"arn:aws:iam::{self.account}:role/{name}"


def _streams(limits: _Limits, neighbour: str) -> None:
    own = f"{limits.prefix}orders"
    for action in STREAM_ACTIONS:
        if not limits.allows(action, limits.stream(own)):
            hint = ""
            if limits.allows(action, limits.stream(own), inside=limits.policy_arn):
                hint = (
                    " A condition is for the whole statement, and a stream has no boundary: use two"
                )
                hint += " statements."
            raise WrongAnswer(f"It does not allow {action} on stream/{_named(own, limits)}.{hint}")
    for action in MORE_OF_KINESIS:
        if not limits.allows(action, limits.stream(own)):
            raise WrongAnswer(
                f"It does not allow {action} on stream/{_named(own, limits)}. The task says: all of Kinesis."
            )
    others = {
        "the stream of a neighbour": limits.stream(f"{neighbour}orders"),
        "a stream of another account": limits.stream(own, "999900001111"),
        "a stream in another region": limits.stream(own, region="eu-west-1"),
        "a stream in us-west-2": limits.stream(own, region="us-west-2"),
        "a stream whose name begins like the prefix, without its dash": limits.stream(
            _without_dash(own)
        ),
        "a consumer of a neighbour's stream": limits.stream(
            f"{neighbour}orders/consumer/{limits.prefix}reports:1767571200"
        ),
        "a stream with the prefix in the middle of its name": limits.stream(f"old-{own}"),
        "every stream": "*",
    }
    for what, arn in others.items():
        if wide := [each for each in actions_of("kinesis") if limits.allows(each, arn)]:
            actions = "actions" if len(wide) > 1 else wide[0]
            raise WrongAnswer(f"It is too wide: it allows {actions} on {what}.")


def _roles(limits: _Limits, neighbour: str) -> None:
    own, inside = limits.role(f"{limits.prefix}worker"), limits.policy_arn
    for action in ROLE_ACTIONS:
        if limits.allows(action, own):
            raise WrongAnswer(
                f"It allows {action} on a role without any boundary. Such a role may be given every right, and "
                "used. Add a condition on iam:PermissionsBoundary."
            )
        if not limits.allows(action, own, inside):
            raise WrongAnswer(
                f"It does not allow {action} on a role that is inside the policy <prefix>boundary. Compare the "
                "condition's key and ARN, and the ARN of the role."
            )
        others = (
            inside.replace(limits.prefix, neighbour),
            inside.replace("boundary", "wide"),
            f"{inside}-of-others",
            f"{inside.rpartition('/')[0]}/old-{limits.prefix}boundary",
            inside.replace(limits.account, "999900001111"),
        )
        if any(limits.allows(action, own, other) for other in others):
            raise WrongAnswer(
                f"It allows {action} on a role inside another policy than the learner's own, which may be wider."
            )
        if limits.allows(action, limits.role(f"{neighbour}worker"), inside):
            raise WrongAnswer(f"It is too wide: it allows {action} on the role of a neighbour.")
        for name in (f"old-{limits.prefix}worker", _without_dash(f"{limits.prefix}worker")):
            if limits.allows(action, limits.role(name), inside):
                raise WrongAnswer(
                    f"It is too wide: it allows {action} on a role whose name does not begin with the prefix."
                )


def _nothing_else(limits: _Limits) -> None:
    own, user = (
        limits.role(f"{limits.prefix}worker"),
        limits.role("").replace(":role/", ":user/learner"),
    )
    forbidden = {
        ("iam:DeleteRolePermissionsBoundary", own): "the learner may take the boundary off a role",
        ("iam:PutRolePermissionsBoundary", own): "the learner may put a role inside another policy",
        ("iam:AttachRolePolicy", own): "more of IAM than the two actions",
        ("iam:PutUserPolicy", user): "the learner may change their own rights",
        ("iam:CreatePolicyVersion", limits.policy_arn): "the learner may rewrite the boundary",
        (
            "dynamodb:DeleteTable",
            f"arn:aws:dynamodb:us-east-1:{limits.account}:table/x",
        ): "DynamoDB",
        ("s3:GetObject", "arn:aws:s3:::payroll/2026"): "S3",
    }
    more = [action for action in actions_of("iam") if action not in ROLE_ACTIONS]
    for action in (*more, "iam:PassRole"):
        forbidden.setdefault((action, own), "more of IAM than the two actions")
    for (action, resource), meaning in forbidden.items():
        if limits.allows(action, resource) or limits.allows(action, resource, limits.policy_arn):
            raise WrongAnswer(f"It also allows {action}: {meaning}. Allow what the task names.")


def _without_dash(name: str) -> str:
    """The name with the prefix of somebody else, whose first letters are the same: annabel-orders."""
    first, _, rest = name.rpartition("-")
    return f"{first}bel-{rest}"


def _named(name: str, limits: _Limits) -> str:
    return name.replace(limits.prefix, "<prefix>")


@checks("15/remove_stream", "delete a stream that is yours, and say what became of it", build=True)
def remove_stream(answer: Answer, bench: Bench) -> None:
    """A missing stream; foreign ones; a rehearsal; one that takes a while to go; a denial; a second page."""
    if (outcome := _call(answer, bench, bench.name("orders"))) != "not there":
        raise WrongAnswer(f"Of a stream that does not exist it says {outcome!r}, not 'not there'.")
    for tags in ({}, *THEIRS):
        _leaves_alone(answer, bench, tags)
    _rehearses(answer, bench)
    _deletes(answer, bench)
    _errors_pass(answer, bench)


def _created(bench: Bench, tags: Mapping[str, str]) -> str:
    kinesis, name = bench.client("kinesis"), bench.name("orders")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    if tags:
        bench.raw("kinesis").add_tags_to_stream(StreamName=name, Tags=dict(tags))
    return name


def _call(answer: Answer, bench: Bench, name: str, dry_run: bool = False) -> Any:
    """What the answer says; its client shows one page of streams, and lets a deletion take a while."""
    kinesis = bench.client("kinesis")
    bench.altered(kinesis, "ListStreams", _first_page)
    for operation in LOOKS:
        bench.fault(kinesis, operation, lambda sent, _: _still_deleting(bench, sent))
    try:
        return answer(kinesis, name, dry_run)
    except WrongAnswer as exc:
        raise _explained(exc) from exc


def _explained(exc: WrongAnswer) -> WrongAnswer:
    """A diagnosis for errors of AWS that a learner is likely to meet."""
    text = str(exc).rstrip(".")
    if "WaiterError" in text or "has waited" in text:
        return WrongAnswer(
            'It waits for the wrong thing. The waiter for a deletion is "stream_not_exists".', exc
        )
    if "ResourceNotFoundException" in text:
        return WrongAnswer(
            f"{text}. That is how AWS says that the stream is not there: catch it where you look.",
            exc.error,
        )
    return exc


def _first_page(answer: dict[str, Any], _: int) -> None:
    answer["StreamNames"], answer["HasMoreStreams"] = ["another-stream"], True


def _still_deleting(bench: Bench, sent: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer to a look at a stream that is being deleted; None when it is not, or gone."""
    name = _stream_of(sent)
    looks = _looks_after_deletion(bench.calls, name)
    if looks is None or len(looks) > 2:
        return None
    shown: dict[str, Any] = {
        "StreamName": name,
        "StreamStatus": "DELETING",
        "Shards": [],
        "HasMoreShards": False,
    }
    return {"StreamDescription": shown, "StreamDescriptionSummary": shown}


def _stream_of(sent: Mapping[str, Any]) -> Any:
    """The name of the stream that a call is about; it may have sent the ARN."""
    return sent.get("StreamName") or str(sent.get("StreamARN", "")).rpartition("/")[2]


def _looks_after_deletion(calls: list[AwsCall], name: object) -> list[AwsCall] | None:
    """The looks at a stream since its deletion; None when nobody deleted it."""
    of_it = [call for call in calls if _stream_of(call.parameters) == name]
    deleted = [
        n for n, call in enumerate(of_it) if call.operation == "DeleteStream" and not call.error
    ]
    if not deleted:
        return None
    return [call for call in of_it[deleted[0] :] if call.operation in LOOKS]


def _leaves_alone(answer: Answer, bench: Bench, tags: Mapping[str, str]) -> None:
    name = _created(bench, tags)
    outcome = _call(answer, bench, name)
    kind = "has another project's tag" if tags else "has no tag"
    if not _exists(bench, name):
        raise WrongAnswer(
            f"It deletes a stream that {kind}. A name proves nothing: delete what has the tag "
            "project=inventory-lab, key and value."
        )
    if outcome == "not there" and bench.made("ListStreams"):
        raise WrongAnswer(
            "It looks for the name in list_streams, which answers page by page, and the stream was on the second "
            "page. Ask for the stream itself."
        )
    if outcome != "not ours":
        raise WrongAnswer(f"Of a stream that {kind} it says {outcome!r}, not 'not ours'.")


def _rehearses(answer: Answer, bench: Bench) -> None:
    name = _created(bench, OURS)
    outcome = _call(answer, bench, name, dry_run=True)
    if not _exists(bench, name):
        raise WrongAnswer("With dry_run=True it deletes the stream. A rehearsal only looks.")
    if outcome != "would be deleted":
        raise WrongAnswer(
            f"A dry run on a stream of yours says {outcome!r}, not 'would be deleted'."
        )
    foreign = _created(bench, {})
    if (outcome := _call(answer, bench, foreign, dry_run=True)) != "not ours":
        raise WrongAnswer(
            f"A dry run on a stream without the tag says {outcome!r}, not 'not ours'."
        )
    if (outcome := _call(answer, bench, bench.name("orders"), dry_run=True)) != "not there":
        raise WrongAnswer(f"A dry run on a missing stream says {outcome!r}, not 'not there'.")


def _deletes(answer: Answer, bench: Bench) -> None:
    name = _created(bench, OURS | {"owner": "learner"})
    outcome = _call(answer, bench, name)
    if outcome == "not ours":
        raise WrongAnswer(
            "Of a stream of yours that has other tags besides it says 'not ours'. Look for project=inventory-lab "
            "among all tags."
        )
    if _exists(bench, name):
        raise WrongAnswer(
            f"It says {outcome!r}, and the stream is still there: call delete_stream."
        )
    looks = _looks_after_deletion(bench.calls, name) or []
    if not looks or looks[-1].error != "ResourceNotFoundException":
        raise WrongAnswer(
            "It returns while the stream is still DELETING, and costs. Wait until AWS does not know it any "
            'more: kinesis.get_waiter("stream_not_exists").'
        )
    if outcome != "deleted":
        raise WrongAnswer(f"Of a stream that it deleted it says {outcome!r}, not 'deleted'.")


def _errors_pass(answer: Answer, bench: Bench) -> None:
    """Raise WrongAnswer when a denied look or deletion passes for an outcome."""
    for operations, what in (
        (("ListTagsForStream", *LOOKS), "to look"),
        (("DeleteStream",), "to delete"),
    ):
        kinesis, name = bench.client("kinesis"), _created(bench, OURS)
        for operation in (*operations, "ListTagsForResource"):
            bench.fault(kinesis, operation, lambda *_: DENIED)
        try:
            outcome = answer(kinesis, name, False)
        except WrongAnswer as exc:
            if "AccessDenied" in str(exc):
                continue
            raise
        raise WrongAnswer(
            f"When AWS does not allow the call {what}, it says {outcome!r}. Who may not look has proved "
            "nothing: catch ResourceNotFoundException alone."
        )


def _exists(bench: Bench, name: str) -> bool:
    kinesis = bench.raw("kinesis")
    try:
        kinesis.describe_stream_summary(StreamName=name)
    except kinesis.exceptions.ResourceNotFoundException:
        return False
    return True


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
