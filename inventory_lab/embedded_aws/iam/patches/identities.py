"""Users, roles and aliases that are created anew under an old name are not the old ones.

| | moto | AWS, and the lab |
|---|---|---|
| a policy that names a user or role which was deleted | names whoever has the name next | has the unique id of the deleted one, which nobody has again |
| the permissions of an alias that was deleted | hold for the next alias of the name | are deleted with it |

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from moto.awslambda.models import LambdaBackend, lambda_backends
from moto.iam.models import IAMBackend
from moto.kinesis.models import kinesis_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from inventory_lab.embedded_aws.patching import Patch, gap


def patches() -> list[Patch]:
    """What keeps a new user, role or alias from having what was given to an old one."""
    unique = "policies that name it keep the unique id of the deleted one"
    return [
        gap(IAMBackend, "delete_user", "(self, user_name)", unique, around=_user_deleted),
        gap(IAMBackend, "delete_role", "(self, role_name)", unique, around=_role_deleted),
        gap(
            LambdaBackend, "delete_alias", "(self, name, function_name)",
            "the permissions of an alias are deleted with it", around=_alias_deleted,
        ),
    ]  # fmt: skip


def _user_deleted(delete: Callable[..., None]) -> Callable[..., None]:
    def deleted(self: Any, user_name: str) -> None:
        user = self.get_user(user_name)
        delete(self, user_name)
        _replace_in_policies(self, user.arn, user.id)

    return deleted


def _role_deleted(delete: Callable[..., None]) -> Callable[..., None]:
    def deleted(self: Any, role_name: str) -> None:
        role = self.get_role(role_name)
        delete(self, role_name)
        _replace_in_policies(self, role.arn, role.id)

    return deleted


def _alias_deleted(delete: Callable[..., None]) -> Callable[..., None]:
    def deleted(self: Any, name: str, function_name: str) -> None:
        policy = self.get_function(function_name, name).policy
        delete(self, name, function_name)
        policy.statements = [s for s in policy.statements if not s["Resource"].endswith(f":{name}")]

    return deleted


def _replace_in_policies(iam: Any, arn: str, unique_id: str) -> None:
    """Name a principal by its unique id in the policies of roles, queues, topics, streams and functions."""
    old, new = json.dumps(arn), json.dumps(unique_id)
    for role in iam.roles.values():
        role.assume_role_policy_document = role.assume_role_policy_document.replace(old, new)
    for queue in _all(sqs_backends, iam, "queues"):
        queue._policy_json = json.loads(json.dumps(queue._policy_json).replace(old, new))
    for topic in _all(sns_backends, iam, "topics"):
        topic._policy_json = json.loads(json.dumps(topic._policy_json).replace(old, new))
    for kinesis in kinesis_backends[iam.account_id].values():
        for resource, policy in kinesis.resource_policies.items():
            kinesis.resource_policies[resource] = policy.replace(old, new)
    for backend in lambda_backends[iam.account_id].values():
        for function in backend._lambdas.all():
            statements = json.dumps(function.policy.statements).replace(old, new)
            function.policy.statements = json.loads(statements)


def _all(backends: Any, iam: Any, kind: str) -> Iterator[Any]:
    """The queues or topics of the account in all regions."""
    for backend in backends[iam.account_id].values():
        yield from getattr(backend, kind).values()
