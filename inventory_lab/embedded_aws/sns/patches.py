"""Subscriptions of SNS that their endpoint has to confirm, where moto 5.2.5 takes them at once.

| | AWS | moto 5.2.5, and the lab |
|---|---|---|
| supported: Subscribe of an e-mail address | `pending confirmation` instead of an ARN, unless ReturnSubscriptionArn | moto: the ARN; the lab as AWS |
| supported: it is listed | with `PendingConfirmation` instead of an ARN | moto: the ARN; the lab as AWS |
| supported: its attribute PendingConfirmation | `true` | moto: `false`; the lab as AWS |
| supported: an endpoint that is not an address of its protocol | InvalidParameter, see `endpoints.py` | moto: accepted, but for queues and phones; the lab as AWS |
| supported: ConfirmSubscription with a token that nobody was sent | InvalidParameter | moto: confirmed; the lab as AWS |
| differs: the mail with the link that confirms | sent, its token holds for two days | never sent, so it stays pending |
| differs: SubscriptionsPending and SubscriptionsConfirmed of a topic | counted | 0, as moto |

https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
`tests/embedded_aws/sns/test_subscriptions.py` tells when moto waits for a confirmation by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend
from moto.sns.responses import SNSResponse

from inventory_lab.embedded_aws.sns.endpoints import endpoint_problem

CONFIRMED_BY_MAIL = ("email", "email-json")
ANSWERED, LISTED = "pending confirmation", "PendingConfirmation"
_MEMBERS = ("SubscriptionArn", "Owner", "Protocol", "Endpoint", "TopicArn")
_LISTS = ("list_subscriptions", "list_subscriptions_by_topic")


@contextmanager
def patched() -> Iterator[None]:
    """While open, a subscription by mail waits for its confirmation."""
    repairs: list[tuple[Any, str, Any]] = [
        (SNSBackend, "subscribe", _pending(SNSBackend.subscribe)),
        (SNSResponse, "subscribe", _answered(SNSResponse.subscribe)),
        (SNSResponse, "confirm_subscription", _refused),
    ]
    repairs += [(SNSResponse, name, _listed(getattr(SNSResponse, name))) for name in _LISTS]
    with ExitStack() as stack:
        for owner, name, repair in repairs:
            stack.enter_context(patch.object(owner, name, repair))
        yield


def _pending(subscribe: Callable[..., Any]) -> Callable[..., Any]:
    def pending(self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
        problem = endpoint_problem(protocol, endpoint)
        if problem:
            raise SNSInvalidParameter(problem)
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
        told = self._get_param("ReturnSubscriptionArn")
        waits = self._get_param("Protocol") in CONFIRMED_BY_MAIL
        return ActionResult({"SubscriptionArn": ANSWERED}) if waits and not told else answer

    return answered


def _refused(_: Any) -> ActionResult:
    raise SNSInvalidParameter("Invalid parameter: Token")


def _listed(list_: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    def listed(self: Any) -> ActionResult:
        found: Any = list_(self).result
        return ActionResult({**found, "Subscriptions": [_shown(s) for s in found["Subscriptions"]]})

    return listed


def _shown(subscription: Any) -> dict[str, Any]:
    """A subscription as a list shows it."""
    shown = {name: subscription.attributes[name] for name in _MEMBERS}
    waits = subscription.attributes["PendingConfirmation"]
    return {**shown, "SubscriptionArn": LISTED} if waits else shown
