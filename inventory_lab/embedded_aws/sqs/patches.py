"""Deliveries of SNS, which the policy of the queue or function has to allow.

| | moto 5.2.5 | AWS, and the lab |
|---|---|---|
| SNS delivers to a queue or function | always | when the policy on it lets `sns.amazonaws.com` act for the topic; otherwise the message is dropped |

https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
`tests/embedded_aws/sqs/test_queues.py` tells when moto asks by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.sns.models import Subscription

from inventory_lab.iam.account.evaluator import PolicyEvaluator

_ACTIONS = {"sqs": "sqs:SendMessage", "lambda": "lambda:InvokeFunction"}


@contextmanager
def patched(evaluator: PolicyEvaluator) -> Iterator[None]:
    """While open, what a resource policy does not allow is not delivered."""
    publish = Subscription.publish

    def publish_if_allowed(self: Subscription, *args: Any, **kwargs: Any) -> None:
        action = _ACTIONS.get(self.protocol)
        if (
            action is None
            or evaluator.service_may(
                "sns.amazonaws.com", action, self.endpoint, self.topic_arn
            ).allowed
        ):
            publish(self, *args, **kwargs)

    with patch.object(Subscription, "publish", publish_if_allowed):
        yield
