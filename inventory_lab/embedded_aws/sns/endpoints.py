"""The endpoints that Subscribe accepts for each protocol. Free of moto.

https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
"""

from __future__ import annotations

import re

PROTOCOLS = (
    "application",
    "email",
    "email-json",
    "firehose",
    "http",
    "https",
    "lambda",
    "sms",
    "sqs",
)
_ARN = re.compile(r"arn:[\w-]+:([\w-]+):[a-z0-9-]*:\d{12}:\S+", re.ASCII)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")
_ARNS = {"sqs": "SQS", "lambda": "Lambda", "firehose": "Firehose"}


def endpoint_problem(protocol: str, endpoint: str) -> str | None:
    """Why AWS refuses an endpoint with InvalidParameter; None when it accepts it.

    The text for queues is AWS's, those for functions and delivery streams follow it.

    >>> endpoint_problem("lambda", "update-inventory")
    'Invalid parameter: Lambda endpoint ARN'
    >>> endpoint_problem("lambda", "arn:aws:lambda:us-east-1:123456789012:function:update-inventory")
    """
    if protocol not in PROTOCOLS:
        text = f"Amazon SNS does not support this protocol string: {protocol}"
        return f"Invalid parameter: {text}"
    if protocol in _ARNS:
        arn = _ARN.fullmatch(endpoint)
        wrong = arn is None or arn[1] != protocol
        return f"Invalid parameter: {_ARNS[protocol]} endpoint ARN" if wrong else None
    if protocol in ("email", "email-json") and not _MAIL.fullmatch(endpoint):
        return "Invalid parameter: Email address"
    return None
