"""The bad days of a real account, each explained in one sentence before anything is created."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import EndpointConnectionError, SSOTokenLoadError

from inventory_lab import Settings, connect
from inventory_lab.backends import credentials
from inventory_lab.backends.aws import RealAws
from inventory_lab.backends.credentials import Identity, open_session
from inventory_lab.exceptions import (
    CredentialsExpired,
    CredentialsRefused,
    InventoryLabError,
    NoCredentials,
    NoRegion,
    RootRefused,
    UnknownProfile,
    UnreachableRegion,
    WaitTooLong,
)
from tests.bare_moto import bare_moto

Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: Patch, tmp_path: Path) -> None:
    """No variable, file or machine role gives credentials or a region."""
    import os

    for name in [name for name in os.environ if name.startswith(("AWS_", "INVENTORY_LAB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def keys(monkeypatch: Patch, no_environment: None) -> None:
    """An access key and a region in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


@pytest.fixture
def account(keys: None) -> Iterator[None]:
    with bare_moto({"core": {"mock_credentials": False}}):
        yield


def answer_of_sts(monkeypatch: Patch, answer: Any) -> None:
    """What sts:GetCallerIdentity answers, or raises, without a network."""

    def call(_: Any, model: Any, *__: Any) -> Any:
        assert model.name == "GetCallerIdentity", "nothing else is called before this"
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("botocore.endpoint.Endpoint.make_request", call)


def refusal(code: str, message: str) -> Any:
    response = type("Response", (), {"status_code": 403, "headers": {}})()
    return response, {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}


def on_aws() -> None:
    connect("aws", allow_charges=True)


