"""`start_build` answers at once, with a build that has not begun; `batch_get_builds` says how far it is. A build is
complete when it succeeded and when it did not, so the loop looks at `buildComplete` and the decision at `buildStatus`.
The artifact's location is an ARN, `arn:aws:s3:::bucket/key`.
"""


# %% solution
def deliver(codebuild, functions, project, function, source, branch, wait):
    """The CodeSha256 of the deployed function; None when nothing was deployed."""
    variables = [{"name": "BRANCH", "value": branch}]
    build = codebuild.start_build(
        projectName=project, sourceLocationOverride=source, environmentVariablesOverride=variables
    )["build"]
    while not build["buildComplete"]:
        wait(5)
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildStatus"] != "SUCCEEDED" or branch != "main":
        return None
    location = build["artifacts"]["location"]
    bucket, _, key = location.split(":::")[1].partition("/")
    answer = functions.update_function_code(FunctionName=function, S3Bucket=bucket, S3Key=key)
    return answer["CodeSha256"]


# %% right: a loop that looks at the status, one more variable, and a published version
def deliver(codebuild, functions, project, function, source, branch, wait):
    started = codebuild.start_build(
        environmentVariablesOverride=[
            {"name": "BRANCH", "value": branch, "type": "PLAINTEXT"},
            {"name": "SOURCE", "value": source},
        ],
        sourceLocationOverride=source,
        sourceTypeOverride="S3",
        projectName=project,
    )
    while True:
        (build,) = codebuild.batch_get_builds(ids=[started["build"]["id"]])["builds"]
        if build["buildStatus"] != "IN_PROGRESS":
            break
        wait(10)
    if build["buildStatus"] == "SUCCEEDED" and branch == "main":
        bucket, key = build["artifacts"]["location"].removeprefix("arn:aws:s3:::").split("/", 1)
        code = {"S3Bucket": bucket, "S3Key": key, "Publish": True}
        return functions.update_function_code(FunctionName=function, **code)["CodeSha256"]


# %% right: helper functions, and early returns
def deliver(codebuild, functions, project, function, source, branch, wait):
    def completed(build):
        while not build["buildComplete"]:
            wait(seconds=5)
            print(build["currentPhase"])
            build = next(iter(codebuild.batch_get_builds(ids=[build["id"]])["builds"]))
        return build

    def place(artifact):
        parts = artifact["location"].rpartition(":")[2].split("/")
        return {"S3Bucket": parts[0], "S3Key": "/".join(parts[1:])}

    request = dict(projectName=project, sourceLocationOverride=source)
    request["environmentVariablesOverride"] = [dict(name="BRANCH", value=branch)]
    build = completed(codebuild.start_build(**request)["build"])
    if build["buildStatus"] != "SUCCEEDED":
        return None
    if branch != "main":
        return None
    request = place(build["artifacts"]) | {"FunctionName": function}
    return functions.update_function_code(**request).get("CodeSha256")


# %% unchanged: wait(5) → wait(6) -- how long the pauses are is free


# %% wrong: What start_build answers is how the build was when it began
def deliver(codebuild, functions, project, function, source, branch, wait):
    build = codebuild.start_build(
        projectName=project,
        sourceLocationOverride=source,
        environmentVariablesOverride=[{"name": "BRANCH", "value": branch}],
    )["build"]
    if build["buildStatus"] != "SUCCEEDED" or branch != "main":
        return None
    bucket, _, key = build["artifacts"]["location"].split(":::")[1].partition("/")
    return functions.update_function_code(FunctionName=function, S3Bucket=bucket, S3Key=key)[
        "CodeSha256"
    ]


# %% wrong: A build also ends when it fails
def deliver(codebuild, functions, project, function, source, branch, wait):
    build = codebuild.start_build(
        projectName=project,
        sourceLocationOverride=source,
        environmentVariablesOverride=[{"name": "BRANCH", "value": branch}],
    )["build"]
    while build["buildStatus"] != "SUCCEEDED":
        wait(5)
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if branch != "main":
        return None
    bucket, _, key = build["artifacts"]["location"].split(":::")[1].partition("/")
    return functions.update_function_code(FunctionName=function, S3Bucket=bucket, S3Key=key)[
        "CodeSha256"
    ]


# %% wrong: The build of main is FAILED, and it is deployed all the same.
def deliver(codebuild, functions, project, function, source, branch, wait):
    build = codebuild.start_build(
        projectName=project,
        sourceLocationOverride=source,
        environmentVariablesOverride=[{"name": "BRANCH", "value": branch}],
    )["build"]
    while not build["buildComplete"]:
        wait(5)
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if branch != "main":
        return None
    bucket, _, key = build["artifacts"]["location"].split(":::")[1].partition("/")
    return functions.update_function_code(FunctionName=function, S3Bucket=bucket, S3Key=key)[
        "CodeSha256"
    ]


# %% wrong: on the branch feature/main, and it is deployed all the same.
def deliver(codebuild, functions, project, function, source, branch, wait):
    build = codebuild.start_build(
        projectName=project,
        sourceLocationOverride=source,
        environmentVariablesOverride=[{"name": "BRANCH", "value": branch}],
    )["build"]
    while not build["buildComplete"]:
        wait(5)
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildStatus"] != "SUCCEEDED":
        return None
    bucket, _, key = build["artifacts"]["location"].split(":::")[1].partition("/")
    return functions.update_function_code(FunctionName=function, S3Bucket=bucket, S3Key=key)[
        "CodeSha256"
    ]


