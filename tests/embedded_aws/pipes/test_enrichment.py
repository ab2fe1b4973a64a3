"""A Lambda enrichment runs before the target, and what it answers is what the target receives.

https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html
"""

from __future__ import annotations

import pytest

from tests.embedded_aws.pipes.roads import FAILS, Roads, arn

QUEUE = arn("sqs", "sales")
DOUBLES = """
import base64, json
def handle(events, context):
    stocks = [json.loads(base64.b64decode(event["data"])) for event in events]
    return [{"eventID": e["eventID"], "stock": s["stock"] * 2} for e, s in zip(events, stocks)]
"""


def answers(answer: str) -> str:
    return f"def handle(event, context):\n    return {answer}\n"


def test_the_target_receives_the_answer_of_the_enrichment(roads: Roads) -> None:
    url = roads.queue("sales")
    roads.pipe(QUEUE, Enrichment=roads.function("double", DOUBLES))
    roads.put({"stock": 1}, {"stock": 2})
    roads.lab.pump()
    assert [body["stock"] for body in roads.bodies(url)] == [2, 4]


def test_the_enrichment_receives_the_batch_through_its_own_template(roads: Roads) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html"""
    roads.queue("sales")
    roads.pipe(
        QUEUE,
        Enrichment=roads.function("listens"),
        EnrichmentParameters={"InputTemplate": '{"s": <$.data.stock>}'},
    )
    roads.put({"stock": 1}, {"stock": 2})
    roads.lab.pump()
    assert roads.said("listens") == [[{"s": 1}, {"s": 2}]]


def test_the_targets_template_shapes_the_answer(roads: Roads) -> None:
    url = roads.queue("sales")
    roads.pipe(
        QUEUE,
        Enrichment=roads.function("double", DOUBLES),
        TargetParameters={"InputTemplate": "doubled: <$.stock>"},
    )
    roads.put({"stock": 4})
    roads.lab.pump()
    assert roads.bodies(url) == ["doubled: 8"]


def test_one_pipe_invokes_two_functions_in_turn(roads: Roads) -> None:
    target = roads.function("target")
    roads.pipe(target, Enrichment=roads.function("double", DOUBLES))
    roads.put({"stock": 4})
    roads.lab.pump()
    [[event]] = roads.said("target")
    assert event["stock"] == 8


@pytest.mark.parametrize("answer", ['""', "{}", "[]", "None"])
def test_an_empty_answer_ends_the_batch_without_the_target(answer: str, roads: Roads) -> None:
    url = roads.queue("sales")
    roads.pipe(QUEUE, Enrichment=roads.function("filter", answers(answer)))
    roads.put({"stock": 1})
    assert roads.lab.pump().failures == 0
    assert roads.lab.pump().invocations == 0
    assert roads.bodies(url) == []


def test_an_array_with_an_empty_object_invokes_the_target(roads: Roads) -> None:
    url = roads.queue("sales")
    roads.pipe(QUEUE, Enrichment=roads.function("empty", answers("[{}]")))
    roads.put({"stock": 1})
    roads.lab.pump()
    assert roads.bodies(url) == [{}]


def test_more_events_than_the_target_takes_fail_the_batch(roads: Roads) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html"""
    url = roads.queue("sales")
    roads.pipe(QUEUE, Enrichment=roads.function("many", answers("[{}] * 11")))
    roads.put({"stock": 1})
    done = roads.lab.pump()
    assert "returned 11 events; the target takes 10" in done.error
    assert roads.bodies(url) == []


def test_an_enrichment_has_no_partial_failures(roads: Roads) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html"""
    url = roads.queue("sales")
    failing = answers('{"batchItemFailures": [{"itemIdentifier": event[0]["eventID"]}]}')
    roads.pipe(QUEUE, Enrichment=roads.function("fails", failing))
    roads.put({"stock": 1}, {"stock": 2})
    assert roads.lab.pump().failures == 0
    [body] = roads.bodies(url)  # its answer is one event for the target, whatever it says
    assert list(body) == ["batchItemFailures"]


@pytest.mark.parametrize("source", [FAILS, None])
def test_an_enrichment_that_fails_or_is_gone_fails_the_batch(
    source: str | None, roads: Roads
) -> None:
    roads.queue("sales")
    dead_letters = roads.queue("dead")
    enrichment = roads.function("broken", source) if source else arn("lambda", "function:gone")
    kinesis = {"MaximumRetryAttempts": 1, "DeadLetterConfig": {"Arn": arn("sqs", "dead")}}
    roads.pipe(QUEUE, Enrichment=enrichment, kinesis=kinesis)
    roads.put({"stock": 1}, {"stock": 2})
    rounds = [roads.lab.pump() for _ in range(3)]
    assert [done.failures for done in rounds] == [1, 1, 0]
    [dead] = roads.bodies(dead_letters)
    assert dead["KinesisBatchInfo"]["batchSize"] == 2


def test_the_role_needs_the_permission_to_invoke_the_enrichment(roads: Roads) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html"""
    url = roads.queue("sales")
    roads.allow("sqs:SendMessage")
    roads.pipe(QUEUE, Enrichment=roads.function("double", DOUBLES))
    roads.put({"stock": 1})
    assert "lambda:InvokeFunction" in roads.lab.pump().error
    roads.allow("sqs:SendMessage", "lambda:InvokeFunction")
    roads.lab.pump()
    assert [body["stock"] for body in roads.bodies(url)] == [2]


def test_a_retry_runs_the_enrichment_again_for_the_records_that_are_left(roads: Roads) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html"""
    keeps = "import json\ndef handle(event, context):\n    print(len(event))\n    return event\n"
    second = 'event[1]["eventID"]'
    fails_one = (
        "def handle(event, context):\n"
        f'    return {{"batchItemFailures": [{{"itemIdentifier": {second}}}]}} if len(event) > 1 else None\n'
    )
    roads.pipe(roads.function("target", fails_one), Enrichment=roads.function("keeps", keeps))
    roads.put({"stock": 1}, {"stock": 2}, {"stock": 3})
    roads.lab.pump()
    roads.lab.pump()
    assert roads.said("keeps") == [3, 1]


def test_a_partial_failure_of_records_without_their_id_fails_the_whole_batch(roads: Roads) -> None:
    events = roads.root.client("events")
    events.create_event_bus(Name="shop")
    bad = answers('[{"n": 1}, "not an object"]')
    roads.pipe(arn("events", "event-bus/shop"), Enrichment=roads.function("bad", bad))
    roads.put({"stock": 1}, {"stock": 2})
    done = roads.lab.pump()
    assert done.failures == 1
    assert "MalformedDetail" in done.error
    assert roads.lab.pump().retries == 1
