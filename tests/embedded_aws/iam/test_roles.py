"""The pipe and the function have their roles, as far as trust and permissions let them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab, ProductAdded
from inventory_lab.exceptions import BuildDenied, PipeFailed, PrincipalNotAvailable
from inventory_lab.resources import function
from inventory_lab.resources.policies import policy

PIPE_ROLE, FUNCTION_ROLE = "inventory-pipe-role", "update-inventory-role"
TRUST = {"pipe": PIPE_ROLE, "function": FUNCTION_ROLE}


def iam(lab: Lab) -> Any:
    return lab.session("root").client("iam")


def trust(lab: Lab, role: str, service: str, **conditions: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": conditions,
    }
    document = {"Version": "2012-10-17", "Statement": statement}
    iam(lab).update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))


def permissions(lab: Lab, role: str, *left_out: str) -> None:
    """Give the role its policy without the statements of these Sids."""
    kind = "pipe" if role == PIPE_ROLE else "function"
    document = json.loads(policy(f"{kind}/permissions", lab.account))
    document["Statement"] = [s for s in document["Statement"] if s["Sid"] not in left_out]
    iam(lab).put_role_policy(
        RoleName=role, PolicyName="inventory-lab", PolicyDocument=json.dumps(document)
    )


def rebuild_pipe(lab: Lab) -> None:
    """Make the pipe anew with the roles as they are."""
    from inventory_lab.resources import pipe

    pipe.delete(lab.account)
    pipe.ensure(lab.account, lab.clock.advance)


@pytest.mark.parametrize("principal", TRUST)
@pytest.mark.parametrize(
    ("service", "conditions"),
    [
        ("ec2.amazonaws.com", {}),
        ("{own}", {"StringEquals": {"aws:SourceAccount": "999999999999"}}),
        (
            "{own}",
            {"ArnLike": {"aws:SourceArn": "arn:aws:pipes:us-east-1:123456789012:pipe/other"}},
        ),
    ],
)
def test_a_session_of_a_role_needs_the_roles_trust(
    principal: str, service: str, conditions: Any, built: Lab
) -> None:
    own = {"pipe": "pipes.amazonaws.com", "function": "lambda.amazonaws.com"}[principal]
    built.session(principal)
    trust(built, TRUST[principal], service.format(own=own), **conditions)
    with pytest.raises(
        PrincipalNotAvailable, match=f"{own} may not assume .*{TRUST[principal]} for "
    ):
        built.session(principal)


def test_the_trust_of_the_pipes_role_covers_the_pipe_that_will_be_and_no_other(lab: Lab) -> None:
    lab.build("stream")
    lab.session("pipe")  # there is no pipe yet
    decide = lab._backend.evaluator.service_may_assume  # type: ignore[union-attr]
    role, pipes = lab.account.role_arn("pipe_role"), "pipes.amazonaws.com"
    assert decide(role, pipes, lab.account.arn("pipes", "pipe/inventory-pipe")).allowed
    assert not decide(role, pipes, lab.account.arn("pipes", "pipe/inventory-pipe-2")).allowed
    assert not decide(role, "lambda.amazonaws.com", lab.account.function_arn()).allowed


def test_codebuild_may_assume_its_role_for_its_project_alone(built: Lab) -> None:
    iam(built).create_role(
        RoleName="builder", AssumeRolePolicyDocument=policy("codebuild/trust", built.account)
    )
    decide = built._backend.evaluator.service_may_assume  # type: ignore[union-attr]
    role = built.account.role_arn("pipe_role").replace("inventory-pipe-role", "builder")
    project = built.account.arn("codebuild", "project/inventory-build")
    assert decide(role, "codebuild.amazonaws.com", project).allowed
    assert not decide(role, "codebuild.amazonaws.com", project + "-2").allowed
    assert not decide(role, "pipes.amazonaws.com", project).allowed


def test_create_function_is_refused_when_lambda_may_not_assume_the_role(lab: Lab) -> None:
    lab.build("table")
    trust(lab, FUNCTION_ROLE, "ec2.amazonaws.com")
    with pytest.raises(
        ClientError, match=r"InvalidParameterValueException.*cannot be assumed by Lambda"
    ):
        function.ensure(lab.account, lab.clock.advance)
    lab.build("function")


@pytest.mark.parametrize(
    ("sid", "stage", "resource"),
    [
        ("PassFunctionRole", "function", f"role/{FUNCTION_ROLE}"),
        ("PassPipeRole", "pipe", f"role/{PIPE_ROLE}"),
    ],
)
def test_whoever_makes_a_pipe_or_function_needs_to_pass_its_role(
    sid: str, stage: Any, resource: str, lab: Lab
) -> None:
    document = json.loads(policy("admin/deployer", lab.account))
    document["Statement"] = [s for s in document["Statement"] if s["Sid"] != sid]
    arn = f"arn:aws:iam::{lab.account.account_id}:policy/inventory-lab-deployer"
    iam(lab).create_policy_version(
        PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True
    )
    with pytest.raises(
        BuildDenied, match=f"perform: iam:PassRole on resource: .*{resource} because"
    ):
        lab.build(stage)


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        (
            "ReadTheStream",
            "Cannot access stream arn:aws:kinesis:us-east-1:123456789012:stream/e-commerce-streaming. "
            "Please ensure the customer role can perform actions on source stream",
        ),
        (
            "SendDeadLetters",
            "Error occurred while sending message to SQS queue: "
            "arn:aws:sqs:us-east-1:123456789012:inventory-pipe-dlq",
        ),
    ],
)
def test_a_pipe_whose_role_lacks_source_or_dead_letters_fails(
    left_out: str, reason: str, built: Lab
) -> None:
    permissions(built, PIPE_ROLE, left_out)
    with pytest.raises(PipeFailed, match="pipe 'inventory-pipe' is CREATE_FAILED") as raised:
        rebuild_pipe(built)
    assert reason in str(raised.value)
    assert built.pump().invocations == 0
    built.build()  # writes the role's policy anew, and makes the failed pipe again
    assert built.settle(built.publish(ProductAdded("a", 1)))


def test_a_pipe_whose_role_is_not_trusted_is_not_made_whole(built: Lab) -> None:
    trust(built, PIPE_ROLE, "lambda.amazonaws.com")
    with pytest.raises(PipeFailed, match=r"CREATE_FAILED: pipes\.amazonaws\.com may not assume"):
        rebuild_pipe(built)


def test_a_missing_right_to_invoke_shows_only_when_the_pipe_runs(built: Lab) -> None:
    permissions(built, PIPE_ROLE, "InvokeTheFunction")
    rebuild_pipe(built)  # the target is not tested
    receipt = built.publish(ProductAdded("a", 1))
    done = built.pump()
    assert (done.invocations, done.failures) == (1, 1)
    assert (
        "assumed-role/inventory-pipe-role/inventory-pipe is not authorized to perform: lambda:Inv"
        in done.error
    )
    permissions(built, PIPE_ROLE)
    assert built.settle(receipt)
    assert built.reconcile().exact


def test_a_right_that_is_taken_from_a_running_pipe_stops_it_and_says_why(built: Lab) -> None:
    permissions(built, PIPE_ROLE, "ReadTheStream")
    receipt = built.publish(ProductAdded("a", 1))
    report = built.settle(receipt, timeout=3)
    assert not report
    assert "not authorized to perform: kinesis:ListShards" in report.error
    permissions(built, PIPE_ROLE)
    assert built.settle(receipt)


def test_trust_that_is_taken_from_a_running_pipe_stops_it_and_says_why(built: Lab) -> None:
    trust(built, PIPE_ROLE, "ec2.amazonaws.com")
    report = built.settle(built.publish(ProductAdded("a", 1)), timeout=3)
    assert not report
    assert "pipes.amazonaws.com may not assume" in report.error


def test_trust_that_is_taken_from_a_function_makes_its_invocation_fail(built: Lab) -> None:
    trust(built, FUNCTION_ROLE, "ec2.amazonaws.com")
    functions = built.session("admin").client("lambda")
    with pytest.raises(ClientError, match=r"AccessDenied.*lambda\.amazonaws\.com may not assume"):
        functions.invoke(FunctionName="update-inventory", Payload=b"[]")


FUNCTION_STATEMENTS = {
    "ReadAndCommitItems": "dynamodb:BatchGetItem",
    "PublishAlerts": "SNS:Publish",
    "KeepRejectedRecords": "sqs:sendmessage",
}


@pytest.mark.parametrize(("sid", "action"), FUNCTION_STATEMENTS.items())
def test_each_statement_of_the_functions_role_is_needed(sid: str, action: str, built: Lab) -> None:
    permissions(built, FUNCTION_ROLE, sid)
    receipt = built.publish(
        [ProductAdded("a", 2000), ProductAdded("a", 5)]
    )  # an alert, a rejection
    assert not built.settle(receipt, timeout=2)
    payload = f"perform: {action} on resource"
    assert payload in built.session("admin").client("logs").filter_log_events(
        logGroupName="/aws/lambda/update-inventory", filterPattern=f'"{action}"'
    )["events"][0]["message"]  # fmt: skip
    permissions(built, FUNCTION_ROLE)
    assert built.settle(receipt)
    assert built.reconcile().exact


def test_a_function_that_may_not_write_logs_runs_all_the_same_and_has_none(built: Lab) -> None:
    permissions(built, FUNCTION_ROLE, "WriteLogs")
    built.settle(built.publish(ProductAdded("a", 1)))
    assert built.inventory().loc["a", "quantity"] == 1
    assert built.reports()["applied"] == 0