# %% wrong: without a pause: call wait(5) in the loop
def deliver(codebuild, functions, project, function, source, branch, wait):
    build = codebuild.start_build(
        projectName=project,
        sourceLocationOverride=source,
        environmentVariablesOverride=[{"name": "BRANCH", "value": branch}],
    )["build"]
    while not build["buildComplete"]:
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    return None


# %% wrong: it needs the branch, in the variable BRANCH
def deliver(codebuild, functions, project, function, source, branch, wait):
    build = codebuild.start_build(projectName=project, sourceLocationOverride=source)["build"]
    while not build["buildComplete"]:
        wait(5)
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    return None


# %% wrong: It deploys S3Bucket=orders-artifacts and S3Key=sources/1.zip
def deliver(codebuild, functions, project, function, source, branch, wait):
    build = codebuild.start_build(
        projectName=project,
        sourceLocationOverride=source,
        environmentVariablesOverride=[{"name": "BRANCH", "value": branch}],
    )["build"]
    while not build["buildComplete"]:
        wait(5)
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildStatus"] != "SUCCEEDED" or branch != "main":
        return None
    bucket, _, key = source.partition("/")
    return functions.update_function_code(FunctionName=function, S3Bucket=bucket, S3Key=key)[
        "CodeSha256"
    ]


# %% wrong: It gives up while the build is still running (calls of wait: 10)
def deliver(codebuild, functions, project, function, source, branch, wait):
    variables = [{"name": "BRANCH", "value": branch}]
    build = codebuild.start_build(
        projectName=project, sourceLocationOverride=source, environmentVariablesOverride=variables
    )["build"]
    for _ in range(10):
        wait(5)
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildStatus"] != "SUCCEEDED" or branch != "main":
        return None
    location = build["artifacts"]["location"]
    bucket, _, key = location.split(":::")[1].partition("/")
    answer = functions.update_function_code(FunctionName=function, S3Bucket=bucket, S3Key=key)
    return answer["CodeSha256"]


# %% wrong: It gives up while the build is still running (calls of wait: 1)
def deliver(codebuild, functions, project, function, source, branch, wait):
    variables = [{"name": "BRANCH", "value": branch}]
    build = codebuild.start_build(
        projectName=project, sourceLocationOverride=source, environmentVariablesOverride=variables
    )["build"]
    if not build["buildComplete"]:
        wait(5)
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildStatus"] != "SUCCEEDED" or branch != "main":
        return None
    location = build["artifacts"]["location"]
    bucket, _, key = location.split(":::")[1].partition("/")
    answer = functions.update_function_code(FunctionName=function, S3Bucket=bucket, S3Key=key)
    return answer["CodeSha256"]


# %% wrong: again and again without a pause
def deliver(codebuild, functions, project, function, source, branch, wait):
    variables = [{"name": "BRANCH", "value": branch}]
    build = codebuild.start_build(
        projectName=project, sourceLocationOverride=source, environmentVariablesOverride=variables
    )["build"]
    wait(5)
    while not build["buildComplete"]:
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildStatus"] != "SUCCEEDED" or branch != "main":
        return None
    location = build["artifacts"]["location"]
    bucket, _, key = location.split(":::")[1].partition("/")
    answer = functions.update_function_code(FunctionName=function, S3Bucket=bucket, S3Key=key)
    return answer["CodeSha256"]


# %% wrong: and S3Key=function.zip, and the artifact
def deliver(codebuild, functions, project, function, source, branch, wait):
    variables = [{"name": "BRANCH", "value": branch}]
    build = codebuild.start_build(
        projectName=project, sourceLocationOverride=source, environmentVariablesOverride=variables
    )["build"]
    while not build["buildComplete"]:
        wait(5)
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildStatus"] != "SUCCEEDED" or branch != "main":
        return None
    location = build["artifacts"]["location"]
    bucket, _, key = location.split(":::")[1].rpartition("/")
    answer = functions.update_function_code(FunctionName=function, S3Bucket=bucket, S3Key=key)
    return answer["CodeSha256"]


# %% wrong: Take both from build['artifacts']['location']
def deliver(codebuild, functions, project, function, source, branch, wait):
    variables = [{"name": "BRANCH", "value": branch}]
    build = codebuild.start_build(
        projectName=project, sourceLocationOverride=source, environmentVariablesOverride=variables
    )["build"]
    while not build["buildComplete"]:
        wait(5)
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildStatus"] != "SUCCEEDED" or branch != "main":
        return None
    bucket = source.partition("/")[0]
    key = build["artifacts"]["location"].partition("/")[2]
    answer = functions.update_function_code(FunctionName=function, S3Bucket=bucket, S3Key=key)
    return answer["CodeSha256"]


# %% wrong: A build of any branch is awaited
def deliver(codebuild, functions, project, function, source, branch, wait):
    variables = [{"name": "BRANCH", "value": branch}]
    build = codebuild.start_build(
        projectName=project, sourceLocationOverride=source, environmentVariablesOverride=variables
    )["build"]
    if branch != "main":
        return None
    while not build["buildComplete"]:
        wait(5)
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildStatus"] != "SUCCEEDED":
        return None
    bucket, _, key = build["artifacts"]["location"].split(":::")[1].partition("/")
    answer = functions.update_function_code(FunctionName=function, S3Bucket=bucket, S3Key=key)
    return answer["CodeSha256"]
