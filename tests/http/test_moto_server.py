"""The whole way over HTTP, against moto's server on this machine: `make test-http`.

moto's server carries no events from the stream to the function, so records stay pending.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import boto3
import pytest

from inventory_lab import ProductAdded, connect
from inventory_lab.__main__ import main

pytestmark = pytest.mark.http
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of moto's server."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address)
        yield address
    finally:
        process.terminate()
        process.wait()


def wait_for(address: str) -> None:
    for _ in range(600):
        try:
            urlopen(f"{address}/moto-api/", timeout=1).close()  # noqa: S310 the test's own server
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(address)


@pytest.fixture(autouse=True)
def aws(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty account, to which the ordinary credential chain leads."""
    urlopen(Request(f"{server}/moto-api/reset", method="POST")).close()  # noqa: S310
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def left() -> list[str]:
    """Everything that exists in the account."""
    listed = [
        boto3.client("kinesis").list_streams()["StreamNames"],
        boto3.client("dynamodb").list_tables()["TableNames"],
        [f["FunctionName"] for f in boto3.client("lambda").list_functions()["Functions"]],
        [p["Name"] for p in boto3.client("pipes").list_pipes()["Pipes"]],
        [t["TopicArn"] for t in boto3.client("sns").list_topics()["Topics"]],
        boto3.client("sqs").list_queues().get("QueueUrls", []),
        [r["RoleName"] for r in boto3.client("iam").list_roles()["Roles"]],
        [u["UserName"] for u in boto3.client("iam").list_users()["Users"]],
        [g["logGroupName"] for g in boto3.client("logs").describe_log_groups()["logGroups"]],
    ]
    return [name for names in listed for name in names]


def test_build_publish_reconcile_and_teardown(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with connect("aws", allow_charges=True) as lab:
        assert f"through the endpoint {server}" in capsys.readouterr().out
        assert set(lab.build()) == set(lab.build())
        receipt = lab.publish([ProductAdded("Phone", 5), ProductAdded("Oven", 3)])
        assert receipt.published == 2
        report = lab.settle(receipt, timeout=2)
        assert sorted(report.still_open) == ["Oven", "Phone"]
        found = lab.reconcile()
        assert (found.published, found.pending, found.exact) == (2, 2, True)
        dry = lab.teardown(dry_run=True)
        done = lab.teardown()
    assert list(dry["outcome"]).count("would be deleted") == list(done["outcome"]).count("deleted")
    assert left() == []


def test_the_commands_share_nothing_but_the_account(capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> Any:
        status = main([*arguments, "--json"])
        return status, json.loads(capsys.readouterr().out)

    assert run("deploy", "--allow-charges")[0] == 0
    assert run("status")[1]["missing"] == 0
    status, sent = run("publish", "--allow-charges", "--events", "50", "--timeout", "1")
    assert (status, sent["published"]) == (1, 50)
    assert run("reconcile")[1]["pending"] == 50
    assert run("teardown", "--yes")[0] == 0
    assert left() == []


def store_the_tags_of_create_stream() -> None:
    """AWS stores them with the stream; moto's server drops them."""
    kinesis = boto3.client("kinesis")
    for name in kinesis.list_streams()["StreamNames"]:
        kinesis.add_tags_to_stream(StreamName=name, Tags={"project": "inventory-lab"})


@pytest.mark.parametrize("moment", ["before", "after"])
def test_after_a_kill_at_any_step_of_deploy_another_process_leaves_nothing(moment: str) -> None:
    for number in count(1):
        command = [sys.executable, "-m", "tests.http.killed_deploy", str(number), moment]
        deploy = subprocess.run(
            command, cwd=ROOT, env={**os.environ}, capture_output=True, check=False
        )
        store_the_tags_of_create_stream()
        assert main(["teardown", "--yes"]) == 0, number
        assert left() == [], number
        if deploy.returncode == 0:
            break
        assert deploy.returncode == -9, deploy.stderr.decode()
    assert number > 20
