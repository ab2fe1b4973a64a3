"""`TRIM_HORIZON` begins with the oldest record, so nothing that waited is skipped. Two retries and then the dead-letter
queue: a batch that never succeeds must not block its shard until its records expire. `create_pipe` answers
before the pipe runs; its state goes from CREATING to RUNNING, or to CREATE_FAILED with a reason.
"""


# %% solution
def create_pipe(pipes, name, role, stream, function, queue, **more):
    """The ARN of the pipe, created unless it exists."""
    source = {
        "StartingPosition": "TRIM_HORIZON",
        "MaximumRetryAttempts": 2,
        "DeadLetterConfig": {"Arn": queue},
    }
    try:
        answer = pipes.create_pipe(
            Name=name,
            Source=stream,
            Target=function,
            RoleArn=role,
            SourceParameters={"KinesisStreamParameters": source},
            **more,
        )
    except pipes.exceptions.ConflictException:
        answer = pipes.describe_pipe(Name=name)
    return answer["Arn"]


# %% right: the state and the batch size in words
def create_pipe(pipes, name, role, stream, function, queue, **more):
    parameters = {
        "Name": name,
        "RoleArn": role,
        "Source": stream,
        "Target": function,
        "DesiredState": "RUNNING",
    }
    parameters["SourceParameters"] = {
        "KinesisStreamParameters": dict(
            DeadLetterConfig=dict(Arn=queue),
            MaximumRetryAttempts=2,
            StartingPosition="TRIM_HORIZON",
            BatchSize=100,
        )
    }
    parameters.update(more)
    try:
        pipes.create_pipe(**parameters)
    except pipes.exceptions.ConflictException:
        print("exists")
    return pipes.describe_pipe(Name=name)["Arn"]


# %% right: it waits until the pipe runs
import time


def create_pipe(pipes, name, role, stream, function, queue, **more):
    source = {
        "KinesisStreamParameters": {
            "StartingPosition": "TRIM_HORIZON",
            "MaximumRetryAttempts": 2,
            "DeadLetterConfig": {"Arn": queue},
        }
    }
    try:
        pipes.create_pipe(
            Name=name, Source=stream, Target=function, RoleArn=role, SourceParameters=source, **more
        )
    except pipes.exceptions.ConflictException:
        pass
    while True:
        pipe = pipes.describe_pipe(Name=name)
        if pipe["CurrentState"] == "RUNNING":
            return pipe["Arn"]
        time.sleep(1)


# %% right: it reads the code of a ClientError
from botocore.exceptions import ClientError


