"""Every lab of a region, whatever its prefix: for the end of a workshop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain

from inventory_lab.exceptions import WrongSetting
from inventory_lab.resources import alarms, artifacts_bucket, log_group, queues, roles
from inventory_lab.resources.account import Account
from inventory_lab.resources.listing import names
from inventory_lab.resources.ownership import is_the_labs
from inventory_lab.resources.teardown import Deletion, Sleep, Tags, tear_down
from inventory_lab.settings import Settings

Run = Callable[[Callable[[str], list[Deletion]], Iterable[str]], Iterable[list[Deletion]]]
"""Calls a function with each of several values, as map() does; on a real account some at a time."""

_KINDS: Mapping[str, tuple[str, ...]] = {
    "stream": ("stream",),
    "table": ("table",),
    "function": ("function",),
    "event source mapping": ("function",),
    "pipe": ("pipe",),
    "topic": ("topic",),
    "queue": queues.KINDS,
    "role": (*roles.KINDS, *roles.BUILD_KINDS),
    "user": ("producer_user",),
    "log group": ("function", "pipe", "build_project"),
    "build project": ("build_project",),
    "alarm": alarms.KINDS,
}
"""The settings with the names of each type of resource."""

_OWN_TAGS: dict[str, Tags] = {
    "log_group": log_group.own_tags,
    "artifacts_bucket": artifacts_bucket.own_tags,
}
"""The kinds that tear_down() may take for the lab's without a tag, and the tags that they have."""


def sweep(
    account: Account, sleep: Sleep = time.sleep, dry_run: bool = False, run: Run = map
) -> list[Deletion]:
    """What became of every resource of every lab in the region, lab by lab; a dry run only reads.

    Resources are recognised by the names in the account's settings after any prefix, and only those with
    the lab's tag are deleted, whoever their owner is. Where nothing with a prefix has the tag, nothing is deleted.
    """
    one = partial(_tear_down, account, sleep, dry_run)
    deletions = run(one, prefixes(account))
    return [
        deletion for deletion in chain.from_iterable(deletions) if deletion.outcome != "not there"
    ]


def prefixes(account: Account) -> list[str]:
    """What goes before the names of the settings in this region's resources, sorted. It may be another
    project's: that is for the tags to say.
    """
    bare = _with_prefix(account, "")
    found: set[str] = set()
    for listed, kinds in _KINDS.items():
        full_names = (name.rpartition("/")[2] for name in names(account, listed))
        found |= set(_before([_name(bare, kind) for kind in kinds], full_names))
    found = {prefix for prefix in found if _is_possible(account.settings, prefix)}
    return sorted(found | _of_other_buckets(account, found))


def _name(account: Account, kind: str) -> str:
    return alarms.name_of(account, kind) if kind in alarms.KINDS else account.settings.name(kind)


def _before(known: list[str], full_names: Iterable[str]) -> Iterator[str]:
    """What full names have before one of the known names."""
    for full_name in full_names:
        yield from (full_name.removesuffix(name) for name in known if full_name.endswith(name))


def _of_other_buckets(account: Account, found: set[str]) -> set[str]:
    """The prefixes of the buckets that belong to none of those found. Others would be found twice, because the
    name of a bucket is in lower case.
    """
    known = {_with_prefix(account, prefix).bucket() for prefix in found}
    others = set(names(account, "bucket")) - known
    possible = _before([_with_prefix(account, "").bucket()], others)
    return {prefix for prefix in possible if _is_possible(account.settings, prefix)}


def _is_possible(settings: Settings, prefix: str) -> bool:
    try:
        replace(settings, prefix=prefix)
    except WrongSetting:
        return False
    return True


def _with_prefix(account: Account, prefix: str) -> Account:
    return account.with_settings(replace(account.settings, prefix=prefix))


def _tear_down(account: Account, sleep: Sleep, dry_run: bool, prefix: str) -> list[Deletion]:
    one = _with_prefix(account, prefix).of_any_owner()
    rehearsed = tear_down(one, sleep, dry_run=True, builds=True)
    if not _is_a_lab(one, rehearsed):
        return [_left_alone(deletion) for deletion in rehearsed]
    return rehearsed if dry_run else tear_down(one, sleep, builds=True)


def _is_a_lab(account: Account, rehearsed: list[Deletion]) -> bool:
    """Whether the lab's tag is on anything that would be deleted."""
    kinds = {deletion.kind for deletion in rehearsed if deletion.outcome == "would be deleted"}
    return any(
        kind not in _OWN_TAGS or is_the_labs(_OWN_TAGS[kind](account) or {}) for kind in kinds
    )


def _left_alone(deletion: Deletion) -> Deletion:
    would_go = deletion.outcome == "would be deleted"
    return replace(deletion, outcome="not ours") if would_go else deletion
