"""Asynchronous invocations are queued, run at a pump, tried again, and given up where they are told to."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from inventory_lab.embedded_aws.awslambda.async_invocations import EventQueue, Invocation
from inventory_lab.embedded_aws.awslambda.runtime import Answer
from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.exceptions import RoleNotAssumable, UnsupportedFunction
from tests.embedded_aws.lambda_function import ARN, DeployedFunction, open_to

PRINTS = "def handle(event, context):\n    print(event)\n    return [event]\n"
FAILS = "def handle(event, context):\n    print(event)\n    raise ValueError('no such stock')\n"


def configure(probe: DeployedFunction, **config: Any) -> None:
    probe.client.put_function_event_invoke_config(FunctionName="probe", **config)


def destination(probe: DeployedFunction, outcome: str, arn: str) -> None:
    configure(probe, DestinationConfig={outcome: {"Destination": arn}})


def runs(probe: DeployedFunction) -> int:
    return len(probe.reports())


def test_an_event_runs_at_the_next_pump(probe: DeployedFunction) -> None:
    probe.create(PRINTS)
    probe.send("one")
    probe.send("two")
    assert probe.log() == []
    probe.pump()
    assert probe.log() == ["one", "two"]
    probe.pump(3600)
    assert runs(probe) == 2


def test_what_an_event_queues_waits_for_the_pump_after(probe: DeployedFunction) -> None:
    probe.allow("logs:*", "lambda:InvokeFunction")
    probe.create(
        "import boto3\ndef handle(event, context):\n    boto3.client('lambda').invoke("
        "FunctionName='probe', InvocationType='Event', Payload=b'{}')\n"
    )
    probe.send()
    for turn in (1, 2, 3):
        probe.pump()
        assert runs(probe) == turn


def test_a_failing_event_is_tried_again_after_one_minute_and_after_two_more(
    probe: DeployedFunction,
) -> None:
    probe.create(FAILS)
    probe.send()
    seen = []
    for seconds in (0, 57, 1, 117, 1, 3600):  # each pump adds a second
        probe.pump(seconds)
        seen.append(runs(probe))
    assert seen == [1, 1, 2, 2, 3, 3]


def test_a_retry_has_the_request_id_of_the_first_attempt(probe: DeployedFunction) -> None:
    probe.create("def handle(event, context):\n    print(context.aws_request_id)\n    1 / 0\n")
    probe.send()
    probe.pump()
    probe.pump(60)
    first, second = (line for line in probe.log() if "ERROR" not in line)
    assert first == second


def test_a_time_out_is_tried_again_too(probe: DeployedFunction) -> None:
    probe.create("import time\ndef handle(event, context):\n    time.sleep(60)\n")
    probe.send()
    probe.pump()
    probe.pump(60)
    assert runs(probe) == 2


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_maximum_retry_attempts_is_respected(retries: int, probe: DeployedFunction) -> None:
    probe.create(FAILS)
    configure(probe, MaximumRetryAttempts=retries)
    probe.send()
    for _ in range(5):
        probe.pump(3600)
    assert runs(probe) == 1 + retries


def test_the_last_configuration_counts(probe: DeployedFunction) -> None:
    probe.create(FAILS)
    configure(probe, MaximumRetryAttempts=2, MaximumEventAgeInSeconds=60)
    configure(probe, MaximumRetryAttempts=1)
    configuration = probe.client.get_function_event_invoke_config(FunctionName="probe")
    assert (configuration["MaximumRetryAttempts"], "MaximumEventAgeInSeconds" in configuration) == (
        1,
        False,
    )
    probe.client.update_function_event_invoke_config(
        FunctionName="probe", MaximumEventAgeInSeconds=90
    )
    configuration = probe.client.get_function_event_invoke_config(FunctionName="probe")
    assert (configuration["MaximumRetryAttempts"], configuration["MaximumEventAgeInSeconds"]) == (
        1,
        90,
    )


def test_an_event_older_than_the_maximum_is_given_up(probe: DeployedFunction) -> None:
    probe.allow("logs:*", "sqs:SendMessage")
    probe.create(FAILS)
    url, arn = probe.queue("given-up")
    configure(
        probe, MaximumEventAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )  # fmt: skip
    probe.send("late")
    probe.pump()
    probe.pump(61)
    assert runs(probe) == 1
    [record] = probe.bodies(url)
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert "responsePayload" not in record


def test_a_given_up_event_goes_to_the_on_failure_destination(probe: DeployedFunction) -> None:
    probe.allow("logs:*", "sqs:SendMessage")
    probe.create(FAILS)
    url, arn = probe.queue("given-up")
    destination(probe, "OnFailure", arn)
    probe.send({"a": 1})
    for _ in range(3):
        assert probe.messages(url) == []
        probe.pump(120)
    [record] = probe.bodies(url)
    context, response = record.pop("requestContext"), record.pop("responsePayload")
    assert context.pop("requestId") == response.pop("requestId")
    assert context == {
        "functionArn": f"{ARN}:$LATEST", "condition": "RetriesExhausted", "approximateInvokeCount": 3,
    }  # fmt: skip
    assert response["errorType"] == "ValueError"
    assert record == {
        "version": "1.0",
        "timestamp": "2026-01-05T09:06:03.000Z",
        "requestPayload": {"a": 1},
        "responseContext": {
            "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled",
        },
    }  # fmt: skip


def test_a_success_goes_to_the_on_success_destination(probe: DeployedFunction) -> None:
    probe.allow("logs:*", "sqs:SendMessage")
    probe.create(PRINTS)
    url, arn = probe.queue("done")
    destination(probe, "OnSuccess", arn)
    probe.send(7)
    probe.pump()
    [record] = probe.bodies(url)
    assert record["requestContext"]["condition"] == "Success"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert (record["requestPayload"], record["responsePayload"]) == (7, [7])


def test_a_destination_that_the_role_may_not_send_to_gets_nothing(probe: DeployedFunction) -> None:
    probe.create(PRINTS)
    url, arn = probe.queue("done")
    destination(probe, "OnSuccess", arn)
    probe.send()
    probe.pump()
    assert probe.messages(url) == []
    probe.allow("logs:*", "sqs:SendMessage")
    probe.send()
    probe.pump()
    assert len(probe.messages(url)) == 1


def test_a_function_may_be_a_destination(probe: DeployedFunction) -> None:
    probe.allow("logs:*", "lambda:InvokeFunction")
    probe.create(FAILS)
    probe.create(PRINTS, FunctionName="next")
    configure(
        probe, MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": ARN.replace("probe", "next")}},
    )  # fmt: skip
    probe.send("x")
    probe.pump()
    probe.pump()
    logs = probe.root.client("logs").filter_log_events(logGroupName="/aws/lambda/next")["events"]
    assert any("RetriesExhausted" in event["message"] for event in logs)


def test_a_topic_and_an_event_bus_may_be_destinations(probe: DeployedFunction) -> None:
    probe.allow("logs:*", "sns:Publish", "events:PutEvents")
    probe.create(PRINTS)
    bus = probe.root.client("events")
    url, queue = probe.queue("seen", open_to("seen", "sns.amazonaws.com", "events.amazonaws.com"))
    bus.put_rule(Name="results", EventPattern=json.dumps({"source": ["lambda"]}))
    bus.put_targets(Rule="results", Targets=[{"Id": "1", "Arn": queue}])
    destination(probe, "OnSuccess", "arn:aws:events:us-east-1:123456789012:event-bus/default")
    probe.send("x")
    probe.pump()
    [event] = probe.bodies(url)
    assert event["detail-type"] == "Lambda Function Invocation Result - Success"
    assert event["detail"]["requestPayload"] == "x"
    topic = probe.root.client("sns").create_topic(Name="results")["TopicArn"]
    probe.root.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    destination(probe, "OnSuccess", topic)
    probe.send("y")
    probe.pump()
    [body] = probe.bodies(url)
    assert json.loads(body["Message"])["requestPayload"] == "y"


def test_a_dead_letter_is_the_event_itself_with_its_error(probe: DeployedFunction) -> None:
    probe.allow("logs:*", "sqs:SendMessage")
    url, arn = probe.queue("dead")
    probe.create(FAILS, DeadLetterConfig={"TargetArn": arn})
    probe.send({"a": 1})
    for _ in range(3):
        probe.pump(120)
    [message] = probe.messages(url)
    assert json.loads(message["Body"]) == {"a": 1}
    attributes = {name: a["StringValue"] for name, a in message["MessageAttributes"].items()}
    assert len(attributes.pop("RequestID")) == 36
    assert attributes == {"ErrorCode": "200", "ErrorMessage": "no such stock"}


def test_a_dead_letter_may_go_to_a_topic(probe: DeployedFunction) -> None:
    probe.allow("logs:*", "sns:Publish")
    topic = probe.root.client("sns").create_topic(Name="dead")["TopicArn"]
    url, queue = probe.queue("seen", open_to("seen", "sns.amazonaws.com", "events.amazonaws.com"))
    probe.root.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    probe.create(FAILS, DeadLetterConfig={"TargetArn": topic})
    probe.send("x")
    for _ in range(3):
        probe.pump(120)
    [body] = probe.bodies(url)
    assert body["Message"] == '"x"'


def test_a_dead_letter_that_the_role_may_no_longer_send_is_lost(probe: DeployedFunction) -> None:
    probe.allow("logs:*", "sqs:SendMessage")
    url, arn = probe.queue("dead")
    probe.create(FAILS, DeadLetterConfig={"TargetArn": arn})
    configure(probe, MaximumRetryAttempts=0)
    probe.allow("logs:*")
    probe.send()
    probe.pump()
    assert runs(probe) == 1
    assert probe.messages(url) == []


def test_an_event_of_a_function_that_is_gone_is_dropped(probe: DeployedFunction) -> None:
    probe.create(PRINTS)
    probe.send("x")
    probe.client.delete_function(FunctionName="probe")
    probe.pump()
    probe.create(PRINTS)
    probe.pump()
    assert probe.log() == []


def test_an_event_for_a_version_runs_that_version(probe: DeployedFunction) -> None:
    probe.create(PRINTS)
    probe.client.publish_version(FunctionName="probe")
    probe.update(FAILS)
    probe.client.invoke(
        FunctionName="probe", Qualifier="1", InvocationType="Event", Payload=b'"old"'
    )
    probe.pump()
    assert probe.log() == ["old"]


def test_a_bucket_as_destination_is_refused(probe: DeployedFunction) -> None:
    probe.create(PRINTS)
    with pytest.raises(UnsupportedFunction, match="OnFailure destination is a bucket"):
        destination(probe, "OnFailure", "arn:aws:s3:::given-up")


def test_bounds_of_the_configuration_are_those_of_aws(probe: DeployedFunction) -> None:
    probe.create(PRINTS)
    with pytest.raises((ClientError, ParamValidationError)):
        configure(probe, MaximumRetryAttempts=3)
    with pytest.raises((ClientError, ParamValidationError)):
        configure(probe, MaximumEventAgeInSeconds=21_601)


class FakeRunner:
    """Knows one function; `ends` are the ends of its runs, in turn."""

    def __init__(self, *ends: Exception | BaseException | Answer) -> None:
        self.ends = list(ends)
        self.ran: list[str] = []
        self.event_invoke_config: list[Any] = []
        self.dead_letter_arn = ""

    def find(self, arn: str) -> Any:
        return self

    def run(self, function: Any, invocation: Invocation) -> tuple[Answer, Any]:
        self.ran.append(invocation.request_id)
        end = self.ends.pop(0)
        if isinstance(end, Answer):
            return end, []
        raise end


def queue_of(clock: LabClock, runner: FakeRunner) -> EventQueue:
    queue = EventQueue(clock, runner, lambda *_: None)
    queue.put(Invocation(ARN, b"{}", "1"))
    return queue


def test_an_interrupt_loses_no_event() -> None:
    runner = FakeRunner(KeyboardInterrupt(), Answer(b"{}"))
    queue = queue_of(LabClock(), runner)
    with pytest.raises(KeyboardInterrupt):
        queue.run_due()
    queue.run_due()
    assert (runner.ran, len(queue)) == (["1", "1"], 0)


def test_a_role_that_cannot_be_assumed_is_tried_again_ever_more_rarely() -> None:
    clock = LabClock()
    denied = [RoleNotAssumable("lambda", "role", ARN, "") for _ in range(12)]
    runner = FakeRunner(*denied)
    queue = queue_of(clock, runner)
    waits = []
    while runner.ends:
        before, tried = clock.now(), len(runner.ran)
        while len(runner.ran) == tried:
            queue.run_due()
            if len(runner.ran) == tried:
                clock.advance(1)
        waits.append((clock.now() - before) // timedelta(seconds=1))
    assert waits == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert len(queue) == 1
