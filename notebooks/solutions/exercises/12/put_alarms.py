"""The two alarms treat missing data in opposite ways, because silence means opposite things. SQS stops
reporting a queue that nobody has used for hours: an empty dead-letter queue is good news, so `notBreaching`. A
stream without records may report nothing either: for the alarm on silence that is the bad news itself, so `breaching`. With
the default, `missing`, both alarms would go to INSUFFICIENT_DATA, which notifies nobody here. One dead letter is
worth an alarm at once; one quiet minute is not, so the other alarm waits for three.
"""


# %% solution
def put_alarms(cloudwatch, stream, queue, topic_arn):
    """Notify the topic of dead letters in the queue, and of three minutes without records."""
    common = {"Period": 60, "Threshold": 1, "AlarmActions": [topic_arn]}
    cloudwatch.put_metric_alarm(
        AlarmName=f"{queue}-not-empty",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        Statistic="Maximum",
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        **common,
    )
    cloudwatch.put_metric_alarm(
        AlarmName=f"{stream}-silent",
        Namespace="AWS/Kinesis",
        MetricName="IncomingRecords",
        Dimensions=[{"Name": "StreamName", "Value": stream}],
        Statistic="Sum",
        EvaluationPeriods=3,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
        **common,
    )


# %% right: other thresholds with the other operators, and both alarms say when they are over
def put_alarms(cloudwatch, stream, queue, topic_arn):
    alarms = [
        dict(
            AlarmName=queue + "-not-empty",
            AlarmDescription="dead letters",
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            Dimensions=[dict(Name="QueueName", Value=queue)],
            Statistic="Maximum",
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        ),
        dict(
            AlarmName="{}-silent".format(stream),
            Namespace="AWS/Kinesis",
            MetricName="IncomingRecords",
            Dimensions=[{"Value": stream, "Name": "StreamName"}],
            Statistic="Sum",
            EvaluationPeriods=3,
            DatapointsToAlarm=3,
            Threshold=0.5,
            ComparisonOperator="LessThanOrEqualToThreshold",
            TreatMissingData="breaching",
        ),
    ]
    for alarm in alarms:
        notify = {"AlarmActions": (topic_arn,), "OKActions": [topic_arn], "ActionsEnabled": True}
        cloudwatch.put_metric_alarm(Period=60, **alarm, **notify)
        print(alarm["AlarmName"])


# %% wrong: Its TreatMissingData is missing, the default: it has to be notBreaching.
def put_alarms(cloudwatch, stream, queue, topic_arn):
    cloudwatch.put_metric_alarm(
        AlarmName=f"{queue}-not-empty",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic_arn],
    )
    cloudwatch.put_metric_alarm(
        AlarmName=f"{stream}-silent",
        Namespace="AWS/Kinesis",
        MetricName="IncomingRecords",
        Dimensions=[{"Name": "StreamName", "Value": stream}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=3,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        AlarmActions=[topic_arn],
    )


# %% wrong: There is no alarm of the name orders-silent.
def put_alarms(cloudwatch, stream, queue, topic_arn):
    cloudwatch.put_metric_alarm(
        AlarmName=f"{queue}-not-empty",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic_arn],
    )


# %% wrong: with 1 visible there would be no alarm
def put_alarms(cloudwatch, stream, queue, topic_arn):
    for name, namespace, metric, dimension, value, statistic, periods, compare, missing in (
        ("not-empty", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue,
         "Maximum", 1, "GreaterThanThreshold", "notBreaching"),
        ("silent", "AWS/Kinesis", "IncomingRecords", "StreamName", stream,
         "Sum", 3, "LessThanThreshold", "breaching"),
    ):  # fmt: skip
        cloudwatch.put_metric_alarm(
            AlarmName=f"{value}-{name}",
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": dimension, "Value": value}],
            Statistic=statistic,
            Period=60,
            EvaluationPeriods=periods,
            Threshold=1,
            ComparisonOperator=compare,
            TreatMissingData=missing,
            AlarmActions=[topic_arn],
        )


# %% wrong: it watches a metric that nothing reports
def put_alarms(cloudwatch, stream, queue, topic_arn):
    cloudwatch.put_metric_alarm(
        AlarmName=f"{queue}-not-empty",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic_arn],
    )


# %% wrong: nobody hears of the alarm
def put_alarms(cloudwatch, stream, queue, topic_arn):
    common = {"Period": 60, "Threshold": 1}
    cloudwatch.put_metric_alarm(
        AlarmName=f"{queue}-not-empty",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        Statistic="Maximum",
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        **common,
    )


# %% wrong: its Period is 300, not 60
def put_alarms(cloudwatch, stream, queue, topic_arn):
    cloudwatch.put_metric_alarm(
        AlarmName=f"{queue}-not-empty",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        Statistic="Maximum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic_arn],
    )


# %% wrong: all 3 minutes count
def put_alarms(cloudwatch, stream, queue, topic_arn):
    common = {"Period": 60, "Threshold": 1, "AlarmActions": [topic_arn], "EvaluationPeriods": 1}
    cloudwatch.put_metric_alarm(
        AlarmName=f"{queue}-not-empty",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        Statistic="Maximum",
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        **common,
    )
    cloudwatch.put_metric_alarm(
        AlarmName=f"{stream}-silent",
        Namespace="AWS/Kinesis",
        MetricName="IncomingRecords",
        Dimensions=[{"Name": "StreamName", "Value": stream}],
        Statistic="Sum",
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
        **common,
    )


# %% wrong: A minute in which nothing comes may report nothing
def put_alarms(cloudwatch, stream, queue, topic_arn):
    common = {"Period": 60, "Threshold": 1, "AlarmActions": [topic_arn]}
    cloudwatch.put_metric_alarm(
        AlarmName=f"{queue}-not-empty",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        Statistic="Maximum",
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        **common,
    )
    cloudwatch.put_metric_alarm(
        AlarmName=f"{stream}-silent",
        Namespace="AWS/Kinesis",
        MetricName="IncomingRecords",
        Dimensions=[{"Name": "StreamName", "Value": stream}],
        Statistic="Sum",
        EvaluationPeriods=3,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="notBreaching",
        **common,
    )


# %% wrong: ActionsEnabled is False
def put_alarms(cloudwatch, stream, queue, topic_arn):
    common = {"Period": 60, "Threshold": 1, "AlarmActions": [topic_arn], "ActionsEnabled": False}
    cloudwatch.put_metric_alarm(
        AlarmName=f"{queue}-not-empty",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        Statistic="Maximum",
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        **common,
    )
    cloudwatch.put_metric_alarm(
        AlarmName=f"{stream}-silent",
        Namespace="AWS/Kinesis",
        MetricName="IncomingRecords",
        Dimensions=[{"Name": "StreamName", "Value": stream}],
        Statistic="Sum",
        EvaluationPeriods=3,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
        **common,
    )
