"""The account a lab builds in: whose session, which names, which ARNs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from inventory_lab.exceptions import PrincipalNotAvailable
from inventory_lab.settings import Settings

if TYPE_CHECKING:
    import boto3
    from botocore.client import BaseClient

TAGS = {"project": "inventory-lab"}
"""Every resource of a lab is created with these, and only what has them is torn down. On a real account the
tags `owner` and `created` stand beside them; users and roles have the tag `region`."""


Answer = TypeVar("Answer")


class Account:
    """One AWS account and region, seen with the deployer's session."""

    def __init__(
        self,
        session: boto3.Session,
        settings: Settings,
        tags: Mapping[str, str] | None = None,
        embedded: bool = True,
    ) -> None:
        self.session = session
        self.settings = settings
        self.tags = {**TAGS, **(tags or {})}
        """The tags of what is created here."""
        self.embedded = embedded
        self._clients: dict[str, BaseClient] = {}
        caller = self.client("sts").get_caller_identity()
        self.account_id: str = caller["Account"]
        self.caller_arn: str = caller["Arn"]
        self.partition: str = self.caller_arn.split(":")[1]

    def with_settings(self, settings: Settings) -> Account:
        """The same account with other settings, such as another prefix."""
        other = copy(self)
        other.settings = settings
        return other

    def of_any_owner(self) -> Account:
        """The same account, for which the resources of every owner are its own."""
        other = copy(self)
        other.tags = dict(TAGS)
        return other

    @property
    def tags_of_principals(self) -> list[dict[str, str]]:
        """The tags of users and roles, whose names hold for all regions: they say in which one the lab is."""
        tags = {**self.tags, "region": self.settings.region}
        return [{"Key": key, "Value": value} for key, value in tags.items()]

    def client(self, service: str) -> BaseClient:
        """The deployer's client of a service, made once."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service, region_name=self.settings.region)
        return self._clients[service]

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a regional resource."""
        return f"arn:{self.partition}:{service}:{self.settings.region}:{self.account_id}:{resource}"

    def stream_arn(self) -> str:
        """The ARN of the lab's stream."""
        return self.arn("kinesis", f"stream/{self.settings.name('stream')}")

    def function_arn(self) -> str:
        """The ARN of the lab's function."""
        return self.arn("lambda", f"function:{self.settings.name('function')}")

    def topic_arn(self) -> str:
        """The ARN of the alert topic."""
        return self.arn("sns", self.settings.name("topic"))

    def queue_arn(self, kind: str) -> str:
        """The ARN of one of the lab's queues."""
        return self.arn("sqs", self.settings.name(kind))

    def role_arn(self, kind: str) -> str:
        """The ARN of one of the lab's roles."""
        return f"arn:{self.partition}:iam::{self.account_id}:role/{self.settings.name(kind)}"

    def principal_arn(self, principal: str) -> str:
        """The ARN of 'admin', 'producer', 'pipe' or 'function'; of what is an ARN, itself.

        Raises PrincipalNotAvailable.
        """
        user = f"arn:{self.partition}:iam::{self.account_id}:user/{self.settings.name('producer_user')}"
        known = {"admin": self.caller_arn, "producer": user} | {
            kind: self._session_arn(f"{kind}_role", kind) for kind in ("pipe", "function")
        }
        if principal not in known and not str(principal).startswith("arn:"):
            raise PrincipalNotAvailable(principal, f"there are {', '.join(known)}, and ARNs")
        return known.get(principal, principal)

    def _session_arn(self, role: str, resource: str) -> str:
        names = f"{self.settings.name(role)}/{self.settings.name(resource)}"
        return f"arn:{self.partition}:sts::{self.account_id}:assumed-role/{names}"

    def project_arn(self) -> str:
        """The ARN of the CodeBuild project."""
        return self.arn("codebuild", f"project/{self.settings.name('build_project')}")

    def bucket(self) -> str:
        """The name of the artifact bucket, with account and region, because all accounts share the names:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        """
        stem = self.settings.name("artifacts_bucket").lower().replace("_", "-")
        return f"{stem}-{self.account_id}-{self.settings.region}"

    def own_bucket(self) -> dict[str, str]:
        """The request members that name the artifact bucket. S3 refuses one of that name in another account:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
        """
        return {"Bucket": self.bucket(), "ExpectedBucketOwner": self.account_id}

    def log_group(self) -> str:
        """The log group of the lab's function."""
        return f"/aws/lambda/{self.settings.name('function')}"


def boundary(account: Account) -> dict[str, str]:
    """The request member that puts a new user or role inside the settings' permissions boundary."""
    arn = account.settings.permissions_boundary
    return {"PermissionsBoundary": arn} if arn else {}


def tags_of(listed: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Values by key, of tags as most services list them."""
    return {tag["Key"]: tag["Value"] for tag in listed}


def unless_missing(
    codes: tuple[str, ...], call: Callable[..., Answer], **request: object
) -> Answer | None:
    """The call's answer, or None when AWS answers one of these codes, because the resource is missing."""
    try:
        return call(**request)
    except ClientError as exc:
        if exc.response["Error"]["Code"] in codes:
            return None
        raise
