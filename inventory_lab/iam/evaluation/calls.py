"""An API call, the ARNs that its parameters name, and the permissions it needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory_lab.exceptions import UnknownToTheLab

_FUNCTION = re.compile(
    r"(?:arn:[^:]+:lambda:(?P<region>[^:]+):(?P<owner>\d{12}):function:"
    r"|(?:(?P<account>\d{12}):)?(?:function:)?)(?P<name>[\w-]+)(?::(?P<qualifier>[\w$-]+))?",
    re.ASCII,
)
_MAPPING = re.compile(r"arn:[^:]+:lambda:[^:]+:\d{12}:event-source-mapping:[\w-]+", re.ASCII)
_QUEUE_URL = re.compile(r"https?://[^/]+/(\d{12})/([\w.-]+)/?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Call:
    """One API call, and the account and region it is made in."""

    service: str
    operation: str
    params: Mapping[str, Any]
    region: str
    account: str
    partition: str
    secure: bool = True

    def arn(self, resource: str) -> str:
        """The ARN of a regional resource of the call's service; an ARN is returned unchanged.

        >>> Call("kinesis", "PutRecord", {}, "us-east-1", "123456789012", "aws").arn("stream/orders")
        'arn:aws:kinesis:us-east-1:123456789012:stream/orders'
        """
        if resource.startswith("arn:"):
            return resource
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{resource}"

    def global_arn(self, service: str, account: str, resource: str) -> str:
        """The ARN of a resource that belongs to no region."""
        return f"arn:{self.partition}:{service}::{account}:{resource}"

    def values_of(self, *params: str) -> list[str]:
        """The values of these parameters, without those that the call does not have."""
        return [str(self.params[name]) for name in params if self.params.get(name)]


@dataclass(frozen=True, slots=True)
class Need:
    """One permission that a call needs; `context` has the condition keys of this permission only."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


Resources = Callable[[Call], list[str]]
"""Returns the ARNs of the resources that a call acts on; "*" when it names none."""


def no_resource(_: Call) -> list[str]:
    """For actions without a resource type, such as kinesis:ListStreams."""
    return ["*"]


def named(kind: str, *params: str) -> Resources:
    """The resources that any of the parameters names, each by name or ARN."""

    def resources(call: Call) -> list[str]:
        values = call.values_of(*params) or ["*"]
        return [value if value.startswith("arn:") else call.arn(kind + value) for value in values]

    return resources


def listed(kind: str, param: str) -> Resources:
    """The resources in a parameter that is a list of names or ARNs."""

    def resources(call: Call) -> list[str]:
        values = [str(value) for value in call.params.get(param) or ["*"]]
        return [value if value.startswith("arn:") else call.arn(kind + value) for value in values]

    return resources


def iam_entities(kind: str, *params: str) -> Resources:
    """Users, roles, groups or policies by name or ARN; all have the path `/`."""

    def resources(call: Call) -> list[str]:
        values = call.values_of(*params) or ["*"]
        arns = [call.global_arn("iam", call.account, f"{kind}/{value}") for value in values]
        return [v if v.startswith("arn:") else arn for v, arn in zip(values, arns, strict=True)]

    return resources


def consumers(call: Call) -> list[str]:
    """A consumer of a stream; by its name whenever it was registered, or by its ARN."""
    if call.values_of("ConsumerARN"):
        return call.values_of("ConsumerARN")
    stream, name = str(call.params.get("StreamARN", "*")), call.params.get("ConsumerName", "*")
    return [f"{stream}/consumer/{name}:*"]


def functions(call: Call) -> list[str]:
    """A function by name, partial ARN or ARN, with its alias or version; or an event source mapping by
    its ARN. Raises UnknownToTheLab for any other name.
    """
    name = (call.values_of("FunctionName", "Resource") or [""])[0]
    if _MAPPING.fullmatch(name):
        return [name]
    match = _FUNCTION.fullmatch(name)
    if match is None:
        raise UnknownToTheLab(f"the function {name!r}")
    region = match["region"] or call.region
    account = match["owner"] or match["account"] or call.account
    qualifier = match["qualifier"] or call.params.get("Qualifier")
    arn = f"arn:{call.partition}:lambda:{region}:{account}:function:{match['name']}"
    return [f"{arn}:{qualifier}" if qualifier else arn]


