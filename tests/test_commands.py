"""The command line for a real account, over moto's answers: what it prints, and its exit status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from inventory_lab import Lab, ProductAdded, Settings, connect
from inventory_lab.__main__ import main
from inventory_lab.backends.aws import RealAws
from inventory_lab.domain.inventory import Item, Status
from inventory_lab.function.store import Store
from inventory_lab.resources.sweep import prefixes
from tests.bare_moto import bare_moto
from tests.sampling import examples

STREAM = "inventory-lab-e-commerce-streaming"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account without a data plane: nothing reads the stream."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with bare_moto():
        yield


def run(capsys: Capture, *arguments: str) -> tuple[int, Any]:
    """The exit status, and the object that was printed."""
    status = main([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out or "null")


def deploy(capsys: Capture, *more: str) -> Any:
    status, facts = run(capsys, "deploy", "--allow-charges", *more)
    assert status == 0
    return facts


def test_a_pipeline_is_deployed_listed_and_deleted_by_commands_that_share_nothing(
    account: None, capsys: Capture
) -> None:
    facts = deploy(capsys)
    assert (facts["target"], facts["region"]) == ("aws", "us-east-1")
    assert facts["resources"]["stream"].endswith(STREAM)
    status, output = run(capsys, "status")
    assert (status, output["missing"]) == (0, 0)
    assert {"kind": "stream", "name": STREAM, "state": "ACTIVE"} in output["resources"]
    status, dry = run(capsys, "teardown")
    assert (status, dry["dry_run"]) == (0, True)
    assert run(capsys, "status")[0] == 0
    status, done = run(capsys, "teardown", "--yes")
    assert (status, done["left"]) == (0, [])
    assert outcomes(dry, "would be deleted") == outcomes(done, "deleted")
    assert len(outcomes(done, "deleted")) == 13
    assert run(capsys, "status")[0] == 1
    assert outcomes(run(capsys, "teardown", "--yes")[1], "deleted") == []


def outcomes(facts: Any, outcome: str) -> list[str]:
    return [r["name"] for r in facts["resources"] if r["outcome"] == outcome]


@pytest.mark.parametrize("command", ["deploy", "publish"])
def test_what_costs_money_must_be_allowed(command: str, account: None, capsys: Capture) -> None:
    assert main([command]) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "resources on a real AWS account cost money" in shown.err
    assert boto3.client("kinesis").list_streams()["StreamNames"] == []


def test_the_environment_may_allow_it(
    account: None, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVENTORY_LAB_ALLOW_CHARGES", "yes")
    monkeypatch.setenv("INVENTORY_LAB_PREFIX", "anna-")
    status, facts = run(capsys, "deploy")
    assert status == 0
    assert facts["resources"]["stream"].endswith("stream/anna-e-commerce-streaming")


def test_who_and_where_you_are_goes_to_standard_error(account: None, capsys: Capture) -> None:
    main(["deploy", "--allow-charges", "--json", "--shards", "1"])
    shown = capsys.readouterr()
    assert json.loads(shown.out)["target"] == "aws"
    assert shown.err.startswith("AWS account 123456789012, region us-east-1, as arn:aws:sts::")
    assert "about 0.015 USD an hour" in shown.err


def test_events_are_published_and_waited_for(account: None, capsys: Capture) -> None:
    deploy(capsys)
    arguments = (
        "publish",
        "--allow-charges",
        "--events",
        "20",
        "--products",
        "3",
        "--timeout",
        "0",
    )
    status, facts = run(capsys, *arguments)
    assert (status, facts["published"], facts["settled"]) == (1, 20, False)
    assert facts["still_open"]
    status, output = run(capsys, "reconcile")
    assert (status, output["published"], output["pending"], output["exact"]) == (0, 20, 20, True)


def test_a_table_that_differs_from_the_stream_is_exit_status_1(
    account: None, capsys: Capture
) -> None:
    deploy(capsys)
    with connect("aws", allow_charges=True) as lab:
        receipt = lab.publish(ProductAdded("Phone", 5))
    [(shard, number)] = receipt.positions["Phone"].items()
    client: Any = boto3.client("dynamodb")
    item = Item("Phone", Status.ACTIVE, 6, {shard: number})
    Store(client, "inventory-lab-inventory", 366).commit(Item("Phone"), item, 0.0)
    capsys.readouterr()
    status, output = run(capsys, "reconcile")
    assert (status, output["exact"]) == (1, False)
    assert "1 product differs from the stream" in output["problems"]


@pytest.mark.parametrize("command", ["reconcile", "publish"])
def test_what_needs_a_pipeline_says_that_there_is_none(
    command: str, account: None, capsys: Capture
) -> None:
    more = ["--allow-charges"] if command == "publish" else []
    assert main([command, *more]) == 3
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("inventory-lab: ")
    assert "run lab.build() first" in last


@pytest.mark.parametrize(
    "arguments",
    [
        ["deploy", "--allow-charges", "--region", "mars"],
        ["deploy", "--allow-charges", "--shards", "0"],
        ["publish", "--allow-charges", "--csv", "nowhere.csv"],
    ],
)
def test_bad_input_is_exit_status_2(arguments: list[str], account: None, capsys: Capture) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().out == ""


def test_no_credentials_are_one_sentence_and_exit_status_3(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert main(["status"]) == 3
    assert capsys.readouterr().err == (
        "inventory-lab: there is no AWS profile 'nobody'; `aws configure list-profiles` shows those "
        "that exist\n"
    )


def test_what_cannot_be_deleted_is_listed_with_the_reason_and_the_rest_is_deleted(
    account: None, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(capsys)
    deny(monkeypatch, "DeleteTable")
    status, facts = run(capsys, "teardown", "--yes")
    assert status == 1
    [left] = facts["left"]
    assert (left["kind"], left["name"]) == ("table", "inventory-lab-inventory")
    assert "AccessDeniedException" in left["why"]
    assert boto3.client("kinesis").list_streams()["StreamNames"] == []
    assert boto3.client("iam").list_users()["Users"] == []
    main(["teardown", "--yes"])
    assert "why table inventory-lab-inventory stays: " in capsys.readouterr().out


def deny(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    """AWS denies one operation."""
    make_request = __import__("botocore.endpoint").endpoint.Endpoint.make_request

    def answer(endpoint: Any, model: Any, request: Any) -> Any:
        if model.name != operation:
            return make_request(endpoint, model, request)
        response = type("Response", (), {"status_code": 400, "headers": {}})()
        error = {"Code": "AccessDeniedException", "Message": f"not authorized: {operation}"}
        return response, {"Error": error, "ResponseMetadata": {}}

    monkeypatch.setattr("botocore.endpoint.Endpoint.make_request", answer)


@pytest.mark.exhaustive(1)
def test_a_workshops_pipelines_go_in_one_call_and_a_neighbours_stays(
    account: None, capsys: Capture
) -> None:
    session, pipelines = boto3.Session(), examples(12, of=30)
    for number in range(pipelines):
        settings = Settings(prefix=f"learner-{number:02}-")
        Lab(RealAws(settings, session=session), settings).build(through="table")
    boto3.client("kinesis").create_stream(StreamName="shop-e-commerce-streaming", ShardCount=1)
    status, dry = run(capsys, "teardown", "--all-prefixes")
    assert (status, len(outcomes(dry, "would be deleted"))) == (0, 5 * pipelines)
    status, done = run(capsys, "teardown", "--all-prefixes", "--yes")
    assert (status, len(outcomes(done, "deleted"))) == (0, 5 * pipelines)
    assert outcomes(done, "not ours") == ["shop-e-commerce-streaming"]
    assert boto3.client("kinesis").list_streams()["StreamNames"] == ["shop-e-commerce-streaming"]
    assert boto3.client("dynamodb").list_tables()["TableNames"] == []
    assert boto3.client("iam").list_roles()["Roles"] == []
    assert boto3.client("iam").list_users()["Users"] == []


def test_the_prefixes_of_a_region_are_those_of_any_resource_that_has_a_name_of_the_lab(
    account: None,
) -> None:
    settings = Settings()
    lab = Lab(RealAws(settings), settings)
    boto3.client("sqs").create_queue(QueueName="a-inventory-rejected")
    boto3.client("sns").create_topic(Name="b-inventory-alerts")
    boto3.client("logs").create_log_group(logGroupName="/aws/lambda/c-update-inventory")
    boto3.client("iam").create_user(UserName="d-aws-de-user")
    boto3.client("iam").create_user(UserName="somebody")
    assert prefixes(lab.account) == ["a-", "b-", "c-", "d-"]


def test_every_command_can_be_rehearsed_here(capsys: Capture) -> None:
    local = ("--target", "local")
    assert run(capsys, "deploy", *local)[1]["target"] == "local"
    assert run(capsys, "status", *local)[1]["missing"] == 0
    status, facts = run(capsys, "publish", *local, "--events", "50")
    assert (status, facts["settled"]) == (0, True)
    assert run(capsys, "reconcile", *local)[1]["exact"]
    assert run(capsys, "teardown", *local, "--yes")[1]["left"] == []
    assert main(["status", *local]) == 0
    assert "e-commerce-streaming  ACTIVE" in capsys.readouterr().out
