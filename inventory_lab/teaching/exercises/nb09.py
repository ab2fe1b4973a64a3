"""The exercises of notebook 09, Alerts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

DENIED = ("AccessDenied", "User is not authorized to perform this action")
STEPS = (
    ("sqs", "CreateQueue", "the creation of the queue"),
    ("sqs", "SetQueueAttributes", "the policy of the queue"),
    ("sns", "Subscribe", "the subscription"),
)
"""The calls that an answer needs, and what they are for."""
ADD = "Add the ids to `seen`, the set that you were given, so that the next call knows them."
FORGOTTEN = "What is in `seen` must stay there."
CHANGED = "The deduplication_id alone says what is a repeat; do not compare the other fields."


@checks("09/subscribe_queue", "let a queue of your own receive the alerts of one topic", build=True)
def subscribe_queue(answer: Answer, bench: Bench) -> None:
    """The queue receives what its topic publishes, nothing of others, and nothing twice."""
    sqs, sns, name = bench.client("sqs"), bench.client("sns"), bench.name("buyers")
    topic = bench.client("sns").create_topic(Name=bench.name("alerts"))["TopicArn"]
    others = [
        bench.client("sns").create_topic(Name=other)["TopicArn"]
        for other in (bench.name("alerts"), topic.rpartition(":")[2] + "-archive")
    ]
    url = _queue_url(answer, bench, (sqs, sns, name, topic))
    _subscription_is_plain(bench, topic)
    _policy_is_narrow(bench, url, topic, others)
    _receives(bench, url, topic)
    bench.raw("sqs").send_message(QueueUrl=url, MessageBody="Low stock of Pan")
    again = answer(sqs, sns, name, topic)
    if again != url:
        raise WrongAnswer(f"The second call returns {_short(again)}, not the URL of the queue.")
    _second_call_keeps(bench, url, topic)
    _half_made(answer, bench, topic)
    _errors_pass(answer, bench, topic)


def _subscriptions(bench: Bench, topic: str) -> list[str]:
    listed = bench.raw("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return [each["SubscriptionArn"] for each in listed]


def _subscription_is_plain(bench: Bench, topic: str) -> None:
    """Raise WrongAnswer for a subscription that filters, or sends messages without their envelope."""
    for arn in _subscriptions(bench, topic):
        attributes = bench.raw("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        if attributes.get("RawMessageDelivery") == "true":
            raise WrongAnswer(
                "With RawMessageDelivery the messages come without their envelope, which the next cells "
                "open. Subscribe without this attribute."
            )
        if attributes.get("FilterPolicy"):
            raise WrongAnswer(
                "Your subscription has a filter policy, so the queue receives some messages only. It is to "
                "receive all that the topic publishes."
            )


def _second_call_keeps(bench: Bench, url: str, topic: str) -> None:
    """Raise WrongAnswer when the second call deleted something, or subscribed again. One message is in the queue."""
    if bench.made("DeleteQueue"):
        raise WrongAnswer(
            "The second call deletes the queue, with the alerts in it, and AWS refuses the same name for 60 "
            "seconds. Keep the queue: create_queue answers with the URL of one that exists."
        )
    if bench.made("Unsubscribe"):
        raise WrongAnswer(
            "The second call removes a subscription: an alert that is sent in this moment is lost. Subscribe "
            "again without this: subscribe answers with the subscription that exists."
        )
    if (number := len(_subscriptions(bench, topic))) != 1:
        raise WrongAnswer(
            f"After two calls there are {number} subscriptions: the queue must be subscribed "
            "by its ARN, the same each time."
        )
    if not _drained(bench, url):
        raise WrongAnswer(
            "The second call takes the messages out of the queue, and nobody acts on these alerts. Leave them there."
        )


def _half_made(answer: Answer, bench: Bench, topic: str) -> None:
    """A queue without policy and subscription, then one that lacks the policy, then one that lacks the
    subscription: the next call adds what is missing.
    """
    name = bench.name("buyers")
    url = bench.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    try:
        answer(bench.client("sqs"), bench.client("sns"), name, topic)
    except WrongAnswer as exc:
        if "QueueAlreadyExists" in str(exc):  # its own queues begin with their attributes
            return
        raise
    _is_complete(bench, url, topic, "after it had created the queue")
    bench.raw("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    answer(bench.client("sqs"), bench.client("sns"), name, topic)
    _is_complete(bench, url, topic, "before it had set the policy")
    for arn in _subscriptions(bench, topic):
        bench.raw("sns").unsubscribe(SubscriptionArn=arn)
    answer(bench.client("sqs"), bench.client("sns"), name, topic)
    _is_complete(bench, url, topic, "before it had subscribed the queue")


def _is_complete(bench: Bench, url: str, topic: str, when: str) -> None:
    bench.raw("sns").publish(TopicArn=topic, Message="Low stock of Fan")
    if not _drained(bench, url):
        raise WrongAnswer(
            f"A first call stopped {when}. Your function takes the queue as ready, and it receives nothing: set "
            "the policy and subscribe in every call."
        )


def _queue_url(answer: Answer, bench: Bench, arguments: tuple[Any, ...]) -> str:
    sqs, sns, name, topic = arguments
    returned = answer(sqs, sns, name, topic)
    created = bench.made("CreateQueue")
    if not created:
        raise WrongAnswer("No queue was created: call sqs.create_queue.")
    if created[0].parameters["QueueName"] != name:
        raise WrongAnswer("The queue has another name than the argument `name` says.")
    url = str(bench.raw("sqs").get_queue_url(QueueName=name)["QueueUrl"])
    if str(returned).startswith("arn:"):
        raise WrongAnswer("It returns an ARN: return the URL of the queue.")
    if returned != url:
        raise WrongAnswer(f"It returns {_short(returned)}: return the URL of the queue.")
    if not bench.made("Subscribe"):
        raise WrongAnswer("The queue is not subscribed: call sns.subscribe with the protocol sqs.")
    endpoint = bench.made("Subscribe")[0].parameters.get("Endpoint")
    if endpoint == url:
        raise WrongAnswer("The endpoint of the subscription is the queue's URL. SNS wants its ARN.")
    return url


def _policy_is_narrow(bench: Bench, url: str, topic: str, others: Sequence[str]) -> None:
    """Raise WrongAnswer for a queue policy that lets nobody, or too many, send."""
    text = bench.raw("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    policy = json.loads(text.get("Attributes", {}).get("Policy") or "{}")
    statements = policy.get("Statement") or []
    statements = [statements] if isinstance(statements, dict) else statements
    if not statements:
        raise WrongAnswer(
            "The queue has no policy, so SNS may not send to it: the subscription exists and hears nothing. "
            "Set the attribute Policy."
        )
    for statement in statements:
        _statement_is_narrow(statement)
    if any(_allowed(bench, url, other) for other in others):
        raise WrongAnswer(
            "The policy also lets other topics send. The condition must name the ARN of this one topic: "
            "ArnEquals with aws:SourceArn."
        )
    if not _allowed(bench, url, topic):
        raise WrongAnswer(
            "The topic may not send to the queue: compare Principal, Action, Resource and Condition of the policy "
            "with what SNS does. The resource is the queue's ARN, the source is the topic's ARN."
        )


def _statement_is_narrow(statement: Mapping[str, Any]) -> None:
    if statement.get("Effect") != "Allow":
        return
    if inverted := [name for name in ("NotAction", "NotPrincipal") if name in statement]:
        raise WrongAnswer(
            f"{inverted[0]} in an Allow covers everything that it does not list. Name what is allowed: Action "
            "and Principal."
        )
    actions = statement.get("Action", [])
    actions = [actions] if isinstance(actions, str) else actions
    wide = [
        action for action in actions if action.lower() not in ("sqs:sendmessage", "sns:publish")
    ]
    if wide:
        raise WrongAnswer(f"The policy also allows {wide[0]}. SNS needs sqs:SendMessage alone.")
    principal = statement.get("Principal")
    accounts = principal.get("AWS", []) if isinstance(principal, dict) else principal
    if "*" in (accounts if isinstance(accounts, list) else [accounts]):
        raise WrongAnswer(
            "The principal is everybody. Name the service that sends: {'Service': 'sns.amazonaws.com'}."
        )
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    services = [services] if isinstance(services, str) else services
    if strangers := [service for service in services if service != "sns.amazonaws.com"]:
        raise WrongAnswer(
            f"The principal is {strangers[0]}: the service that sends is sns.amazonaws.com, and no other."
        )


def _allowed(bench: Bench, url: str, topic: str) -> bool:
    """Whether SNS may send to the queue on behalf of a topic, by publishing through it."""
    sns, sqs = bench.raw("sns"), bench.raw("sqs")
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    before = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    mine = [each["SubscriptionArn"] for each in before if each["Endpoint"] == queue]
    own = mine or [sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]]
    sns.publish(TopicArn=topic, Message="a trial")
    if not mine:
        sns.unsubscribe(SubscriptionArn=own[0])
    return bool(_drained(bench, url))


def _receives(bench: Bench, url: str, topic: str) -> None:
    bench.raw("sns").publish(TopicArn=topic, Message="Low stock of Fan")
    if len(_drained(bench, url)) != 1:
        raise WrongAnswer("A message of the topic does not arrive in the queue exactly once.")


def _drained(bench: Bench, url: str) -> list[Any]:
    """The messages of the queue, which is empty afterwards."""
    sqs = bench.raw("sqs")
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return list(messages)


def _errors_pass(answer: Answer, bench: Bench, topic: str) -> None:
    """Raise WrongAnswer when AWS denies a call that the answer makes, and nobody hears of it."""
    for service, operation, what in STEPS:
        clients = {"sqs": bench.client("sqs"), "sns": bench.client("sns")}
        bench.fault(clients[service], operation, lambda *_: DENIED)
        before = len(bench.made(operation))
        try:
            answer(clients["sqs"], clients["sns"], bench.name("buyers"), topic)
        except WrongAnswer as exc:
            if "AccessDenied" in str(exc):
                continue
            raise
        if len(bench.made(operation)) > before:
            raise WrongAnswer(f"When AWS denies {what}, your function says nothing.")


@checks("09/new_alerts", "act on each alert once, and miss none")
def new_alerts(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """Repeats within one reading and over three; two shortages of one product; a changed repeat."""
    seen: set[str] = set()
    fan, pan = _alert("Fan", 8, "k"), _alert("Pan", 3, "b")
    lamp = _alert("Lamp", 1010, "h") | {"alert": "high"}
    _selects(answer, [fan, pan, lamp, fan], seen, ["k", "b", "h"], "One reading with a repeat")
    second = [pan, _alert("Fan", 5, "m"), _alert("Fan", 5, "c")]
    _selects(answer, second, seen, ["m", "c"], "The next reading")
    _selects(answer, [fan], seen, [], "A repeat after two readings", FORGOTTEN)
    _selects(answer, [_alert("Pan", 2, "b")], seen, [], "A repeat with another quantity", CHANGED)
    _selects(answer, [], seen, [], "An empty reading")
    if answer([dict(fan)], set()) != [fan]:
        raise WrongAnswer(
            "A second program reads the same alerts with a `seen` of its own, which is empty, and the first alert is "
            "not in its list. Remember the ids in `seen` alone."
        )


def _selects(
    answer: Answer,
    alerts: Sequence[dict[str, Any]],
    seen: set[str],
    expected: list[str],
    case: str,
    advice: str = ADD,
) -> None:
    returned = answer([dict(alert) for alert in alerts], seen)
    if not isinstance(returned, list) or not all(isinstance(each, dict) for each in returned):
        raise WrongAnswer(f"It returns {_short(returned)}: return a list of the alerts to act on.")
    if any(each not in alerts for each in returned):
        raise WrongAnswer("An alert that it returns is changed. Return the alerts as they came.")
    ids = [each["deduplication_id"] for each in returned]
    if ids == expected:
        return
    missing = [alert for alert in alerts if alert["deduplication_id"] in set(expected) - set(ids)]
    if missing:
        raise WrongAnswer(f"{case}: {_dropped(missing[0]['product_id'])}")
    if len(ids) > len(set(ids)):
        raise WrongAnswer(f"{case}: the same alert is listed twice. Remember its id at once.")
    if set(ids) - set(expected):
        raise WrongAnswer(f"{case}: an alert is listed that was acted on before. {advice}")
    raise WrongAnswer(f"{case}: the alerts are in another order than they came.")


def _dropped(product: str) -> str:
    if product != "Fan":
        return f"the alert of {product} is new, and it is not in the list. Look at each alert."
    return (
        "a shortage of Fan is dropped although nobody has acted on it. A product can run short twice, even "
        "with the same number of pieces: compare the deduplication_id."
    )


def _alert(product: str, quantity: int, identity: str) -> dict[str, Any]:
    return {
        "product_id": product,
        "alert": "low",
        "quantity": quantity,
        "deduplication_id": identity,
    }


def _short(value: object) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    varies = isinstance(value, set) or " at 0x" in text
    return f"a {type(value).__name__}" if varies or len(text) > 60 else text
