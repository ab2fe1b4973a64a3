from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import NoCredentialsError

from inventory_lab import Lab, Settings, connect
from inventory_lab.embedded_aws import account as engine
from inventory_lab.exceptions import PrincipalNotAvailable, UnmockedCall

NOWHERE = "http://127.0.0.1:9"


def older_client(lab: Lab) -> Any:
    """A client as it is made where moto has not been imported: nothing stands in its way out."""
    client = lab.session("root").client("kinesis")
    client.meta.events._emitter._handlers._root["children"].pop("before-send", None)
    client.meta.events._emitter._lookup_cache.clear()
    return client


def elsewhere(lab: Lab) -> Any:
    return lab.session("root").client("kinesis", endpoint_url=NOWHERE)


@pytest.mark.parametrize("make", [older_client, elsewhere])
def test_a_call_that_nobody_answers_in_this_process_is_refused(
    lab: Lab, make: Callable[[Lab], Any]
) -> None:
    client = make(lab)
    with pytest.raises(UnmockedCall, match=r"this call would leave your machine, .*: http"):
        client.list_streams()
    assert lab.session("root").client("kinesis").list_streams()["StreamNames"] == []


def test_an_older_client_gets_its_way_out_back_at_close() -> None:
    send = botocore.httpsession.URLLib3Session.send
    with connect():
        assert botocore.httpsession.URLLib3Session.send is not send
    assert botocore.httpsession.URLLib3Session.send is send


def test_the_metadata_address_is_switched_off(lab: Lab) -> None:
    core = botocore.session.Session()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ.pop(name, None)
    client = core.create_client("kinesis", region_name="us-east-1")
    with pytest.raises(NoCredentialsError):
        client.list_streams()
    os.environ |= {"AWS_ACCESS_KEY_ID": "FOOBARKEY", "AWS_SECRET_ACCESS_KEY": "FOOBARSECRET"}


def test_the_aws_configuration_of_the_machine_is_set_aside_and_restored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = {
        "AWS_PROFILE": "work",
        "AWS_ENDPOINT_URL": NOWHERE,
        "AWS_ENDPOINT_URL_KINESIS": NOWHERE,
        "AWS_ACCESS_KEY_ID": "mine",
        "AWS_REGION": "eu-west-1",
    }
    for name, value in mine.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with connect() as lab:
        assert "AWS_PROFILE" not in os.environ
        lab.build()
        assert lab.account.settings.region == "us-east-1"
    assert dict(os.environ) == before


def test_a_lab_starts_no_thread(built: Lab) -> None:
    before = threading.active_count()
    built.settle(built.publish([]))
    built.pump()
    assert threading.active_count() == before


def test_each_principal_calls_as_itself(built: Lab) -> None:
    def arn(principal: str) -> str:
        caller: str = built.session(principal).client("sts").get_caller_identity()["Arn"]
        return caller.removeprefix("arn:aws:")

    assert arn("admin") == "iam::123456789012:user/inventory-lab-admin"
    assert arn("root") == "iam::123456789012:root"
    assert arn("producer") == "iam::123456789012:user/aws-de-user"
    assert arn("pipe") == "sts::123456789012:assumed-role/inventory-pipe-role/inventory-pipe"
    assert (
        arn("function") == "sts::123456789012:assumed-role/update-inventory-role/update-inventory"
    )


@pytest.mark.parametrize("principal", ["producer", "pipe", "function"])
def test_a_principal_that_is_not_built_yet_is_not_available(lab: Lab, principal: str) -> None:
    with pytest.raises(PrincipalNotAvailable, match=r"run lab\.build\(\) first"):
        lab.session(principal)


def test_an_unknown_principal_is_named_with_those_there_are(lab: Lab) -> None:
    with pytest.raises(PrincipalNotAvailable, match="'rooot': there are admin, producer, pipe"):
        lab.session("rooot")


def test_the_settings_name_and_place_everything() -> None:
    with connect(settings=Settings(region="eu-central-1", prefix="team-7-")) as lab:
        existing = lab.build()
    assert existing["stream"] == (
        "arn:aws:kinesis:eu-central-1:123456789012:stream/team-7-e-commerce-streaming"
    )
    assert all("team-7-" in name for name in existing.values())


def test_the_records_of_one_lab_are_not_those_of_the_next() -> None:
    for _ in range(2):
        with connect() as lab:
            lab.build()
            assert len(lab.records()) == 0
            lab.session("producer").client("kinesis").put_record(
                StreamName="e-commerce-streaming", PartitionKey="Phone", Data=b"x"
            )
            assert len(lab.records()) == 1


def test_the_folder_of_an_environment_is_gone_after_close() -> None:
    with connect() as lab:
        lab.build()
        kinesis = lab.session("producer").client("kinesis")
        kinesis.put_record(StreamName="e-commerce-streaming", PartitionKey="Phone", Data=b"x")
        lab.pump()
    assert not [path for path in sys.path if "inventory-lab-" in path]


def test_a_lab_that_cannot_open_leaves_the_process_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(engine.EmbeddedAws, "gate_patches", fail)
    before, send = dict(os.environ), botocore.httpsession.URLLib3Session.send
    with pytest.raises(RuntimeError, match="no room"):
        connect()
    assert dict(os.environ) == before
    assert botocore.httpsession.URLLib3Session.send is send
