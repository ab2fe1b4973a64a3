from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from typing import Any

import boto3
import pytest

from inventory_lab import Lab

HANDLERS = """
import json, os, sys
import boto3
import inventory_lab

calls = 0

def warm(event, context):
    global calls
    calls += 1
    return calls

def who(event, context):
    arn = boto3.client("sts").get_caller_identity()["Arn"]
    return {"arn": arn, "package": inventory_lab.MARK, "name": os.environ["NAME"]}

def describe(event, context):
    return {
        "name": context.function_name, "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb, "left": context.get_remaining_time_in_millis(),
        "group": context.log_group_name, "root": os.environ["LAMBDA_TASK_ROOT"],
    }

def fail(event, context):
    raise ValueError("no such stock")

def leave(event, context):
    sys.exit(3)

def no_json(event, context):
    return {1, 2}

def talk(event, context):
    print("first line")
    print("second line", file=sys.stderr)
    os.environ["LEFT_BEHIND"] = "yes"
    return event
"""


@pytest.fixture
def functions(lab: Lab) -> Any:
    lab.build(through="table")
    allow = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    lab.session("root").client("iam").put_role_policy(
        RoleName="update-inventory-role",
        PolicyName="logs-of-the-probe",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allow}),
    )
    return lab.session("root").client("lambda")


def zipped(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/") + ".py", text)
    return buffer.getvalue()


def create(functions: Any, handler: str, code: bytes | None = None) -> None:
    code = code or zipped(app=HANDLERS, inventory_lab="MARK = 'the zip'")
    functions.create_function(
        FunctionName="probe",
        Runtime="python3.13",
        Handler=handler,
        Role="arn:aws:iam::123456789012:role/update-inventory-role",
        Timeout=7,
        MemorySize=256,
        Environment={"Variables": {"NAME": "probe's own"}},
        Code={"ZipFile": code},
    )


def invoke(functions: Any, event: Any = None, **more: Any) -> tuple[Any, str | None]:
    answer = functions.invoke(FunctionName="probe", Payload=json.dumps(event), **more)
    payload = answer["Payload"].read()
    return (json.loads(payload) if payload else None), answer.get("FunctionError")


def test_a_function_runs_as_its_role_with_its_own_modules_and_variables(functions: Any) -> None:
    create(functions, "app.who")
    result, error = invoke(functions)
    assert error is None
    assert result == {
        "arn": "arn:aws:sts::123456789012:assumed-role/update-inventory-role/probe",
        "package": "the zip",
        "name": "probe's own",
    }


def test_afterwards_the_process_is_as_it_was(functions: Any) -> None:
    create(functions, "app.talk")
    package, path, variables = sys.modules["inventory_lab"], list(sys.path), dict(os.environ)
    session = boto3.DEFAULT_SESSION
    invoke(functions)
    assert sys.modules["inventory_lab"] is package
    assert sys.path == path
    assert dict(os.environ) == variables
    assert boto3.DEFAULT_SESSION is session
    assert "app" not in sys.modules


def test_a_warm_environment_keeps_its_globals_and_new_code_starts_cold(functions: Any) -> None:
    create(functions, "app.warm")
    assert [invoke(functions)[0] for _ in range(3)] == [1, 2, 3]
    code = zipped(app=HANDLERS + "\n# newer\n", inventory_lab="MARK = 'newer'")
    functions.update_function_code(FunctionName="probe", ZipFile=code)
    assert invoke(functions)[0] == 1


def test_the_context_describes_the_invocation(functions: Any) -> None:
    create(functions, "app.describe")
    assert invoke(functions)[0] == {
        "name": "probe",
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:probe",
        "memory": "256",
        "left": 7000,
        "group": "/aws/lambda/probe",
        "root": "/var/task",
    }


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        ("app.fail", "ValueError", "no such stock"),
        ("app.leave", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("app.no_json", "Runtime.MarshalError", "Unable to marshal response"),
        ("app.nothing", "Runtime.HandlerNotFound", "Handler 'nothing' missing on module 'app'"),
        ("nowhere.handle", "Runtime.ImportModuleError", "Unable to import module 'nowhere'"),
    ],
)
def test_an_error_is_answered_with_200_and_told_in_the_payload(
    functions: Any, handler: str, kind: str, message: str
) -> None:
    create(functions, handler)
    result, error = invoke(functions)
    assert error == "Unhandled"
    assert result["errorType"] == kind
    assert message in result["errorMessage"]
    assert result["requestId"]


def test_the_stack_trace_shows_the_paths_of_lambda(functions: Any) -> None:
    create(functions, "app.fail")
    [frame] = invoke(functions)[0]["stackTrace"]
    assert frame.startswith('  File "/var/task/app.py", line ')


def test_what_the_handler_prints_is_in_its_logs(functions: Any, lab: Lab) -> None:
    create(functions, "app.talk")
    invoke(functions)
    logs = lab.session("root").client("logs")
    events = logs.filter_log_events(logGroupName="/aws/lambda/probe")["events"]
    assert [event["message"] for event in events] == ["first line", "second line"]
    assert {event["timestamp"] for event in events} == {int(lab.clock.timestamp() * 1000)}


def test_a_payload_that_is_no_json_is_refused(functions: Any) -> None:
    create(functions, "app.talk")
    with pytest.raises(functions.exceptions.InvalidRequestContentException):
        functions.invoke(FunctionName="probe", Payload=b"{")


def test_a_dry_run_runs_nothing(functions: Any) -> None:
    create(functions, "app.fail")
    answer = functions.invoke(FunctionName="probe", InvocationType="DryRun")
    assert answer["StatusCode"] == 204


def test_an_event_invocation_answers_202_without_a_result(functions: Any) -> None:
    create(functions, "app.fail")
    answer = functions.invoke(FunctionName="probe", InvocationType="Event")
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
