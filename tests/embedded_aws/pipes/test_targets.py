"""The targets of a pipe: what each receives, what it needs to be allowed, what fails alone.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.pipes.roads import Roads, arn

QUEUE = arn("sqs", "sales")
BUS = arn("events", "event-bus/shop")
PRODUCT = {"InputTemplate": '{"product": <$.data.product>}'}


def bus_to_queue(roads: Roads, **pattern: Any) -> str:
    """A bus with a rule that delivers to a queue; the queue's URL."""
    events = roads.root.client("events")
    events.create_event_bus(Name="shop")
    events.put_rule(Name="all", EventBusName="shop", EventPattern=json.dumps(pattern))
    events.put_targets(
        Rule="all", EventBusName="shop", Targets=[{"Id": "1", "Arn": arn("sqs", "heard")}]
    )
    return roads.queue("heard", "events.amazonaws.com")


def test_a_queue_receives_a_message_for_each_record(roads: Roads) -> None:
    url = roads.queue("sales")
    roads.pipe(QUEUE)
    roads.put({"product": "Phone"}, {"product": "Oven"})
    roads.lab.pump()
    first, second = roads.bodies(url)
    assert json.loads(base64.b64decode(first["data"])) == {"product": "Phone"}
    assert (first["partitionKey"], second["eventSource"]) == ("a", "aws:kinesis")


def test_a_template_shapes_each_message(roads: Roads) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html"""
    url = roads.queue("sales")
    roads.pipe(QUEUE, TargetParameters=PRODUCT)
    roads.put({"product": "Phone"}, {"product": "Oven"})
    roads.lab.pump()
    assert roads.bodies(url) == [{"product": "Phone"}, {"product": "Oven"}]


def test_a_fifo_queue_receives_records_in_the_group_that_a_path_leads_to(roads: Roads) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeTargetSqsQueueParameters.html"""
    url = roads.queue("sales.fifo", FifoQueue="true")
    own = {"MessageGroupId": "$.partitionKey", "MessageDeduplicationId": "$.eventID"}
    roads.pipe(QUEUE + ".fifo", TargetParameters={"SqsQueueParameters": own, **PRODUCT})
    roads.put(*[{"product": n} for n in range(3)])
    roads.lab.pump()
    answer = roads.root.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["MessageGroupId"]
    )
    assert [json.loads(m["Body"])["product"] for m in answer["Messages"]] == [0, 1, 2]
    assert {m["Attributes"]["MessageGroupId"] for m in answer["Messages"]} == {"a"}


def test_a_topic_publishes_each_record(roads: Roads) -> None:
    topic = roads.topic("sales")
    url = roads.queue("heard", "sns.amazonaws.com")
    roads.subscribe(topic, "sqs", arn("sqs", "heard"))
    roads.pipe(topic, TargetParameters=PRODUCT)
    roads.put({"product": "Phone"}, {"product": "Oven"})
    roads.lab.pump()
    assert [json.loads(body["Message"]) for body in roads.bodies(url)] == [
        {"product": "Phone"},
        {"product": "Oven"},
    ]


def test_a_bus_receives_an_event_with_the_pipes_name_as_source(roads: Roads) -> None:
    url = bus_to_queue(roads, source=["Pipe road"])
    roads.pipe(BUS, TargetParameters=PRODUCT)
    roads.put({"product": "Phone"})
    roads.lab.pump()
    [event] = roads.bodies(url)
    assert event["detail"] == {"product": "Phone"}
    assert event["detail-type"] == "Event from aws:kinesis"


