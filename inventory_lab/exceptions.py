"""Every error of the library in one place; each builds its message from facts.

The base class and the errors that can be raised inside Lambda live in `domain/errors.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from inventory_lab.domain.errors import (
    BrokenItem,
    InventoryLabError,
    MalformedBatch,
    MalformedEvent,
    MissingEnvironment,
)
from inventory_lab.domain.events import InventoryEvent
from inventory_lab.records import RawRecord, Receipt

__all__ = [
    "BadBuildspec",
    "BadHandler",
    "BadRow",
    "BadSnapshot",
    "BadTable",
    "BrokenItem",
    "BucketRefused",
    "BuildDenied",
    "BuildNotQueued",
    "ChargesNotAllowed",
    "CheckFailed",
    "CredentialsExpired",
    "CredentialsRefused",
    "EventChanged",
    "EventTooLarge",
    "InvalidFilter",
    "InvalidPolicy",
    "InvalidTemplate",
    "InventoryLabError",
    "LabClosed",
    "LocalOnly",
    "MalformedBatch",
    "MalformedEvent",
    "MappingFailed",
    "MessagesNotSent",
    "MissingEnvironment",
    "NamesTaken",
    "NoCredentials",
    "NoRegion",
    "NotBuilt",
    "NotDenied",
    "NotTheLabs",
    "NothingToShow",
    "PhaseFailed",
    "PipeFailed",
    "PrincipalNotAvailable",
    "PublishFailed",
    "QuotaReached",
    "RebuildFailed",
    "RefusedByLambda",
    "ReportRefused",
    "RoleNotAssumable",
    "RootRefused",
    "SettingNotApplied",
    "StillChanging",
    "StillDeleting",
    "StreamCut",
    "TeardownIncomplete",
    "UndecidedCall",
    "UnknownExercise",
    "UnknownProfile",
    "UnknownTarget",
    "UnknownToTheLab",
    "UnmockedCall",
    "UnreachableRegion",
    "UnsupportedAlarm",
    "UnsupportedBuild",
    "UnsupportedFunction",
    "UnsupportedMetric",
    "UnsupportedMoto",
    "UnsupportedPipe",
    "UnsupportedRule",
    "WaitTooLong",
    "WrongAnswer",
    "WrongKeySchema",
    "WrongSetting",
]


class WrongSetting(InventoryLabError):
    """A setting has a value that cannot work."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"setting {name} is {value!r}; it must be {expected}")


class NamesTaken(InventoryLabError):
    """A learner's name, or names that begin with the learner's prefix, belong to somebody else."""

    SHOWN = 10

    def __init__(self, prefix: str, names: Sequence[str]) -> None:
        more = f" and {len(names) - self.SHOWN} more" if len(names) > self.SHOWN else ""
        super().__init__(
            f"the account already has {', '.join(names[: self.SHOWN])}{more}, which was not made for the learner with "
            f"the prefix {prefix!r}; the learner could use or change it, so choose another name for the learner, or "
            "delete what nobody needs"
        )


class UnknownTarget(InventoryLabError):
    """connect() was called with another target than 'local' or 'aws'."""

    def __init__(self, target: object) -> None:
        super().__init__(
            f"there is no target {target!r:.40}; use connect('local') or connect('aws'), with "
            "settings=Settings(...) for names and sizes"
        )


class ChargesNotAllowed(InventoryLabError):
    """connect('aws') was called without accepting that a real account costs money."""

    def __init__(self) -> None:
        super().__init__(
            "resources on a real AWS account cost money until you delete them; "
            "use connect('aws', allow_charges=True) or the option --allow-charges of the command to accept that, and "
            "lab.teardown() or the command teardown to delete them"
        )


class NoCredentials(InventoryLabError):
    """boto3 has no AWS credentials, or only a part of them."""

    def __init__(self, reason: str = "") -> None:
        because = f" ({reason.rstrip('.')})" if reason else ""
        super().__init__(
            f"there are no AWS credentials{because}; run `aws configure` or `aws configure sso`, or set "
            "AWS_PROFILE"
        )


