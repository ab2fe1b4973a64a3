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
