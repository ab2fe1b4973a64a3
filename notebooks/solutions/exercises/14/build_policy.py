"""Three kinds of output and one input, each limited to its own place. The build reads under `sources/` and writes under
`builds/`, so a commit cannot change the sources of another one. `lambda:UpdateFunctionCode` is
missing on purpose: the code of a commit runs in the build with this role.
"""


# %% solution
def build_policy(logs, bucket, reports):
    """The policy document of a build: it logs, reads sources, keeps artifacts and reports tests."""
    log = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    calls = ["CreateReportGroup", "CreateReport", "UpdateReport", "BatchPutTestCases"]
    rights = [
        (log, logs),
        ("s3:GetObject", f"{bucket}/sources/*"),
        ("s3:PutObject", f"{bucket}/builds/*"),
        ([f"codebuild:{call}" for call in calls], reports),
    ]
    statements = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights]
    return {"Version": "2012-10-17", "Statement": statements}


# %% right: a statement for each action, with names, in another order
def build_policy(logs, bucket, reports):
    places = {
        "codebuild:CreateReportGroup": reports,
        "codebuild:CreateReport": reports,
        "codebuild:UpdateReport": reports,
        "codebuild:BatchPutTestCases": reports,
        "s3:PutObject": bucket + "/builds/*",
        "S3:GetObject": "{}/sources/*".format(bucket),
    }
    statements = []
    for action, place in places.items():
        sid = action.partition(":")[2]
        statements.append(dict(Sid=sid, Effect="Allow", Action=[action], Resource=[place]))
    group = [logs, logs.removesuffix(":*")]
    for action in ("CreateLogGroup", "CreateLogStream", "PutLogEvents"):
        statements.append({"Effect": "Allow", "Action": f"logs:{action}", "Resource": group})
    statements.append({"Effect": "Deny", "Action": "lambda:*", "Resource": "*"})
    return {"Statement": statements, "Version": "2012-10-17", "Id": "build"}


# %% wrong: It is too wide. Besides what it should, it allows s3:
def build_policy(logs, bucket, reports):
    log = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    calls = ["CreateReportGroup", "CreateReport", "UpdateReport", "BatchPutTestCases"]
    rights = [
        (log, logs),
        (["s3:GetObject", "s3:PutObject"], f"{bucket}/*"),
        ([f"codebuild:{call}" for call in calls], reports),
    ]
    statements = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights]
    return {"Version": "2012-10-17", "Statement": statements}


# %% wrong: It allows lambda:UpdateFunctionCode.
def build_policy(logs, bucket, reports):
    actions = ["logs:*", "s3:*", "codebuild:*", "lambda:UpdateFunctionCode"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


# %% wrong: It does not allow s3:GetObject on orders-artifacts/sources/commit.zip.
def build_policy(logs, bucket, reports):
    log = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    rights = [(log, logs), (["s3:GetObject", "s3:PutObject"], bucket)]
    statements = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights]
    return {"Version": "2012-10-17", "Statement": statements}


# %% wrong: It does not allow codebuild:CreateReportGroup on report-group/orders-unit.
def build_policy(logs, bucket, reports):
    log = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    rights = [
        (log, logs),
        ("s3:GetObject", f"{bucket}/sources/*"),
        ("s3:PutObject", f"{bucket}/builds/*"),
    ]
    statements = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights]
    return {"Version": "2012-10-17", "Statement": statements}


# %% wrong: It is too wide. Besides what it should, it allows codebuild:Delete
def build_policy(logs, bucket, reports):
    log = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    rights = [
        (log, logs),
        ("s3:GetObject", f"{bucket}/sources/*"),
        ("s3:PutObject", f"{bucket}/builds/*"),
        ("codebuild:*", reports),
    ]
    statements = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights]
    return {"Version": "2012-10-17", "Statement": statements}


# %% wrong: it allows s3:GetObject on orders-artifacts/sources-2025/commit.zip
def build_policy(logs, bucket, reports):
    log = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    calls = ["CreateReportGroup", "CreateReport", "UpdateReport", "BatchPutTestCases"]
    rights = [
        (log, logs),
        ("s3:GetObject", f"{bucket}/sources*"),
        ("s3:PutObject", f"{bucket}/builds/*"),
        ([f"codebuild:{call}" for call in calls], reports),
    ]
    statements = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights]
    return {"Version": "2012-10-17", "Statement": statements}


# %% wrong: it allows s3:ListBucket on orders-artifacts
def build_policy(logs, bucket, reports):
    log = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    calls = ["CreateReportGroup", "CreateReport", "UpdateReport", "BatchPutTestCases"]
    rights = [
        (log, logs),
        ("s3:ListBucket", bucket),
        ("s3:GetObject", f"{bucket}/sources/*"),
        ("s3:PutObject", f"{bucket}/builds/*"),
        ([f"codebuild:{call}" for call in calls], reports),
    ]
    statements = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights]
    return {"Version": "2012-10-17", "Statement": statements}


# %% wrong: IAM refuses the document
def build_policy(logs, bucket, reports):
    log = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    calls = ["CreateReportGroup", "CreateReport", "UpdateReport", "BatchPutTestCases"]
    rights = [
        (log, logs),
        ("s3:GetObject", f"{bucket}/sources/*"),
        ("s3:PutObject", f"{bucket}/builds/*"),
        ([f"codebuild:{call}" for call in calls], reports),
    ]
    return {"Statement": [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in rights]}