class CredentialsExpired(InventoryLabError):
    """The session of your AWS credentials has expired."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"your AWS credentials have expired ({reason.rstrip('.')}); log in again, for example with "
            "`aws sso login`, and repeat the call"
        )


class CredentialsRefused(InventoryLabError):
    """AWS does not accept your credentials."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(
            f"AWS refuses your credentials ({code}: {reason.rstrip('.')}); check that the access key is "
            "active and complete, and that the region is enabled for your account"
        )


class UnknownProfile(InventoryLabError):
    """AWS_PROFILE names a profile that is not configured."""

    def __init__(self, profile: str) -> None:
        super().__init__(
            f"there is no AWS profile {profile!r:.80}; `aws configure list-profiles` shows those that exist"
        )


class NoRegion(InventoryLabError):
    """Neither the settings nor the profile name a region."""

    def __init__(self) -> None:
        super().__init__(
            "there is no AWS region; set AWS_DEFAULT_REGION, give the profile one with "
            "`aws configure set region`, or use Settings(region=...)"
        )


class UnreachableRegion(InventoryLabError):
    """No endpoint of AWS answers for the region."""

    def __init__(self, region: str, reason: str) -> None:
        super().__init__(
            f"AWS does not answer in the region {region!r:.40} ({reason.rstrip('.')}); check the name of the "
            "region, AWS_ENDPOINT_URL if it is set, and that this machine is online"
        )


class RootRefused(InventoryLabError):
    """The credentials are those of the account's root user."""

    def __init__(self, account_id: str) -> None:
        super().__init__(
            f"these are the credentials of the root user of account {account_id}, which no policy limits; "
            "use a user or a role of your own: "
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html"
        )


class LabClosed(InventoryLabError):
    """The lab was closed before this call."""

    def __init__(self) -> None:
        super().__init__("this lab is closed; open a new one with connect()")


class LocalOnly(InventoryLabError):
    """Only the embedded AWS can do this."""

    def __init__(self, call: str) -> None:
        super().__init__(
            f"{call} works on the embedded AWS only; use connect('local'), or guard the call with "
            "`if lab.embedded:`"
        )


class NotBuilt(InventoryLabError):
    """A resource that the call needs does not exist yet."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"the {kind} '{name}' does not exist; run lab.build() first")


class NotDenied(InventoryLabError):
    """A lesson expected AWS to deny an action, and AWS allowed it or denied another one."""

    def __init__(self, action: str, instead: str = "") -> None:
        what = f"another denial came instead: {instead}" if instead else "the call was allowed"
        super().__init__(
            f"expected a denial of {action}, but {what}; check who makes the call, and its policies: "
            "lab.explain_access(principal, action, resource)"
        )


class PrincipalNotAvailable(InventoryLabError):
    """The lab cannot get credentials of this principal."""

    def __init__(self, principal: object, why: str) -> None:
        super().__init__(f"no session for '{principal}': {why}")


class RoleNotAssumable(InventoryLabError):
    """A role's trust policy does not let the service assume it."""

    def __init__(self, service: str, role_arn: str, source_arn: str, reason: str) -> None:
        super().__init__(
            f"{service} may not assume {role_arn} for {source_arn} {reason}; correct the role's trust policy"
        )


class BuildDenied(InventoryLabError):
    """AWS denied a call of build(); what was created before stays."""

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(
            f"build() stopped at the stage '{stage}': {reason} - allow the action and run lab.build() again, or "
            "delete what exists with lab.teardown()"
        )


class QuotaReached(InventoryLabError):
    """A quota of the account does not allow what build() creates; what was created before stays."""

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(
            f"build() stopped at the stage '{stage}', because a quota of the account is reached: {reason} - "
            "request a higher quota in Service Quotas or delete what you no longer need, and run lab.build() "
            "again"
        )


class PipeFailed(InventoryLabError):
    """The pipe did not reach the state RUNNING."""

    def __init__(self, name: str, state: str, reason: str) -> None:
        super().__init__(
            f"pipe '{name}' is {state}: {reason or 'AWS gave no reason'} - correct the cause, and run lab.build() again"
        )