def queues(call: Call) -> list[str]:
    """A queue by its URL or its name. Raises UnknownToTheLab for another kind of URL."""
    for url in call.values_of("QueueUrl"):
        match = _QUEUE_URL.fullmatch(url)
        if match is None:
            raise UnknownToTheLab(f"the queue URL {url!r}")
        return [f"arn:{call.partition}:sqs:{call.region}:{match[1]}:{match[2]}"]
    return named("", "QueueName", "SourceArn")(call)


def topics_of_subscriptions(call: Call) -> list[str]:
    """The topic of a subscription."""
    return [(call.values_of("SubscriptionArn") or ["*"])[0].rpartition(":")[0] or "*"]


def tables(call: Call) -> list[str]:
    """A table, or its index when the call names one."""
    table = named("table/", "TableName", "ResourceArn")(call)[0]
    index = call.params.get("IndexName")
    return [f"{table}/index/{index}" if index else table]


def tables_in_batch(call: Call) -> list[str]:
    """Each table of a batch."""
    names = call.params.get("RequestItems", {})
    return [n if n.startswith("arn:") else call.arn(f"table/{n}") for n in names]


def log_streams(call: Call) -> list[str]:
    """A log stream; for a whole group, CloudWatch Logs checks a log stream with an empty name."""
    groups = call.values_of("logGroupName", "logGroupIdentifier")
    for several in ("logGroupNames", "logGroupIdentifiers"):
        groups += call.params.get(several) or []
    arns = [g if g.startswith("arn:") else call.arn(f"log-group:{g}") for g in groups or ["*"]]
    stream = call.params.get("logStreamName", "")
    return [f"{arn.removesuffix(':*')}:log-stream:{stream}" for arn in arns]


def rules(call: Call) -> list[str]:
    """An EventBridge rule; the ARN of a rule of the default bus does not name the bus."""
    bus = (call.values_of("EventBusName") or ["default"])[0].rpartition("/")[2]
    rule = (call.values_of("Rule", "Name") or ["*"])[0]
    return [call.arn(f"rule/{rule}" if bus == "default" else f"rule/{bus}/{rule}")]


def buses_of_entries(call: Call) -> list[str]:
    """Each event bus to which the call puts events."""
    names = {
        str(entry.get("EventBusName") or "default") for entry in call.params.get("Entries", [])
    }
    return sorted(n if n.startswith("arn:") else call.arn(f"event-bus/{n}") for n in names)


def dashboards(call: Call) -> list[str]:
    """Dashboards, which belong to no region."""
    names = call.params.get("DashboardNames") or call.values_of("DashboardName")
    return [call.global_arn("cloudwatch", call.account, f"dashboard/{name}") for name in names]


def projects_of_builds(call: Call) -> list[str]:
    """The CodeBuild projects of builds, whose ids begin with the project's name."""
    builds = call.params.get("ids") or call.values_of("id")
    return [call.arn(f"project/{str(b).rpartition('/')[2].partition(':')[0]}") for b in builds]


def groups_of_reports(call: Call) -> list[str]:
    """The report groups of CodeBuild's test reports, whose ARNs begin with the group's name."""
    arns = call.params.get("reportArns") or call.values_of("reportArn")
    names = [str(arn).rpartition("/")[2].partition(":")[0] for arn in arns]
    return [call.arn(f"report-group/{name}") for name in names]


def buckets(call: Call) -> list[str]:
    """A bucket."""
    return [call.global_arn("s3", "", str(call.params.get("Bucket", "*")))]


def objects(call: Call) -> list[str]:
    """Each object of a bucket that the call names."""
    deleted = [entry["Key"] for entry in call.params.get("Delete", {}).get("Objects", [])]
    return [f"{buckets(call)[0]}/{key}" for key in call.values_of("Key") or deleted]
