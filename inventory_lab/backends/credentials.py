"""Your own credentials on a real account: where they come from, whose they are, and what is wrong with
them in one sentence.

The order in which boto3 looks for them:
https://boto3.amazonaws.com/v1/documentation/api/latest/guide/credentials.html
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    InvalidRegionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from inventory_lab.exceptions import (
    CredentialsExpired,
    CredentialsRefused,
    NoCredentials,
    NoRegion,
    RootRefused,
    UnknownProfile,
    UnreachableRegion,
)

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
REFUSED = {
    "AuthFailure", "IncompleteSignature", "InvalidAccessKeyId", "InvalidClientTokenId",
    "SignatureDoesNotMatch", "UnrecognizedClientException",
}  # fmt: skip
"""https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html"""
RETRIES = Config(retries={"mode": "adaptive", "total_max_attempts": 10})
"""Slows down when AWS throttles, as it does when thirty learners deploy at the same time:
https://boto3.amazonaws.com/v1/documentation/api/latest/guide/retries.html"""
SECRETS = {
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_session_token": "AWS_SESSION_TOKEN",
    "region_name": "AWS_DEFAULT_REGION",
}

ReadSecret = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose credentials these are, in which account and region, and the endpoint when it is not AWS's."""

    account_id: str
    arn: str
    region: str
    endpoint: str = ""

    def __str__(self) -> str:
        through = f", through the endpoint {self.endpoint}" if self.endpoint else ""
        return f"AWS account {self.account_id}, region {self.region}, as {self.arn}{through}"

    @property
    def owner(self) -> str:
        """The name for the tag `owner`: that of the user, or of the role; of the person where IAM Identity
        Center names its session.

        >>> Identity("123456789012", "arn:aws:iam::123456789012:user/anna", "us-east-1").owner
        'anna'
        >>> role = "arn:aws:sts::123456789012:assumed-role/deployer/botocore-session-1700000000"
        >>> Identity("123456789012", role, "us-east-1").owner
        'deployer'
        """
        kind, _, names = self.arn.split(":", 5)[5].partition("/")
        if kind != "assumed-role":
            return names.rpartition("/")[2]
        role, _, session = names.partition("/")
        return session if role.startswith("AWSReservedSSO_") else role


def open_session(region: str | None, read_secret: ReadSecret | None = None) -> boto3.Session:
    """A session of the ordinary credential chain; in Colab of its secrets, when the chain has none.

    `region` comes before that of the chain. Raises UnknownProfile, NoRegion, NoCredentials and
    CredentialsExpired.
    """
    with explained(region or ""):
        session = _session(region_name=region)
        if session.get_credentials() is None:
            secrets = _secrets(read_secret or colab_secret)
            session = _session(**(secrets | ({"region_name": region} if region else {})))
        if session.get_credentials() is None:
            raise NoCredentials
    if not session.region_name:
        raise NoRegion
    return session


def identify(session: boto3.Session) -> Identity:
    """Whose credentials a session has. Raises RootRefused, CredentialsExpired, CredentialsRefused and
    UnreachableRegion.
    """
    sts = session.client("sts")
    with explained(session.region_name):
        caller = sts.get_caller_identity()
    if caller["Arn"].endswith(":root"):
        raise RootRefused(caller["Account"])
    endpoint = str(sts.meta.endpoint_url)
    is_aws = (urlsplit(endpoint).hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn"))
    return Identity(
        caller["Account"], caller["Arn"], session.region_name, "" if is_aws else endpoint
    )


@contextmanager
def explained(region: str) -> Iterator[None]:
    """Raise what botocore says of credentials and of the region as one sentence."""
    try:
        yield
    except ProfileNotFound as exc:
        raise UnknownProfile(exc.kwargs["profile"]) from exc
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as exc:
        raise NoCredentials(str(exc)) from exc
    except (SSOError, TokenRetrievalError) as exc:
        raise CredentialsExpired(str(exc)) from exc
    except (EndpointConnectionError, InvalidRegionError) as exc:
        raise UnreachableRegion(region, str(exc)) from exc
    except ClientError as exc:
        refuse(exc.response)
        raise


def refuse(answer: Mapping[str, Any], **_: object) -> None:
    """Raise CredentialsExpired or CredentialsRefused when AWS's answer says so."""
    error = answer.get("Error", {})
    if error.get("Code") in EXPIRED:
        raise CredentialsExpired(error.get("Message", ""))
    if error.get("Code") in REFUSED:
        raise CredentialsRefused(error["Code"], error.get("Message", ""))


def colab_secret(name: str) -> str | None:
    """A secret of Colab's, or None outside Colab, or when this notebook may not read it."""
    try:
        userdata = importlib.import_module("google.colab.userdata")
    except ImportError:
        return None
    try:
        value: str = userdata.get(name)
    except (userdata.SecretNotFoundError, userdata.NotebookAccessError):
        return None
    return value


def _session(**values: str | None) -> boto3.Session:
    """A session that retries as a busy account needs, and explains every answer about credentials."""
    inner = botocore.session.Session()
    inner.set_default_client_config(RETRIES)
    session = boto3.Session(botocore_session=inner, **values)
    session.events.register("after-call", lambda parsed, **_: refuse(parsed))
    return session


def _secrets(read: ReadSecret) -> dict[str, str]:
    values = {argument: read(name) for argument, name in SECRETS.items()}
    credentials = {argument: value for argument, value in values.items() if value}
    has_key = {"aws_access_key_id", "aws_secret_access_key"} <= credentials.keys()
    return credentials if has_key else {}
