"""Metrics say what happened, by the minute of the lab."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab, ProductAdded
from inventory_lab.embedded_aws.clock import LAB_EPOCH
from inventory_lab.embedded_aws.cloudwatch.metrics import Metric, MetricStore
from inventory_lab.exceptions import UnsupportedMetric
from tests.embedded_aws.lambda_function import DeployedFunction

STREAM = {"StreamName": "e-commerce-streaming"}
PROBE = {"FunctionName": "probe"}


def cloudwatch(lab: Lab) -> Any:
    return lab.session("root").client("cloudwatch")


def listed(dimensions: dict[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def measured(
    lab: Lab, namespace: str, name: str, stat: str = "Sum", period: int = 60, **dimensions: str
) -> list[float]:
    """The values by period, oldest first, of the last hours."""
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": listed(dimensions)}
    query = {"Id": "a", "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}
    answer = cloudwatch(lab).get_metric_data(
        StartTime=LAB_EPOCH - timedelta(hours=1), EndTime=lab.clock.now() + timedelta(seconds=1),
        MetricDataQueries=[query], ScanBy="TimestampAscending",
    )  # fmt: skip
    values: list[float] = answer["MetricDataResults"][0]["Values"]
    return values


def test_periods_are_counted_from_the_epoch() -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""
    store, metric = MetricStore(), Metric.of("shop", "sales")
    for seconds in (10, 70, 290, 310):
        store.put(metric, LAB_EPOCH + timedelta(seconds=seconds), 1)
    start = LAB_EPOCH + timedelta(seconds=30)
    periods = store.periods(metric, start, LAB_EPOCH + timedelta(hours=1), 300)
    assert {m - LAB_EPOCH: v.total for m, v in periods.items()} == {
        timedelta(0): 3,
        timedelta(minutes=5): 1,
    }


def test_a_function_counts_its_invocations_and_errors(probe: DeployedFunction) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
    probe.create("def handle(event, context):\n    return 1 / event\n")
    for event in (1, 0, 2):
        probe.invoke(event)
    assert measured(probe.lab, "AWS/Lambda", "Invocations", **PROBE) == [3]
    assert measured(probe.lab, "AWS/Lambda", "Errors", **PROBE) == [1]
    assert measured(probe.lab, "AWS/Lambda", "Errors") == [1]
    assert measured(probe.lab, "AWS/Lambda", "Errors", FunctionName="another") == []


def test_the_duration_of_an_invocation_is_lab_time(probe: DeployedFunction) -> None:
    probe.create("import time\ndef handle(event, context):\n    time.sleep(event)\n")
    for seconds in (1, 2):
        probe.result(seconds)
    values = [
        measured(probe.lab, "AWS/Lambda", "Duration", stat, **PROBE)
        for stat in ("Minimum", "Maximum", "Average", "SampleCount")
    ]
    assert values == [[1000], [2000], [1500], [2]]


def test_what_is_put_into_a_stream_is_counted(built: Lab) -> None:
    """https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html"""
    built.publish([ProductAdded("a", 1), ProductAdded("b", 1)])
    size = sum(len(record.data) for record in built_records(built))
    assert measured(built, "AWS/Kinesis", "IncomingRecords", **STREAM) == [2]
    assert measured(built, "AWS/Kinesis", "IncomingBytes", **STREAM) == [size]


def built_records(lab: Lab) -> Any:
    from inventory_lab.observe import stream

    return list(stream.records(lab.account))


def read_all(lab: Lab) -> list[Any]:
    """What a program reads from every shard."""
    kinesis = lab.session("root").client("kinesis")
    values = []
    for shard in kinesis.list_shards(**STREAM)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            **STREAM, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        values += kinesis.get_records(ShardIterator=iterator)["Records"]
    return values


def test_the_iterator_age_of_a_reader_is_the_age_of_the_last_record_it_read(built: Lab) -> None:
    """https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html"""
    built.publish(ProductAdded("a", 1))
    built.clock.advance(65)
    assert len(read_all(built)) == 1
    age = "GetRecords.IteratorAgeMilliseconds"
    assert measured(built, "AWS/Kinesis", age, "Maximum", **STREAM) == [65_000]
    assert measured(built, "AWS/Kinesis", "GetRecords.Records", **STREAM) == [1]


def test_the_iterator_age_of_a_blocked_pipe_grows(built: Lab) -> None:
    built.use_handler("def handle(event, context):\n    1 / 0\n")
    built.publish(ProductAdded("a", 1))
    for _ in range(3):
        built.pump()
        built.clock.advance(59)
    age = "GetRecords.IteratorAgeMilliseconds"
    assert measured(built, "AWS/Kinesis", age, "Maximum", **STREAM) == [1000, 61_000, 121_000]


def test_the_depth_of_a_queue_is_measured_at_the_end_of_each_minute(lab: Lab) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""
    sqs = lab.session("root").client("sqs")
    url = sqs.create_queue(QueueName="sales")["QueueUrl"]
    lab.clock.advance(60)
    sqs.send_message(QueueUrl=url, MessageBody="a")
    sqs.send_message(QueueUrl=url, MessageBody="b")
    lab.clock.advance(120)
    sqs.purge_queue(QueueUrl=url)
    lab.clock.advance(60)
    depth = "ApproximateNumberOfMessagesVisible"
    assert measured(lab, "AWS/SQS", depth, "Maximum", QueueName="sales") == [0, 2, 2, 0]


def test_what_a_program_puts_is_there_too(lab: Lab) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"""
    client = cloudwatch(lab)
    statistics = {"Sum": 6, "SampleCount": 2, "Minimum": 1, "Maximum": 5}
    client.put_metric_data(
        Namespace="shop",
        MetricData=[
            {"MetricName": "sales", "Value": 4, "Unit": "Count"},
            {"MetricName": "sales", "StatisticValues": statistics, "Unit": "Count"},
            {"MetricName": "sales", "Values": [2, 3], "Counts": [1, 2], "Unit": "Count"},
        ],
    )
    assert measured(lab, "shop", "sales") == [18]
    answer = client.get_metric_statistics(
        Namespace="shop", MetricName="sales", StartTime=LAB_EPOCH,
        EndTime=LAB_EPOCH + timedelta(hours=1), Period=3600, Statistics=["Maximum", "SampleCount"],
    )  # fmt: skip
    [point] = answer["Datapoints"]
    assert (point["Maximum"], point["SampleCount"], point["Unit"]) == (5, 6, "Count")


