"""The text of AWS's error messages for a denied call, in the format of each service.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inventory_lab.iam.evaluation.decision import AccessRequest, Decision


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer: code, HTTP status, message, and the service model's code when it differs."""

    code: str
    status: int
    message: str
    modelled_code: str = ""

    def parsed(self) -> dict[str, Any]:
        """The answer as botocore parses it."""
        error = {"Code": self.code, "Message": self.message, "Type": "Sender"}
        if self.modelled_code:
            error["QueryErrorCode"] = self.modelled_code
        metadata = {"HTTPStatusCode": self.status, "HTTPHeaders": {}, "RetryAttempts": 0}
        return {
            "Error": error,
            "ResponseMetadata": {"RequestId": "00000000-0000-0000-0000-000000000000", **metadata},
            "message": self.message,
            "Message": self.message,
        }


_QUERY = {"cloudwatch", "iam", "s3", "sns", "sqs", "sts"}
"""Services that speak XML, or keep its codes."""
_REST_JSON = {"lambda", "pipes"}
_OWN_CODES = {
    ("sns", "AccessDenied"): "AuthorizationError",
    ("s3", "InvalidClientTokenId"): "InvalidAccessKeyId",
}


def denied(service: str, request: AccessRequest, decision: Decision) -> Refusal:
    """The answer to a caller to whom the policies do not allow the action."""
    action = spelled(request.action)
    message = (
        f"User: {request.principal_arn} is not authorized to perform: {action} "
        f"on resource: {request.resource} {reason(action, decision)}"
    )
    return refused(service, message)


def reason(action: str, decision: Decision) -> str:
    """The reason of a denial, in AWS's words.

    >>> reason("s3:GetObject", Decision(False, False, None))
    'because no identity-based policy allows the s3:GetObject action'
    """
    if decision.explicit_deny:
        article = "an" if decision.policy_type[0] in "ai" else "a"
        return f"with an explicit deny in {article} {decision.policy_type}"
    return f"because no {decision.policy_type} allows the {action} action"


def refused(service: str, message: str) -> Refusal:
    """An access-denied answer with this message, in the service's format."""
    modelled = "AccessDeniedException" if service == "sqs" else ""
    return Refusal(*_code(service, "AccessDenied", "AccessDeniedException"), message, modelled)


def unknown_key(service: str) -> Refusal:
    """The answer to an access key that AWS did not issue, or that is inactive or deleted."""
    code = _code(service, "InvalidClientTokenId", "UnrecognizedClientException")
    return Refusal(*code, "The security token included in the request is invalid.")


def expired(service: str) -> Refusal:
    """The answer to a session that has expired."""
    code = _code(service, "ExpiredToken", "ExpiredTokenException")
    return Refusal(*code, "The security token included in the request is expired")


def wrong_region(service: str) -> Refusal:
    """The answer to a request that is signed for another region than the endpoint's."""
    return Refusal(*_signature(service), "Credential should be scoped to a valid region.")


def wrong_secret(service: str) -> Refusal:
    """The answer to a request that is signed with another secret than the key's."""
    return Refusal(
        *_signature(service),
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method.",
    )


def spelled(action: str) -> str:
    """The action as its service spells it in an error.

    >>> spelled("sns:Publish"), spelled("sqs:SendMessage")
    ('SNS:Publish', 'sqs:sendmessage')
    """
    service, _, name = action.partition(":")
    if service == "sqs":
        return action.lower()
    return f"SNS:{name}" if service == "sns" else action


def _signature(service: str) -> tuple[str, int]:
    return _code(service, "SignatureDoesNotMatch", "InvalidSignatureException")


def _code(service: str, query: str, json: str) -> tuple[str, int]:
    """The error code and HTTP status in the service's protocol."""
    if service in _QUERY:
        return _OWN_CODES.get((service, query), query), 403
    return json, 403 if service in _REST_JSON else 400
