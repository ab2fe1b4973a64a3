"""The policies of a principal, read where moto stores them.

The gate needs them anew after each change of IAM, for example ten times while a pipeline is built; a
call of the IAM API for each policy and each of its versions would be most of what the gate costs.
`tests/embedded_aws/iam/test_stored_policies.py` compares what is read with the API's answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend, iam_backends
from moto.utilities.utils import get_partition

from inventory_lab.exceptions import InvalidPolicy
from inventory_lab.iam.account.principal_policies import AttachedPolicies, PrincipalPolicies
from inventory_lab.iam.evaluation.document import Policy, read_policy

if TYPE_CHECKING:
    from botocore.client import BaseClient


class StoredPolicies(AttachedPolicies):
    """Reads the policies of users and roles in an account of moto, and the rest through `client`."""

    def __init__(self, client: Callable[[], BaseClient], region: str) -> None:
        super().__init__(client)
        self._partition = get_partition(region)

    def _user(self, name: str) -> PrincipalPolicies:
        user = self._account.users.get(name)
        if user is None:
            return PrincipalPolicies()
        policies = self._policies_of(user)
        for group in self._account.groups.values():
            if user in group.users:
                policies |= self._policies_of(group)
        return PrincipalPolicies(policies=policies, **self._common(user))

    def _role(self, name: str) -> PrincipalPolicies:
        roles = self._account.roles.values()
        role = next((role for role in roles if role.name == name), None)
        if role is None:
            return PrincipalPolicies()
        trust = read_policy(role.assume_role_policy_document, "trust")
        return PrincipalPolicies(
            policies=self._policies_of(role), trust=trust, **self._common(role)
        )

    @property
    def _account(self) -> IAMBackend:
        return iam_backends[DEFAULT_ACCOUNT_ID][self._partition]

    def _common(self, entity: Any) -> dict[str, Any]:
        arn = (entity.permissions_boundary or {}).get("PermissionsBoundaryArn", "")
        return {
            "boundary": self._managed(arn) if arn else None,
            "boundary_arn": arn,
            "tags": {tag["Key"]: tag["Value"] for tag in entity.tags or []},
            "arn": entity.arn,
            "unique_id": entity.id,
        }

    def _policies_of(self, entity: Any) -> dict[str, Policy]:
        inline = {f"{entity.name}/{n}": read_policy(text) for n, text in entity.policies.items()}
        return inline | {arn: self._managed(arn) for arn in entity.managed_policies}

    def _managed(self, arn: str) -> Policy:
        try:
            policy = self._account.get_policy(arn)
            version = self._account.get_policy_version(arn, policy.default_version_id)
        except NotFoundException as exc:
            raise InvalidPolicy("PolicyArn", f"{arn} does not exist") from exc
        return read_policy(version.document)
