"""What the policies of a user allow adds up, so a narrow policy beside a broad one changes nothing: the
others must be deleted. The new one is stored first. So there is no moment in which a running script has
no permission. Two actions on one ARN are all that a producer needs. `PutRecords` has an action of its
own: who may call `PutRecord` may not call `PutRecords`.
"""


# %% solution
def allow_put(iam, user, stream_arn):
    """Let the user write to this stream and do nothing else, by one inline policy."""
    import json

    name = "put-to-one-stream"
    statement = {
        "Effect": "Allow",
        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": stream_arn,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=document)
    for other in iam.list_user_policies(UserName=user)["PolicyNames"]:
        if other != name:
            iam.delete_user_policy(UserName=user, PolicyName=other)


# %% unchanged: name = 'put-to-one-stream' → name = 'put-to-one-streamx' -- the name of the policy is free


# %% right: it overwrites a policy that exists, and deletes the rest
import json


def allow_put(iam, user, stream_arn):
    names = iam.list_user_policies(UserName=user)["PolicyNames"] or ["first"]
    keep, *rest = names
    iam.put_user_policy(
        UserName=user,
        PolicyName=keep,
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Resource": stream_arn,
                        "Action": ["kinesis:PutRecords", "kinesis:PutRecord"],
                        "Effect": "Allow",
                    }
                ],
            }
        ),
    )
    for name in rest:
        iam.delete_user_policy(UserName=user, PolicyName=name)


# %% right: the document as text
def allow_put(iam, user, stream_arn):
    document = f'''{{
      "Version": "2012-10-17",
      "Statement": [{{"Effect": "Allow",
                      "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
                      "Resource": "{stream_arn}"}}]
    }}'''
    old = set(iam.list_user_policies(UserName=user)["PolicyNames"]) - {"only-put"}
    iam.put_user_policy(UserName=user, PolicyName="only-put", PolicyDocument=document)
    [iam.delete_user_policy(UserName=user, PolicyName=name) for name in old]


# %% right: a policy named after the stream, and its statement as a dictionary alone
import json


def statement(arn: str) -> dict:
    return {
        "Effect": "Allow",
        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": arn,
    }


def allow_put(iam, user: str, stream_arn: str) -> str:
    name = "put-" + stream_arn.split("/")[1]
    response = iam.put_user_policy(
        UserName=user,
        PolicyName=name,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement(stream_arn)}),
    )
    for other in iam.list_user_policies(UserName=user)["PolicyNames"]:
        if other == name:
            continue
        print("delete", other)
        iam.delete_user_policy(UserName=user, PolicyName=other)
    return response


# %% right: actions in other case, which means the same to IAM
import json


def allow_put(iam, user, stream_arn):
    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    iam.put_user_policy(
        UserName=user,
        PolicyName="put",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["kinesis:putRecord", "kinesis:putRecords"],
                        "Resource": [stream_arn],
                    }
                ],
            }
        ),
    )


# %% right: a condition that the user itself fulfils
import json


