"""The exercises of notebook 09, Alerts."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

DENIED = ("AccessDenied", "User is not authorized to perform: sqs:createqueue")


@checks("09/subscribe_queue", "let a queue of your own receive the alerts of one topic", build=True)
def subscribe_queue(answer: Answer, bench: Bench) -> None:
    """The queue receives what its topic publishes, nothing of others, and nothing twice."""
    sqs, sns, name = bench.client("sqs"), bench.client("sns"), bench.name("buyers")
    topic = bench.client("sns").create_topic(Name=bench.name("alerts"))["TopicArn"]
    other = bench.client("sns").create_topic(Name=bench.name("alerts"))["TopicArn"]
    url = _queue_url(answer, bench, (sqs, sns, name, topic))
    _policy_is_narrow(bench, url, topic, other)
    _receives(bench, url, topic)
    again = answer(sqs, sns, name, topic)
    if again != url:
        raise WrongAnswer(f"The second call returns {_short(again)}, not the URL of the queue.")
    subscriptions = bench.raw("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    if len(subscriptions) != 1:
        raise WrongAnswer(
            f"After two calls there are {len(subscriptions)} subscriptions: the queue must be subscribed "
            "by its ARN, the same each time."
        )
    _errors_pass(answer, bench, topic)


def _queue_url(answer: Answer, bench: Bench, arguments: tuple[Any, ...]) -> str:
    sqs, sns, name, topic = arguments
    returned = answer(sqs, sns, name, topic)
    created = bench.made("CreateQueue")
    if not created:
        raise WrongAnswer("No queue was created: call sqs.create_queue.")
    if created[0].parameters["QueueName"] != name:
        raise WrongAnswer("The queue has another name than the argument `name` says.")
    url = str(bench.raw("sqs").get_queue_url(QueueName=name)["QueueUrl"])
    if returned != url:
        raise WrongAnswer(f"It returns {_short(returned)}: return the URL of the queue.")
    if not bench.made("Subscribe"):
        raise WrongAnswer("The queue is not subscribed: call sns.subscribe with the protocol sqs.")
    endpoint = bench.made("Subscribe")[0].parameters.get("Endpoint")
    if endpoint == url:
        raise WrongAnswer("The endpoint of the subscription is the queue's URL. SNS wants its ARN.")
    return url


def _policy_is_narrow(bench: Bench, url: str, topic: str, other: str) -> None:
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
    if _allowed(bench, url, other):
        raise WrongAnswer(
            "The policy also lets other topics send, even those of other accounts. Add a condition: "
            "ArnEquals with aws:SourceArn."
        )
    if not _allowed(bench, url, topic):
        raise WrongAnswer(
            "The topic may not send to the queue: compare Principal, Action, Resource and Condition of the policy "
            "with what SNS does. The resource is the queue's ARN, the source is the topic's ARN."
        )


def _statement_is_narrow(statement: Mapping[str, Any]) -> None:
    actions = statement.get("Action", [])
    actions = [actions] if isinstance(actions, str) else actions
    wide = [
        action for action in actions if action.lower() not in ("sqs:sendmessage", "sns:publish")
    ]
    if statement.get("Effect") == "Allow" and wide:
        raise WrongAnswer(f"The policy also allows {wide[0]}. SNS needs sqs:SendMessage alone.")
    if statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
        raise WrongAnswer(
            "The principal is everybody. Name the service that sends: {'Service': 'sns.amazonaws.com'}."
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
    sqs = bench.client("sqs")
    bench.fault(sqs, "CreateQueue", lambda *_: DENIED)
    try:
        answer(sqs, bench.client("sns"), bench.name("buyers"), topic)
    except WrongAnswer as exc:
        if "AccessDenied" in str(exc):
            return
        raise
    raise WrongAnswer("When AWS denies the creation of the queue, your function says nothing.")


@checks("09/new_alerts", "act on each alert once, and miss none")
def new_alerts(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """Repeats within one reading and over two; two shortages of one product; a corrected repeat."""
    seen: set[str] = set()
    first = [_alert("Fan", 8, "a"), _alert("Pan", 3, "b"), _alert("Fan", 8, "a")]
    _selects(answer, first, seen, ["a", "b"], "One reading with a repeat")
    second = [_alert("Pan", 3, "b"), _alert("Fan", 5, "c"), _alert("Fan", 5, "d")]
    _selects(answer, second, seen, ["c", "d"], "The next reading")
    _selects(answer, [], seen, [], "An empty reading")


def _selects(
    answer: Answer, alerts: Sequence[dict[str, Any]], seen: set[str], expected: list[str], case: str
) -> None:
    returned = answer(copy.deepcopy(list(alerts)), seen)
    if not isinstance(returned, list) or not all(isinstance(each, dict) for each in returned):
        raise WrongAnswer(f"It returns {_short(returned)}: return a list of the alerts to act on.")
    ids = [each.get("deduplication_id") for each in returned]
    if ids == expected:
        return
    missing = [alert for alert in alerts if alert["deduplication_id"] in set(expected) - set(ids)]
    if missing:
        raise WrongAnswer(
            f"{case}: a shortage of {missing[0]['product_id']} is dropped although nobody has acted on it. A product "
            "can run short twice, even with the same number of pieces: compare the deduplication_id."
        )
    if len(ids) > len(set(ids)):
        raise WrongAnswer(f"{case}: the same alert is listed twice. Remember its id at once.")
    if set(ids) - set(expected):
        raise WrongAnswer(
            f"{case}: an alert is listed that was acted on before. Add the ids to `seen`, the set that you "
            "were given, so that the next call knows them."
        )
    raise WrongAnswer(f"{case}: the alerts are in another order than they came.")


def _alert(product: str, quantity: int, identity: str) -> dict[str, Any]:
    return {
        "product_id": product,
        "alert": "low",
        "quantity": quantity,
        "deduplication_id": identity,
    }


def _short(value: object) -> str:
    return "nothing" if value is None else f"{value!r:.60}"
