"""What AWS refuses for another reason than permissions, and moto 5.2.5 lets through.

Policies that are invalid, names that IAM does not take, keys of others, and deleting what is in use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from inventory_lab.exceptions import InvalidPolicy, UnknownToTheLab
from inventory_lab.iam.evaluation.calls import Call
from inventory_lab.iam.evaluation.document import Kind, read_policy
from inventory_lab.iam.evaluation.messages import Refusal

_DOCUMENTS: Mapping[str, tuple[str, Kind]] = {
    "CreatePolicy": ("PolicyDocument", "identity"),
    "CreatePolicyVersion": ("PolicyDocument", "identity"),
    "CreateRole": ("AssumeRolePolicyDocument", "trust"),
    "PutGroupPolicy": ("PolicyDocument", "identity"),
    "PutRolePolicy": ("PolicyDocument", "identity"),
    "PutUserPolicy": ("PolicyDocument", "identity"),
    "UpdateAssumeRolePolicy": ("PolicyDocument", "trust"),
}
_NAMES = ("GroupName", "PolicyName", "RoleName", "RoleSessionName", "UserName")
_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

_DEPENDENTS: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "DeleteUser": (
        "UserName",
        (
            ("list_access_keys", "AccessKeyMetadata"),
            ("list_user_policies", "PolicyNames"),
            ("list_attached_user_policies", "AttachedPolicies"),
            ("list_groups_for_user", "Groups"),
        ),
    ),
    "DeleteRole": (
        "RoleName",
        (
            ("list_role_policies", "PolicyNames"),
            ("list_attached_role_policies", "AttachedPolicies"),
        ),
    ),
}
"""What must be removed first:
https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html"""


def problem_of_request(
    call: Call, iam: Any, owner_of: Callable[[str], str | None]
) -> Refusal | None:
    """AWS's answer to a request that is wrong whoever makes it; None for a correct request.

    `iam` may read all of IAM; `owner_of` returns the user of an access key.
    """
    for problem in _problems(call, iam, owner_of):
        if problem:
            return problem
    return None


def _problems(
    call: Call, iam: Any, owner_of: Callable[[str], str | None]
) -> Iterator[Refusal | None]:
    _refuse_keys_of_customers(call.params)
    if call.service in ("iam", "sts"):
        yield from (_problem_of_name(call, name) for name in _NAMES)
    if call.service == "iam":
        yield _problem_of_document(call)
        yield _problem_of_trusted(call, iam)
        yield _problem_of_key(call, owner_of)
        yield _problem_of_boundary(call, iam)
        yield _conflict(call, iam)
    yield _problem_of_resource_policy(call, iam)
    if call.service == "sns":
        yield _problem_of_message(call)
        yield _problem_of_filter(call)
    if call.service == "cloudwatch" and call.operation == "PutMetricData":
        yield _problem_of_namespace(call)


_PRINCIPAL_MISSING = {
    "kinesis": ("InvalidArgumentException", "Invalid principal in policy"),
    "sns": ("InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound"),
    "sqs": ("InvalidAttributeValue", "Invalid value for the parameter Policy."),
}


def _problem_of_resource_policy(call: Call, iam: Any) -> Refusal | None:
    """A policy on a queue, topic or stream, or a permission of a function, that AWS does not store."""
    if (call.service, call.operation) == ("lambda", "AddPermission"):
        if _principal_exists(str(call.params.get("Principal")), call, iam):
            return None
        message = "The provided principal was invalid. Please check the principal and try again."
        return Refusal("InvalidParameterValueException", 400, message)
    if call.service not in _PRINCIPAL_MISSING:
        return None
    code, message = _PRINCIPAL_MISSING[call.service]
    document = _resource_policy(call)
    invalid = _invalid(document, "resource", code)
    if invalid is None and _missing_principal(document, "resource", call, iam):
        return Refusal(code, 400, message)
    return invalid


def _resource_policy(call: Call) -> Any:
    """The policy that a call would put on a queue, topic or stream; None when it puts none."""
    if call.service == "kinesis":
        return call.params.get("Policy") if call.operation == "PutResourcePolicy" else None
    return _attribute_policy(call.params)


def _problem_of_name(call: Call, param: str) -> Refusal | None:
    value = call.params.get(param)
    if value is None or _NAME.fullmatch(str(value)):
        return None
    return Refusal(
        "ValidationError",
        400,
        f"The specified value for {param[0].lower()}{param[1:]} is invalid. It must contain only "
        "alphanumeric characters and/or the following: +=,.@_-",
    )


def _problem_of_document(call: Call) -> Refusal | None:
    if call.operation not in _DOCUMENTS:
        return None
    param, kind = _DOCUMENTS[call.operation]
    return _invalid(call.params.get(param), kind, "MalformedPolicyDocument")


def _problem_of_trusted(call: Call, iam: Any) -> Refusal | None:
    """A trust policy names principals that exist:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
    """
    param, kind = _DOCUMENTS.get(call.operation, ("", "identity"))
    if kind != "trust":
        return None
    missing = _missing_principal(call.params.get(param), kind, call, iam)
    message = f"Invalid principal in policy: {missing}"
    return Refusal("MalformedPolicyDocument", 400, message) if missing else None


def _missing_principal(document: Any, kind: Kind, call: Call, iam: Any) -> str:
    """The first principal of a policy that does not exist, as AWS shows it; else "".

    AWS replaces a principal that was deleted by its unique id, and refuses to save that again:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if not document:
        return ""
    for statement in read_policy(str(document), kind):
        for of_kind, value in statement.principals:
            if of_kind == "AWS" and not _principal_exists(value, call, iam):
                return f'"AWS":"{value}"'
    return ""


