"""connect("aws") against moto's own answers: the wiring of a real account, without one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest

from inventory_lab import Lab, ProductAdded, connect
from inventory_lab.backends.aws import RealAws
from inventory_lab.domain.inventory import Item, Status
from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.exceptions import ChargesNotAllowed, PrincipalNotAvailable
from inventory_lab.function.store import Store
from inventory_lab.settings import Settings
from tests.bare_moto import bare_moto

NAME = "inventory-lab-e-commerce-streaming"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with bare_moto():
        yield


@pytest.fixture
def aws(account: None) -> Iterator[Lab]:
    with connect("aws", allow_charges=True) as lab:
        yield lab


def test_every_name_carries_a_prefix(aws: Lab) -> None:
    existing = aws.build()
    assert all("inventory-lab-" in name for name in existing.values())


def test_a_prefix_of_ones_own_is_kept(account: None) -> None:
    with connect("aws", settings=Settings(prefix="team-7-"), allow_charges=True) as lab:
        assert lab.build(through="stream")["stream"].endswith("stream/team-7-e-commerce-streaming")


def test_events_are_published_as_the_producer_and_stored(aws: Lab) -> None:
    aws.build(through="stream")
    arn = aws.session("producer").client("sts").get_caller_identity()["Arn"]
    assert arn.endswith(":user/inventory-lab-aws-de-user")
    assert aws.publish([ProductAdded("Phone", 5)]).published == 1
    assert list(aws.records()["partition_key"]) == ["Phone"]


def test_the_producers_key_is_deleted_at_close(account: None) -> None:
    iam = boto3.client("iam")
    with connect("aws", allow_charges=True) as lab:
        lab.build(through="stream")
        lab.session("producer")
        keys = iam.list_access_keys(UserName="inventory-lab-aws-de-user")["AccessKeyMetadata"]
        assert len(keys) == 1
    assert not iam.list_access_keys(UserName="inventory-lab-aws-de-user")["AccessKeyMetadata"]


def test_a_key_whose_first_use_or_deletion_failed_is_deleted_later(
    aws: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam, user = boto3.client("iam"), "inventory-lab-aws-de-user"
    aws.build(through="stream")
    with monkeypatch.context() as broken:
        broken.setattr(boto3, "Session", interrupted)
        with pytest.raises(ConnectionError):
            aws.session("producer")
    aws.session("producer")
    assert len(iam.list_access_keys(UserName=user)["AccessKeyMetadata"]) == 1
    with monkeypatch.context() as broken:
        broken.setattr("inventory_lab.backends.aws.unless_missing", interrupted)
        with pytest.raises(ConnectionError):
            aws.close()
    aws.close()
    assert iam.list_access_keys(UserName=user)["AccessKeyMetadata"] == []


def interrupted(*_: object, **__: object) -> None:
    raise ConnectionError


@pytest.mark.parametrize("principal", ["pipe", "function"])
def test_the_roles_belong_to_their_services(aws: Lab, principal: str) -> None:
    with pytest.raises(PrincipalNotAvailable, match="only the service itself can assume this role"):
        aws.session(principal)


def test_whom_an_account_does_not_lend_is_told_apart_from_the_roles(aws: Lab) -> None:
    with pytest.raises(
        PrincipalNotAvailable, match="there are admin and root, your own credentials"
    ):
        aws.session("anna")


def test_what_only_root_may_do_here_your_own_credentials_do_on_an_account(aws: Lab) -> None:
    assert aws.session("root") is aws.session("admin")


def test_the_producer_needs_a_built_user(aws: Lab) -> None:
    with pytest.raises(PrincipalNotAvailable, match=r"run lab\.build\(\) first"):
        aws.session("producer")


def test_settling_reads_the_watermarks_and_ends_in_time(account: None) -> None:
    settings, clock = Settings(), LabClock()
    place = RealAws(settings, clock)
    with Lab(place, settings) as lab:
        lab.build()
        receipt = lab.publish([ProductAdded("Phone", 5), ProductAdded("Watch", 5)])
        [(shard, number)] = receipt.positions["Phone"].items()
        write_watermark("Phone", shard, number)
        start = clock.now()
        report = lab.settle(receipt, timeout=20)
        assert not report
        assert list(report.still_open) == ["Watch"]
        assert clock.now() - start == timedelta(seconds=20)
        [(shard, number)] = receipt.positions["Watch"].items()
        write_watermark("Watch", shard, number)
        assert lab.settle(receipt)


def write_watermark(product: str, shard: str, number: int) -> None:
    client: Any = boto3.client("dynamodb")
    item = Item(product, Status.ACTIVE, 5, {shard: number})
    assert Store(client, "inventory", 366).commit(Item(product), item, 0.0).committed


def test_teardown_deletes_everything(aws: Lab) -> None:
    aws.build()
    dry, report = aws.teardown(dry_run=True), aws.teardown()
    assert list(dry["outcome"]).count("would be deleted") == 13
    assert list(report["outcome"]).count("deleted") == 13
    assert set(aws.teardown()["outcome"]) == {"not there"}
    assert boto3.client("kinesis").list_streams()["StreamNames"] == []
    assert boto3.client("iam").list_roles()["Roles"] == []
    assert boto3.client("iam").list_users()["Users"] == []


def test_connect_says_which_of_the_labs_names_are_taken(
    account: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with connect("aws", allow_charges=True) as lab:
        lab.build(through="stream")
        assert "attention" not in capsys.readouterr().out
        lab.teardown()
    boto3.client("kinesis").create_stream(StreamName=NAME, ShardCount=1)
    connect("aws", allow_charges=True).close()
    assert f"the account has the stream '{NAME}', which is not the lab's" in capsys.readouterr().out


def test_a_neighbours_resource_of_the_same_name_is_not_deleted(aws: Lab) -> None:
    boto3.client("kinesis").create_stream(StreamName=NAME, ShardCount=1)
    report = aws.teardown()
    assert list(report[report["outcome"] == "not ours"]["name"]) == [NAME]
    assert boto3.client("kinesis").list_streams()["StreamNames"] == [NAME]


def test_a_lab_that_was_torn_down_can_be_closed_or_built_again(aws: Lab) -> None:
    iam, user = boto3.client("iam"), "inventory-lab-aws-de-user"
    aws.build(through="stream")
    first = aws.session("producer").get_credentials().access_key
    aws.teardown()
    with pytest.raises(PrincipalNotAvailable, match=r"run lab\.build\(\) first"):
        aws.session("producer")
    aws.build(through="stream")
    second = aws.session("producer").get_credentials().access_key
    assert second != first
    [key] = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert key["AccessKeyId"] == second
    iam.delete_access_key(UserName=user, AccessKeyId=second)
    aws.close()  # its key has gone before it


BUSY = [
    ("pipes", "DeletePipe", "ConflictException"),
    ("lambda", "DeleteFunction", "ResourceConflictException"),
    ("dynamodb", "DeleteTable", "ResourceInUseException"),
    ("kinesis", "DeleteStream", "ResourceInUseException"),
]


class Refused:
    """The HTTP side of an answer."""

    status_code = 400


@pytest.mark.parametrize(("service", "operation", "code"), BUSY)
def test_a_resource_that_is_being_changed_is_waited_for(
    service: str, operation: str, code: str, account: None
) -> None:
    settings, clock = Settings(), LabClock()
    refusals = iter([(Refused, {"Error": {"Code": code, "Message": "busy"}})] * 5)
    with Lab(RealAws(settings, clock), settings) as lab:
        lab.build()
        start = clock.now()
        lab.account.client(service).meta.events.register(
            f"before-call.{service}.{operation}", lambda **_: next(refusals, None)
        )
        assert list(lab.teardown()["outcome"]).count("deleted") == 12
        assert clock.now() - start == timedelta(seconds=5)
        assert set(lab.teardown()["outcome"]) == {"not there"}


def test_the_environment_leads_an_unchanged_notebook_to_an_account(
    monkeypatch: pytest.MonkeyPatch, account: None
) -> None:
    monkeypatch.setenv("INVENTORY_LAB_TARGET", "aws")
    with pytest.raises(ChargesNotAllowed):
        connect()
    monkeypatch.setenv("INVENTORY_LAB_ALLOW_CHARGES", "yes")
    monkeypatch.setenv("INVENTORY_LAB_PREFIX", "anna-")
    monkeypatch.setenv("INVENTORY_LAB_REGION", "eu-west-1")
    settings = connect().settings
    assert (settings.name("stream"), settings.region) == ("anna-e-commerce-streaming", "eu-west-1")


def test_the_environment_allows_no_charges_for_a_target_that_the_code_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INVENTORY_LAB_ALLOW_CHARGES", "yes")
    with pytest.raises(ChargesNotAllowed):
        connect("aws")


def test_the_environment_fills_in_what_the_settings_of_a_notebook_leave_open(
    monkeypatch: pytest.MonkeyPatch, account: None
) -> None:
    monkeypatch.setenv("INVENTORY_LAB_TARGET", "aws")
    monkeypatch.setenv("INVENTORY_LAB_ALLOW_CHARGES", "yes")
    monkeypatch.setenv("INVENTORY_LAB_PREFIX", "anna-")
    monkeypatch.setenv("INVENTORY_LAB_REGION", "eu-west-1")
    settings = connect(settings=Settings(handler="per_record", region="us-west-2")).settings
    assert (settings.prefix, settings.region) == ("anna-", "us-west-2")
    assert settings.handler == "per_record"


def test_a_target_and_settings_that_the_code_names_are_not_asked_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, account: None
) -> None:
    monkeypatch.setenv("INVENTORY_LAB_PREFIX", "anna-")
    assert connect("aws", Settings(prefix="ben-"), allow_charges=True).settings.prefix == "ben-"
    assert connect("aws", Settings(), allow_charges=True).settings.prefix == "inventory-lab-"
    with connect(settings=Settings(shards=4)) as lab:
        assert lab.settings == Settings(shards=4)


def test_a_lab_on_an_account_is_not_embedded(aws: Lab) -> None:
    assert not aws.embedded


def test_a_pump_on_an_account_waits_and_says_that_aws_reports_no_counts(account: None) -> None:
    clock = LabClock()
    start = clock.now()
    done = RealAws(Settings(), clock=clock).pump()
    assert (clock.now() - start).total_seconds() == 1
    assert not done.observed
    assert repr(done) == "Round(on AWS the pipes run by themselves)"
