"""Workloads whose answers must be the same with and without the patches for speed."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from dataclasses import FrozenInstanceError, asdict, dataclass, field
from typing import Any

import boto3
from botocore.hooks import HierarchicalEmitter
from moto.core.utils import _load_service_model as load_service_model

KEYS = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}

Workload = Callable[[], Any]


def updates_of_items() -> Any:
    """What updates answer and leave, the same expression twice, good and bad ones."""
    from tests.embedded_aws.test_performance import UPDATES, answer, table

    dynamodb = table()
    answers = [answer(dynamodb, key, update) for update in UPDATES for key in ("Phone", "Watch")]
    items = dynamodb.scan(TableName="t")["Items"]
    return answers, sorted(items, key=lambda item: str(item["product_id"]))


def counts_of_a_queue() -> Any:
    """What a queue counts and gives out, with messages that are delayed and in flight."""
    sqs = boto3.Session(**KEYS).client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for number in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=str(number), DelaySeconds=900 * (number > 10))
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=3)["Messages"]
    counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    counts = {name: value for name, value in counted.items() if "NumberOfMessages" in name}
    return counts, [message["Body"] for message in received]


def a_message_of_a_topic() -> Any:
    """What a queue receives of a topic, without what is new in each message."""
    sns, sqs = (boto3.Session(**KEYS).client(service) for service in ("sns", "sqs"))
    topic = sns.create_topic(Name="t")["TopicArn"]
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue["QueueArn"])
    sns.publish(TopicArn=topic, Message="sold")
    body = json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])
    signature = len(body.pop("Signature"))
    fresh = ("MessageId", "Timestamp", "UnsubscribeURL", "SigningCertURL")
    return signature, {name: value for name, value in body.items() if name not in fresh}


def clients() -> Any:
    """Names, operations and answers of clients that are made twice."""
    return [_facts(service) for service in ("kinesis", "sqs", "iam") * 2]


def models_of_services() -> Any:
    """The service models that moto reads."""
    return [load_service_model(service, "service-2") for service in ("kinesis", "sqs", "kinesis")]


def handlers_of_copied_emitters() -> Any:
    """What an emitter and its copies answer after one of them has changed."""
    emitter = HierarchicalEmitter()
    emitter.register("before-call.kinesis", _handler)
    one, other = copy(emitter), copy(emitter)
    one.register("before-call", _handler)
    other.unregister("before-call.kinesis", _handler)
    answers = [each.emit("before-call.kinesis.PutRecord") for each in (emitter, one, other)]
    return [[answer for _, answer in each] for each in answers]


def _handler(event_name: str, **_: Any) -> str:
    return event_name


def dataclasses_of_a_module() -> Any:
    """What dataclasses can do that are made twice from one source, and a third with other defaults."""
    return [_dataclass_facts(default) for default in (1, 1, 2)]


def _dataclass_facts(default: int) -> Any:
    @dataclass(frozen=True, slots=True, order=True)
    class Stock:
        product: str
        pieces: int = default
        tags: list[str] = field(default_factory=list)

    one, other = Stock("Phone"), Stock("Phone", 9, ["new"])
    try:
        one.pieces = 5  # type: ignore[misc]
    except FrozenInstanceError as exc:
        refused = str(exc)
    text = repr(one).replace(Stock.__qualname__, "Stock")
    return text, one < other, one == Stock("Phone"), asdict(other), refused, Stock.__annotations__


def _facts(service: str) -> Any:
    client = boto3.Session(**KEYS).client(service)
    model = client.meta.service_model
    return {
        "endpoint": client.meta.endpoint_url,
        "methods": sorted(client.meta.method_to_api_mapping.items()),
        "inputs": [str(model.operation_model(name).input_shape) for name in model.operation_names],
        "answer": _without_id(_FIRST_CALLS[service](client)),
    }


_FIRST_CALLS: dict[str, Callable[[Any], Any]] = {
    "kinesis": lambda client: client.list_streams(),
    "sqs": lambda client: client.list_queues(),
    "iam": lambda client: client.list_users(),
}


def _without_id(answer: dict[str, Any]) -> Any:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


WORKLOADS: dict[str, Workload] = {
    "UpdateExpressionParser.make": updates_of_items,
    "UpdateExpressionValidator.__init__": updates_of_items,
    "UpdateExpressionValidator.validate": updates_of_items,
    "Node.find_clauses": updates_of_items,
    "LimitedSizeDict.__setitem__": updates_of_items,
    "BaseJSONParser._handle_structure": updates_of_items,
    "BaseJSONParser._handle_timestamp": updates_of_items,
    "BaseResponse._enrich_response": clients,
    "ResponseSerializer.get_value": updates_of_items,
    "BaseJSONSerializer._serialize_type_structure": updates_of_items,
    "BaseJSONSerializer._serialize_type_list": updates_of_items,
    "BaseJSONSerializer._serialize_type_map": updates_of_items,
    "Queue.approximate_number_of_messages": counts_of_a_queue,
    "Queue.approximate_number_of_messages_delayed": counts_of_a_queue,
    "Queue.approximate_number_of_messages_not_visible": counts_of_a_queue,
    "Queue.messages": counts_of_a_queue,
    "SQSBackend.send_message": counts_of_a_queue,
    "SQSBackend.receive_message": counts_of_a_queue,
    "Subscription.private_key": a_message_of_a_topic,
    "moto.core.responses.method_names_from_class": clients,
    "BaseBackend.urls": clients,
    "moto.core.utils.create_loader": models_of_services,
    "Request.from_primitives": clients,
    "botocore.session.create_loader": clients,
    "dataclasses.exec": dataclasses_of_a_module,
    "EventAliaser.__init__": clients,
    "botocore.hooks.accepts_kwargs": clients,
    "ClientCreator._load_service_model": clients,
    "ClientCreator._create_methods": clients,
    "botocore.endpoint_provider.RuleSet": clients,
    "_PrefixTrie.__copy__": handlers_of_copied_emitters,
    "EndpointCreator._get_proxies": clients,
    "Session._register_builtin_handlers": clients,
    "SigV4Auth.add_auth": clients,
    "botocore.httpsession.create_urllib3_context": clients,
}
"""By the target of the patch."""
