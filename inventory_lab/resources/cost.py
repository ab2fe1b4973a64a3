"""What a deployed pipeline costs while nothing is sent."""

from __future__ import annotations

from inventory_lab.settings import Settings

SHARD_HOUR = 0.015
"""US dollars in us-east-1: https://aws.amazon.com/kinesis/data-streams/pricing/"""


def per_hour(settings: Settings) -> float:
    """US dollars that an hour costs, at the prices of us-east-1: the shards, because everything else that
    build() deploys is billed by use.

    >>> per_hour(Settings(shards=2))
    0.03
    """
    return round(settings.shards * SHARD_HOUR, 4)


def sentence(settings: Settings) -> str:
    """What build() costs, in one sentence.

    >>> sentence(Settings(shards=1))
    'build() costs about 0.015 USD an hour until teardown() (1 shard, price of us-east-1); what you send is billed by use'
    """
    shards = f"{settings.shards} shard{'s' if settings.shards > 1 else ''}"
    return (
        f"build() costs about {per_hour(settings):g} USD an hour until teardown() ({shards}, price of "
        "us-east-1); what you send is billed by use"
    )
