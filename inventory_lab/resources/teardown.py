"""Deleting a lab: everything that build() makes and that carries the lab's tag, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from botocore.exceptions import ClientError

from inventory_lab.exceptions import StillDeleting, TeardownIncomplete
from inventory_lab.resources import (  # fmt: skip
    alarms,
    artifacts_bucket,
    build_project,
    event_source_mapping,
    function,
    log_group,
    pipe,
    pipe_log_group,
    queues,
    roles,
    stream,
    table,
    topic,
    user,
)
from inventory_lab.resources.account import Account
from inventory_lab.resources.ownership import is_ours

Outcome = Literal["deleted", "would be deleted", "not there", "not ours", "not deleted"]
Sleep = Callable[[float], None]
Tags = Callable[[Account], dict[str, str] | None]
Delete = Callable[[Account], None]


@dataclass(frozen=True, slots=True)
class Deletion:
    """What became of a resource. One that is "not ours" has the lab's name without its tag, and was
    left alone; of one that is "not deleted", `why` is AWS's reason.
    """

    kind: str
    name: str
    outcome: Outcome
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Resource:
    kind: str
    name: str
    tags: Tags
    delete: Delete


def tear_down(
    account: Account, sleep: Sleep = time.sleep, dry_run: bool = False, builds: bool = False
) -> list[Deletion]:
    """What became of each resource, in the order of deletion; a dry run only reads.

    May be repeated, also after it was interrupted. What AWS refuses to delete, or does not finish
    deleting, is "not deleted"; the others are deleted all the same. `builds` looks for a build project, and
    what belongs to it, also when its role is gone.
    """
    resources = _resources(account, sleep, builds)
    deletions = (_deletion(one, account, dry_run) for one in resources)
    return [d for d in deletions if d.outcome != "not there" or _is_expected(d.kind, account)]


def _is_expected(kind: str, account: Account) -> bool:
    """Whether a lab with these settings may have the resource: alarms are an option."""
    return kind not in alarms.KINDS or account.settings.alarms


def refuse_leftovers(deletions: Iterable[Deletion]) -> None:
    """Raise TeardownIncomplete when something could not be deleted."""
    left = [(d.kind, d.name, d.why) for d in deletions if d.outcome == "not deleted"]
    if left:
        raise TeardownIncomplete(left)


def _deletion(resource: _Resource, account: Account, dry_run: bool) -> Deletion:
    try:
        return Deletion(resource.kind, resource.name, _delete(resource, account, dry_run))
    except (ClientError, StillDeleting) as exc:
        return Deletion(resource.kind, resource.name, "not deleted", str(exc))


def _delete(resource: _Resource, account: Account, dry_run: bool) -> Outcome:
    tags = resource.tags(account)
    if tags is None:
        return "not there"
    if not is_ours(account, tags):
        return "not ours"
    if dry_run:
        return "would be deleted"
    resource.delete(account)
    return "deleted"


def _resources(account: Account, sleep: Sleep, builds: bool) -> Iterator[_Resource]:
    """All resources of a lab in reverse order: first the pipe, then the function that it invokes. The log
    group comes after the function's role: until
    that is gone, lines that arrive late could make it again.
    """

    def named(kind: str, tags: Tags, delete: Delete) -> _Resource:
        return _Resource(kind, account.settings.name(kind), tags, delete)

    for kind in alarms.KINDS:
        existing, delete = partial(alarms.tags, kind=kind), partial(alarms.delete, kind=kind)
        yield _Resource(kind, alarms.name_of(account, kind), existing, delete)
    yield named("pipe", pipe.tags, partial(pipe.delete, sleep=sleep))
    yield _Resource(
        "event_source_mapping",
        account.settings.name("function"),
        event_source_mapping.tags,
        partial(event_source_mapping.delete, sleep=sleep),
    )
    yield named("function", function.tags, partial(function.delete, sleep=sleep))
    yield named("topic", topic.tags, topic.delete)
    for kind in queues.KINDS:
        yield named(kind, partial(queues.tags, kind=kind), partial(queues.delete, kind=kind))
    yield named("table", table.tags, partial(table.delete, sleep=sleep))
    yield named("stream", stream.tags, partial(stream.delete, sleep=sleep))
    for kind in roles.KINDS:
        yield named(
            kind, partial(roles.tags, kind=kind), partial(roles.delete, kind=kind, sleep=sleep)
        )
    pipe_log = pipe_log_group.name_of(account)
    yield _Resource("pipe_log_group", pipe_log, pipe_log_group.tags, pipe_log_group.delete)
    yield _Resource("log_group", account.log_group(), log_group.tags, log_group.delete)
    user_name = account.settings.name("producer_user")
    yield _Resource("user", user_name, user.tags, partial(user.delete, sleep=sleep))
    if builds or _may_have_builds(account):
        yield from _build_resources(account, sleep)


def _may_have_builds(account: Account) -> bool:
    """Whether there may be a build project, also when AWS does not say."""
    try:
        return roles.describe(account, "codebuild_role") is not None
    except ClientError:
        return True


def _build_resources(account: Account, sleep: Sleep) -> Iterator[_Resource]:
    """The build project and what belongs to it. Its role is created first and deleted last, so that it
    tells whether any of them may exist.
    """
    name = account.settings.name
    yield _Resource(
        "build_project", name("build_project"), build_project.tags, build_project.delete
    )
    bucket = account.bucket()
    yield _Resource("artifacts_bucket", bucket, artifacts_bucket.tags, artifacts_bucket.delete)
    yield _role(account, "deploy_role", sleep)
    log = build_project.log_group(account)
    yield _Resource(
        "build_log_group", log, build_project.log_group_tags, build_project.delete_log_group
    )
    yield _role(account, "codebuild_role", sleep)


def _role(account: Account, kind: str, sleep: Sleep) -> _Resource:
    delete = partial(roles.delete, kind=kind, sleep=sleep)
    return _Resource(kind, account.settings.name(kind), partial(roles.tags, kind=kind), delete)