def test_metrics_are_listed_by_namespace_name_and_dimension(built: Lab) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html"""
    built.publish(ProductAdded("a", 1))
    client = cloudwatch(built)
    by_name = client.list_metrics(Namespace="AWS/Kinesis", MetricName="IncomingRecords")
    assert by_name["Metrics"] == [
        {
            "Namespace": "AWS/Kinesis",
            "MetricName": "IncomingRecords",
            "Dimensions": listed(STREAM),
        }
    ]
    by_dimension = client.list_metrics(Dimensions=[{"Name": "StreamName"}])["Metrics"]
    assert {metric["Namespace"] for metric in by_dimension} == {"AWS/Kinesis"}
    assert client.list_metrics(Namespace="AWS/EC2")["Metrics"] == []


def test_only_aws_puts_metrics_of_aws(lab: Lab) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        cloudwatch(lab).put_metric_data(
            Namespace="AWS/Lambda", MetricData=[{"MetricName": "Errors", "Value": 1}]
        )
    assert measured(lab, "AWS/Lambda", "Errors") == []


@pytest.mark.parametrize(
    ("stat", "period", "problem"), [("p99", 60, "the statistic p99"), ("Sum", 30, "the Period 30")]
)
def test_a_query_that_cannot_be_answered_is_refused_in_words(
    stat: str, period: int, problem: str, lab: Lab
) -> None:
    with pytest.raises(UnsupportedMetric, match=problem):
        measured(lab, "AWS/Lambda", "Errors", stat, period)


def test_an_expression_is_refused_in_words(lab: Lab) -> None:
    with pytest.raises(UnsupportedMetric, match=r"the Expression SUM\(METRICS\(\)\)"):
        cloudwatch(lab).get_metric_data(
            StartTime=LAB_EPOCH, EndTime=LAB_EPOCH + timedelta(hours=1),
            MetricDataQueries=[{"Id": "a", "Expression": "SUM(METRICS())"}],
        )  # fmt: skip
