"""What the caller gets when a handler fails, cannot be found, or ends the process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.embedded_aws.lambda_function import DeployedFunction, zipped

FAILS = "def handle(event, context):\n    raise ValueError('no such stock')\n"
LARGEST = 6_291_556


def ends(body: str) -> str:
    return f"import sys\ncalls = []\ndef handle(event, context):\n    calls.append(1)\n    if len(calls) == 2: {body}\n    return len(calls)\n"


def test_an_exception_is_answered_with_200_and_described_in_the_payload(
    probe: DeployedFunction,
) -> None:
    probe.create(FAILS)
    answer = probe.client.invoke(FunctionName="probe")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    body = json.load(answer["Payload"])
    assert list(body) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert (body["errorMessage"], body["errorType"]) == ("no such stock", "ValueError")
    [frame] = body["stackTrace"]
    source = "    raise ValueError('no such stock')\n"
    assert frame.startswith('  File "/var/task/app.py", line 2, in handle\n' + source)


def test_an_exception_leaves_the_environment_warm(probe: DeployedFunction) -> None:
    probe.create(ends("raise ValueError"))
    assert probe.result() == 1
    assert probe.error()["errorType"] == "ValueError"
    assert probe.result() == 3


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        ("nowhere.handle", "ImportModuleError", "Unable to import module 'nowhere': No module named 'nowhere'"),
        ("needy.handle", "ImportModuleError", "Unable to import module 'needy': No module named 'nowhere'"),
        ("app.nothing", "HandlerNotFound", "Handler 'nothing' missing on module 'app'"),
        ("broken.handle", "UserCodeSyntaxError", "Syntax error in module 'broken': invalid syntax (broken.py, line 2)"),
        ("handle", "MalformedHandlerName", "Bad handler 'handle': not enough values to unpack (expected 2, got 1)"),
        ("sys.exit", "BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
    ],
)  # fmt: skip
def test_a_handler_that_cannot_be_found_is_a_fault_of_the_runtime(
    handler: str, kind: str, message: str, probe: DeployedFunction
) -> None:
    code = zipped(app=FAILS, needy="import nowhere\n", broken="x = 1\nx = = 2\n")
    probe.create_of(code, handler)
    error = probe.error()
    assert (error["errorType"], error["errorMessage"]) == (f"Runtime.{kind}", message)
    assert error["requestId"]
    line = ['  File "/var/task/broken.py" Line 2\n    x = = 2\n']
    assert error["stackTrace"] == (line if handler == "broken.handle" else [])


def test_a_module_that_cannot_be_imported_is_imported_again_in_a_new_environment(
    probe: DeployedFunction,
) -> None:
    probe.create("raise OSError('down')\n")
    assert [probe.error()["errorType"] for _ in range(2)] == ["OSError", "OSError"]
    assert len(probe.streams()) == 2


def test_a_missing_handler_ends_the_environment(probe: DeployedFunction) -> None:
    probe.create(FAILS, "app.nothing")
    probe.error()
    probe.error()
    assert len(probe.streams()) == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("sys.exit(3)", "with error: exit status 3"),
        ("sys.exit('broken')", "with error: exit status 1"),
        ("sys.exit()", "without providing a reason"),
        ("sys.exit(0)", "without providing a reason"),
        ("raise GeneratorExit", "with error: exit status 1"),
    ],
)
def test_the_end_of_the_process_is_an_error_and_ends_the_environment(
    body: str, reason: str, probe: DeployedFunction
) -> None:
    probe.create(ends(body))
    assert probe.result() == 1
    error = probe.error()
    assert list(error) == ["errorType", "errorMessage"]
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].startswith("RequestId: ")
    assert error["errorMessage"].endswith(f" Error: Runtime exited {reason}")
    assert probe.result() == 1


def test_a_module_that_ends_the_process_is_the_same_error(probe: DeployedFunction) -> None:
    probe.create("import sys\nsys.exit(4)\n")
    assert probe.error()["errorMessage"].endswith("Runtime exited with error: exit status 4")


@pytest.mark.parametrize("value", ["{1, 2}", "object()", "b'bytes'", "{(1,): 2}"])
def test_a_result_that_is_not_json_is_a_marshal_error(value: str, probe: DeployedFunction) -> None:
    probe.create(f"def handle(event, context):\n    return {value}\n")
    error = probe.error()
    assert error["errorType"] == "Runtime.MarshalError"
    assert error["errorMessage"].startswith("Unable to marshal response: ")
    assert error["stackTrace"] == []


def test_decimals_in_a_result_are_numbers(probe: DeployedFunction) -> None:
    probe.create(
        "from decimal import Decimal\ndef handle(event, context):\n    return [Decimal('1.5'), Decimal(3)]\n"
    )
    assert probe.result() == [1.5, 3.0]


def test_a_response_over_six_megabytes_is_a_function_error(probe: DeployedFunction) -> None:
    probe.create("def handle(event, context):\n    return 'x' * event\n")
    assert len(probe.result(LARGEST - 2)) == LARGEST - 2
    error: Any = probe.error(LARGEST - 1)
    assert error == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }


def test_an_interrupt_by_the_learner_is_not_an_error_of_the_function(
    probe: DeployedFunction,
) -> None:
    probe.create(ends("raise KeyboardInterrupt"))
    assert probe.result() == 1
    with pytest.raises(KeyboardInterrupt):
        probe.invoke()
    assert probe.result() == 3
