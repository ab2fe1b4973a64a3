"""One stream, two functions: the ways there, and what each does to order and retries.

| way | order of a product's events | a function that fails |
|---|---|---|
| an event source mapping beside the pipe | kept: it reads the shard in order, at its own pace | holds up its own mapping alone, which tries the batch again |
| a second pipe | kept: each pipe reads the shard in order, at its own pace | holds up its own pipe alone, which tries the batch again |
| enrichment and target of one pipe | kept | the whole batch again, through both functions |
| pipe to an event bus, a rule for each | not kept on AWS | is invoked again by Lambda, twice, and holds up nothing |
| pipe to a topic, both subscribed | not kept on AWS | is invoked again by Lambda, twice, and holds up nothing |

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
https://docs.aws.amazon.com/sns/latest/dg/sns-lambda-as-subscriber.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from inventory_lab import Lab
from tests.embedded_aws.cloudwatch.test_metrics import measured
from tests.embedded_aws.pipes.roads import EVERYTHING, FAILS, SAYS, Roads, arn, policy
from tests.embedded_aws.pipes.test_execution_log import configuration

FACT = {"InputTemplate": '{"product": <$.data.product>, "n": <$.data.n>}'}
EVENTS = [{"product": "Phone", "n": n} for n in range(3)]
PASSES_ON = (
    "import json\ndef handle(event, context):\n    print(json.dumps(event))\n    return event\n"
)


@pytest.fixture
def roads(lab: Lab) -> Roads:
    lab.build(through="stream")
    return Roads(lab)


def second_pipe(roads: Roads, first: str, second: str) -> None:
    """Two pipes on the stream."""
    roads.pipe(roads.function("first", first), "one", TargetParameters=FACT)
    roads.pipe(roads.function("second", second), "two", TargetParameters=FACT)


def mapping(roads: Roads, first: str, second: str) -> None:
    """A pipe to one function, and an event source mapping of the other."""
    roads.pipe(roads.function("first", first), "one", TargetParameters=FACT)
    roads.function("second", second)
    reads = {"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}
    roads.root.client("iam").put_role_policy(
        RoleName="update-inventory-role", PolicyName="reads", PolicyDocument=policy(reads)
    )
    roads.root.client("lambda").create_event_source_mapping(
        FunctionName="second", EventSourceArn=roads.lab.account.stream_arn(),
        StartingPosition="TRIM_HORIZON",
    )  # fmt: skip


def enrichment(roads: Roads, first: str, second: str) -> None:
    """One pipe that invokes both functions in turn."""
    roads.pipe(
        roads.function("second", second),
        Enrichment=roads.function("first", first),
        EnrichmentParameters=FACT,
    )


def event_bus(roads: Roads, first: str, second: str) -> None:
    """A pipe to a bus, and a rule for each function."""
    events = roads.root.client("events")
    events.create_event_bus(Name="shop")
    for name, source in (("first", first), ("second", second)):
        rule = events.put_rule(Name=name, EventBusName="shop", EventPattern='{"source": ["shop"]}')[
            "RuleArn"
        ]
        target = {"Id": "1", "Arn": roads.function(name, source), "InputPath": "$.detail"}
        events.put_targets(Rule=name, EventBusName="shop", Targets=[target])
        roads.let_in(name, "events.amazonaws.com", rule)
    parameters = {"EventBridgeEventBusParameters": {"Source": "shop"}, **FACT}
    roads.pipe(arn("events", "event-bus/shop"), TargetParameters=parameters)


def topic(roads: Roads, first: str, second: str) -> None:
    """A pipe to a topic that both functions are subscribed to."""
    sales = roads.topic("sales")
    for name, source in (("first", first), ("second", second)):
        roads.subscribe(sales, "lambda", roads.function(name, source))
        roads.let_in(name, "sns.amazonaws.com", sales)
    roads.pipe(sales, TargetParameters=FACT)


Way = Callable[[Roads, str, str], None]
WAYS: list[Way] = [second_pipe, mapping, enrichment, event_bus, topic]


def received(roads: Roads, function: str) -> list[Any]:
    """The facts that a function received, in their order, whatever they came wrapped in."""
    return [fact for said in roads.said(function) for fact in _facts(said)]


def _facts(said: Any) -> list[Any]:
    if isinstance(said, list):
        return said
    if "Records" in said and "kinesis" in said["Records"][0]:
        return [json.loads(base64.b64decode(r["kinesis"]["data"])) for r in said["Records"]]
    if "Records" in said:
        return [json.loads(record["Sns"]["Message"]) for record in said["Records"]]
    return [said]


def run(roads: Roads, rounds: int = 3) -> None:
    for _ in range(rounds):
        roads.lab.pump()


@pytest.mark.parametrize("way", WAYS)
def test_each_way_carries_the_same_events_to_both_functions(way: Way, roads: Roads) -> None:
    way(roads, PASSES_ON, SAYS)
    roads.put(*EVENTS)
    run(roads)
    assert received(roads, "first") == EVENTS
    assert received(roads, "second") == EVENTS


@pytest.mark.parametrize("way", [second_pipe, mapping])
def test_a_batch_that_is_delivered_again_comes_to_the_function_that_had_it(
    way: Way, roads: Roads
) -> None:
    way(roads, PASSES_ON, SAYS)
    with roads.lab.faults(duplicate_delivery=1, at_most=2):
        roads.put(*EVENTS)
        run(roads)
    assert received(roads, "first") == 2 * EVENTS
    assert received(roads, "second") == 2 * EVENTS


@pytest.mark.parametrize("way", [second_pipe, mapping])
def test_a_second_reader_continues_while_the_first_is_blocked(way: Way, roads: Roads) -> None:
    way(roads, FAILS, SAYS)
    roads.put(EVENTS[0])
    assert [roads.lab.pump().failures for _ in range(2)] == [1, 1]
    roads.put(*EVENTS[1:])
    run(roads, 1)
    assert received(roads, "second") == EVENTS


def test_a_failing_target_makes_the_enrichment_run_again(roads: Roads) -> None:
    enrichment(roads, PASSES_ON, FAILS)
    roads.put(EVENTS[0])
    run(roads, 3)
    assert received(roads, "first") == [EVENTS[0]] * 3


@pytest.mark.parametrize("way", [event_bus, topic])
def test_behind_a_bus_or_topic_a_failing_function_holds_nothing_up(way: Way, roads: Roads) -> None:
    counts = "def handle(event, context):\n    print('\"tried\"')\n    1 / 0\n"
    way(roads, counts, SAYS)
    roads.put(EVENTS[0])
    run(roads, 2)
    assert roads.lab.pump().retries == 0  # the pipe has delivered
    roads.put(EVENTS[1])
    run(roads, 2)
    assert received(roads, "second") == EVENTS[:2]
    for _ in range(4):
        roads.lab.clock.advance(120)
        roads.lab.pump()
    tried = [said for said in roads.said("first") if said == "tried"]
    assert len(tried) == 2 * 3  # Lambda tries each event twice again


def test_without_the_right_to_invoke_log_metric_alarm_and_dead_letter_say_so(
    roads: Roads,
) -> None:
    """A pipe whose role lacks lambda:InvokeFunction.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
    """
    roads.allow("sqs:SendMessage")
    cloudwatch = roads.root.client("cloudwatch")
    dead_letters, alarms = roads.queue("dead"), roads.queue("alarms", "sns.amazonaws.com")
    roads.subscribe(roads.topic("alarms"), "sqs", arn("sqs", "alarms"))
    cloudwatch.put_metric_alarm(
        AlarmName="pipe fails", Namespace="AWS/EventBridge/Pipes", MetricName="ExecutionFailed",
        Dimensions=[{"Name": "PipeName", "Value": "road"}], Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=0, ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching", AlarmActions=[arn("sns", "alarms")],
    )  # fmt: skip
    roads.pipe(
        roads.function("first"),
        kinesis={"MaximumRetryAttempts": 1, "DeadLetterConfig": {"Arn": arn("sqs", "dead")}},
        LogConfiguration=configuration(roads, "ERROR"),
    )
    roads.put(EVENTS[0])
    assert roads.describe()["CurrentState"] == "RUNNING"
    run(roads, 2)
    failed = [record for record in roads.logged() if record["messageType"] == "ExecutionFailed"]
    assert len(failed) == 2
    assert "is not authorized to perform: lambda:InvokeFunction" in failed[0]["error"]["message"]
    [dead] = roads.bodies(dead_letters)
    assert dead["context"]["condition"] == "RetryAttemptsExhausted"
    assert dead["KinesisBatchInfo"]["batchSize"] == 1
    roads.lab.clock.advance(60)
    roads.lab.pump()
    [alarm] = cloudwatch.describe_alarms()["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"
    assert "[2.0 " in alarm["StateReason"]  # two executions failed
    [notification] = roads.bodies(alarms)
    assert json.loads(notification["Message"])["NewStateValue"] == "ALARM"
    assert roads.said("first") == []
    roads.allow(*EVERYTHING)
    roads.put(EVENTS[1])
    run(roads, 1)
    assert len(roads.said("first")) == 1  # the first event is lost to the function


def test_the_age_of_a_mappings_batches_is_measured(roads: Roads) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
    mapping(roads, SAYS, FAILS)
    roads.put(EVENTS[0])
    run(roads, 1)
    roads.lab.clock.advance(59)
    run(roads, 1)
    ages = measured(roads.lab, "AWS/Lambda", "IteratorAge", "Maximum", FunctionName="second")
    assert ages == [1000, 61_000]