def _principal_exists(principal: str, call: Call, iam: Any) -> bool:
    """Whether a user or role of this account exists; true for accounts, services, and principals of other
    accounts; false for a unique id.
    """
    parts = principal.split(":", 5)
    if len(parts) < 6:
        return principal == "*" or principal.isdigit() or "." in principal
    _, _, service, _, account, resource = parts
    kind, _, path = resource.partition("/")
    if account != call.account or kind not in ("user", "role", "assumed-role"):
        return True
    if service == "sts":
        return _entity_arn(iam, "role", path.partition("/")[0]) != ""
    return _entity_arn(iam, kind, path.rpartition("/")[2]) == principal


def _entity_arn(iam: Any, kind: str, name: str) -> str:
    """The ARN of a user or role; empty when there is none."""
    if not _NAME.fullmatch(name):
        return ""
    try:
        answer = getattr(iam, f"get_{kind}")(**{f"{kind.title()}Name": name})
    except iam.exceptions.NoSuchEntityException:
        return ""
    return str(answer[kind.title()]["Arn"])


_KEYS = re.compile("kms_?(master)?_?key_?(id|arn|identifier)|encryptionkey|keyid", re.IGNORECASE)


_DATA = frozenset({"ExpressionAttributeValues", "Item", "Key", "RequestItems"})
"""Parameters of DynamoDB that hold what the caller stores, and name no key."""


def _refuse_keys_of_customers(params: Any) -> None:
    """Raise UnknownToTheLab for a customer managed KMS key: its policy is not evaluated, so nobody could say
    who may use what it encrypts. The keys of AWS's services need no permission:
    https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
    """
    for name, value in params.items():
        if name in _DATA:
            continue
        if type(value) is dict or isinstance(value, Mapping):
            _refuse_keys_of_customers(value)
        elif _names_a_key(name) and value and "alias/aws/" not in str(value):
            raise UnknownToTheLab(f"customer managed KMS keys such as {value!r:.80}")


@lru_cache(maxsize=4096)
def _names_a_key(name: object) -> bool:
    return _KEYS.fullmatch(str(name)) is not None


def _problem_of_key(call: Call, owner_of: Callable[[str], str | None]) -> Refusal | None:
    """An access key must belong to the user that the request names, or to the caller."""
    key = call.params.get("AccessKeyId")
    if key is None or owner_of(str(key)) == call.params.get("UserName"):
        return None
    message = f"The Access Key with id {key} cannot be found."
    return Refusal("NoSuchEntity", 404, message)