def create_pipe(pipes, name: str, role: str, stream: str, function: str, queue: str, **more) -> str:
    kinesis = (
        {"StartingPosition": "TRIM_HORIZON"}
        | {"MaximumRetryAttempts": 2}
        | {"DeadLetterConfig": {"Arn": queue}}
    )
    try:
        return pipes.create_pipe(
            **more,
            SourceParameters={"KinesisStreamParameters": kinesis},
            Name=name,
            Source=stream,
            RoleArn=role,
            Target=function,
        )["Arn"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConflictException":
            return pipes.describe_pipe(Name=name)["Arn"]
        raise


# %% wrong: It does not start at TRIM_HORIZON
def create_pipe(pipes, name, role, stream, function, queue, **more):
    source = {
        "StartingPosition": "LATEST",
        "MaximumRetryAttempts": 2,
        "DeadLetterConfig": {"Arn": queue},
    }
    return pipes.create_pipe(
        Name=name,
        Source=stream,
        Target=function,
        RoleArn=role,
        SourceParameters={"KinesisStreamParameters": source},
        **more,
    )["Arn"]


# %% wrong: The pipe has no dead-letter queue
def create_pipe(pipes, name, role, stream, function, queue, **more):
    source = {"StartingPosition": "TRIM_HORIZON", "MaximumRetryAttempts": 2}
    return pipes.create_pipe(
        Name=name,
        Source=stream,
        Target=function,
        RoleArn=role,
        SourceParameters={"KinesisStreamParameters": source},
        **more,
    )["Arn"]


# %% wrong: It does not limit the retries to 2.
def create_pipe(pipes, name, role, stream, function, queue, **more):
    source = {"StartingPosition": "TRIM_HORIZON", "DeadLetterConfig": {"Arn": queue}}
    return pipes.create_pipe(
        Name=name,
        Source=stream,
        Target=function,
        RoleArn=role,
        SourceParameters={"KinesisStreamParameters": source},
        **more,
    )["Arn"]


# %% wrong: fails with ConflictException
def create_pipe(pipes, name, role, stream, function, queue, **more):
    source = {
        "StartingPosition": "TRIM_HORIZON",
        "MaximumRetryAttempts": 2,
        "DeadLetterConfig": {"Arn": queue},
    }
    return pipes.create_pipe(
        Name=name,
        Source=stream,
        Target=function,
        RoleArn=role,
        SourceParameters={"KinesisStreamParameters": source},
        **more,
    )["Arn"]


# %% wrong: When AWS refuses the request with ValidationException
def create_pipe(pipes, name, role, stream, function, queue, **more):
    source = {
        "StartingPosition": "TRIM_HORIZON",
        "MaximumRetryAttempts": 2,
        "DeadLetterConfig": {"Arn": queue},
    }
    try:
        pipes.create_pipe(
            Name=name,
            Source=stream,
            Target=function,
            RoleArn=role,
            SourceParameters={"KinesisStreamParameters": source},
            **more,
        )
    except Exception:
        pass
    return pipes.describe_pipe(Name=name)["Arn"]


# %% wrong: It also sets FilterCriteria, which nobody asked for
def create_pipe(pipes, name, role, stream, function, queue, **more):
    """The ARN of the pipe, created unless it exists."""
    source = {
        "StartingPosition": "TRIM_HORIZON",
        "MaximumRetryAttempts": 2,
        "DeadLetterConfig": {"Arn": queue},
    }
    try:
        answer = pipes.create_pipe(
            Name=name,
            Source=stream,
            Target=function,
            RoleArn=role,
            SourceParameters={
                "KinesisStreamParameters": source,
                "FilterCriteria": {"Filters": [{"Pattern": "{}"}]},
            },
            **more,
        )
    except pipes.exceptions.ConflictException:
        answer = pipes.describe_pipe(Name=name)
    return answer["Arn"]


# %% wrong: Your function asks whether the pipe exists, and then creates it.
def create_pipe(pipes, name, role, stream, function, queue, **more):
    try:
        return pipes.describe_pipe(Name=name)["Arn"]
    except pipes.exceptions.NotFoundException:
        pass
    source = {
        "StartingPosition": "TRIM_HORIZON",
        "MaximumRetryAttempts": 2,
        "DeadLetterConfig": {"Arn": queue},
    }
    return pipes.create_pipe(
        Name=name,
        Source=stream,
        Target=function,
        RoleArn=role,
        SourceParameters={"KinesisStreamParameters": source},
        **more,
    )["Arn"]


# %% wrong: it leaves Description out: pass `**more` to the call
def create_pipe(pipes, name, role, stream, function, queue, **more):
    source = {
        "StartingPosition": "TRIM_HORIZON",
        "MaximumRetryAttempts": 2,
        "DeadLetterConfig": {"Arn": queue},
    }
    try:
        answer = pipes.create_pipe(
            Name=name,
            Source=stream,
            Target=function,
            RoleArn=role,
            SourceParameters={"KinesisStreamParameters": source},
            Tags=more.get("Tags", {}),
        )
    except pipes.exceptions.ConflictException:
        answer = pipes.describe_pipe(Name=name)
    return answer["Arn"]


# %% wrong: The pipe is created STOPPED
def create_pipe(pipes, name, role, stream, function, queue, **more):
    try:
        return pipes.create_pipe(
            Name=name,
            Source=stream,
            Target=function,
            RoleArn=role,
            DesiredState="STOPPED",
            SourceParameters={
                "KinesisStreamParameters": {
                    "StartingPosition": "TRIM_HORIZON",
                    "MaximumRetryAttempts": 2,
                    "DeadLetterConfig": {"Arn": queue},
                }
            },
            **more,
        )["Arn"]
    except pipes.exceptions.ConflictException:
        return pipes.describe_pipe(Name=name)["Arn"]


# %% wrong: Do not write the account and the region yourself
def create_pipe(pipes, name, role, stream, function, queue, **more):
    try:
        return pipes.create_pipe(
            Name=name,
            Source=stream,
            Target=function,
            RoleArn=role,
            SourceParameters={
                "KinesisStreamParameters": {
                    "StartingPosition": "TRIM_HORIZON",
                    "MaximumRetryAttempts": 2,
                    "DeadLetterConfig": {"Arn": queue},
                }
            },
            **more,
        )["Arn"]
    except pipes.exceptions.ConflictException:
        return f"arn:aws:pipes:us-east-1:123456789012:pipe/{name}"


# %% wrong: It changes or deletes the pipe that exists
def create_pipe(pipes, name, role, stream, function, queue, **more):
    p = dict(
        Name=name,
        Source=stream,
        Target=function,
        RoleArn=role,
        SourceParameters={
            "KinesisStreamParameters": {
                "StartingPosition": "TRIM_HORIZON",
                "MaximumRetryAttempts": 2,
                "DeadLetterConfig": {"Arn": queue},
            }
        },
        **more,
    )
    try:
        return pipes.create_pipe(**p)["Arn"]
    except pipes.exceptions.ConflictException:
        pipes.delete_pipe(Name=name)
        return pipes.create_pipe(**p)["Arn"]
