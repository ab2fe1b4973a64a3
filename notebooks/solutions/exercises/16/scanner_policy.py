"""Two statements, because the two actions are on different resources: in one statement with both lists, each action
would be allowed on each resource. The scanner sends an event like everybody else. It may not write to
the table, however tempting that is: a number that is written past the stream is a number that no rebuild and no
reconcile knows.
"""


# %% solution
def scanner_policy(stream_arn, table_arn):
    """A policy document: put a record into the stream, get an item of the table, nothing else."""
    put = {"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": stream_arn}
    get = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table_arn}
    return {"Version": "2012-10-17", "Statement": [put, get]}


# %% right: names, lists, another order, and a denial of all else
def scanner_policy(stream_arn: str, table_arn: str) -> dict:
    rights = {"DynamoDB:GetItem": table_arn, "kinesis:PutRecord": stream_arn}
    statements = []
    for action, resource in rights.items():
        sid = action.partition(":")[2]
        statements.append(dict(Sid=sid, Effect="Allow", Action=[action], Resource=[resource]))
    statements.append({"Effect": "Deny", "NotAction": [*rights], "Resource": "*"})
    return {"Statement": statements, "Version": "2012-10-17", "Id": "scanner"}


# %% wrong: it allows dynamodb:UpdateItem on table/stock
def scanner_policy(stream_arn, table_arn):
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": stream_arn},
            {
                "Effect": "Allow",
                "Action": ["dynamodb:GetItem", "dynamodb:UpdateItem"],
                "Resource": table_arn,
            },
        ],
    }


# %% wrong: It is too wide.
def scanner_policy(stream_arn, table_arn):
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["kinesis:PutRecord", "dynamodb:GetItem"],
                "Resource": [stream_arn, table_arn],
            }
        ],
    }


# %% wrong: it allows kinesis:PutRecords on stream/orders
def scanner_policy(stream_arn, table_arn):
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "kinesis:PutRecord*", "Resource": stream_arn},
            {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table_arn},
        ],
    }


# %% wrong: It does not allow dynamodb:GetItem on table/stock.
def scanner_policy(stream_arn, table_arn):
    statement = {"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": stream_arn}
    return {"Version": "2012-10-17", "Statement": [statement]}


# %% wrong: return the policy as a dictionary
def scanner_policy(stream_arn, table_arn):
    import json

    put = {"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": stream_arn}
    get = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table_arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [put, get]})


# %% wrong: IAM refuses the document
def scanner_policy(stream_arn, table_arn):
    put = {"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": stream_arn}
    get = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table_arn}
    return {"Statement": [put, get]}
