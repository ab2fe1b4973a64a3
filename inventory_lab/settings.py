"""Every name, size and threshold of a lab, in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from inventory_lab.exceptions import WrongSetting

HANDLERS = {
    "fold": "inventory_lab.function.handler.handle",
    "per_record": "inventory_lab.function.per_record.handle",
}
NAMES = (
    "stream", "table", "function", "pipe", "topic", "rejected_queue", "dead_letter_queue",
    "alerts_queue", "pipe_role", "function_role", "producer_user", "build_project", "artifacts_bucket",
    "codebuild_role", "deploy_role", "boundary",
)  # fmt: skip
READERS = ("pipe", "mapping", "both")
"""What reads the stream and invokes the function; with "both" each record is delivered twice."""
FROM_ENVIRONMENT = ("region", "prefix", "permissions_boundary", "owner")
LOG_RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
    3653,
)  # fmt: skip
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""
OPTIONS = ("shard_limits", "point_in_time_recovery", "encryption", "alarms")
"""The settings that are True or False."""


class DefaultRegion(str):
    """The region when none was chosen; on a real account the profile's region replaces it."""

    __slots__ = ()


DEFAULT_REGION = DefaultRegion("us-east-1")
_NAME = re.compile("[A-Za-z0-9_-]{1,64}")
"""The names that all services accept; pipe, function and role have the lowest limit."""
_PREFIX = re.compile("[A-Za-z0-9_-]*")
_TAG_VALUE = re.compile(r"[\w .:/=+@-]{0,256}")
"""https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"""
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every name, size and threshold of a lab; each has a default.

    Where and what:

    - `region`: by default us-east-1 on the embedded AWS, and your profile's region on a real account.
    - `prefix`: a text before every name, so that several labs can share an account.
    - `permissions_boundary`: the ARN of a policy that limits the user and the roles that build()
      creates; empty for none.
    - `handler`: "fold" counts exactly; "per_record" is the simple design.
    - `reader`: "pipe" (an EventBridge Pipe), "mapping" (a Lambda event source mapping) or "both".

    How the stream is read:

    - `batch_size`: the most records of a batch; `batch_window_seconds`: how long a reader waits for them.
    - `parallelization_factor` (1 to 10): how many batches of one shard are processed at the same time;
      the records of one product stay in order.
    - `retries` and `maximum_record_age_seconds` (60 to 604,800): how often and how long a failing batch
      is retried; -1 means without limit. Five retries suit a lesson, because a failed record soon is a
      dead letter. In production set `retries=-1` and a maximum age below the stream's retention: the
      folding handler rejects a bad record and continues, so it fails only when AWS fails or a permission
      is missing, and five retries would be over in a minute or two.
    - `shard_limits`: True lets the embedded AWS throttle a shard as AWS does, by the second of lab time.

    How the function runs:

    - `function_memory` in MB and `function_timeout` in seconds; give the folding handler 20 seconds or
      more, because it starts no call in the last 8. A pipe waits 300 seconds for a function, so behind a
      pipe that is the longest; behind a mapping it is 900:
      https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
    - `commit_concurrency` (1 to 64): how many products one invocation writes at the same time. The
      default None means 16 on AWS, and 1 on the embedded AWS, which starts no threads.
    - `high_stock` and `low_stock`: an alert is sent above and below these numbers of pieces.
    - `tombstone_days`: how long a removed product stays in the table; longer than a stream keeps records.

    For a real account:

    - `owner`: the value of the tag `owner`; by default your own name. build() and teardown() leave the
      resources of another owner alone.
    - `log_retention_days`: how long the function's log is kept. The default None means 14 on AWS; on the
      embedded AWS the log is kept.
    - `point_in_time_recovery` and `deletion_protection` of the table. The default None leaves the protection
      as it is; teardown() deletes a protected table only after a build() with `deletion_protection=False`.
    - `encryption`: True encrypts stream and table with the KMS keys that AWS manages in your account.
    - `alarms`: True creates three alarms: the reader is late, dead letters exist, the function fails.
      `alarm_action` is the ARN of the topic that they notify.

    Raises WrongSetting for a value that is not allowed.

    >>> Settings(prefix="team-7-", shards=4).name("stream")
    'team-7-e-commerce-streaming'
    >>> Settings(shards=0)
    Traceback (most recent call last):
    inventory_lab.exceptions.WrongSetting: setting shards is 0; it must be a whole number from 1 to 500
    """

    region: str = DEFAULT_REGION
    prefix: str = ""
    stream: str = "e-commerce-streaming"
    shards: int = 2
    shard_limits: bool = False
    table: str = "inventory"
    function: str = "update-inventory"
    handler: str = "fold"
    runtime: str = "python3.13"
    function_timeout: int = 60
    function_memory: int = 512
    reader: str = "pipe"
    pipe: str = "inventory-pipe"
    batch_size: int = 1000
    batch_window_seconds: int = 1
    retries: int = 5
    maximum_record_age_seconds: int = -1
    parallelization_factor: int = 1
    commit_concurrency: int | None = None
    topic: str = "inventory-alerts"
    rejected_queue: str = "inventory-rejected"
    dead_letter_queue: str = "inventory-pipe-dlq"
    alerts_queue: str = "inventory-alerts-inbox"
    pipe_role: str = "inventory-pipe-role"
    function_role: str = "update-inventory-role"
    producer_user: str = "aws-de-user"
    build_project: str = "inventory-build"
    artifacts_bucket: str = "inventory-artifacts"
    codebuild_role: str = "inventory-build-role"
    deploy_role: str = "inventory-deploy-role"
    boundary: str = "inventory-lab-boundary"
    permissions_boundary: str = ""
    high_stock: int = 1000
    low_stock: int = 10
    tombstone_days: int = 366
    owner: str = ""
    log_retention_days: int | None = None
    point_in_time_recovery: bool = False
    deletion_protection: bool | None = None
    encryption: bool = False
    alarms: bool = False
    alarm_action: str = ""

    def __post_init__(self) -> None:
        if self.handler not in HANDLERS:
            expected = (
                f"one of {', '.join(HANDLERS)}; lab.use_handler() takes a handler of your own"
            )
            raise WrongSetting("handler", self.handler, expected)
        if self.reader not in READERS:
            raise WrongSetting("reader", self.reader, f"one of {', '.join(READERS)}")
        self._check("shards", 1, 500)
        self._check("batch_size", 1, 10_000)
        self._check("batch_window_seconds", 0, 300)
        self._check("retries", -1, 10_000)
        self._check("parallelization_factor", 1, 10)
        if self.maximum_record_age_seconds != -1:
            self._check("maximum_record_age_seconds", 60, 604_800)
        if self.commit_concurrency is not None:
            self._check("commit_concurrency", 1, 64)
        self._check("function_timeout", 1, 300 if self.has_pipe else 900)
        self._check("function_memory", 128, 10_240)
        self._check("tombstone_days", 1, 36_500)
        self._check("high_stock", 0, 10**9)
        self._check("low_stock", 0, 10**9)
        self._check_options()
        if not isinstance(self.prefix, str) or not _PREFIX.fullmatch(self.prefix):
            raise WrongSetting("prefix", self.prefix, "of A-Z a-z 0-9 _ -, or empty")
        for setting in NAMES:
            if not _NAME.fullmatch(self.name(setting)):
                raise WrongSetting(setting, self.name(setting), "1 to 64 of A-Z a-z 0-9 _ -")
        if not _REGION.fullmatch(self.region):
            raise WrongSetting("region", self.region, "a region such as us-east-1")
        if self.low_stock > self.high_stock:
            raise WrongSetting(
                "low_stock", self.low_stock, f"at most high_stock ({self.high_stock})"
            )

    def with_environment(self, environ: Mapping[str, str]) -> Settings:
        """These settings, with values from the environment for settings that have their default.

        The variables are INVENTORY_LAB_REGION, INVENTORY_LAB_PREFIX, INVENTORY_LAB_OWNER and
        INVENTORY_LAB_PERMISSIONS_BOUNDARY. Raises WrongSetting.

        >>> Settings().with_environment({"INVENTORY_LAB_PREFIX": "team-7-"}).prefix
        'team-7-'
        """
        variables = {name: f"INVENTORY_LAB_{name.upper()}" for name in FROM_ENVIRONMENT}
        values: dict[str, Any] = {
            name: environ[variable]
            for name, variable in variables.items()
            if environ.get(variable) and getattr(self, name) is getattr(Settings, name)
        }
        return replace(self, **values)

    @property
    def has_pipe(self) -> bool:
        """Whether a pipe reads the stream.

        >>> Settings(reader="both").has_pipe
        True
        """
        return self.reader != "mapping"

    @property
    def has_mapping(self) -> bool:
        """Whether an event source mapping reads the stream.

        >>> Settings().has_mapping
        False
        """
        return self.reader != "pipe"

    def name(self, kind: str) -> str:
        """The full name of a kind of resource, such as 'stream'.

        >>> Settings(prefix="team-7-").name("table")
        'team-7-inventory'
        """
        return f"{self.prefix}{getattr(self, kind)}"

    def _check_options(self) -> None:
        for option in OPTIONS:
            if not isinstance(getattr(self, option), bool):
                raise WrongSetting(option, getattr(self, option), "True or False")
        if not isinstance(self.deletion_protection, bool | None):
            raise WrongSetting(
                "deletion_protection", self.deletion_protection, "True, False or None"
            )
        if self.log_retention_days not in (None, *LOG_RETENTIONS):
            expected = f"None or one of {', '.join(map(str, LOG_RETENTIONS))}"
            raise WrongSetting("log_retention_days", self.log_retention_days, expected)
        if not _TAG_VALUE.fullmatch(self.owner):
            raise WrongSetting(
                "owner", self.owner, "at most 256 letters, digits, spaces and _.:/=+-@"
            )

    def _check(self, setting: str, lowest: int, highest: int) -> None:
        value = getattr(self, setting)
        if type(value) is not int or not lowest <= value <= highest:
            raise WrongSetting(setting, value, f"a whole number from {lowest} to {highest}")
