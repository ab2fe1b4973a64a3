"""What a function receives from a topic: https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inventory_lab.embedded_aws.clock import zulu


def lambda_payload(
    subscription: Any, message: str, message_id: str, more: Mapping[str, Any], now: datetime
) -> bytes:
    """The payload of the asynchronous invocation; its signature is the word EXAMPLE."""
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": subscription.topic_arn,
            "Subject": more.get("subject"),
            "Message": message,
            "Timestamp": zulu(now),
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": "EXAMPLE",
            "UnsubscribeUrl": "EXAMPLE",
            "MessageAttributes": more.get("message_attributes") or {},
        },
    }
    return json.dumps({"Records": [record]}).encode()
