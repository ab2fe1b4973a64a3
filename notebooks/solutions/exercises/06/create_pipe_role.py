"""A role has two policies with two questions. The *trust policy* says who may use it: the service EventBridge Pipes.
The *permission policy* says what the role may do: read this stream, invoke this function, send to this
queue, and nothing else. `put_role_policy` replaces a policy of the same name, so it is called for an existing
role too: a second run repairs what somebody changed.
"""


# %% solution
def create_pipe_role(iam, name, stream, function, queue):
    """The ARN of a role that lets a pipe read the stream, invoke the function and send dead letters."""
    import json

    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "pipes.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    reads = [
        "DescribeStream",
        "DescribeStreamSummary",
        "GetRecords",
        "GetShardIterator",
        "ListShards",
    ]
    rights = {
        "lambda:InvokeFunction": function,
        "sqs:SendMessage": queue,
        **{f"kinesis:{action}": stream for action in reads},
    }
    allowed = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights.items()]
    try:
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_role_policy(RoleName=name, PolicyName="pipe", PolicyDocument=document)
    return iam.get_role(RoleName=name)["Role"]["Arn"]


# %% unchanged: iam.put_role_policy(RoleName=name, PolicyName='pipe', PolicyDocument=document) → iam.put_role_policy(RoleName=name, PolicyName='pipex', PolicyDocument=document) -- the name of the policy is free


# %% right: a condition in the trust policy, and tuples
import json


def create_pipe_role(iam, name, stream, function, queue):
    account = stream.split(":")[4]
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Sid": "Trust",
            "Effect": "Allow",
            "Principal": {"Service": ["pipes.amazonaws.com"]},
            "Action": ["sts:AssumeRole"],
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        },
    }
    permissions = {
        "Version": "2012-10-17",
        "Statement": (
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": [
                    "kinesis:DescribeStream",
                    "kinesis:DescribeStreamSummary",
                    "kinesis:GetRecords",
                    "kinesis:GetShardIterator",
                    "kinesis:ListShards",
                ],
                "Resource": [stream],
            },
            {
                "Sid": "Invoke",
                "Effect": "Allow",
                "Action": ["lambda:InvokeFunction"],
                "Resource": function,
            },
            {"Sid": "Send", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": [queue]},
        ),
    }
    try:
        arn = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(trust, indent=2),
            Description="my pipe",
            Tags=[{"Key": "project", "Value": "x"}],
            MaxSessionDuration=3600,
        )["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        arn = iam.get_role(RoleName=name)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=json.dumps(permissions))
    return arn


# %% right: three policies
import json


def create_pipe_role(iam, name, stream, function, queue):
    def document(**statement):
        return json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
        )

    try:
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=document(
                Principal={"Service": "pipes.amazonaws.com"}, Action="sts:AssumeRole"
            ),
        )
    except iam.exceptions.EntityAlreadyExistsException:
        print("exists")
    reads = [
        "kinesis:" + a
        for a in (
            "DescribeStream",
            "DescribeStreamSummary",
            "GetRecords",
            "GetShardIterator",
            "ListShards",
        )
    ]
    for policy, actions, resource in [
        ("read", reads, stream),
        ("invoke", "lambda:InvokeFunction", function),
        ("send", "sqs:SendMessage", queue),
    ]:
        iam.put_role_policy(
            RoleName=name,
            PolicyName=policy,
            PolicyDocument=document(Action=actions, Resource=resource),
        )
    return iam.get_role(RoleName=name)["Role"]["Arn"]


# %% right: it deletes the old policies and renews the trust
import json
from botocore.exceptions import ClientError


def create_pipe_role(iam, name: str, stream: str, function: str, queue: str) -> str:
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "pipes.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    )
    try:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    except ClientError as e:
        if e.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        for old in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=old)
    allow = [
        {"Effect": "Allow", "Action": f"kinesis:{a}", "Resource": stream}
        for a in "DescribeStream DescribeStreamSummary GetRecords GetShardIterator ListShards".split()
    ]
    allow.append({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function})
    allow.append({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue})
    iam.put_role_policy(
        RoleName=name,
        PolicyName=name,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allow}),
    )
    return iam.get_role(RoleName=name)["Role"]["Arn"]


# %% right: all versions of the function, and a condition on the pipe
import json


def create_pipe_role(iam, name, stream, function, queue):
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pipes.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "ArnLike": {"aws:SourceArn": f"arn:aws:pipes:*:{stream.split(':')[4]}:pipe/*"}
                },
            }
        ],
    }
    try:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    rights = [
        {
            "Effect": "Allow",
            "Action": [
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ],
            "Resource": stream,
        },
        {
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": [function, function + ":*"],
        },
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue},
    ]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": rights}),
    )
    return iam.get_role(RoleName=name)["Role"]["Arn"]


# %% wrong: EventBridge Pipes: pipes.amazonaws.com
def create_pipe_role(iam, name, stream, function, queue):
    import json

    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    return iam.get_role(RoleName=name)["Role"]["Arn"]


# %% wrong: The trust policy lets more than a service assume the role.
def create_pipe_role(iam, name, stream, function, queue):
    import json

    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "pipes.amazonaws.com", "AWS": "123456789012"},
        "Action": "sts:AssumeRole",
    }
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    return iam.get_role(RoleName=name)["Role"]["Arn"]


