"""The exercises of notebook 06, the EventBridge Pipe."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.iam.evaluation.decision import AccessRequest, evaluate_resource_policy
from inventory_lab.iam.evaluation.document import read_policy
from inventory_lab.teaching.exercises.answer import Answer, StopAnswer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.policies import allows, listed, require_exactly
from inventory_lab.teaching.exercises.registry import checks

ARN = "arn:aws:{}:us-east-1:123456789012:{}"
STREAM, QUEUE = ARN.format("kinesis", "stream/orders"), ARN.format("sqs", "orders-dlq")
FUNCTION, PIPE = ARN.format("lambda", "function:count"), ARN.format("pipes", "pipe/orders")
ELSEWHERE = "arn:aws:pipes:eu-west-3:210987654321:pipe/orders"
RENAMED = FUNCTION + "-stock"
DENIED_ORDERS = ARN.format("sqs", "orders-deny")
ROLE = "arn:aws:iam::123456789012:role/orders-pipe"
INVOKE = "lambda:InvokeFunction"
READS = ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
"""https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html"""
LIMIT = ("LimitExceededException", "Cannot exceed quota for RolesPerAccount")
MORE = {"Description": "counts the stock", "Tags": {"team": "7"}}
MEMBERS = {"Name", "Source", "Target", "RoleArn", "SourceParameters", "DesiredState", *MORE}
SOURCE_MEMBERS = {"StartingPosition", "MaximumRetryAttempts", "DeadLetterConfig", "BatchSize"}
CONFLICT = ("ConflictException", "Pipe orders already exists.")
ABSENT = ("NotFoundException", "Pipe orders does not exist.")
INVALID = ("ValidationException", "Input parameter is invalid.")


@checks("06/create_pipe_role", "create a role for a pipe that may do its three things", build=True)
def create_pipe_role(answer: Answer, bench: Bench) -> None:
    """A new role, the same one again, and an error that must not be hidden."""
    iam, name = bench.client("iam"), bench.name("pipe-role")
    returned = answer(iam, name, STREAM, FUNCTION, QUEUE)
    if not bench.made("CreateRole"):
        raise WrongAnswer("No role was created: call iam.create_role.")
    if bench.made("CreateRole")[0].parameters["RoleName"] != name:
        raise WrongAnswer("The role has another name than the argument `name` says.")
    role = bench.raw("iam").get_role(RoleName=name)["Role"]
    if returned != role["Arn"]:
        raise WrongAnswer(f"It returns {_short(returned)}: return the ARN of the role.")
    _trusts_pipes(role["AssumeRolePolicyDocument"])
    _allows_three_things(bench, name)
    _works_again(answer, bench, name, role["Arn"])
    _limit_passes(answer, bench)


def _trusts_pipes(trust: Mapping[str, Any]) -> None:
    """Raise WrongAnswer unless EventBridge Pipes, and nobody else, may assume the role."""
    services: list[str] = []
    for statement in listed(trust["Statement"]):
        principal = statement.get("Principal")
        if not isinstance(principal, dict) or set(principal) != {"Service"}:
            raise WrongAnswer(
                "The trust policy lets more than a service assume the role. Its principal is "
                '{"Service": "pipes.amazonaws.com"}.'
            )
        if statement.get("Effect") != "Allow":
            raise WrongAnswer("The trust policy denies: its Effect must be Allow.")
        if listed(statement.get("Action")) != ["sts:AssumeRole"]:
            raise WrongAnswer("The trust policy must allow sts:AssumeRole, and nothing else.")
        services += listed(principal["Service"])
    if services != ["pipes.amazonaws.com"]:
        raise WrongAnswer(
            f"The trust policy names {', '.join(services)}. The service that uses this role is "
            "EventBridge Pipes: pipes.amazonaws.com."
        )
    if not any(_lets_in(trust, pipe) for pipe in (PIPE, *_pipes_of(trust))):
        raise WrongAnswer(
            "The condition of the trust policy holds for no pipe of this account. A pipe brings its account as "
            "aws:SourceAccount and its ARN as aws:SourceArn; take the account from an ARN that you get."
        )


def _lets_in(trust: Mapping[str, Any], pipe: str) -> bool:
    """Whether this pipe of the account may assume the role."""
    context = {"aws:SourceArn": pipe, "aws:SourceAccount": PIPE.split(":")[4]}
    request = AccessRequest("pipes.amazonaws.com", "sts:AssumeRole", ROLE, context)
    policy = read_policy(trust, "trust")
    service = [("Service", "pipes.amazonaws.com")]
    return evaluate_resource_policy(policy, request, service).allowed


def _pipes_of(trust: Mapping[str, Any]) -> Iterator[str]:
    """Pipes of this account with the names that the conditions mention."""
    for name in re.findall(r"pipe/([^\"]+)", json.dumps(trust)):
        yield f"{PIPE.rpartition('/')[0]}/{name.replace('*', 'x')}"


def _allows_three_things(bench: Bench, name: str, function: str = FUNCTION) -> None:
    rights = [(f"kinesis:{action}", STREAM) for action in READS]
    rights += [(INVOKE, function), ("sqs:SendMessage", QUEUE)]
    require_exactly(_permissions(bench, name), rights)


def _permissions(bench: Bench, name: str) -> dict[str, Any]:
    """All inline policies of a role as one document."""
    iam = bench.raw("iam")
    statements: list[Any] = []
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        statements += listed(document["Statement"])
    if iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        raise WrongAnswer(
            "It attaches a managed policy, which exists outside the role and stays when the role is deleted. "
            "Store an inline policy, with put_role_policy."
        )
    if not statements:
        raise WrongAnswer(
            "The role has a trust policy and no permissions: who may use it is said, what it may do is not. "
            "Call iam.put_role_policy."
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _works_again(answer: Answer, bench: Bench, name: str, arn: str) -> None:
    try:
        again = answer(bench.client("iam"), name, STREAM, RENAMED, QUEUE)
    except WrongAnswer as exc:
        if "EntityAlreadyExists" not in str(exc):
            raise
        raise WrongAnswer(
            "The second call, for a role that exists, fails with EntityAlreadyExistsException. Catch it round "
            "create_role, and go on with the permissions."
        ) from exc
    if again != arn:
        raise WrongAnswer(f"For a role that exists it returns {_short(again)}, not its ARN.")
    invocable = [allows(_permissions(bench, name), INVOKE, each) for each in (FUNCTION, RENAMED)]
    if all(invocable):
        raise WrongAnswer(
            "Called again for a function with another name, the role may still invoke the old one: what "
            "several policies allow adds up. Store the permissions under the same policy name both times."
        )
    try:
        _allows_three_things(bench, name, RENAMED)
    except WrongAnswer as exc:
        raise WrongAnswer(
            "Called again for a function with another name, the role keeps its old permissions. Call "
            f"put_role_policy for a role that exists too. {exc}"
        ) from exc


def _limit_passes(answer: Answer, bench: Bench) -> None:
    iam = bench.client("iam")
    bench.fault(iam, "CreateRole", lambda *_: LIMIT)
    try:
        answer(iam, bench.name("pipe-role"), STREAM, FUNCTION, QUEUE)
    except WrongAnswer as exc:
        if "LimitExceeded" in str(exc):
            return
        raise WrongAnswer(
            "When AWS answers LimitExceededException, your function goes on, and fails later with "
            "something else. Catch EntityAlreadyExistsException alone."
        ) from exc
    raise WrongAnswer("When AWS answers LimitExceededException, your function says nothing.")


@checks("06/create_pipe", "create a pipe that loses nothing and gives up in the end")
def create_pipe(answer: Answer, bench: Bench) -> None:
    """A new pipe, one that exists, and an error that must not be hidden."""
    pipes = bench.client("pipes")
    bench.fault(pipes, "CreatePipe", lambda *_: {"Arn": PIPE, "Name": "orders"})
    _absent_at_first(bench, pipes)
    returned = answer(pipes, "orders", ROLE, STREAM, FUNCTION, QUEUE, **MORE)
    if not bench.made("CreatePipe"):
        raise WrongAnswer("No pipe was created: call pipes.create_pipe.")
    _request_is_right(bench.made("CreatePipe")[0].parameters)
    if returned != PIPE:
        raise WrongAnswer(f"It returns {_short(returned)}: return the ARN of the pipe.")
    _existing_is_kept(answer, bench)
    _invalid_passes(answer, bench)


def _request_is_right(sent: Mapping[str, Any]) -> None:
    expected = {"Name": "orders", "Source": STREAM, "Target": FUNCTION, "RoleArn": ROLE}
    for member, value in expected.items():
        if sent.get(member) != value:
            raise WrongAnswer(f"{member} is {_short(sent.get(member))}, expected {value}.")
    source = sent.get("SourceParameters", {}).get("KinesisStreamParameters", {})
    if source.get("StartingPosition") != "TRIM_HORIZON":
        raise WrongAnswer(
            "It does not start at TRIM_HORIZON, so what is in the stream already is never processed."
        )
    if source.get("DeadLetterConfig", {}).get("Arn") != QUEUE:
        raise WrongAnswer(
            "The pipe has no dead-letter queue: what it gives up would disappear. Set DeadLetterConfig."
        )
    if source.get("MaximumRetryAttempts") != 2:
        raise WrongAnswer(
            "It does not limit the retries to 2. Without a limit a failing batch blocks its shard until the "
            "record expires."
        )
    if sent.get("DesiredState", "RUNNING") != "RUNNING":
        raise WrongAnswer(
            "The pipe is created STOPPED, so it moves nothing: leave DesiredState out."
        )
    extra = sorted({*source} - SOURCE_MEMBERS) + sorted({*sent} - MEMBERS)
    extra += sorted({*sent["SourceParameters"]} - {"KinesisStreamParameters"})
    if extra:
        raise WrongAnswer(f"It also sets {extra[0]}, which nobody asked for. Leave it out.")
    for member, asked in MORE.items():
        if sent.get(member) != asked:
            raise WrongAnswer(
                f"Called with {' and '.join(MORE)}, it leaves {member} out: pass `**more` to the call."
            )


def _absent_at_first(bench: Bench, pipes: Any, arn: str = PIPE) -> None:
    """DescribePipe knows the pipe after the next call of CreatePipe only; it runs at the second look."""
    before, looks = len(bench.made("CreatePipe")), count()

    def described(*_: object) -> Any:
        if len(bench.made("CreatePipe")) == before:
            return ABSENT
        return {"Arn": arn, "CurrentState": "RUNNING" if next(looks) else "CREATING"}

    bench.fault(pipes, "DescribePipe", described)


def _kept(*_: object) -> Any:
    raise StopAnswer(
        "It changes or deletes the pipe that exists. Keep it, and look its ARN up with describe_pipe."
    )


def _existing_is_kept(answer: Answer, bench: Bench) -> None:
    pipes = bench.client("pipes")
    bench.fault(pipes, "CreatePipe", lambda *_: CONFLICT)
    _absent_at_first(bench, pipes, ELSEWHERE)
    for operation in ("UpdatePipe", "DeletePipe", "StopPipe"):
        bench.fault(pipes, operation, _kept)
    before = len(bench.made("DescribePipe"))
    try:
        returned = answer(pipes, "orders", ROLE, STREAM, FUNCTION, QUEUE)
    except WrongAnswer as exc:
        if "Conflict" not in str(exc):
            raise
        if len(bench.made("DescribePipe")) > before:
            raise WrongAnswer(
                "Your function asks whether the pipe exists, and then creates it. When somebody else "
                "creates it in between, it fails. Create first, and catch ConflictException."
            ) from exc
        raise WrongAnswer(
            "The second call, for a pipe that exists, fails with ConflictException. Catch it, and look "
            "the ARN up with describe_pipe."
        ) from exc
    if returned == PIPE:
        raise WrongAnswer(
            "For a pipe that exists in another account and region it returns the same ARN as here. Do not write "
            "the account and the region yourself: return the ARN with which describe_pipe answers."
        )
    if returned != ELSEWHERE:
        raise WrongAnswer(f"For a pipe that exists it returns {_short(returned)}, not its ARN.")


def _invalid_passes(answer: Answer, bench: Bench) -> None:
    pipes = bench.client("pipes")
    bench.fault(pipes, "CreatePipe", lambda *_: INVALID)
    _absent_at_first(bench, pipes)
    try:
        answer(pipes, "orders", ROLE, STREAM, FUNCTION, QUEUE)
    except WrongAnswer as exc:
        if "Validation" in str(exc):
            return
        raise
    raise WrongAnswer(
        "When AWS refuses the request with ValidationException, your function says nothing. Catch "
        "ConflictException alone."
    )


@checks("06/mend", "read a denial and write the statement that mends it")
def mend(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """Denials of three services, one of a queue named after denials, one explicit deny, and a line that
    is not a denial.
    """
    user = "User: arn:aws:sts::123456789012:assumed-role/orders-pipe/orders"
    for action, resource in (
        ("lambda:InvokeFunction", FUNCTION),
        ("sqs:SendMessage", QUEUE),
        ("kinesis:GetRecords", STREAM),
        ("sqs:SendMessage", DENIED_ORDERS),
    ):
        text = f"{user} is not authorized to perform: {action} on resource: {resource} because no "
        text += f"identity-based policy allows the {action} action"
        _mends(answer, f"AccessDeniedException: {text}", action, resource)
    denied = f"{user} is not authorized to perform: sqs:SendMessage on resource: {QUEUE} with an "
    denied += "explicit deny in an identity-based policy"
    if answer(denied) is not None:
        raise WrongAnswer(
            "For an explicit deny it returns a statement, but no Allow overrides a Deny. Return None."
        )
    if _for_a_timeout(answer) is not None:
        raise WrongAnswer("For a time-out it returns a statement. Return None: it is not a denial.")


def _for_a_timeout(answer: Answer) -> object:
    text = "Task timed out after 60.00 seconds"
    try:
        return answer(text)
    except WrongAnswer as exc:
        raise WrongAnswer(
            f'"{text}" is not a denial: return None for it. There your function fails with {exc}'
        ) from exc


def _mends(answer: Answer, text: str, action: str, resource: str) -> None:
    returned = answer(text)
    if returned is None and resource == DENIED_ORDERS:
        raise WrongAnswer(
            f"For a denied {action} on the queue orders-deny it returns nothing. That denial is not "
            "explicit: look for the words `with an explicit deny`."
        )
    if not isinstance(returned, dict):
        raise WrongAnswer(f"For a denied {action} it returns {_short(returned)}, not a statement.")
    if "Statement" in returned:
        raise WrongAnswer("It returns a whole policy. Return its statement alone, as a dictionary.")
    if returned.get("Effect") != "Allow":
        raise WrongAnswer("The statement has no Effect of Allow.")
    try:
        require_exactly({"Version": "2012-10-17", "Statement": [returned]}, [(action, resource)])
    except WrongAnswer as exc:
        raise WrongAnswer(f"For a denied {action}: {exc}") from exc


def _short(value: object) -> str:
    return "nothing" if value is None else f"{json.dumps(value, default=repr)!s:.70}"