def test_no_credentials(monkeypatch: Patch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with pytest.raises(NoCredentials, match="there are no AWS credentials; run `aws configure`"):
        on_aws()


def test_half_an_access_key(monkeypatch: Patch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    with pytest.raises(NoCredentials, match=r"Partial credentials .* AWS_SECRET_ACCESS_KEY"):
        on_aws()


def test_an_unknown_profile(monkeypatch: Patch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    with pytest.raises(UnknownProfile, match="there is no AWS profile 'work'"):
        on_aws()


def test_no_region(keys: None, monkeypatch: Patch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(NoRegion, match="there is no AWS region; set AWS_DEFAULT_REGION"):
        on_aws()


@pytest.mark.parametrize("code", sorted(credentials.EXPIRED))
def test_an_expired_token(code: str, keys: None, monkeypatch: Patch) -> None:
    answer_of_sts(
        monkeypatch, refusal(code, "The security token included in the request is expired")
    )
    with pytest.raises(CredentialsExpired, match=r"have expired .* log in again"):
        on_aws()


def test_an_expired_login_of_identity_center(keys: None, monkeypatch: Patch) -> None:
    answer_of_sts(monkeypatch, SSOTokenLoadError(error_msg="Token for work does not exist"))
    with pytest.raises(CredentialsExpired, match=r"Token for work does not exist.*`aws sso login`"):
        on_aws()


@pytest.mark.parametrize("code", sorted(credentials.REFUSED))
def test_a_key_that_aws_refuses(code: str, keys: None, monkeypatch: Patch) -> None:
    answer_of_sts(
        monkeypatch, refusal(code, "The security token included in the request is invalid.")
    )
    with pytest.raises(CredentialsRefused, match=f"AWS refuses your credentials .{code}: The sec"):
        on_aws()


def test_a_region_that_does_not_exist(keys: None, monkeypatch: Patch) -> None:
    url = "https://sts.eu-nowhere-9.amazonaws.com/"
    answer_of_sts(monkeypatch, EndpointConnectionError(endpoint_url=url))
    with pytest.raises(
        UnreachableRegion, match=r"does not answer in the region 'eu-nowhere-9'.*AWS_ENDPOINT_URL"
    ):
        connect("aws", Settings(region="eu-nowhere-9"), allow_charges=True)


def test_the_root_user(keys: None, monkeypatch: Patch) -> None:
    response = type("Response", (), {"status_code": 200})()
    root = {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:root"}
    answer_of_sts(monkeypatch, (response, root))
    with pytest.raises(RootRefused, match="the root user of account 111122223333"):
        on_aws()


def test_a_token_that_expires_between_two_calls_is_explained_too(
    account: None, monkeypatch: Patch
) -> None:
    with connect("aws", allow_charges=True) as lab:
        lab.build(through="stream")
        answer = refusal("ExpiredTokenException", "The security token is expired")
        monkeypatch.setattr("botocore.endpoint.Endpoint.make_request", lambda *_: answer)
        with pytest.raises(CredentialsExpired):
            lab.build()


def test_each_bad_day_is_one_sentence_and_an_error_of_the_library() -> None:
    days = [
        NoCredentials(), NoCredentials("Partial."), CredentialsExpired("It is over."), NoRegion(),
        CredentialsRefused("InvalidClientTokenId", "Wrong."), UnknownProfile("work"),
        UnreachableRegion("mars-1", "No answer."), RootRefused("111122223333"),
    ]  # fmt: skip
    for day in days:
        assert isinstance(day, InventoryLabError)
        assert "\n" not in str(day)
        assert ". " not in str(day)


def test_connecting_says_who_and_where_you_are_and_what_an_hour_costs(
    account: None, capsys: pytest.CaptureFixture[str]
) -> None:
    connect("aws", Settings(shards=3), allow_charges=True).close()
    first, second = capsys.readouterr().out.splitlines()
    assert first == (
        "AWS account 123456789012, region eu-west-1, as arn:aws:sts::123456789012:user/moto"
    )
    assert second.startswith("build() costs about 0.045 USD an hour until teardown() (3 shards")


@pytest.mark.parametrize(
    ("settings", "region"),
    [
        (Settings(), "eu-west-1"),
        (Settings(region="us-east-1"), "us-east-1"),
        (Settings(region="ap-south-1"), "ap-south-1"),
    ],
)
def test_the_region_is_that_of_the_profile_unless_the_settings_choose_one(
    settings: Settings, region: str, account: None
) -> None:
    with connect("aws", settings, allow_charges=True) as lab:
        assert lab.settings.region == region
        assert f":{region}:" in lab.account.stream_arn()


def test_the_variable_of_the_lab_comes_before_the_profile(
    account: None, monkeypatch: Patch
) -> None:
    monkeypatch.setenv("INVENTORY_LAB_REGION", "us-east-1")
    with connect("aws", allow_charges=True) as lab:
        assert lab.settings.region == "us-east-1"


def test_another_endpoint_is_used_and_named(account: None, monkeypatch: Patch) -> None:
    assert credentials.identify(open_session(None)).endpoint == ""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    response = type("Response", (), {"status_code": 200})()
    me = {"Account": "000000000000", "Arn": "arn:aws:iam::000000000000:user/me"}
    answer_of_sts(monkeypatch, (response, me))
    identity = credentials.identify(open_session(None))
    assert identity.endpoint == "http://127.0.0.1:4566"
    assert str(identity).endswith("user/me, through the endpoint http://127.0.0.1:4566")


def test_calls_slow_down_when_aws_throttles(keys: None) -> None:
    client = open_session(None).client("kinesis")
    assert client.meta.config.retries["mode"] == "adaptive"


SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


def test_in_colab_the_secrets_of_the_notebook_are_the_last_place_to_look() -> None:
    session = open_session(None, SECRETS.get)
    assert session.get_credentials().access_key == "AKIAIOSFODNN7EXAMPLE"
    assert session.region_name == "eu-central-1"
    assert open_session("us-west-2", SECRETS.get).region_name == "us-west-2"


def test_the_environment_comes_before_the_secrets_of_colab(keys: None) -> None:
    assert open_session(None, {**SECRETS, "AWS_ACCESS_KEY_ID": "AKIAOTHER"}.get).region_name == (
        "eu-west-1"
    )


def test_half_a_key_in_colab_is_none() -> None:
    with pytest.raises(NoCredentials):
        open_session("eu-west-1", {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}.get)


class _Denied(Exception):
    """As Colab says that the notebook may not read a secret."""


def test_a_secret_that_the_notebook_may_not_read_is_none(monkeypatch: Patch) -> None:
    userdata: Any = ModuleType("google.colab.userdata")
    userdata.SecretNotFoundError = userdata.NotebookAccessError = _Denied
    held = dict(SECRETS)

    def get(name: str) -> str:
        if name not in held:
            raise _Denied
        return held[name]

    userdata.get = get
    for name in ("google", "google.colab"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "google.colab.userdata", userdata)
    assert credentials.colab_secret("AWS_ACCESS_KEY_ID") == "AKIAIOSFODNN7EXAMPLE"
    assert credentials.colab_secret("AWS_SESSION_TOKEN") is None


def test_outside_colab_there_are_no_secrets() -> None:
    assert credentials.colab_secret("AWS_ACCESS_KEY_ID") is None


@pytest.mark.parametrize(
    ("arn", "owner"),
    [
        ("arn:aws:iam::111122223333:user/team/anna", "anna"),
        ("arn:aws:sts::111122223333:assumed-role/deployer/botocore-session-17", "deployer"),
        ("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0f/anna@x.org", "anna@x.org"),
        ("arn:aws:sts::111122223333:federated-user/ben", "ben"),
    ],
)
def test_the_owner_is_the_same_in_every_session(arn: str, owner: str) -> None:
    assert Identity("111122223333", arn, "us-east-1").owner == owner


def test_the_clock_of_an_account_is_not_waited_for_longer_than_a_minute() -> None:
    with pytest.raises(
        WaitTooLong, match="cannot move the clock of a real account, and waiting 61 s would block"
    ):
        RealAws(Settings(), session=botocore.session).clock.advance(61)  # type: ignore[arg-type]