def test_source_and_detail_type_may_be_paths_into_the_record(roads: Roads) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeTargetEventBridgeEventBusParameters.html"""
    url = bus_to_queue(roads, source=["shop"], **{"detail-type": ["added"]})
    own = {"Source": "shop", "DetailType": "$.data.kind", "Resources": ["$.partitionKey"]}
    roads.pipe(BUS, TargetParameters={"EventBridgeEventBusParameters": own, **PRODUCT})
    roads.put({"product": "Phone", "kind": "added"}, {"product": "Oven", "kind": "removed"})
    roads.lab.pump()
    [event] = roads.bodies(url)
    assert (event["detail"], event["resources"]) == ({"product": "Phone"}, ["a"])


TARGETS = {
    "sqs:SendMessage": QUEUE,
    "sns:Publish": arn("sns", "sales"),
    "events:PutEvents": BUS,
    "lambda:InvokeFunction": arn("lambda", "function:sales"),
}


@pytest.mark.parametrize("action", TARGETS)
def test_the_role_needs_the_permission_for_the_target(action: str, roads: Roads) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html"""
    roads.queue("sales")
    roads.topic("sales")
    roads.root.client("events").create_event_bus(Name="shop")
    roads.function("sales")
    roads.allow()
    roads.pipe(TARGETS[action])
    assert roads.describe()["CurrentState"] == "RUNNING"  # the target is not tested
    roads.put({"product": "Phone"})
    done = roads.lab.pump()
    assert (done.failures, done.invocations) == (1, 1)
    assert action.lower() in done.error.lower()
    assert "not authorized to perform" in done.error
    roads.allow(action)
    assert roads.lab.pump().failures == 0


@pytest.mark.parametrize("target", [QUEUE, arn("sns", "sales"), BUS])
def test_a_batch_is_at_most_what_the_target_takes(target: str, roads: Roads) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html"""
    roads.pipe(target, batch=10)
    with pytest.raises(ClientError, match=r"ValidationException.*BatchSize is 11"):
        roads.pipe(target, "another", batch=11)


def test_a_pipe_cannot_be_turned_to_a_target_that_takes_less(roads: Roads) -> None:
    roads.pipe(roads.function("sales"), batch=100)
    with pytest.raises(ClientError, match=r"ValidationException.*BatchSize is 100"):
        roads.root.client("pipes").update_pipe(
            Name="road", Target=QUEUE, RoleArn=roads.describe()["RoleArn"]
        )


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        (arn("sns", "sales.fifo"), "a FIFO topic cannot be the target"),
        (QUEUE + ".fifo", "needs a MessageGroupId"),
        ("sales", "Target sales is not an ARN"),
    ],
)
def test_a_target_that_aws_refuses_is_a_validation_error(
    target: str, problem: str, roads: Roads
) -> None:
    with pytest.raises(ClientError, match=f"ValidationException.*{problem}"):
        roads.pipe(target)


def test_entries_that_a_bus_refuses_are_tried_again_alone(roads: Roads) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html"""
    url = bus_to_queue(roads, source=["Pipe road"])
    dead_letters = roads.queue("dead")
    kinesis = {"MaximumRetryAttempts": 1, "DeadLetterConfig": {"Arn": arn("sqs", "dead")}}
    roads.pipe(BUS, kinesis=kinesis, TargetParameters={"InputTemplate": "<$.data.detail>"})
    roads.put({"detail": '{"n": 1}'}, {"detail": "no JSON"}, {"detail": '{"n": 3}'})
    for _ in range(3):
        roads.lab.pump()
    assert [event["detail"] for event in roads.bodies(url)] == [{"n": 1}, {"n": 3}]
    [dead] = roads.bodies(dead_letters)
    assert dead["KinesisBatchInfo"]["batchSize"] == 1
    assert dead["context"]["condition"] == "RetryAttemptsExhausted"


def test_a_queue_that_is_gone_fails_the_batch(roads: Roads) -> None:
    roads.pipe(QUEUE)
    roads.put({"product": "Phone"})
    done = roads.lab.pump()
    assert (done.failures, "NonExistentQueue" in done.error) == (1, True)
    url = roads.queue("sales")
    roads.lab.pump()
    assert len(roads.bodies(url)) == 1
