"""The dash keeps prefixes apart: no learner's prefix is then the beginning of another's. One shard is half the price of the
default. In production a failing batch is retried for as long as its records are young (`retries=-1`), so that an hour
without a permission loses nothing. The maximum age ends that before the stream forgets the records, which it does after 24
hours: what is given up after 12 hours is in the dead letters, and its records can still be read and sent again.
"""


# %% solution
def settings_for(learner, account):
    """The Settings of one learner in this account."""
    from inventory_lab import Settings

    return Settings(
        prefix=f"{learner}-",
        permissions_boundary=f"arn:aws:iam::{account}:policy/{learner}-boundary",
        shards=1,
        retries=-1,
        maximum_record_age_seconds=12 * 3600,
    )


# %% right: the defaults with some values replaced, and the owner named
from dataclasses import replace
from datetime import timedelta

from inventory_lab import Settings


def settings_for(learner: str, account: str) -> Settings:
    prefix = learner + "-"
    half_a_day = int(timedelta(hours=12).total_seconds())
    limits = "arn:aws:iam::%s:policy/%sboundary" % (account, prefix)
    values = dict(shards=1, retries=-1, maximum_record_age_seconds=half_a_day)
    return replace(Settings(), prefix=prefix, owner=learner, permissions_boundary=limits, **values)


# %% wrong: The prefix has no dash at its end
def settings_for(learner, account):
    from inventory_lab import Settings

    return Settings(
        prefix=learner,
        permissions_boundary=f"arn:aws:iam::{account}:policy/{learner}-boundary",
        shards=1,
        retries=-1,
        maximum_record_age_seconds=12 * 3600,
    )


# %% wrong: which is not 12 hours
def settings_for(learner, account):
    from inventory_lab import Settings

    return Settings(
        prefix=f"{learner}-",
        permissions_boundary=f"arn:aws:iam::{account}:policy/{learner}-boundary",
        shards=1,
        retries=-1,
        maximum_record_age_seconds=12 * 60,
    )


# %% wrong: Without a maximum age a failing batch blocks its shard
def settings_for(learner, account):
    from inventory_lab import Settings

    return Settings(
        prefix=f"{learner}-",
        permissions_boundary=f"arn:aws:iam::{account}:policy/{learner}-boundary",
        shards=1,
        retries=-1,
    )


# %% wrong: each is billed by the hour
def settings_for(learner, account):
    from inventory_lab import Settings

    return Settings(
        prefix=f"{learner}-",
        permissions_boundary=f"arn:aws:iam::{account}:policy/{learner}-boundary",
        retries=-1,
        maximum_record_age_seconds=12 * 3600,
    )


# %% wrong: is not the ARN of the policy
def settings_for(learner, account):
    from inventory_lab import Settings

    return Settings(
        prefix=f"{learner}-",
        permissions_boundary=f"{learner}-boundary",
        shards=1,
        retries=-1,
        maximum_record_age_seconds=12 * 3600,
    )


# %% wrong: Return Settings
def settings_for(learner, account):
    return {"prefix": f"{learner}-", "shards": 1}


# %% wrong: a batch may be given up long before its records are 12 hours old
def settings_for(learner, account):
    from inventory_lab import Settings

    return Settings(
        prefix=f"{learner}-",
        permissions_boundary=f"arn:aws:iam::{account}:policy/{learner}-boundary",
        shards=1,
        maximum_record_age_seconds=12 * 3600,
    )
