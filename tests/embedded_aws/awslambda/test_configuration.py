"""What CreateFunction and UpdateFunctionConfiguration refuse, and what they keep."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab.embedded_aws.awslambda.patches.configuration import RESERVED
from inventory_lab.exceptions import UnsupportedFunction
from tests.embedded_aws.lambda_function import DeployedFunction

SOURCE = "def handle(event, context):\n    return event\n"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:dead"


def update(probe: DeployedFunction, **changes: Any) -> Any:
    return probe.client.update_function_configuration(FunctionName="probe", **changes)


def variables(**named: str) -> dict[str, Any]:
    return {"Environment": {"Variables": named}}


def test_a_reserved_variable_is_refused(probe: DeployedFunction) -> None:
    for name in sorted(RESERVED):
        with pytest.raises(probe.client.exceptions.InvalidParameterValueException) as raised:
            probe.create(SOURCE, **variables(GOOD="1", **{name: "1"}))
        text = f"reserved keys that are currently not supported for modification. Reserved keys used in this request: {name}"
        assert str(raised.value).endswith(text)


def test_a_reserved_variable_is_refused_in_an_update_too(probe: DeployedFunction) -> None:
    probe.create(SOURCE, **variables(GOOD="1"))
    with pytest.raises(probe.client.exceptions.InvalidParameterValueException, match="AWS_REGION"):
        update(probe, **variables(AWS_REGION="eu-west-1"))
    configuration = probe.client.get_function_configuration(FunctionName="probe")
    assert configuration["Environment"] == {"Variables": {"GOOD": "1"}}


@pytest.mark.parametrize("name", ["1st", "A-B", "X", "with space"])
def test_a_malformed_name_of_a_variable_is_refused(name: str, probe: DeployedFunction) -> None:
    with pytest.raises(ClientError, match="Map keys must satisfy constraint") as raised:
        probe.create(SOURCE, **variables(**{name: "1"}))
    assert raised.value.response["Error"]["Code"] == "ValidationException"


def test_all_variables_together_have_four_kilobytes(probe: DeployedFunction) -> None:
    envelope = len('{"BIG":""}')
    probe.create(SOURCE, **variables(BIG="x" * (4096 - envelope)))
    with pytest.raises(
        probe.client.exceptions.InvalidParameterValueException, match="exceeded the 4KB limit"
    ):
        update(probe, **variables(BIG="x" * (4096 - envelope + 1)))


def test_variables_can_be_taken_away(probe: DeployedFunction) -> None:
    probe.create(SOURCE, **variables(GOOD="1"))
    assert "Environment" not in update(probe, Environment={})


@pytest.mark.parametrize(("member", "most"), [("Timeout", 900), ("MemorySize", 10_240)])
def test_a_size_over_the_most_is_refused(member: str, most: int, probe: DeployedFunction) -> None:
    probe.create(SOURCE, **{member: most})
    with pytest.raises(ClientError, match=f"Member must have value less than or equal to {most}"):
        update(probe, **{member: most + 1})


def test_a_zip_that_is_none_is_refused(probe: DeployedFunction) -> None:
    with pytest.raises(ClientError, match="Could not unzip uploaded file"):
        probe.create_of(b"no zip")
    probe.create(SOURCE)
    with pytest.raises(ClientError, match="Could not unzip uploaded file"):
        probe.client.update_function_code(FunctionName="probe", ZipFile=b"no zip")
    assert probe.result(1) == 1


def test_a_dead_letter_config_is_kept_and_shown(probe: DeployedFunction) -> None:
    probe.allow("sqs:SendMessage")
    assert "DeadLetterConfig" not in probe.create(SOURCE)
    assert update(probe, DeadLetterConfig={"TargetArn": QUEUE})["DeadLetterConfig"] == {
        "TargetArn": QUEUE
    }
    assert update(probe, Timeout=9)["DeadLetterConfig"] == {"TargetArn": QUEUE}
    assert "DeadLetterConfig" not in update(probe, DeadLetterConfig={})


@pytest.mark.parametrize(
    ("target", "call"),
    [(QUEUE, "SendMessage on SQS"), ("arn:aws:sns:us-east-1:123456789012:dead", "Publish on SNS")],
)
def test_a_dead_letter_target_that_the_role_may_not_send_to_is_refused(
    target: str, call: str, probe: DeployedFunction
) -> None:
    config = {"DeadLetterConfig": {"TargetArn": target}}
    text = f"The provided execution role does not have permissions to call {call}"
    with pytest.raises(ClientError, match=text):
        probe.create(SOURCE, **config)
    with pytest.raises(probe.client.exceptions.ResourceNotFoundException):
        probe.client.get_function(FunctionName="probe")
    probe.create(SOURCE)
    with pytest.raises(ClientError, match=text):
        update(probe, **config)


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        ({"Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:a:1"]}, "it has layers"),
        ({"Runtime": "nodejs22.x"}, "its runtime is nodejs22.x, not Python"),
        ({"PackageType": "Image", "Code": {"ImageUri": "a:b"}}, "its package is a container image"),
    ],
)
def test_what_the_lab_cannot_run_is_refused(
    request_: dict[str, Any], problem: str, probe: DeployedFunction
) -> None:
    with pytest.raises(UnsupportedFunction, match=f"function 'probe' cannot run.*{problem}"):
        probe.create(SOURCE, **request_)


def test_an_alias_of_two_versions_is_refused(probe: DeployedFunction) -> None:
    probe.create(SOURCE)
    probe.client.publish_version(FunctionName="probe")
    weights = {"AdditionalVersionWeights": {"1": 0.5}}
    alias = {"FunctionName": "probe", "Name": "live"}
    with pytest.raises(UnsupportedFunction, match="divides invocations"):
        probe.client.create_alias(**alias, FunctionVersion="$LATEST", RoutingConfig=weights)
    probe.client.create_alias(**alias, FunctionVersion="1")
    with pytest.raises(UnsupportedFunction, match="divides invocations"):
        probe.client.update_alias(**alias, RoutingConfig=weights)


def test_a_statement_id_has_letters_digits_hyphens_and_underscores(probe: DeployedFunction) -> None:
    probe.create(SOURCE)
    permission = {"Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"}
    for sid in ("shop/large", QUEUE):
        with pytest.raises(ClientError, match="at 'statementId' failed to satisfy") as raised:
            probe.client.add_permission(FunctionName="probe", StatementId=sid, **permission)
        assert raised.value.response["Error"]["Code"] == "ValidationException"
    probe.client.add_permission(FunctionName="probe", StatementId="shop_large-1", **permission)


def test_a_statement_id_serves_one_permission(probe: DeployedFunction) -> None:
    probe.create(SOURCE)
    probe.allow_invoke("sns.amazonaws.com", QUEUE)
    conflict = probe.client.exceptions.ResourceConflictException
    with pytest.raises(
        conflict, match=r"The statement id \(sns\) provided already exists"
    ) as raised:
        probe.allow_invoke("sns.amazonaws.com", QUEUE)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    probe.client.remove_permission(FunctionName="probe", StatementId="sns")
    probe.allow_invoke("sns.amazonaws.com", QUEUE)
    assert probe.client.get_policy(FunctionName="probe")["Policy"].count('"Sid"') == 1
