"""The words in which AWS says no, and the form in which each service does.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inventory_lab.local.access.evaluation import AccessRequest, Decision


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer: code, HTTP status, text, and the model's code where it is another."""

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


_DENIED = {
    "iam": ("AccessDenied", 403),
    "sts": ("AccessDenied", 403),
    "s3": ("AccessDenied", 403),
    "cloudwatch": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
    "sqs": ("AccessDenied", 403),
    "lambda": ("AccessDeniedException", 403),
    "pipes": ("AccessDeniedException", 403),
}
_UNKNOWN_KEY = {
    "iam": ("InvalidClientTokenId", 403),
    "sts": ("InvalidClientTokenId", 403),
    "sns": ("InvalidClientTokenId", 403),
    "sqs": ("InvalidClientTokenId", 403),
    "cloudwatch": ("InvalidClientTokenId", 403),
    "s3": ("InvalidAccessKeyId", 403),
    "lambda": ("UnrecognizedClientException", 403),
    "pipes": ("UnrecognizedClientException", 403),
}
_WRONG_SECRET = {
    "iam": ("SignatureDoesNotMatch", 403),
    "sts": ("SignatureDoesNotMatch", 403),
    "sns": ("SignatureDoesNotMatch", 403),
    "sqs": ("SignatureDoesNotMatch", 403),
    "cloudwatch": ("SignatureDoesNotMatch", 403),
    "s3": ("SignatureDoesNotMatch", 403),
    "lambda": ("InvalidSignatureException", 403),
    "pipes": ("InvalidSignatureException", 403),
}
_JSON_STATUS = 400
_SPELLED = {"sns": "SNS:{}", "sqs": "sqs:{}"}


def denied(service: str, request: AccessRequest, decision: Decision) -> Refusal:
    """The answer to a caller whom the policies do not allow the action."""
    action = spelled(request.action)
    message = (
        f"User: {request.principal_arn} is not authorized to perform: {action} "
        f"on resource: {request.resource} {reason(action, decision)}"
    )
    return refused(service, message)


def reason(action: str, decision: Decision) -> str:
    """Why, in AWS's words."""
    if decision.explicit_deny:
        article = "an" if decision.policy_type[0] in "ai" else "a"
        return f"with an explicit deny in {article} {decision.policy_type}"
    return f"because no {decision.policy_type} allows the {action} action"


def refused(service: str, message: str) -> Refusal:
    """An access-denied answer with any text, in the service's form."""
    code, status = _DENIED.get(service, ("AccessDeniedException", _JSON_STATUS))
    return Refusal(code, status, message, "AccessDeniedException" if service == "sqs" else "")


def unknown_key(service: str) -> Refusal:
    """The answer to a key that AWS never gave out, or that is inactive or deleted."""
    code, status = _UNKNOWN_KEY.get(service, ("UnrecognizedClientException", _JSON_STATUS))
    return Refusal(code, status, "The security token included in the request is invalid.")


def expired(service: str) -> Refusal:
    """The answer to a session whose time is over."""
    code, status = _UNKNOWN_KEY.get(service, ("UnrecognizedClientException", _JSON_STATUS))
    code = "ExpiredTokenException" if code.endswith("Exception") else "ExpiredToken"
    return Refusal(code, status, "The security token included in the request is expired")


def wrong_region(service: str) -> Refusal:
    """The answer to a request that is signed for another region than the endpoint's."""
    code, status = _WRONG_SECRET.get(service, ("InvalidSignatureException", _JSON_STATUS))
    return Refusal(code, status, "Credential should be scoped to a valid region.")


def wrong_secret(service: str) -> Refusal:
    """The answer to a request that is signed with another secret than the key's."""
    code, status = _WRONG_SECRET.get(service, ("InvalidSignatureException", _JSON_STATUS))
    return Refusal(
        code,
        status,
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method.",
    )


def spelled(action: str) -> str:
    """The action as its service spells it in an error: SNS:Publish, sqs:sendmessage."""
    service, _, name = action.partition(":")
    if service == "sqs":
        return action.lower()
    return f"SNS:{name}" if service == "sns" else action
