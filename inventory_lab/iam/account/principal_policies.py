"""The policies of a principal, read through the IAM API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from inventory_lab.exceptions import InvalidPolicy
from inventory_lab.iam.evaluation.document import Policy, read_policy

if TYPE_CHECKING:
    from botocore.client import BaseClient


@dataclass(frozen=True, slots=True)
class PrincipalPolicies:
    """The policies, boundary and tags of a user or role; `policies` by name, `trust` for roles only."""

    policies: Mapping[str, Policy] = field(default_factory=dict)
    boundary: Policy | None = None
    boundary_arn: str = ""
    trust: Policy = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    unique_id: str = ""
    arn: str = ""


class AttachedPolicies:
    """Reads policies and caches them until `forget`. `client` returns an IAM client that may read all."""

    def __init__(self, client: Callable[[], BaseClient]) -> None:
        self._client = client
        self._cache: dict[tuple[str, str], PrincipalPolicies] = {}

    def of_user(self, name: str) -> PrincipalPolicies:
        """The policies of a user and of its groups; empty when there is no such user."""
        return self._remembered("user", name, self._user)

    def of_role(self, name: str) -> PrincipalPolicies:
        """The policies of a role; empty when there is no such role."""
        return self._remembered("role", name, self._role)

    def forget(self, params: Mapping[str, Any] | None = None) -> None:
        """Forget the user or role that the parameters of an IAM call name, or everything."""
        named = {
            (k, (params or {}).get(p)) for k, p in (("user", "UserName"), ("role", "RoleName"))
        }
        known = [key for key in named if key[1]]
        for key in known or list(self._cache):
            self._cache.pop(key, None)  # type: ignore[arg-type]

    @property
    def iam(self) -> BaseClient:
        """The IAM client."""
        return self._client()

    def _remembered(
        self, kind: str, name: str, read: Callable[[str], PrincipalPolicies]
    ) -> PrincipalPolicies:
        if (kind, name) not in self._cache:
            try:
                self._cache[kind, name] = read(name)
            except ClientError as exc:
                if exc.response["Error"]["Code"] != "NoSuchEntity":
                    raise
                self._cache[kind, name] = PrincipalPolicies()
        return self._cache[kind, name]

    def _user(self, name: str) -> PrincipalPolicies:
        user = self.iam.get_user(UserName=name)["User"]
        policies = dict(self._policies("user", "User", name))
        for group in self._pages("list_groups_for_user", "Groups", UserName=name):
            policies |= dict(self._policies("group", "Group", group["GroupName"]))
        return PrincipalPolicies(policies=policies, **self._common(user))

    def _role(self, name: str) -> PrincipalPolicies:
        role = self.iam.get_role(RoleName=name)["Role"]
        trust = read_policy(role["AssumeRolePolicyDocument"], "trust")
        policies = dict(self._policies("role", "Role", name))
        return PrincipalPolicies(policies=policies, trust=trust, **self._common(role))

    def _common(self, entity: Mapping[str, Any]) -> dict[str, Any]:
        arn = entity.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
        return {
            "boundary": self._managed(arn) if arn else None,
            "boundary_arn": arn,
            "tags": {tag["Key"]: tag["Value"] for tag in entity.get("Tags", [])},
            "arn": entity["Arn"],
            "unique_id": entity.get("UserId") or entity.get("RoleId", ""),
        }

    def _policies(self, kind: str, suffix: str, name: str) -> Iterator[tuple[str, Policy]]:
        entity = {f"{suffix}Name": name}
        for policy in self._pages(f"list_{kind}_policies", "PolicyNames", **entity):
            answer = getattr(self.iam, f"get_{kind}_policy")(PolicyName=policy, **entity)
            yield f"{name}/{policy}", read_policy(answer["PolicyDocument"])
        for attached in self._pages(f"list_attached_{kind}_policies", "AttachedPolicies", **entity):
            yield attached["PolicyArn"], self._managed(attached["PolicyArn"])

    def _managed(self, arn: str) -> Policy:
        try:
            version = self.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        except ClientError as exc:
            raise InvalidPolicy("PolicyArn", f"{arn} does not exist") from exc
        answer = self.iam.get_policy_version(PolicyArn=arn, VersionId=version)
        return read_policy(answer["PolicyVersion"]["Document"])

    def _pages(self, operation: str, key: str, **request: str) -> list[Any]:
        pages = self.iam.get_paginator(operation).paginate(**request)
        return [entry for page in pages for entry in page[key]]
