"""SNS: deliveries that the endpoint's policy has to allow, and subscriptions that wait for a confirmation.

| | AWS | moto 5.2.5, and the lab |
|---|---|---|
| supported: SNS to a queue or function | if the policy on it lets the topic, otherwise the message is dropped | moto: always; the lab as AWS |
| supported: SNS to a function | asynchronously, in SNS's event shape | moto runs Docker, with sample values; the lab as AWS |
| differs: Signature of a message to a function | signed | `EXAMPLE` |
| refused: Subscribe of an HTTP address | posts every message there | UnmockedCall |
| supported: Subscribe of an e-mail address | `pending confirmation` instead of an ARN, unless ReturnSubscriptionArn | moto: the ARN; the lab as AWS |
| supported: it is listed | with `PendingConfirmation` instead of an ARN | moto: the ARN; the lab as AWS |
| supported: its attribute PendingConfirmation | `true` | moto: `false`; the lab as AWS |
| supported: an endpoint that is not an address of its protocol | InvalidParameter, see `endpoints.py` | moto: accepted, but for queues and phones; the lab as AWS |
| supported: ConfirmSubscription with a token that nobody was sent | InvalidParameter | moto: confirmed; the lab as AWS |
| differs: the mail with the link that confirms | sent, its token is valid for two days | never sent, so it stays pending |
| differs: SubscriptionsPending and SubscriptionsConfirmed of a topic | counted | 0, as moto |

https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription
from moto.sns.responses import SNSResponse

from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.embedded_aws.patching import Patch, gap, hook
from inventory_lab.embedded_aws.sns.endpoints import endpoint_problem
from inventory_lab.embedded_aws.sns.notifications import lambda_payload
from inventory_lab.exceptions import UnmockedCall
from inventory_lab.iam.account.evaluator import PolicyEvaluator

CONFIRMED_BY_MAIL = ("email", "email-json")
ANSWERED, LISTED = "pending confirmation", "PendingConfirmation"
_MEMBERS = ("SubscriptionArn", "Owner", "Protocol", "Endpoint", "TopicArn")
_ACTIONS = {"sqs": "sqs:SendMessage", "lambda": "lambda:InvokeFunction"}

Invoke = Callable[[str, bytes], None]
"""Queues an asynchronous invocation of the function with this ARN, with this payload."""


def patches(evaluator: PolicyEvaluator, clock: LabClock, invoke: Invoke) -> list[Patch]:
    """What makes topics deliver as on AWS."""
    return [
        hook(
            Subscription,
            "publish",
            "(self, message, message_id, subject=None, message_attributes=None, "
            "group_id=None, deduplication_id=None, message_structure=None)",
            "asks the policy of the queue or function, and invokes functions in this process",
            around=partial(_delivered, evaluator, clock, invoke),
        ),
        gap(
            SNSBackend,
            "subscribe",
            "(self, topic_arn, endpoint, protocol)",
            "a subscription by e-mail waits for its confirmation; one by HTTP is refused, because "
            "moto would post every message there",
            around=_pending,
        ),
        gap(
            SNSResponse,
            "subscribe",
            "(self)",
            "a subscription that waits is answered without its ARN",
            around=_answered,
        ),
        gap(
            SNSResponse,
            "confirm_subscription",
            "(self)",
            "a token that was never sent confirms nothing",
            _refused,
        ),
        *(_listing(name) for name in ("list_subscriptions", "list_subscriptions_by_topic")),
    ]


def _listing(name: str) -> Patch:
    return gap(
        SNSResponse,
        name,
        "(self)",
        "a subscription that waits is listed without its ARN",
        around=_listed,
    )


def _delivered(
    evaluator: PolicyEvaluator, clock: LabClock, invoke: Invoke, publish: Callable[..., None]
) -> Callable[..., None]:
    def delivered(self: Any, message: str, message_id: str, **more: Any) -> None:
        if not _may_deliver(evaluator, self):
            return
        if self.protocol != "lambda":
            publish(self, message, message_id, **more)
            return
        matcher = self._filter_policy_matcher
        if matcher is not None and not matcher.matches(more.get("message_attributes"), message):
            return
        if more.get("message_structure") == "json":
            message = self._parse_message_structure(message, self.protocol)
        invoke(self.endpoint, lambda_payload(self, message, message_id, more, clock.now()))

    return delivered


def _may_deliver(evaluator: PolicyEvaluator, subscription: Any) -> bool:
    """https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html"""
    action = _ACTIONS.get(subscription.protocol)
    topic, endpoint = subscription.topic_arn, subscription.endpoint
    return (
        action is None
        or evaluator.service_may("sns.amazonaws.com", action, endpoint, topic).allowed
    )


def _pending(subscribe: Callable[..., Any]) -> Callable[..., Any]:
    def pending(self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
        problem = endpoint_problem(protocol, endpoint)
        if problem:
            raise SNSInvalidParameter(problem)
        if protocol in ("http", "https"):
            raise UnmockedCall(endpoint)
        subscription = subscribe(self, topic_arn, endpoint, protocol)
        if protocol in CONFIRMED_BY_MAIL:
            subscription.attributes |= {
                "PendingConfirmation": True,
                "ConfirmationWasAuthenticated": False,
            }
        return subscription

    return pending


def _answered(subscribe: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    def answered(self: Any) -> ActionResult:
        answer = subscribe(self)
        with_arn = self._get_param("ReturnSubscriptionArn")
        waits = self._get_param("Protocol") in CONFIRMED_BY_MAIL
        return ActionResult({"SubscriptionArn": ANSWERED}) if waits and not with_arn else answer

    return answered


def _refused(_: Any) -> ActionResult:
    raise SNSInvalidParameter("Invalid parameter: Token")


def _listed(list_: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    def listed(self: Any) -> ActionResult:
        answer: Any = list_(self).result
        shown = [_shown(subscription) for subscription in answer["Subscriptions"]]
        return ActionResult({**answer, "Subscriptions": shown})

    return listed


def _shown(subscription: Any) -> dict[str, Any]:
    """A subscription as a list shows it."""
    shown = {name: subscription.attributes[name] for name in _MEMBERS}
    waits = subscription.attributes["PendingConfirmation"]
    return {**shown, "SubscriptionArn": LISTED} if waits else shown
