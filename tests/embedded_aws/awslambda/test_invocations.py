"""How a function is invoked, in which environment it runs, and what the caller gets."""

from __future__ import annotations

import base64
import json
import logging
import os
import sys
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.awslambda.models import lambda_backends

from inventory_lab.exceptions import UnsupportedFunction
from tests.embedded_aws.lambda_function import ARN, DeployedFunction, zip_of, zipped

COUNTS = """
calls = 0
def handle(event, context):
    global calls
    calls += 1
    return calls
"""
TALKS = """
import os, sys
def handle(event, context):
    print("first line")
    print("second line", file=sys.stderr)
    os.environ["LEFT_BEHIND"] = "yes"
    return event
"""


def returns(expression: str, imports: str = "os, sys") -> str:
    return f"import {imports}\ndef handle(event, context):\n    return {expression}\n"


def test_a_function_runs_as_its_role_with_its_own_modules_and_variables(
    probe: DeployedFunction,
) -> None:
    source = """
import boto3, inventory_lab, os
def handle(event, context):
    arn = boto3.client("sts").get_caller_identity()["Arn"]
    return [arn, inventory_lab.MARK, os.environ["NAME"]]
"""
    code = zipped(app=source, inventory_lab="MARK = 'the zip'")
    probe.create_of(code, Environment={"Variables": {"NAME": "probe's own"}})
    session = "arn:aws:sts::123456789012:assumed-role/update-inventory-role/probe"
    assert probe.result() == [session, "the zip", "probe's own"]


def test_afterwards_the_process_is_as_it_was(probe: DeployedFunction) -> None:
    source = TALKS.replace("import", "import logging,", 1).replace(
        "return", "logging.getLogger().setLevel(5); logging.getLogger('app').setLevel(7); return"
    )
    probe.create_of(zipped(app=source, inventory_lab=""))
    package, path, variables = sys.modules["inventory_lab"], list(sys.path), dict(os.environ)
    session, root = boto3.DEFAULT_SESSION, logging.getLogger()
    handlers, level, streams, sleep = (
        list(root.handlers),
        root.level,
        (sys.stdout, sys.stderr),
        time.sleep,
    )
    probe.result()
    assert sys.modules["inventory_lab"] is package
    assert sys.path == path
    assert dict(os.environ) == variables
    assert boto3.DEFAULT_SESSION is session
    assert "app" not in sys.modules
    assert (root.handlers, root.level) == (handlers, level)
    assert "app" not in logging.Logger.manager.loggerDict
    assert (sys.stdout, sys.stderr, time.sleep) == (*streams, sleep)


def test_a_warm_environment_keeps_globals_and_variables(probe: DeployedFunction) -> None:
    probe.create(
        "import os\nold = []\ndef handle(event, context):\n"
        "    old.append(os.environ.get('LAST')); os.environ['LAST'] = str(event); return old\n"
    )
    assert [probe.result(n) for n in (1, 2, 3)][-1] == [None, "1", "2"]


def test_new_code_is_in_force_at_the_next_invocation_and_starts_cold(
    probe: DeployedFunction,
) -> None:
    probe.create(COUNTS)
    assert [probe.result() for _ in range(2)] == [1, 2]
    probe.update(COUNTS.replace("calls = 0", "calls = 10"))
    assert probe.result() == 11


@pytest.mark.parametrize(
    "change",
    [
        {"MemorySize": 512},
        {"Timeout": 8},
        {"Description": "newer"},
        {"Environment": {"Variables": {"NEW": "1"}}},
    ],
)
def test_a_new_configuration_starts_cold(change: dict[str, Any], probe: DeployedFunction) -> None:
    probe.create(COUNTS)
    assert [probe.result() for _ in range(2)] == [1, 2]
    probe.client.update_function_configuration(FunctionName="probe", **change)
    assert probe.result() == 1


def test_a_function_that_was_created_again_starts_cold(probe: DeployedFunction) -> None:
    probe.create(COUNTS)
    assert [probe.result() for _ in range(2)] == [1, 2]
    probe.client.delete_function(FunctionName="probe")
    probe.create(COUNTS)
    assert probe.result() == 1


def test_two_versions_of_one_module_live_side_by_side(probe: DeployedFunction) -> None:
    probe.create_of(zipped(app=COUNTS, inventory_lab="MARK = 1"))
    probe.create_of(zipped(app=COUNTS.replace("+= 1", "-= 1")), FunctionName="other")
    assert [probe.result(), probe.result()] == [1, 2]
    assert probe.result(FunctionName="other") == -1
    assert probe.result() == 3


def test_a_file_of_data_hides_no_module_of_the_same_name(probe: DeployedFunction) -> None:
    source = returns("[sys.modules[name].__name__ for name in event]")
    probe.create_of(zip_of({"app.py": source, "decimal.txt": ""}))
    assert probe.result(["decimal", "app"]) == ["decimal", "app"]


