"""What a function writes is in CloudWatch Logs, between the lines of Lambda."""

from __future__ import annotations

import re
from typing import Any

import pytest

from inventory_lab.embedded_aws.awslambda.logs import (
    BATCH_EVENTS,
    EVENT_BYTES,
    LogStream,
    Output,
    report,
)
from inventory_lab.embedded_aws.clock import LabClock
from tests.embedded_aws.lambda_function import DeployedFunction
from tests.fakes import client_error

ID = "[-0-9a-f]{36}"


def handler(*lines: str, before: str = "import logging, sys, time") -> str:
    return "\n    ".join([f"{before}\ndef handle(event, context):", *lines, "return event\n"])


def test_an_invocation_writes_start_its_lines_end_and_report(probe: DeployedFunction) -> None:
    probe.create(handler("print('first line')", "print('second line', file=sys.stderr)"))
    probe.result()
    start, first, second, end, last = probe.log(lines_of_lambda=True)
    request_id = start[len("START RequestId: ") :][:36]
    assert start == f"START RequestId: {request_id} Version: $LATEST"
    assert (first, second) == ("first line", "second line")
    assert end == f"END RequestId: {request_id}"
    assert last.startswith(f"REPORT RequestId: {request_id}\tDuration: ")


def test_the_report_gives_lab_time_and_at_a_cold_start_that_of_the_import(
    probe: DeployedFunction,
) -> None:
    probe.create(handler("time.sleep(0.0123)", before="import time\ntime.sleep(0.25)"))
    probe.result()
    probe.result()
    cold, warm = (line.split("\t")[1:] for line in probe.reports())
    memory = ["Memory Size: 256 MB", "Max Memory Used: 60 MB"]
    assert cold == [
        "Duration: 12.30 ms",
        "Billed Duration: 263 ms",
        *memory,
        "Init Duration: 250.00 ms",
    ]
    assert warm == ["Duration: 12.30 ms", "Billed Duration: 13 ms", *memory]


def test_at_least_a_millisecond_is_billed() -> None:
    assert "\tBilled Duration: 1 ms\t" in report("id", 0, 128)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("time.sleep(9)", "\tStatus: timeout"),
        ("sys.exit(3)", "\tStatus: error\tError Type: Runtime.ExitError"),
        ("raise ValueError", ""),
    ],
)
def test_the_report_says_when_the_environment_ended(
    line: str, status: str, probe: DeployedFunction
) -> None:
    probe.create(handler(line))
    probe.invoke()
    [last] = probe.reports()
    assert re.search(r"Init Duration: 0\.00 ms(.*)", last)[1] == status  # type: ignore[index]


def test_logging_is_written_as_in_lambda(probe: DeployedFunction) -> None:
    probe.create(
        handler(
            "logging.getLogger('shop').warning('low\\non %s', event)",
            "time.sleep(1.5)",
            "logging.error('!')",
        )
    )
    probe.result("milk")
    first, second = probe.log()
    assert re.fullmatch(rf"\[WARNING\]\t2026-01-05T09:00:00\.000Z\t{ID}\tlow\non milk", first)
    assert re.fullmatch(rf"\[ERROR\]\t2026-01-05T09:00:01\.500Z\t{ID}\t!", second)


def test_logging_shows_warnings_and_above_by_default(probe: DeployedFunction) -> None:
    probe.create(
        handler(
            "logging.info('seen from the second time on')", "logging.getLogger().setLevel('INFO')"
        )
    )
    probe.result()
    assert probe.log() == []
    probe.result()
    [line] = probe.log()
    assert line.startswith("[INFO]\t")


def test_an_exception_that_is_logged_has_its_traceback(probe: DeployedFunction) -> None:
    probe.create(handler("try: 1 / 0", "except ZeroDivisionError: logging.exception('odd')"))
    probe.result()
    [line] = probe.log()
    assert "\todd\nTraceback (most recent call last):\n" in line
    assert line.endswith("ZeroDivisionError: division by zero")


def test_a_stream_that_a_module_keeps_is_that_of_its_environment(probe: DeployedFunction) -> None:
    probe.create(handler("print('kept', file=OUT)", before="import sys\nOUT = sys.stdout"))
    probe.result()
    probe.result()
    assert probe.log() == ["kept", "kept"]


def test_the_output_of_an_invocation_is_closed_after_it_so_that_its_destructor_runs_no_code(
    probe: DeployedFunction,
) -> None:
    probe.create(handler("print(OUT.closed)", before="import sys\nOUT = sys.stdout"))
    probe.result()
    probe.result()
    assert probe.log() == ["False", "True"]


def test_an_error_is_one_entry_with_its_stack(probe: DeployedFunction) -> None:
    probe.create(handler("raise ValueError('no such stock')"))
    probe.invoke()
    [entry] = probe.log()
    assert entry.splitlines() == [
        "[ERROR] ValueError: no such stock",
        "Traceback (most recent call last):",
        '  File "/var/task/app.py", line 3, in handle',
        "    raise ValueError('no such stock')",
    ]


