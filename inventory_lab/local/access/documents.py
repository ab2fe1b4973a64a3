"""Policies in a call's parameters, refused before they are stored when they are invalid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory_lab.exceptions import InvalidPolicy
from inventory_lab.local.access.answers import Refusal
from inventory_lab.local.access.calls import Call
from inventory_lab.local.access.policy import Kind, read_policy

_IN_IAM: Mapping[str, tuple[str, Kind]] = {
    "CreatePolicy": ("PolicyDocument", "identity"),
    "CreatePolicyVersion": ("PolicyDocument", "identity"),
    "CreateRole": ("AssumeRolePolicyDocument", "trust"),
    "PutGroupPolicy": ("PolicyDocument", "identity"),
    "PutRolePolicy": ("PolicyDocument", "identity"),
    "PutUserPolicy": ("PolicyDocument", "identity"),
    "UpdateAssumeRolePolicy": ("PolicyDocument", "trust"),
}


def document_problem(call: Call) -> Refusal | None:
    """AWS's answer to an invalid policy, with what is wrong in it; None when all is well."""
    if call.service == "iam" and call.operation in _IN_IAM:
        param, kind = _IN_IAM[call.operation]
        return _problem(call.params.get(param), kind, "MalformedPolicyDocument")
    if call.service in ("sqs", "sns"):
        code = "InvalidAttributeValue" if call.service == "sqs" else "InvalidParameter"
        return _problem(_attribute_policy(call.params), "resource", code)
    return None


def _attribute_policy(params: Mapping[str, Any]) -> Any:
    if params.get("AttributeName") == "Policy":
        return params.get("AttributeValue")
    attributes = params.get("Attributes")
    return attributes.get("Policy") if isinstance(attributes, Mapping) else None


def _problem(document: Any, kind: Kind, code: str) -> Refusal | None:
    if not document:
        return None
    try:
        read_policy(str(document), kind)
    except InvalidPolicy as exc:
        return Refusal(code, 400, str(exc))
    return None