def test_a_copy_of_boto3_in_the_zip_is_not_used(probe: DeployedFunction) -> None:
    source = returns("boto3.__name__", "boto3")
    probe.create_of(zip_of({"app.py": source, "boto3/__init__.py": "1 / 0"}))
    assert probe.result() == "boto3"


def test_a_logger_named_as_a_module_of_the_zip_is_the_environments_own(
    probe: DeployedFunction,
) -> None:
    probe.create(
        "import logging\ndef handle(event, context):\n    logger = logging.getLogger('app')\n"
        "    before = logger.level\n    logger.setLevel(10)\n    return before\n"
    )
    outside = logging.getLogger("app")
    outside.setLevel(50)
    try:
        assert [probe.result(), probe.result()] == [0, 10]
        assert logging.getLogger("app") is outside
        assert outside.level == 50
    finally:
        del logging.Logger.manager.loggerDict["app"]


def test_the_context_describes_the_invocation(probe: DeployedFunction) -> None:
    probe.create(
        "def handle(event, c):\n    return [c.function_name, c.function_version, "
        "c.invoked_function_arn, c.memory_limit_in_mb, c.get_remaining_time_in_millis(), "
        "c.log_group_name, c.log_stream_name, c.identity.cognito_identity_id, c.client_context]\n"
    )
    *facts, stream, identity, client = probe.result()
    assert facts == ["probe", "$LATEST", ARN, "256", 7000, "/aws/lambda/probe"]
    assert [stream] == probe.streams()
    assert (identity, client) == (None, None)


def test_the_context_carries_what_the_caller_says_of_itself(probe: DeployedFunction) -> None:
    probe.create(
        "def handle(event, context):\n    c = context.client_context\n"
        "    return [c.custom, c.env, c.client.app_title, c.client.installation_id]\n"
    )
    given = {"custom": {"a": 1}, "env": {"b": 2}, "client": {"app_title": "till"}}
    header = base64.b64encode(json.dumps(given).encode()).decode()
    assert probe.result(ClientContext=header) == [{"a": 1}, {"b": 2}, "till", None]


def test_the_environment_has_the_variables_of_the_runtime(probe: DeployedFunction) -> None:
    probe.create(returns("dict(os.environ)"))
    variables = probe.result()
    assert variables.items() >= {
        "_HANDLER": "app.handle", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13", "AWS_LAMBDA_FUNCTION_NAME": "probe",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "LAMBDA_TASK_ROOT": "/var/task",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/probe", "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_LAMBDA_LOG_STREAM_NAME": probe.streams()[0], "TZ": ":UTC", "LANG": "en_US.UTF-8",
    }.items()  # fmt: skip
    assert variables["_X_AMZN_TRACE_ID"].startswith("Root=1-")


def test_a_payload_that_is_not_json_is_refused(probe: DeployedFunction) -> None:
    probe.create(COUNTS)
    for kind in ("RequestResponse", "Event"):
        for payload in (b"{", b"\xff"):
            with pytest.raises(probe.client.exceptions.InvalidRequestContentException) as raised:
                probe.client.invoke(FunctionName="probe", Payload=payload, InvocationType=kind)
            assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_unknown_invocation_type_is_refused(probe: DeployedFunction) -> None:
    probe.create(COUNTS)
    with pytest.raises(ClientError, match="Value 'Later' at 'invocationType'"):
        probe.client.invoke(FunctionName="probe", InvocationType="Later")


def test_without_a_payload_the_event_is_an_empty_object(probe: DeployedFunction) -> None:
    probe.create(returns("event"))
    assert json.loads(probe.client.invoke(FunctionName="probe")["Payload"].read()) == {}


def test_a_function_that_is_not_there_is_not_found(probe: DeployedFunction) -> None:
    with pytest.raises(probe.client.exceptions.ResourceNotFoundException, match=ARN):
        probe.invoke()