def test_a_time_out_is_in_the_log(probe: DeployedFunction) -> None:
    probe.create(handler("time.sleep(9)"))
    probe.invoke()
    [line] = probe.log()
    assert re.fullmatch(rf"RequestId: {ID} Error: Task timed out after 7\.00 seconds", line)


def test_an_environment_has_one_stream_named_by_day_and_version(probe: DeployedFunction) -> None:
    probe.create(handler("print('x')"))
    probe.result()
    probe.result()
    [stream] = probe.streams()
    assert re.fullmatch(r"2026/01/05/\[\$LATEST\][0-9a-f]{32}", stream)


def test_log_events_have_lab_time(probe: DeployedFunction) -> None:
    probe.create(handler("print('a')", "time.sleep(2)", "print('b')"))
    probe.result()
    events = probe.root.client("logs").filter_log_events(logGroupName="/aws/lambda/probe")["events"]
    begin = events[0]["timestamp"]
    assert [event["timestamp"] - begin for event in events] == [0, 0, 2000, 2000, 2000]
    assert events[-1]["timestamp"] == int(probe.lab.clock.timestamp() * 1000)


def test_a_role_that_may_not_write_logs_has_none_and_its_function_runs(
    probe: DeployedFunction,
) -> None:
    probe.allow("sqs:ListQueues")
    probe.create(handler("print('x')"))
    assert probe.result("done") == "done"
    assert probe.log(lines_of_lambda=True) == []


class FakeLogs:
    """CloudWatch Logs that keeps batches; `group` says whether the log group is there."""

    def __init__(self, group: bool = False) -> None:
        self.made: list[str] = []
        self.batches: list[list[dict[str, Any]]] = []
        self.group = group

    class exceptions:  # noqa: N801
        class ResourceAlreadyExistsException(Exception):
            pass

        class ResourceNotFoundException(Exception):
            pass

    def create_log_group(self, logGroupName: str) -> None:  # noqa: N803
        self.group = True
        self.made.append(logGroupName)

    def create_log_stream(self, logGroupName: str, logStreamName: str) -> None:  # noqa: N803
        self._need_the_group()
        self.made.append(logStreamName)

    def put_log_events(
        self,
        logGroupName: str,  # noqa: N803
        logStreamName: str,  # noqa: N803
        logEvents: list[dict[str, Any]],  # noqa: N803
    ) -> None:
        self._need_the_group()
        self.batches.append(logEvents)

    def _need_the_group(self) -> None:
        if not self.group:
            raise self.exceptions.ResourceNotFoundException


def event(message: str = "x") -> dict[str, Any]:
    return {"timestamp": 0, "message": message}


def test_events_are_written_in_as_few_calls_as_fit() -> None:
    logs = FakeLogs()
    stream = LogStream(logs, "group", "stream")
    stream.put([event()] * (BATCH_EVENTS + 1))
    assert [len(batch) for batch in logs.batches] == [BATCH_EVENTS, 1]
    logs.batches.clear()
    stream.put([event("x" * EVENT_BYTES)] * 5)
    assert [len(batch) for batch in logs.batches] == [4, 1]
    logs.batches.clear()
    stream.put([])
    assert logs.batches == []


def test_a_log_that_was_deleted_is_created_again() -> None:
    logs = FakeLogs()
    stream = LogStream(logs, "group", "stream")
    logs.group = False
    stream.put([event()])
    assert logs.batches == [[event()]]
    assert logs.made == ["group", "stream"] * 2


def test_a_group_that_exists_is_not_created() -> None:
    logs = FakeLogs(group=True)
    LogStream(logs, "group", "stream")
    assert logs.made == ["stream"]


def test_another_error_of_the_log_is_not_hidden() -> None:
    logs = FakeLogs()
    stream = LogStream(logs, "group", "stream")

    def refuse(**_: Any) -> None:
        raise client_error("ThrottlingException")

    logs.put_log_events = refuse  # type: ignore[assignment]
    with pytest.raises(Exception, match="Throttling"):
        stream.put([event()])


def messages(output: Output) -> list[str]:
    return [event["message"] for event in output.taken()]


def test_a_line_longer_than_an_event_is_cut() -> None:
    output = Output(LabClock().now)
    text = "x" + "é" * EVENT_BYTES
    output.write(text + "\n")
    first, second, third = messages(output)
    assert max(len(first.encode()), len(second.encode())) <= EVENT_BYTES
    assert first + second + third == text


def test_lines_are_put_together_from_pieces_and_empty_ones_left_out() -> None:
    output = Output(LabClock().now)
    for text in ("a", "b\n\nc", "d\n", "e"):
        output.write(text)
    output.entry("two\nlines")
    assert messages(output) == ["ab", "cd", "e", "two\nlines"]
    output.write("the rest")
    assert messages(output) == ["the rest"]
    assert messages(output) == []