def allow_put(iam, user, stream_arn):
    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    statement = {
        "Effect": "Allow",
        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": stream_arn,
        "Condition": {"StringEquals": {"aws:username": user}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="put", PolicyDocument=document)


# %% wrong: The user still has another policy, everything.
def allow_put(iam, user, stream_arn):
    import json

    actions = ["kinesis:PutRecord", "kinesis:PutRecords"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": stream_arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="script", PolicyDocument=document)


# %% wrong: It does not allow kinesis:PutRecords on stream/orders.
def allow_put(iam, user, stream_arn):
    import json

    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    statement = {"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": stream_arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="script", PolicyDocument=document)


# %% wrong: Besides what it should, it allows kinesis:PutResourcePolicy on stream/orders.
def allow_put(iam, user, stream_arn):
    import json

    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    statement = {"Effect": "Allow", "Action": "kinesis:Put*", "Resource": stream_arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="script", PolicyDocument=document)


# %% wrong: Besides what it should, it allows kinesis:PutRecord on stream/orders-2025
def allow_put(iam, user, stream_arn):
    import json

    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    actions = ["kinesis:PutRecord", "kinesis:PutRecords"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": stream_arn + "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="script", PolicyDocument=document)


# %% wrong: It is too wide. Besides what it should, it allows kinesis:Delete
def allow_put(iam, user, stream_arn):
    import json

    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    statement = {"Effect": "Allow", "Action": "kinesis:*", "Resource": stream_arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="script", PolicyDocument=document)


# %% wrong: Besides what it should, it allows kinesis:Delete
def allow_put(iam, user, stream_arn):
    import json

    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    actions = ["kinesis:PutRecord", "kinesis:PutRecords"]
    mine = {"Effect": "Allow", "Action": actions, "Resource": stream_arn}
    rest = {"Effect": "Allow", "NotAction": "iam:*", "NotResource": stream_arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [mine, rest]})
    iam.put_user_policy(UserName=user, PolicyName="script", PolicyDocument=document)


# %% wrong: At the end the user has no policy at all.
def allow_put(iam, user, stream_arn):
    import json

    actions = ["kinesis:PutRecord", "kinesis:PutRecords"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": stream_arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="script", PolicyDocument=document)
    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)


# %% wrong: It creates a managed policy, which exists outside the user
def allow_put(iam, user, stream_arn):
    import json

    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    actions = ["kinesis:PutRecord", "kinesis:PutRecords"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": stream_arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = iam.create_policy(PolicyName=f"{user}-put", PolicyDocument=document)
    iam.attach_user_policy(UserName=user, PolicyArn=made["Policy"]["Arn"])


# %% wrong: Parameter validation failed
def allow_put(iam, user, stream_arn):
    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    actions = ["kinesis:PutRecord", "kinesis:PutRecords"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": stream_arn}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_user_policy(UserName=user, PolicyName="script", PolicyDocument=document)


# %% wrong: The user still has another policy, orders.
def allow_put(iam, user, stream_arn):
    import json

    for name in ("everything", "last-year"):
        if name in iam.list_user_policies(UserName=user)["PolicyNames"]:
            iam.delete_user_policy(UserName=user, PolicyName=name)
    actions = ["kinesis:PutRecord", "kinesis:PutRecords"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": stream_arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    stream = stream_arn.split("/")[1]
    iam.put_user_policy(UserName=user, PolicyName=stream, PolicyDocument=document)


# %% wrong: kinesis:PutRecord* also covers what AWS adds under such a name later
def allow_put(iam, user, stream_arn):
    import json

    for other in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=other)
    statement = {"Effect": "Allow", "Action": "kinesis:PutRecord*", "Resource": stream_arn}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_user_policy(UserName=user, PolicyName="script", PolicyDocument=json.dumps(document))


# %% wrong: It has a Deny. A Deny allows nothing
def allow_put(iam, user, stream_arn):
    import json

    for other in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=other)
    actions = ["kinesis:PutRecord", "kinesis:PutRecords"]
    allow = {"Effect": "Allow", "Action": actions, "Resource": stream_arn}
    deny = {"Effect": "Deny", "Action": "kinesis:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [allow, deny]}
    iam.put_user_policy(UserName=user, PolicyName="script", PolicyDocument=json.dumps(document))


# %% wrong: Called again, now for the stream returns: It does not allow kinesis:PutRecord
def allow_put(iam, user, stream_arn):
    import json

    names = iam.list_user_policies(UserName=user)["PolicyNames"]
    for other in names:
        if other != "script":
            iam.delete_user_policy(UserName=user, PolicyName=other)
    if "script" in names:
        return
    actions = ["kinesis:PutRecord", "kinesis:PutRecords"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": stream_arn}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_user_policy(UserName=user, PolicyName="script", PolicyDocument=json.dumps(document))


# %% wrong: It stores 2 policies. Write both actions into one.
def allow_put(iam, user, stream_arn):
    import json

    for other in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=other)
    for action in ("PutRecord", "PutRecords"):
        statement = {"Effect": "Allow", "Action": f"kinesis:{action}", "Resource": stream_arn}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=user, PolicyName=action, PolicyDocument=document)


# %% wrong: it allows kinesis:PutRecord on arn:aws:kinesis:*:*:stream/orders
import json


def allow_put(iam, user, stream_arn):
    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    resource = "arn:aws:kinesis:*:*:" + stream_arn.split(":")[-1]
    iam.put_user_policy(
        UserName=user,
        PolicyName="put",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
                        "Resource": resource,
                    }
                ],
            }
        ),
    )


# %% wrong: it allows dynamodb:* on *
import json


def allow_put(iam, user, stream_arn):
    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    iam.put_user_policy(
        UserName=user,
        PolicyName="put",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
                        "Resource": stream_arn,
                    },
                    {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"},
                ],
            }
        ),
    )