# %% wrong: The role has a trust policy and no permissions
def create_pipe_role(iam, name, stream, function, queue):
    import json

    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "pipes.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    return iam.get_role(RoleName=name)["Role"]["Arn"]


# %% wrong: It is too wide. Besides what it should, it allows kinesis:
def create_pipe_role(iam, name, stream, function, queue):
    import json

    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "pipes.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    rights = {"kinesis:*": stream, "lambda:InvokeFunction": function, "sqs:SendMessage": queue}
    allowed = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights.items()]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="pipe",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}),
    )
    return iam.get_role(RoleName=name)["Role"]["Arn"]


# %% wrong: It does not allow sqs:SendMessage on orders-dlq.
def create_pipe_role(iam, name, stream, function, queue):
    import json

    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "pipes.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    reads = [
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
    ]
    allowed = [
        {"Effect": "Allow", "Action": reads, "Resource": stream},
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function},
    ]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="pipe",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}),
    )
    return iam.get_role(RoleName=name)["Role"]["Arn"]


# %% wrong: fails with EntityAlreadyExistsException
def create_pipe_role(iam, name, stream, function, queue):
    import json

    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "pipes.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    reads = [
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
    ]
    allowed = [
        {"Effect": "Allow", "Action": reads, "Resource": stream},
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue},
    ]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="pipe",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}),
    )
    return role["Role"]["Arn"]


# %% wrong: its Effect must be Allow
def create_pipe_role(iam, name, stream, function, queue):
    """The ARN of a role that lets a pipe read the stream, invoke the function and send dead letters."""
    import json

    trust = {
        "Effect": "Deny",
        "Principal": {"Service": "pipes.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    reads = [
        "DescribeStream",
        "DescribeStreamSummary",
        "GetRecords",
        "GetShardIterator",
        "ListShards",
    ]
    rights = {
        "lambda:InvokeFunction": function,
        "sqs:SendMessage": queue,
        **{f"kinesis:{action}": stream for action in reads},
    }
    allowed = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights.items()]
    try:
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_role_policy(RoleName=name, PolicyName="pipe", PolicyDocument=document)
    return iam.get_role(RoleName=name)["Role"]["Arn"]


# %% wrong: the role keeps its old permissions
def create_pipe_role(iam, name, stream, function, queue):
    """The ARN of a role that lets a pipe read the stream, invoke the function and send dead letters."""
    import json

    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "pipes.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    reads = [
        "DescribeStream",
        "DescribeStreamSummary",
        "GetRecords",
        "GetShardIterator",
        "ListShards",
    ]
    rights = {
        "lambda:InvokeFunction": function,
        "sqs:SendMessage": queue,
        **{f"kinesis:{action}": stream for action in reads},
    }
    allowed = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights.items()]
    try:
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    except iam.exceptions.EntityAlreadyExistsException:
        return iam.get_role(RoleName=name)["Role"]["Arn"]
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_role_policy(RoleName=name, PolicyName="pipe", PolicyDocument=document)
    return iam.get_role(RoleName=name)["Role"]["Arn"]


# %% wrong: the role may still invoke the old one
def create_pipe_role(iam, name, stream, function, queue):
    import json

    def document(*statements):
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    def allow(action, resource):
        return {"Effect": "Allow", "Action": action, "Resource": resource}

    pipes = {"Service": "pipes.amazonaws.com"}
    trust = document({"Effect": "Allow", "Principal": pipes, "Action": "sts:AssumeRole"})
    reads = ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator")
    try:
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        arn = iam.get_role(RoleName=name)["Role"]["Arn"]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="invoke-" + function.split(":")[-1],
        PolicyDocument=document(
            allow([f"kinesis:{action}" for action in (*reads, "ListShards")], stream),
            allow("lambda:InvokeFunction", function),
            allow("sqs:SendMessage", queue),
        ),
    )
    return arn


# %% wrong: Store an inline policy, with put_role_policy.
import json


def create_pipe_role(iam, name, stream, function, queue):
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pipes.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    try:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    rights = [
        {
            "Effect": "Allow",
            "Action": [
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ],
            "Resource": stream,
        },
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue},
    ]
    p = iam.create_policy(
        PolicyName=name + "-policy",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": rights}),
    )
    iam.attach_role_policy(RoleName=name, PolicyArn=p["Policy"]["Arn"])
    return iam.get_role(RoleName=name)["Role"]["Arn"]


# %% wrong: holds for no pipe of this account
import json


def create_pipe_role(iam, name, stream, function, queue):
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pipes.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": stream.split(":")[3]}},
            }
        ],
    }
    try:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    rights = [
        {
            "Effect": "Allow",
            "Action": [
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ],
            "Resource": stream,
        },
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue},
    ]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": rights}),
    )
    return iam.get_role(RoleName=name)["Role"]["Arn"]


# %% wrong: it allows dynamodb:PutItem on *
import json


def create_pipe_role(iam, name, stream, function, queue):
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pipes.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    try:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    rights = [
        {
            "Effect": "Allow",
            "Action": [
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ],
            "Resource": stream,
        },
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue},
        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"},
    ]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": rights}),
    )
    return iam.get_role(RoleName=name)["Role"]["Arn"]
