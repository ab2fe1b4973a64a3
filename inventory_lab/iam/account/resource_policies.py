"""What a decision needs to know about a resource: its policy, its tags, a table's partition key.

All of it is read through the APIs of the services, with clients that may read everything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from inventory_lab.exceptions import UnknownToTheLab
from inventory_lab.iam.evaluation.document import Policy, read_policy
from inventory_lab.iam.evaluation.patterns import ARN_PARTS

if TYPE_CHECKING:
    from botocore.client import BaseClient

ClientOf = Callable[[str, str], "BaseClient"]
"""A client of a service in a region."""
_MISSING = (
    "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NotFound", "NotFoundException",
    "ResourceNotFoundException", "NoSuchEntity",
)  # fmt: skip


class Lookups:
    """Reads policies, tags and keys of resources; caches the policies until `forget_policies`."""

    def __init__(self, client_of: ClientOf) -> None:
        self._client_of = client_of
        self._policies: dict[str, Policy] = {}

    def policy(self, arn: str) -> Policy:
        """The policy on a queue, topic, function or stream; without statements when there is none."""
        if arn not in self._policies:
            document = self._policy_document(arn)
            self._policies[arn] = read_policy(document, "resource") if document else ()
        return self._policies[arn]

    def forget_policies(self) -> None:
        """Read the policies again the next time."""
        self._policies.clear()

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a resource of the pipeline's services."""
        if arn.split(":")[2:3] and arn.split(":")[2] not in _TAGS:
            raise UnknownToTheLab(f"the tags of {arn}")
        tags = self._read(_TAGS, arn) or {}
        if isinstance(tags, Mapping):
            return tags
        return {tag["Key"]: tag["Value"] for tag in tags}

    def partition_key(self, table_arn: str) -> str | None:
        """The name of a table's partition key; None when there is no such table."""
        if "/" not in table_arn:
            return None
        table = table_arn.split("/")[1]
        try:
            dynamodb = self._client_of("dynamodb", table_arn.split(":")[3])
            answer = dynamodb.describe_table(TableName=table)
        except ClientError:
            return None
        keys = answer["Table"]["KeySchema"]
        return next(str(key["AttributeName"]) for key in keys if key["KeyType"] == "HASH")

    def function_of_mapping(self, identifier: str, region: str) -> str | None:
        """The ARN of the function that an event source mapping invokes; None when there is none."""
        try:
            functions = self._client_of("lambda", region)
            return str(functions.get_event_source_mapping(UUID=identifier)["FunctionArn"])
        except ClientError:
            return None

    def _policy_document(self, arn: str) -> Any:
        return self._read(_POLICIES, arn)

    def _read(self, readers: Mapping[str, Callable[[Any, str], Any]], arn: str) -> Any:
        if arn.count(":") < ARN_PARTS - 1:
            return None
        service, region = arn.split(":")[2:4]
        if service not in readers:
            return None
        try:
            return readers[service](self._client_of(service, region), arn)
        except ClientError as exc:
            if exc.response["Error"]["Code"] not in _MISSING:
                raise UnknownToTheLab(f"{arn} ({exc})") from exc
            return None
        except (BotoCoreError, LookupError, ValueError) as exc:
            raise UnknownToTheLab(f"{arn} ({exc!r})") from exc


def queue_url(sqs: BaseClient, arn: str) -> str:
    """The URL of a queue."""
    account, name = arn.split(":")[-2:]
    return f"{sqs.meta.endpoint_url}/{account}/{name}"


def _queue_policy(sqs: BaseClient, arn: str) -> Any:
    answer = sqs.get_queue_attributes(QueueUrl=queue_url(sqs, arn), AttributeNames=["Policy"])
    return answer.get("Attributes", {}).get("Policy")


def _function_policy(functions: BaseClient, arn: str) -> Any:
    """Event source mappings have no policies."""
    if ":event-source-mapping:" in arn:
        return None
    return with_principals(functions.get_policy(FunctionName=arn)["Policy"])


def with_principals(policy: str) -> Any:
    """A function's policy with every principal as an object; moto stores the ARN of a user or role as a
    string.
    """
    document = json.loads(policy)
    for statement in document["Statement"]:
        if isinstance(statement["Principal"], str) and statement["Principal"] != "*":
            statement["Principal"] = {"AWS": statement["Principal"]}
    return document


def _tags_of_table(dynamodb: BaseClient, arn: str) -> Any:
    pages = dynamodb.get_paginator("list_tags_of_resource").paginate(ResourceArn=arn)
    return [tag for page in pages for tag in page["Tags"]]


def _stream_policy(kinesis: BaseClient, arn: str) -> Any:
    """A stream without a policy has an empty object:
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetResourcePolicy.html
    """
    return unless_empty(kinesis.get_resource_policy(ResourceARN=arn)["Policy"])


def unless_empty(policy: str) -> str | None:
    """A stream's policy; None for an empty object."""
    return None if policy in ("", "{}") else policy


_POLICIES: Mapping[str, Callable[[Any, str], Any]] = {
    "sqs": _queue_policy,
    "sns": lambda sns, arn: sns.get_topic_attributes(TopicArn=arn)["Attributes"].get("Policy"),
    "lambda": _function_policy,
    "kinesis": _stream_policy,
}
_TAGS: Mapping[str, Callable[[Any, str], Any]] = {
    "kinesis": lambda kinesis, arn: kinesis.list_tags_for_stream(StreamARN=arn)["Tags"],
    "dynamodb": _tags_of_table,
    "lambda": lambda functions, arn: functions.list_tags(Resource=arn)["Tags"],
    "sqs": lambda sqs, arn: sqs.list_queue_tags(QueueUrl=queue_url(sqs, arn)).get("Tags"),
    "sns": lambda sns, arn: sns.list_tags_for_resource(ResourceArn=arn)["Tags"],
    "pipes": lambda pipes, arn: pipes.list_tags_for_resource(resourceArn=arn)["tags"],
}
