"""A reader finds the shards, asks for an iterator and reads pages: each call needs the action of its own
name. All four can be limited to one stream. `Get*` would be shorter, but it also allows
`GetResourcePolicy`, and whatever AWS adds to Kinesis under such a name.
"""


# %% solution
def report_policy(stream_arn):
    """The policy document of a program that reads this stream."""
    calls = ["DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"]
    statement = {
        "Effect": "Allow",
        "Action": [f"kinesis:{call}" for call in calls],
        "Resource": stream_arn,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


# %% right: a statement for each action
def report_policy(stream_arn):
    names = "DescribeStreamSummary ListShards GetShardIterator GetRecords".split()
    return {
        "Version": "2012-10-17",
        "Id": "report",
        "Statement": [
            {"Sid": n, "Effect": "Allow", "Action": "kinesis:" + n, "Resource": stream_arn}
            for n in names
        ],
    }


# %% right: one statement, not in a list
def report_policy(stream_arn: str) -> dict:
    policy = dict(Version="2012-10-17")
    policy["Statement"] = {
        "Sid": "Read",
        "Effect": "Allow",
        "Resource": f"{stream_arn}",
        "Action": [
            "kinesis:GetRecords",
            "kinesis:DescribeStreamSummary",
            "kinesis:ListShards",
            "kinesis:GetShardIterator",
        ],
    }
    return policy


# %% right: other kinds of dictionaries
from collections import OrderedDict


def report_policy(arn):
    return OrderedDict(
        Version="2012-10-17",
        Statement=[
            OrderedDict(
                Effect="Allow",
                Action=[
                    "kinesis:describeStreamSummary",
                    "kinesis:listShards",
                    "kinesis:getShardIterator",
                    "kinesis:getRecords",
                ],
                Resource=[arn],
            )
        ],
    )


# %% wrong: It does not allow kinesis:ListShards on stream/orders.
def report_policy(stream_arn):
    calls = ["DescribeStreamSummary", "GetShardIterator", "GetRecords"]
    statement = {
        "Effect": "Allow",
        "Action": [f"kinesis:{call}" for call in calls],
        "Resource": stream_arn,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


# %% wrong: Besides what it should, it allows kinesis:GetResourcePolicy on stream/orders
def report_policy(stream_arn):
    actions = ["kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:Get*"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": stream_arn}
    return {"Version": "2012-10-17", "Statement": [statement]}


# %% wrong: It is too wide. Besides what it should, it allows kinesis:Delete
def report_policy(stream_arn):
    writes = ["kinesis:PutRecord", "kinesis:PutRecords"]
    statement = {"Effect": "Allow", "NotAction": writes, "Resource": stream_arn}
    return {"Version": "2012-10-17", "Statement": [statement]}


# %% wrong: Besides what it should, it allows kinesis:DescribeStreamSummary on stream/orders-2025
def report_policy(stream_arn):
    calls = ["DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"]
    actions = [f"kinesis:{call}" for call in calls]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


# %% wrong: Besides what it should, it allows kinesis:Delete
def report_policy(stream_arn):
    calls = ["DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": f"kinesis:{call}", "Resource": stream_arn}
            for call in calls
        ]
        + [{"Effect": "Allow", "Action": "*", "NotResource": stream_arn}],
    }


# %% wrong: It does not allow kinesis:DescribeStreamSummary on stream/returns.
def report_policy(stream_arn):
    calls = ["DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"]
    statement = {
        "Effect": "Allow",
        "Action": [f"kinesis:{call}" for call in calls],
        "Resource": "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


# %% wrong: It returns a str. Return the document as a dictionary
def report_policy(stream_arn):
    import json

    calls = ["DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"]
    actions = [f"kinesis:{call}" for call in calls]
    statement = {"Effect": "Allow", "Action": actions, "Resource": stream_arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# %% wrong: It has a Deny. A Deny allows nothing
def report_policy(stream_arn):
    calls = ["DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"]
    actions = [f"kinesis:{call}" for call in calls]
    statement = {"Effect": "Deny", "Action": actions, "Resource": stream_arn}
    return {"Version": "2012-10-17", "Statement": [statement]}


# %% wrong: kinesis:GetRecords* also covers what AWS adds under such a name later
def report_policy(stream_arn):
    names = ["DescribeStreamSummary", "ListShards", "GetShardIterator*", "GetRecords*"]
    actions = [f"kinesis:{name}" for name in reversed(names)]
    statement = {"Effect": "Allow", "Action": actions, "Resource": stream_arn}
    return {"Version": "2012-10-17", "Statement": [statement]}


# %% wrong: Its Resource also covers what is below the stream
def report_policy(stream_arn):
    names = ["DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"]
    statement = {
        "Effect": "Allow",
        "Action": [f"kinesis:{name}" for name in names],
        "Resource": [stream_arn, f"{stream_arn}/*"],
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


# %% wrong: It returns a statement alone.
def report_policy(stream_arn):
    names = ["DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"]
    actions = [f"kinesis:{name}" for name in names]
    return {"Effect": "Allow", "Action": actions, "Resource": stream_arn}


# %% wrong: It cannot be written as JSON
def report_policy(stream_arn):
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": {
                    "kinesis:DescribeStreamSummary",
                    "kinesis:ListShards",
                    "kinesis:GetShardIterator",
                    "kinesis:GetRecords",
                },
                "Resource": stream_arn,
            }
        ],
    }


# %% wrong: it allows kinesis:DescribeStreamSummary on arn:aws:kinesis:*:*:stream/orders
def report_policy(stream_arn):
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "kinesis:DescribeStreamSummary",
                    "kinesis:ListShards",
                    "kinesis:GetShardIterator",
                    "kinesis:GetRecords",
                ],
                "Resource": "arn:aws:kinesis:*:*:" + stream_arn.split(":")[-1],
            }
        ],
    }