class MappingFailed(InventoryLabError):
    """The event source mapping did not reach the state Enabled."""

    def __init__(self, function: str, state: str, reason: str) -> None:
        super().__init__(
            f"the event source mapping of '{function}' is {state}: {reason or 'AWS gave no reason'} - correct the "
            "cause, and run lab.build() again"
        )


class StillChanging(InventoryLabError):
    """AWS did not finish a change of a resource in the time that the lab waits for it."""

    def __init__(self, name: str, state: str, seconds: float) -> None:
        super().__init__(
            f"'{name}' is still {state} after {seconds} s; run lab.build() again when AWS has finished"
        )


class BadBuildspec(InventoryLabError):
    """A buildspec cannot be read; `where` is the path of its part, such as phases/build."""

    def __init__(self, where: str, problem: str) -> None:
        self.where = where
        super().__init__(f"buildspec: {where} {problem}")


class PhaseFailed(InventoryLabError):
    """A phase of a build failed: CodeBuild's status code, and what it says."""

    def __init__(self, code: str, message: str, status: str = "FAILED") -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


class UnsupportedBuild(InventoryLabError):
    """A build cannot run on the machine of the embedded AWS."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)


class BuildNotQueued(InventoryLabError):
    """The build cannot be run: it does not exist, or it has already run."""

    def __init__(self, build_id: str, status: str) -> None:
        problem = f"is not in the queue, it is {status}" if status else "does not exist"
        super().__init__(f"the build '{build_id}' {problem}; start_build starts a new one")


class ReportRefused(InventoryLabError):
    """The role of a build may not report its tests."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class StillDeleting(InventoryLabError):
    """AWS did not finish a deletion within the time that the lab waits."""

    def __init__(self, name: str, state: str, seconds: float) -> None:
        super().__init__(
            f"AWS has not deleted '{name}' after {seconds} s, its state is {state}; run lab.teardown() again"
        )


class BucketRefused(InventoryLabError):
    """S3 does not let the lab use the bucket of its builds; nothing was uploaded."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"the bucket '{name}' belongs to another AWS account, or you may not use it: {why} - set another "
            "artifacts_bucket or prefix in Settings, or ask for the permission"
        )


class NotTheLabs(InventoryLabError):
    """A resource has a name that the lab needs, but not the lab's tag; nothing was changed."""

    def __init__(self, kind: str, name: str, owner: str = "", region: str = "") -> None:
        what = f"the {kind.replace('_', ' ')} '{name}'"
        if region:
            problem = f"{what} belongs to the lab in {region}; the names of users and roles hold for all regions"
            remedy = f"set a prefix for this region in Settings, or tear down the lab in {region}"
        elif owner:
            problem = f"{what} has the tag owner={owner}, so it is another person's lab and is not changed"
            remedy = "set a prefix of your own in Settings, or the same owner"
        else:
            problem = (
                f"{what} exists without the tag project=inventory-lab, so it is not the lab's and the lab "
                "does not use or change it"
            )
            remedy = (
                "set another name or prefix in Settings, delete it, or give it the tag to hand it over to "
                "the lab"
            )
        super().__init__(f"{problem} - {remedy}")


class WrongKeySchema(InventoryLabError):
    """A table of the lab's name has another key, so the function cannot write to it."""

    def __init__(self, name: str, key: str, expected: str) -> None:
        super().__init__(
            f"the table '{name}' has the key {key}, the lab needs {expected}, and AWS cannot change the key of "
            "a table - delete the table, or set another name in Settings"
        )


class SettingNotApplied(UserWarning):
    """What is deployed differs from a setting, and build() cannot change it."""

    def __init__(self, setting: str, value: object, deployed: object, why: str) -> None:
        super().__init__(f"setting {setting} is {value!r}, but {deployed!r} is deployed: {why}")


