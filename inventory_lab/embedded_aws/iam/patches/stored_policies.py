"""The policies of principals and resources, read where moto stores them.

The gate needs them anew after each change, for example ten times while a pipeline is built; a call for
each policy and each of its versions would be most of what the gate costs.
`tests/embedded_aws/iam/test_stored_policies.py` compares what is read with the API's answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import GenericResourcNotFound, UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend, iam_backends
from moto.kinesis.exceptions import StreamNotFoundError
from moto.kinesis.models import kinesis_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.utilities.utils import get_partition

from inventory_lab.exceptions import InvalidPolicy
from inventory_lab.iam.account.principal_policies import AttachedPolicies, PrincipalPolicies
from inventory_lab.iam.account.resource_policies import Lookups, unless_empty, with_principals
from inventory_lab.iam.evaluation.document import Policy, read_policy
from inventory_lab.iam.evaluation.patterns import ARN_PARTS

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


class StoredResourcePolicies(Lookups):
    """Reads the policies of queues, topics, functions and streams in an account of moto, and the rest
    through clients.
    """

    def _policy_document(self, arn: str) -> Any:
        if arn.count(":") < ARN_PARTS - 1:
            return None
        _, _, service, region, account, name = arn.split(":", ARN_PARTS - 1)
        read = _STORED.get(service)
        if read is None or account != DEFAULT_ACCOUNT_ID or region not in sqs_backends[account]:
            return super()._policy_document(arn)
        return read(region, name, arn)


def _of_queue(region: str, name: str, _: str) -> Any:
    queue = sqs_backends[DEFAULT_ACCOUNT_ID][region].queues.get(name)
    return None if queue is None else queue.policy


def _of_topic(region: str, _: str, arn: str) -> Any:
    topic = sns_backends[DEFAULT_ACCOUNT_ID][region].topics.get(arn)
    return None if topic is None else topic.policy


def _of_function(region: str, name: str, arn: str) -> Any:
    """Event source mappings and layers have no policies."""
    if not name.startswith("function:"):
        return None
    try:
        policy = json.loads(lambda_backends[DEFAULT_ACCOUNT_ID][region].get_policy(arn))["Policy"]
    except (UnknownFunctionException, GenericResourcNotFound):
        return None
    return with_principals(policy)


def _of_stream(region: str, _: str, arn: str) -> Any:
    try:
        policy = kinesis_backends[DEFAULT_ACCOUNT_ID][region].get_resource_policy(arn)
    except StreamNotFoundError:
        return None
    return unless_empty(policy)


_STORED: Mapping[str, Callable[[str, str, str], Any]] = {
    "sqs": _of_queue, "sns": _of_topic, "lambda": _of_function, "kinesis": _of_stream,
}  # fmt: skip
