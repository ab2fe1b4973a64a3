"""A policy on a resource has one element more than a policy of a user: the `Principal`, because it has
no user to whom it belongs. `put_resource_policy` replaces the whole policy of the stream, so a second
call takes the permission of the first principal away. To let in two of them, name both in one policy.
"""


# %% solution
def share(kinesis, stream_arn, principal):
    """Let this principal write to the stream, by the stream's own policy."""
    import json

    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": stream_arn,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kinesis.put_resource_policy(ResourceARN=stream_arn, Policy=document)


# %% right: an account as its root ARN
import json


def share(kinesis, stream_arn, principal):
    who = f"arn:aws:iam::{principal}:root" if principal.isdigit() else principal
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Sid": "Share",
            "Effect": "Allow",
            "Principal": {"AWS": who},
            "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
            "Resource": stream_arn,
        },
    }
    return kinesis.put_resource_policy(Policy=json.dumps(policy, indent=1), ResourceARN=stream_arn)


# %% right: tuples, and a statement for each action
import json


def share(kinesis, stream_arn, principal):
    statements = tuple(
        {
            "Effect": "Allow",
            "Principal": dict(AWS=[principal]),
            "Action": [a],
            "Resource": [stream_arn],
        }
        for a in ("kinesis:PutRecord", "kinesis:PutRecords")
    )
    kinesis.put_resource_policy(
        ResourceARN=stream_arn, Policy=json.dumps({"Statement": statements})
    )


# %% right: everybody under the condition that it is the principal
import json


def share(kinesis, stream_arn, principal):
    key = "aws:PrincipalAccount" if principal.isdigit() else "aws:PrincipalArn"
    kinesis.put_resource_policy(
        ResourceARN=stream_arn,
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": "*",
                        "Condition": {"StringEquals": {key: principal}},
                        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
                        "Resource": stream_arn,
                    }
                ],
            }
        ),
    )


# %% right: it deletes the old policy first
def share(kinesis, stream_arn, principal):
    try:
        kinesis.delete_resource_policy(ResourceARN=stream_arn)
    except kinesis.exceptions.ResourceNotFoundException:
        pass
    text = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "%s"}, "Action": ["kinesis:PutRecord", "kinesis:PutRecords"], "Resource": "%s"}]}'
        % (principal, stream_arn)
    )
    kinesis.put_resource_policy(ResourceARN=stream_arn, Policy=text)


# %% wrong: A policy on a resource must also say who is allowed
def share(kinesis, stream_arn, principal):
    import json

    actions = ["kinesis:PutRecord", "kinesis:PutRecords"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": stream_arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kinesis.put_resource_policy(ResourceARN=stream_arn, Policy=document)


# %% wrong: It lets every AWS account in.
def share(kinesis, stream_arn, principal):
    import json

    actions = ["kinesis:PutRecord", "kinesis:PutRecords"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": stream_arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kinesis.put_resource_policy(ResourceARN=stream_arn, Policy=document)


# %% wrong: Besides what it should, it allows kinesis:Delete
def share(kinesis, stream_arn, principal):
    import json

    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "kinesis:*",
        "Resource": stream_arn,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kinesis.put_resource_policy(ResourceARN=stream_arn, Policy=document)


# %% wrong: Besides what it should, it allows kinesis:PutResourcePolicy
def share(kinesis, stream_arn, principal):
    import json

    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "kinesis:Put*",
        "Resource": stream_arn,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kinesis.put_resource_policy(ResourceARN=stream_arn, Policy=document)


# %% wrong: It does not let user/till call kinesis:PutRecords
def share(kinesis, stream_arn, principal):
    import json

    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "kinesis:PutRecord",
        "Resource": stream_arn,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kinesis.put_resource_policy(ResourceARN=stream_arn, Policy=document)


# %% wrong: Its Resource covers more than this stream
def share(kinesis, stream_arn, principal):
    import json

    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": "*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kinesis.put_resource_policy(ResourceARN=stream_arn, Policy=document)


# %% wrong: It lets in somebody else than the argument `principal` says.
def share(kinesis, stream_arn, principal):
    import json

    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": stream_arn,
    }
    old = json.loads(kinesis.get_resource_policy(ResourceARN=stream_arn)["Policy"] or "{}")
    statements = [*old.get("Statement", []), statement]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    kinesis.put_resource_policy(ResourceARN=stream_arn, Policy=document)


# %% wrong: It does not let user/till call kinesis:PutRecord on this stream.
def share(kinesis, stream_arn, principal):
    import json

    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "pipes.amazonaws.com"},
        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": stream_arn,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kinesis.put_resource_policy(ResourceARN=stream_arn, Policy=document)


# %% wrong: Its policy has a Deny, which can shut out the stream's owner too.
def share(kinesis, stream_arn, principal):
    import json

    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": stream_arn,
    }
    deny = {
        "Effect": "Deny",
        "NotPrincipal": {"AWS": principal},
        "Action": "kinesis:*",
        "Resource": stream_arn,
    }
    document = {"Version": "2012-10-17", "Statement": [allow, deny]}
    kinesis.put_resource_policy(ResourceARN=stream_arn, Policy=json.dumps(document))


# %% wrong: Shared with one user, it lets in every user of that account.
def share(kinesis, stream_arn, principal):
    import json

    account = principal.split(":")[4] if principal.startswith("arn:") else principal
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": account},
        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": stream_arn,
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    kinesis.put_resource_policy(ResourceARN=stream_arn, Policy=json.dumps(document))


# %% wrong: It lets in somebody else than the argument `principal` says.
import json


def share(kinesis, stream_arn, principal):
    kinesis.put_resource_policy(
        ResourceARN=stream_arn,
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": [principal, stream_arn.split(":")[4]]},
                        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
                        "Resource": stream_arn,
                    }
                ],
            }
        ),
    )


# %% wrong: Write each action in full
import json


def share(kinesis, stream_arn, principal):
    kinesis.put_resource_policy(
        ResourceARN=stream_arn,
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": principal},
                        "Action": "kinesis:PutRecord*",
                        "Resource": stream_arn,
                    }
                ],
            }
        ),
    )
