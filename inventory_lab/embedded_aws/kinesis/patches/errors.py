"""What Kinesis refuses with: AWS's codes and words, all of them HTTP 400.

Codes: https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html and the error
sections of its operations. Where AWS publishes no text, the words say what the rule is.
"""

from __future__ import annotations

from moto.core.exceptions import JsonRESTError


def invalid_argument(text: str) -> Exception:
    """InvalidArgumentException: the request contradicts itself or the stream."""
    return _refusal("InvalidArgumentException", text)


def malformed(member: str, value: object, constraint: str) -> Exception:
    """ValidationException: a member breaks a constraint of the service model."""
    shown = "null" if value is None else f"'{value}'"
    text = f"Value {shown} at '{member}' failed to satisfy constraint: Member must {constraint}"
    return _refusal("ValidationException", f"1 validation error detected: {text}")


def too_long(member: str, most: int) -> Exception:
    """ValidationException: a list or blob is longer than the service takes."""
    text = f"Value at '{member}' failed to satisfy constraint: Member must have length less than or equal to {most}"
    return _refusal("ValidationException", f"1 validation error detected: {text}")


def limit_exceeded(text: str) -> Exception:
    """LimitExceededException: more than the account or the stream may have."""
    return _refusal("LimitExceededException", text)


def not_provisioned(stream: str, account: str) -> Exception:
    """ValidationException: resharding is for streams in provisioned mode."""
    text = f"Request is invalid. Stream {stream} under account {account} is in On-Demand mode."
    return _refusal("ValidationException", text)


def expired_iterator(text: str) -> Exception:
    """ExpiredIteratorException: the iterator was not used for five minutes."""
    return _refusal("ExpiredIteratorException", text)


def throttled(shard: str, stream: str, account: str) -> Exception:
    """ProvisionedThroughputExceededException: the shard has had enough for now."""
    text = f"Rate exceeded for shard {shard} in stream {stream} under account {account}."
    return _refusal("ProvisionedThroughputExceededException", text)


def _refusal(code: str, text: str) -> Exception:
    error: Exception = JsonRESTError(code, text)
    return error