class TeardownIncomplete(InventoryLabError):
    """Some resources could not be deleted; `left` has the kind, the name and AWS's reason of each."""

    def __init__(self, left: Sequence[tuple[str, str, str]]) -> None:
        self.left = list(left)
        reasons = "; ".join(f"{kind} '{name}': {why}" for kind, name, why in self.left)
        still_exist = "1 resource still exists" if len(self.left) == 1 else f"{len(self.left)} resources still exist"  # fmt: skip
        super().__init__(
            f"{still_exist} and everything else is deleted; run lab.teardown() again - {reasons}"
        )


class InvalidPolicy(InventoryLabError):
    """AWS would reject this policy document; `element` is the part with the problem."""

    def __init__(self, element: str, problem: str) -> None:
        self.element = element
        super().__init__(f"invalid policy: {element} {problem}")


class InvalidFilter(InventoryLabError):
    """AWS would reject this filter of a pipe; `position` counts from 1.

    `key` is the path to the part with the problem; it is empty when the problem is the whole filter.
    """

    def __init__(self, position: int, key: str, problem: str, remedy: str) -> None:
        self.position = position
        self.key = key
        where = f"filter {position}" + (f", key '{key[:80]}'" if key else "")
        super().__init__(f"{where}: {problem} - {remedy}")


class InvalidTemplate(InventoryLabError):
    """AWS would reject this input template of a pipe's target."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"input template: {problem} - {remedy}")


class UndecidedCall(InventoryLabError):
    """A request reached the embedded AWS without passing the gate that evaluates policies."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"no policy was evaluated for this call: {url} - its client was created before connect(), or "
            "without botocore; create clients with lab.session(...)"
        )


class UnknownToTheLab(InventoryLabError):
    """The lab does not know something that a decision needs, so it denies the call."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the embedded AWS does not know {what}; it denies what it cannot evaluate, so this says nothing about "
            "your policy"
        )


class UnmockedCall(InventoryLabError):
    """A call would have left the machine while a lab on the embedded AWS is open."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"this call would leave your machine, which the embedded AWS refuses: {url} - create clients "
            "with lab.session(...) while the lab is open, without an endpoint_url"
        )


class UnsupportedMoto(InventoryLabError):
    """The embedded AWS was not tested with the installed moto, or its patches do not fit."""

    def __init__(self, installed: str, tested: str, problems: Sequence[str] = ()) -> None:
        misfit = f"; patches that do not fit: {'; '.join(problems)}" if problems else ""
        super().__init__(
            f"moto {installed} is installed{misfit}; the embedded AWS is tested with moto {tested} - "
            f"pip install 'moto[dynamodb]{tested}'"
        )


class UnsupportedPipe(InventoryLabError):
    """The embedded AWS cannot run the pipe with this configuration."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"pipe '{name}' cannot run on the embedded AWS: {problem}")


class UnsupportedFunction(InventoryLabError):
    """The embedded AWS cannot run the function with this configuration."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"function '{name}' cannot run on the embedded AWS: {problem}")


class RefusedByLambda(InventoryLabError):
    """An answer of the embedded Lambda: AWS's error code, its text and its HTTP status."""

    def __init__(self, code: str, text: str, status: int = 400) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.status = code, text, status


class UnsupportedRule(InventoryLabError):
    """The embedded AWS cannot deliver the events of this rule."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"rule '{name}' cannot deliver on the embedded AWS: {problem}")


class UnsupportedAlarm(InventoryLabError):
    """The embedded AWS cannot evaluate this alarm."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"alarm '{name}' cannot be evaluated on the embedded AWS: {problem}")


