"""The exercises of notebook 14, CI/CD with CodeBuild."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from inventory_lab.exceptions import BadBuildspec, WrongAnswer
from inventory_lab.resources.function import zip_of
from inventory_lab.teaching.exercises.answer import Answer, StopAnswer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.policies import MOST_NAMED, Right, allowed_besides, allows
from inventory_lab.teaching.exercises.registry import checks

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
GOOD, BROKEN = "def handle(event, context):\n    return {}\n", "broken = True\n"
PYTEST = """
import pathlib, sys

broken = "broken" in pathlib.Path("lambda_function.py").read_text()
arguments = " ".join(sys.argv[1:]).replace("--junit-xml", "--junitxml")
arguments = arguments.replace("--junitxml ", "--junitxml=").split()
outcome = "<failure message='it is broken'/>" if broken else ""
for path in [pathlib.Path(a.partition("=")[2]) for a in arguments if a.startswith("--junitxml=")]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"<testsuite><testcase classname='t' name='works'>{outcome}</testcase></testsuite>")
print("1 failed" if broken else "1 passed")
sys.exit(int(broken))
"""
"""Stands in for pytest in the trial builds, which so take no longer than their shell."""
REPOSITORY = {
    "inventory_lab/__init__.py": b"",
    "pytest.py": PYTEST.encode(),
    "test_lambda_function.py": b"",
}
KEPT = {"inventory_lab/__init__.py", "lambda_function.py"}
LONGEST_SECONDS = 30


@checks("14/phases", "test each commit, and keep the code of those that pass")
def phases(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """A commit whose tests pass, and one whose tests fail."""
    found = answer()
    if not isinstance(found, dict):
        raise WrongAnswer(f"It returns {found!r:.40}. Return a dictionary of phases.")
    for name, phase in found.items():
        if isinstance(phase, dict) and isinstance(phase.get("commands"), str):
            raise WrongAnswer(f"The commands of {name} are one text: make them a list.")
    _passes(_built(found, GOOD))
    _fails(_built(found, BROKEN))
    if "post_build" not in found:
        raise WrongAnswer(
            "The phase post_build is missing. Copy to dist there: build is for the tests."
        )


@dataclass
class _Trial:
    """A build that runs on this machine alone; stands in for CodeBuild, S3 and CloudWatch Logs."""

    source: bytes
    buildspec: str
    failed: dict[str, str] = field(default_factory=dict)
    status: str = ""
    artifact: bytes = b""
    cases: list[Mapping[str, Any]] = field(default_factory=list)
    phase: str = ""

    @property
    def build(self) -> dict[str, Any]:
        prefix = "arn:aws:codebuild:us-east-1:123456789012"
        return {
            "id": "orders:1",
            "arn": f"{prefix}:build/orders:1",
            "buildNumber": 1,
            "initiator": "learner",
            "source": {"type": "S3", "location": "orders/commit.zip", "buildspec": self.buildspec},
            "artifacts": {"location": "arn:aws:s3:::orders/function.zip"},
            "environment": {"environmentVariables": []},
            "logs": {"groupName": "/aws/codebuild/orders", "streamName": "1"},
        }

    def session(self) -> Any:
        return self

    def client(self, _service: str) -> Any:
        return self

    def begin_phase(self, phase: str) -> None:
        self.phase = phase

    def end_phase(self, code: str = "", message: str = "", status: str = "") -> None:  # noqa: ARG002
        if code:
            self.failed[self.phase] = message

    def put_artifact(self, sha256: str) -> None:
        """The artifact came with put_object."""

    def put_report(self, _name: str, cases: Sequence[Mapping[str, Any]]) -> str:
        self.cases += cases
        return ""

    def complete(self, status: str) -> None:
        self.status = status

    def get_object(self, **_: object) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.source)}

    def put_object(self, Body: bytes, **_: object) -> None:  # noqa: N803 as S3 names it
        self.artifact = Body

    def create_log_group(self, **_: object) -> None:
        """There is one."""

    create_log_stream = put_log_events = create_log_group

    @property
    def kept(self) -> set[str]:
        """The names of the files in the artifact."""
        if not self.artifact:
            return set()
        return set(zipfile.ZipFile(io.BytesIO(self.artifact)).namelist())


def _built(found: Mapping[str, Any], code: str) -> _Trial:
    """A trial build of a commit with this code. Raises WrongAnswer for phases that are none."""
    from inventory_lab.builds.buildspec import read_buildspec
    from inventory_lab.builds.runner import run_build

    spec = {
        "version": 0.2,
        "phases": found,
        "reports": {"unit": {"files": ["unit.xml"], "base-directory": "reports"}},
        "artifacts": {"files": ["**/*"], "base-directory": "dist"},
    }
    try:
        text = json.dumps(spec, indent=1)
        read_buildspec(text)
    except (BadBuildspec, TypeError) as exc:
        refuses = (
            "The builds of this course refuse" if "here" in str(exc) else "CodeBuild would refuse"
        )
        raise WrongAnswer(f"{refuses} it: {exc}", exc) from exc
    trial = _Trial(zip_of({**REPOSITORY, "lambda_function.py": code.encode()}), text)
    run_build(cast("Any", trial), lambda: NOW, LONGEST_SECONDS)
    if trial.status == "TIMED_OUT":
        raise WrongAnswer(f"The build does not come to an end within {LONGEST_SECONDS} seconds.")
    return trial


def _passes(trial: _Trial) -> None:
    """Raise WrongAnswer unless a good commit is tested, reported and kept."""
    early = {phase: why for phase, why in trial.failed.items() if phase != "UPLOAD_ARTIFACTS"}
    for phase, why in early.items():
        raise WrongAnswer(f"A commit whose tests pass fails in {phase}: {why}")
    if not trial.cases:
        raise WrongAnswer(
            "There is no test report: let pytest write reports/unit.xml, with the option --junitxml."
        )
    if not trial.kept:
        raise WrongAnswer("Nothing is kept: the folder dist is empty or missing at the end.")
    if KEPT - trial.kept:
        raise WrongAnswer(f"The artifact lacks {min(KEPT - trial.kept)}: copy it to dist.")
    if trial.kept - KEPT:
        raise WrongAnswer(
            f"The artifact also has {min(trial.kept - KEPT)}, which the function does not need."
        )


def _fails(trial: _Trial) -> None:
    """Raise WrongAnswer unless a commit with a failing test fails in BUILD and leaves nothing."""
    if trial.status == "SUCCEEDED":
        raise WrongAnswer(
            "A commit with a failing test succeeds. The exit code of a command decides; something hides "
            "that of pytest."
        )
    if "BUILD" not in trial.failed:
        raise WrongAnswer(
            f"A commit with a failing test fails in {min(trial.failed)}. Run the tests in build."
        )
    if not trial.cases and "on-failure" in trial.buildspec:
        raise WrongAnswer(
            "With on-failure: ABORT nothing runs after a failed test, so its report is not stored either. Let "
            "post_build look at CODEBUILD_BUILD_SUCCEEDING instead."
        )
    if not trial.cases:
        raise WrongAnswer("A failing test is not reported: nothing may delete reports/unit.xml.")
    if trial.kept and "CODEBUILD_BUILD_SUCCEEDING" in trial.buildspec:
        raise WrongAnswer(
            "The tests failed, post_build looks at CODEBUILD_BUILD_SUCCEEDING, and the code is kept all the same. Only a "
            "command that fails, with an exit code other than 0, keeps those after it from running."
        )
    if trial.kept:
        raise WrongAnswer(
            "The tests failed, and the code is kept all the same: post_build also runs after a failed "
            "build. Look at the variable CODEBUILD_BUILD_SUCCEEDING."
        )


PLACES = (
    ("arn:aws:logs:us-east-1:123456789012:log-group:/aws/codebuild/orders", "arn:aws:s3:::orders-artifacts",
     "arn:aws:codebuild:us-east-1:123456789012:report-group/orders"),
    ("arn:aws:logs:eu-west-1:444455556666:log-group:/aws/codebuild/stock", "arn:aws:s3:::stock-code",
     "arn:aws:codebuild:eu-west-1:444455556666:report-group/stock"),
)  # fmt: skip
"""The log group, the bucket and the beginning of the report groups of two projects."""
LOG_ACTIONS = ("CreateLogGroup", "CreateLogStream", "PutLogEvents")
REPORT_ACTIONS = ("CreateReportGroup", "CreateReport", "UpdateReport", "BatchPutTestCases")
BUCKET_ACTIONS = ("s3:ListBucket", "s3:DeleteBucket", "s3:PutBucketPolicy")
UPDATE = "lambda:UpdateFunctionCode"


@checks("14/build_policy", "the policy of a build, which can change nothing but its own output")
def build_policy(answer: Answer, bench: Bench) -> None:
    """The policies of two projects, in two accounts and regions; IAM must accept the document."""
    for logs, bucket, reports in PLACES:
        document = answer(f"{logs}:*", bucket, f"{reports}-*")
        if not isinstance(document, dict):
            raise WrongAnswer(f"It returns {document!r:.40}. Return the document as a dictionary.")
        function = f"arn:aws:lambda:us-east-1:{logs.split(':')[4]}:function:orders"
        if allows(document, UPDATE, function):
            raise WrongAnswer(
                f"It allows {UPDATE}. A build runs whatever a commit contains, so a build that may "
                "change the function deploys for everybody who can push a branch."
            )
        _gives(document, _needed(logs, bucket, reports))
        _gives_nothing_besides(
            document, _needed(logs, bucket, reports), _meant(logs, bucket, reports)
        )
    bench.user(document)


def _needed(logs: str, bucket: str, reports: str) -> list[Right]:
    """What a build does, on the resources that it does it on."""
    return [
        *((f"logs:{action}", f"{logs}:log-stream:1") for action in LOG_ACTIONS),
        ("s3:GetObject", f"{bucket}/sources/commit.zip"),
        ("s3:PutObject", f"{bucket}/builds/1/function.zip"),
        *((f"codebuild:{action}", f"{reports}-unit") for action in REPORT_ACTIONS),
    ]


def _meant(logs: str, bucket: str, reports: str) -> list[Right]:
    """What a policy may allow: actions with the beginning of their resources. AWS's own example also
    lets a build read versions and look at the bucket.
    """
    return [
        *((f"logs:{action}", f"{logs}:") for action in LOG_ACTIONS),
        ("s3:GetObject", f"{bucket}/sources/"),
        ("s3:GetObjectVersion", f"{bucket}/sources/"),
        ("s3:PutObject", f"{bucket}/builds/"),
        ("s3:GetBucketAcl", bucket),
        ("s3:GetBucketLocation", bucket),
        *((f"codebuild:{action}", f"{reports}-") for action in REPORT_ACTIONS),
    ]


def _gives(document: Any, needed: Sequence[Right]) -> None:
    for action, resource in needed:
        if not allows(document, action, resource):
            raise WrongAnswer(f"It does not allow {action} on {_readable(resource)}.")


def _gives_nothing_besides(document: Any, needed: Sequence[Right], meant: Sequence[Right]) -> None:
    besides = [
        right
        for right in (*allowed_besides(document, needed), *_elsewhere(document, needed))
        if not any(right[0] == action and right[1].startswith(start) for action, start in meant)
    ]
    if besides:
        named = ", ".join(f"{a} on {_readable(resource)}" for a, resource in besides[:MOST_NAMED])
        more = f" and {len(besides) - MOST_NAMED} more" if len(besides) > MOST_NAMED else ""
        raise WrongAnswer(f"It is too wide. Besides what it should, it allows {named}{more}.")


def _elsewhere(document: Any, needed: Sequence[Right]) -> Iterator[Right]:
    """The same actions on another bucket, project and prefix; and what lists or changes the bucket itself."""
    bucket = next(arn.partition("/")[0] for action, arn in needed if action == "s3:GetObject")
    for action in BUCKET_ACTIONS:
        if allows(document, action, bucket):
            yield action, bucket
    for action, resource in needed:
        for name in ("orders", "stock", "/sources", "/builds"):
            other = resource.replace(name, f"{name}-2025")
            if other != resource and allows(document, action, other):
                yield action, other


def _readable(arn: str) -> str:
    return arn if arn == "*" else arn.split(":", 5)[-1]


MOST_CALLS, LONG = 40, 30
ARTIFACT = "arn:aws:s3:::{serial}-artifacts/{serial}/out/function.zip"
"""Another bucket than that of the source, so that it has to be read from the build."""


@dataclass
class _Service:
    """CodeBuild and Lambda as `deliver` meets them: a build that ends after some pauses."""

    status: str
    serial: str
    pauses: int = 2
    waits: int = 0
    asked: int = 0
    asked_since_pause: int = 0
    started: list[Mapping[str, Any]] = field(default_factory=list)
    deployed: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def build_id(self) -> str:
        return f"orders:{self.serial}"

    def start(self, parameters: Mapping[str, Any], _: int) -> Any:
        self.started.append(parameters)
        return {"build": self._build()}

    def get(self, parameters: Mapping[str, Any], _: int) -> Any:
        self.asked += 1
        self.asked_since_pause += 1
        if self.asked_since_pause > MOST_CALLS:
            raise StopAnswer(
                "It asks for the build again and again without a pause: call wait(5) in the loop."
            )
        found = [self._build()] if parameters["ids"] == [self.build_id] else []
        return {"builds": found, "buildsNotFound": []}

    def update(self, parameters: Mapping[str, Any], _: int) -> Any:
        self.deployed.append(parameters)
        return {"FunctionName": parameters["FunctionName"], "CodeSha256": f"hash-of-{self.serial}"}

    def wait(self, seconds: float) -> None:
        if not seconds > 0:
            raise StopAnswer("wait takes the seconds to pause: use a number above 0.")
        self.waits += 1
        self.asked_since_pause = 0
        if self.waits > MOST_CALLS:
            raise StopAnswer(
                f"It does not come to an end: the build is {self.status} long ago. A build also ends "
                "when it fails; look at buildComplete."
            )

    def _build(self) -> dict[str, Any]:
        done = self.waits >= self.pauses
        return {
            "id": self.build_id,
            "arn": f"arn:aws:codebuild:us-east-1:123456789012:build/{self.build_id}",
            "buildStatus": self.status if done else "IN_PROGRESS",
            "buildComplete": done,
            "currentPhase": "COMPLETED" if done else "BUILD",
            "artifacts": {"location": ARTIFACT.format(serial=self.serial)},
        }


@checks("14/deliver", "build a commit, and deploy what succeeded on main", build=True)
def deliver(answer: Answer, bench: Bench) -> None:
    """Builds that succeed, fail and stop, on two branches; a deployment that AWS denies."""
    _is_deployed(answer, bench, _Service("SUCCEEDED", "a1"), "orders-artifacts/sources/1.zip")
    for status in ("FAILED", "STOPPED", "TIMED_OUT", "FAULT"):
        why = f"The build of main is {status}"
        _is_not_deployed(answer, bench, _Service(status, "b2"), "main", why)
    for branch in ("feature/main", "maintenance"):
        why = f"The build succeeded, on the branch {branch}"
        _is_not_deployed(answer, bench, _Service("SUCCEEDED", "c3"), branch, why)
    _is_deployed(answer, bench, _Service("SUCCEEDED", "d4", LONG), "orders-artifacts/sources/2.zip")
    _denials_pass(answer, bench)


def _delivered(
    answer: Answer, bench: Bench, service: _Service, source: str, branch: str, denied: bool = False
) -> Any:
    codebuild, functions = bench.client("codebuild"), bench.client("lambda")
    bench.fault(codebuild, "StartBuild", service.start)
    bench.fault(codebuild, "BatchGetBuilds", service.get)
    refusal = ("AccessDeniedException", "not authorized to perform: lambda:UpdateFunctionCode")
    bench.fault(
        functions, "UpdateFunctionCode", lambda *a: refusal if denied else service.update(*a)
    )
    returned = answer(codebuild, functions, "orders", "update-orders", source, branch, service.wait)
    _is_started_right(service, source, branch)
    return returned


def _is_started_right(service: _Service, source: str, branch: str) -> None:
    if not service.started:
        raise WrongAnswer("No build was started: call codebuild.start_build.")
    if len(service.started) > 1:
        raise WrongAnswer(f"It starts {len(service.started)} builds of one commit. One is enough.")
    request = service.started[0]
    if request["projectName"] != "orders":
        raise WrongAnswer("It starts another project than the argument `project` says.")
    if request.get("sourceLocationOverride") != source:
        raise WrongAnswer(
            "The build does not get this commit: pass `source` as sourceLocationOverride."
        )
    variables = {v["name"]: v["value"] for v in request.get("environmentVariablesOverride", [])}
    if variables.get("BRANCH") != branch:
        raise WrongAnswer(
            f"The build gets {variables or 'no variables'}; it needs the branch, in the variable BRANCH."
        )


def _is_deployed(answer: Answer, bench: Bench, service: _Service, source: str) -> None:
    returned = _delivered(answer, bench, service, source, "main")
    if not service.deployed and 0 < service.waits < service.pauses:
        raise WrongAnswer(
            f"It gives up while the build is still running (calls of wait: {service.waits}). Ask until "
            "buildComplete is true."
        )
    if not service.deployed:
        raise WrongAnswer(
            "The build of main succeeded, and nothing is deployed. What start_build answers is how the "
            "build was when it began; ask batch_get_builds until it is complete."
            if not service.asked
            else "The build of main succeeded, and nothing is deployed: call update_function_code."
        )
    request = service.deployed[0]
    if request["FunctionName"] != "update-orders":
        raise WrongAnswer("It updates another function than the argument `function` says.")
    bucket, _, key = ARTIFACT.format(serial=service.serial).partition(":::")[2].partition("/")
    if (request.get("S3Bucket"), request.get("S3Key")) != (bucket, key):
        raise WrongAnswer(
            f"It deploys S3Bucket={request.get('S3Bucket')} and S3Key={request.get('S3Key')}, and the artifact of "
            f"this build is {key} in {bucket}. Take both from build['artifacts']['location']."
        )
    if request.get("DryRun"):
        raise WrongAnswer("With DryRun nothing is deployed.")
    if returned != f"hash-of-{service.serial}":
        raise WrongAnswer(f"It returns {returned!r:.60}: return the CodeSha256 of the answer.")


def _is_not_deployed(
    answer: Answer, bench: Bench, service: _Service, branch: str, why: str
) -> None:
    returned = _delivered(answer, bench, service, "orders-artifacts/sources/1.zip", branch)
    if service.deployed:
        raise WrongAnswer(f"{why}, and it is deployed all the same.")
    if returned is not None:
        raise WrongAnswer(f"{why}, and it returns {returned!r:.60}: return None.")
    if service.waits < service.pauses:
        raise WrongAnswer(
            f"It returns while the build of {branch} is still running (calls of wait: {service.waits}). A build of any "
            "branch is awaited: ask until buildComplete is true."
        )


def _denials_pass(answer: Answer, bench: Bench) -> None:
    service = _Service("SUCCEEDED", "e5")
    try:
        _delivered(answer, bench, service, "orders-artifacts/sources/3.zip", "main", denied=True)
    except WrongAnswer as exc:
        if "AccessDenied" in str(exc):
            return
        raise
    raise WrongAnswer("When AWS denies the deployment, your function says nothing.")