def test_a_dry_run_runs_nothing(probe: DeployedFunction) -> None:
    probe.create(COUNTS)
    answer = probe.client.invoke(FunctionName="probe", InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert probe.result() == 1


@pytest.mark.parametrize(
    ("kind", "limit"), [("RequestResponse", 6 * 1024 * 1024), ("Event", 1024 * 1024)]
)
def test_a_payload_over_the_limit_is_refused(
    kind: str, limit: int, probe: DeployedFunction
) -> None:
    probe.create(returns("len(event)"))
    call = {"FunctionName": "probe", "InvocationType": kind}
    assert probe.client.invoke(**call, Payload=b'"' + b"x" * (limit - 2) + b'"')["StatusCode"] < 300
    with pytest.raises(probe.client.exceptions.RequestTooLargeException) as raised:
        probe.client.invoke(**call, Payload=b'"' + b"x" * (limit - 1) + b'"')
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    text = f"{limit + 1} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"
    assert text in str(raised.value)


def test_what_a_payload_looks_like_names_no_version(probe: DeployedFunction) -> None:
    probe.create(returns("event"))
    assert probe.result("a&Qualifier=7&b") == "a&Qualifier=7&b"


def test_the_answer_names_the_version_and_on_request_the_end_of_the_log(
    probe: DeployedFunction,
) -> None:
    probe.create(TALKS)
    answer = probe.client.invoke(FunctionName="probe", LogType="Tail")
    assert answer["ExecutedVersion"] == "$LATEST"
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert [line.split(" ")[0] for line in lines] == ["START", "first", "second", "END", "REPORT"]
    assert "LogResult" not in probe.client.invoke(FunctionName="probe")


def test_the_end_of_the_log_has_four_kilobytes(probe: DeployedFunction) -> None:
    probe.create("def handle(event, context):\n    print('x' * 5000)\n")
    answer = probe.client.invoke(FunctionName="probe", LogType="Tail")
    assert len(base64.b64decode(answer["LogResult"])) == 4096


def test_a_published_version_keeps_its_code_and_its_environment(probe: DeployedFunction) -> None:
    probe.create(returns("[context.function_version, context.invoked_function_arn, 'old']"))
    version = probe.client.publish_version(FunctionName="probe")["Version"]
    probe.update(returns("[context.function_version, context.invoked_function_arn, 'new']"))
    old = [version, f"{ARN}:{version}", "old"]
    assert probe.result(Qualifier=version) == old
    assert probe.result(FunctionName=f"{ARN}:{version}") == old
    assert probe.result(FunctionName=f"probe:{version}") == old
    assert probe.result() == ["$LATEST", ARN, "new"]


def test_an_alias_invokes_the_version_it_points_at(probe: DeployedFunction) -> None:
    probe.create(returns("[context.function_version, context.invoked_function_arn]"))
    probe.client.publish_version(FunctionName="probe")
    probe.client.create_alias(FunctionName="probe", Name="live", FunctionVersion="1")
    assert probe.result(Qualifier="live") == ["1", f"{ARN}:live"]
    probe.client.update_alias(FunctionName="probe", Name="live", FunctionVersion="$LATEST")
    assert probe.result(FunctionName=f"{ARN}:live") == ["$LATEST", f"{ARN}:live"]


def test_a_qualifier_that_is_not_there_is_not_found(probe: DeployedFunction) -> None:
    probe.create(COUNTS)
    with pytest.raises(probe.client.exceptions.ResourceNotFoundException, match=f"{ARN}:7"):
        probe.invoke(Qualifier="7")


CALLS_ITSELF = """
import boto3, json
depth = 0
def handle(event, context):
    global depth
    depth += 1
    if event == 0:
        return depth
    answer = boto3.client("lambda").invoke(FunctionName="probe", Payload=json.dumps(event - 1))
    return [depth, json.load(answer["Payload"])]
"""


def test_a_function_that_invokes_itself_gets_a_second_environment(probe: DeployedFunction) -> None:
    probe.allow("logs:*", "lambda:InvokeFunction")
    probe.create(CALLS_ITSELF)
    assert probe.result(2) == [1, [1, 1]]
    assert probe.result(1) == [2, 2]
    assert len(probe.streams()) == 3


def test_more_than_ten_invocations_within_one_another_are_throttled(
    probe: DeployedFunction,
) -> None:
    probe.allow("logs:*", "lambda:InvokeFunction")
    probe.create(CALLS_ITSELF, Timeout=900)
    assert "TooManyRequestsException" not in json.dumps(probe.result(9))
    assert "TooManyRequestsException" in json.dumps(probe.result(10))


def test_what_moto_would_start_by_itself_is_refused(probe: DeployedFunction) -> None:
    probe.create(COUNTS)
    backend = lambda_backends["123456789012"]["us-east-1"]
    with pytest.raises(UnsupportedFunction, match=r"function 'probe' cannot run.*only Invoke"):
        backend.send_log_event(ARN, "filter", "group", "stream", [])
    with pytest.raises(UnsupportedFunction, match=r"function 'probe' cannot run.*only Invoke"):
        backend.invoke(ARN, None, "{}", {}, {})
    assert probe.result() == 1


def test_the_role_is_asked_for_at_the_cold_start(probe: DeployedFunction) -> None:
    probe.create(COUNTS)
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    probe.root.client("iam").update_assume_role_policy(
        RoleName="update-inventory-role",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
    )
    with pytest.raises(ClientError, match=r"lambda\.amazonaws\.com may not assume"):
        probe.invoke()