class UnsupportedMetric(InventoryLabError):
    """The embedded AWS cannot answer this query for metrics."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the embedded AWS cannot answer {what}; ask for one metric, with a period of whole minutes (60, 120, …) and "
            "one of the statistics Sum, Average, Minimum, Maximum and SampleCount"
        )


class BadHandler(InventoryLabError):
    """The source of a handler cannot be deployed; nothing was changed."""

    def __init__(self, source: str, problem: str) -> None:
        self.problem = problem
        super().__init__(f"{source}: {problem}")


class EventChanged(InventoryLabError):
    """An event with this id was published before, in this session, with other content; nothing was sent."""

    def __init__(self, product_id: str, event_id: str) -> None:
        super().__init__(
            f"event {event_id!a:.80} of product {product_id!a:.80} was published before with other "
            "content, so the function would ignore it as a duplicate; create a new event - nothing was sent"
        )


class EventTooLarge(InventoryLabError):
    """A record exceeds what Kinesis stores; nothing was sent."""

    def __init__(self, position: int, partition_key: str, size: int, limit: int) -> None:
        super().__init__(
            f"event {position} (partition key '{partition_key[:60]}') has {size} bytes with its "
            f"key; a Kinesis record has at most {limit} - make it smaller; nothing was sent"
        )


class PublishFailed(InventoryLabError):
    """Some records were not stored after all retries; `unsent` has them, `receipt` describes the others."""

    def __init__(
        self, unsent: Sequence[InventoryEvent | RawRecord], receipt: Receipt, last_error: str
    ) -> None:
        self.unsent = list(unsent)
        self.receipt = receipt
        super().__init__(
            f"{len(self.unsent)} records were not stored, {receipt.published} were; last error: "
            f"{last_error} - when the stream accepts records again, catch this error as exc and call "
            "lab.publish(exc.unsent)"
        )


class BadTable(InventoryLabError):
    """A file or DataFrame of stock movements cannot be read at all."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(f"{source}: {problem}")


class MessagesNotSent(InventoryLabError):
    """A queue did not accept some messages."""

    def __init__(self, queue: str, count: int, code: str) -> None:
        super().__init__(
            f"the queue '{queue}' did not accept {count} messages ({code}); repeat the call"
        )


class BadSnapshot(InventoryLabError):
    """A file is not a snapshot of the inventory."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(f"{source} is not a snapshot that save() wrote ({problem})")


class StreamCut(InventoryLabError):
    """The stream no longer has its first records, so the table cannot be written from it."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"{why}; the remaining records are not enough to rebuild the table - use a snapshot that was taken "
            "before that time, when all was exact: rebuild(since=snapshot)"
        )


class RebuildFailed(InventoryLabError):
    """Some items could not be written, because other writers were first every time."""

    def __init__(self, product_ids: Sequence[str]) -> None:
        super().__init__(
            f"other writers changed {len(product_ids)} items before every attempt, such as "
            f"{product_ids[0]!r:.60}; call rebuild() again when fewer records arrive"
        )


class BadRow(InventoryLabError):
    """One row of a file or DataFrame of stock movements is not a movement."""

    def __init__(self, source: str, line: int, problem: str) -> None:
        self.line = line
        self.problem = problem
        super().__init__(f"{source}, line {line}: {problem}")


class CheckFailed(InventoryLabError):
    """A claim of a notebook is not true."""

    def __init__(self, claim: str, actual: object, expected: object) -> None:
        super().__init__(f"{claim}: found {actual!r}, expected {expected!r}")


class NothingToShow(InventoryLabError):
    """show() was called with something that is not in the repository."""

    def __init__(self, what: object, problem: str) -> None:
        super().__init__(f"cannot show {what!r:.60}: {problem}")


class WrongAnswer(InventoryLabError):
    """The answer to an exercise is wrong; `error` is the exception that the answer raised, or None."""

    def __init__(self, diagnosis: str, error: BaseException | None = None) -> None:
        super().__init__(diagnosis)
        self.error = error


class UnknownExercise(InventoryLabError):
    """There is no exercise of this name."""

    def __init__(self, name: object, existing: Sequence[str]) -> None:
        super().__init__(f"there is no exercise {name!r:.60}; there are {', '.join(existing)}")


class WaitTooLong(InventoryLabError):
    """settle() or pump() would wait for a real account longer than a notebook should."""

    def __init__(self, seconds: float, longest: float) -> None:
        super().__init__(
            f"the lab cannot move the clock of a real account, and waiting {seconds:g} s would block this "
            f"program (the limit is {longest:g} s); guard the call with `if lab.embedded:`"
        )
