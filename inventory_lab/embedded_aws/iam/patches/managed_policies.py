"""The managed policies of AWS, such as AWSLambdaKinesisExecutionRole: each is loaded when it is asked for.

| | AWS | the lab |
|---|---|---|
| supported: attach, get, simulate | every managed policy | the documents that moto ships; they may be older than AWS's |
| differs: ListPolicies | lists them | lists those that were asked for |

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/about-managed-policy-reference.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

from inventory_lab.embedded_aws.patching import Patch, hook


def patches() -> list[Patch]:
    """What makes the managed policies of AWS exist, although moto does not load all of them at the start."""
    return [
        _hook("attach_group_policy", "(self, policy_arn, group_name)"),
        _hook("attach_role_policy", "(self, policy_arn, role_name)"),
        _hook("attach_user_policy", "(self, policy_arn, user_name)"),
        _hook("get_policy", "(self, policy_arn)"),
    ]


def _hook(name: str, signature: str) -> Patch:
    return hook(
        IAMBackend,
        name,
        signature,
        "loads a managed policy of AWS when it is asked for",
        around=_loaded_first,
    )


def _loaded_first(act: Callable[..., Any]) -> Callable[..., Any]:
    def loaded_first(self: Any, policy_arn: str, *arguments: Any) -> Any:
        if policy_arn not in self.managed_policies:
            _load(self, policy_arn)
        return act(self, policy_arn, *arguments)

    return loaded_first


def _load(iam: Any, arn: str) -> None:
    """Put AWS's policy of this ARN into the account, if there is one."""
    if ":iam::aws:policy/" not in arn:
        return
    name = arn.rpartition("/")[2]
    data = _documents().get(name)
    if data is None:
        return
    policy = AWSManagedPolicy.from_data(name, iam.account_id, iam.region_name, data)
    if policy.arn == arn:
        iam.managed_policies[arn] = policy
        iam.aws_managed_policies.append(policy)


@cache
def _documents() -> dict[str, Any]:
    documents: dict[str, Any] = json.loads(aws_managed_policies_data)
    return documents
