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
