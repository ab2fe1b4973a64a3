"""Threads: those that a handler starts, and those of the program while a handler runs."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import boto3

from inventory_lab.embedded_aws.awslambda.logs import Output
from tests.embedded_aws.lambda_function import DeployedFunction
from tests.test_threads import run_together

STARTS_THREADS = """
from concurrent.futures import ThreadPoolExecutor
import boto3
def handle(event, context):
    def ask(number):
        print("thread", number)
        return boto3.client("sts").get_caller_identity()["Arn"]
    with ThreadPoolExecutor(4) as pool:
        return len(set(pool.map(ask, range(8))))
"""


def test_a_handler_may_wait_for_threads_of_its_own_that_call_aws(probe: DeployedFunction) -> None:
    probe.create(STARTS_THREADS)
    assert probe.result() == 1
    assert "thread 7" in probe.log()


WAITS = """
import sys
def handle(event, context):
    sys.entered.set()
    sys.go_on.wait(10)
    print("of the function")
"""


def test_what_another_thread_prints_meanwhile_is_not_in_the_log_of_the_function(
    probe: DeployedFunction, capsys: Any
) -> None:
    sys.entered, sys.go_on = threading.Event(), threading.Event()  # type: ignore[attr-defined]
    probe.create(WAITS)

    def print_meanwhile() -> None:
        sys.entered.wait(10)  # type: ignore[attr-defined]
        print("of the program")
        sys.go_on.set()  # type: ignore[attr-defined]

    run_together(probe.result, print_meanwhile)
    assert "of the program" in capsys.readouterr().out
    assert "of the program" not in probe.log()
    assert "of the function" in probe.log()
    assert not isinstance(sys.stdout, Output)
    assert os.environ.get("AWS_LAMBDA_FUNCTION_NAME") is None
    assert boto3.DEFAULT_SESSION is None