def _problem_of_boundary(call: Call, iam: Any) -> Refusal | None:
    """A boundary is a managed policy, of the account or of AWS:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    arn = call.params.get("PermissionsBoundary")
    if arn is None or _exists(iam, str(arn)):
        return None
    return Refusal("NoSuchEntity", 404, f"Scope ARN: {arn} does not exist or is not attachable.")


def _exists(iam: Any, arn: str) -> bool:
    try:
        iam.get_policy(PolicyArn=arn)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def _conflict(call: Call, iam: Any) -> Refusal | None:
    if call.operation == "DeletePolicy":
        used = _used(iam, str(call.params.get("PolicyArn")))
        message = "Cannot delete a policy attached to entities."
        return Refusal("DeleteConflict", 409, message) if used else None
    if call.operation not in _DEPENDENTS:
        return None
    param, lists = _DEPENDENTS[call.operation]
    entity = {param: call.params.get(param)}
    for operation, key in lists:
        if _listed(iam, operation, key, entity):
            message = f"Cannot delete entity, must remove {key} first."
            return Refusal("DeleteConflict", 409, message)
    return None


def _listed(iam: Any, operation: str, key: str, entity: Mapping[str, Any]) -> list[Any]:
    try:
        entries: list[Any] = getattr(iam, operation)(**entity)[key]
    except iam.exceptions.NoSuchEntityException:
        return []
    return entries


def _used(iam: Any, arn: str) -> bool:
    """Whether a managed policy is attached to somebody, or is somebody's boundary."""
    try:
        attached = iam.list_entities_for_policy(PolicyArn=arn)
    except iam.exceptions.NoSuchEntityException:
        return False
    if any(attached[f"Policy{kind}"] for kind in ("Users", "Roles", "Groups")):
        return True
    return arn in {*_boundaries(iam, "user"), *_boundaries(iam, "role")}


def _boundaries(iam: Any, kind: str) -> Iterator[str | None]:
    name = f"{kind.title()}Name"
    for page in iam.get_paginator(f"list_{kind}s").paginate():
        for entity in page[f"{kind.title()}s"]:
            details = getattr(iam, f"get_{kind}")(**{name: entity[name]})[kind.title()]
            yield details.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")


def _problem_of_message(call: Call) -> Refusal | None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
    if call.operation != "Publish" or call.params.get("Message"):
        return None
    return Refusal("InvalidParameter", 400, "Invalid parameter: Empty message")


def _problem_of_filter(call: Call) -> Refusal | None:
    """https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html"""
    attributes = call.params.get("Attributes") if call.operation == "Subscribe" else None
    text = (attributes or {}).get("FilterPolicy") or "{}"
    if call.operation == "SetSubscriptionAttributes":
        named = call.params.get("AttributeName") == "FilterPolicy"
        text = call.params.get("AttributeValue") or "{}" if named else "{}"
    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    if isinstance(policy, dict):
        return None
    problem = "FilterPolicy: failed to parse JSON"
    return Refusal("InvalidParameter", 400, f"Invalid parameter: {problem}")


def _problem_of_namespace(call: Call) -> Refusal | None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"""
    if not str(call.params.get("Namespace")).startswith("AWS/"):
        return None
    message = "The value AWS/ for parameter Namespace is invalid."
    return Refusal("InvalidParameterValue", 400, message)


def _attribute_policy(params: Mapping[str, Any]) -> Any:
    if params.get("AttributeName") == "Policy":
        return params.get("AttributeValue")
    attributes = params.get("Attributes")
    return attributes.get("Policy") if isinstance(attributes, Mapping) else None


def _invalid(document: Any, kind: Kind, code: str) -> Refusal | None:
    if not document:
        return None
    try:
        read_policy(str(document), kind)
    except InvalidPolicy as exc:
        return Refusal(code, 400, str(exc))
    return None
