"""The SNS topic of stock alerts, with the inbox queue subscribed."""

from __future__ import annotations

from typing import Any

from inventory_lab.resources.account import Account, tags_of, unless_missing
from inventory_lab.resources.ownership import refuse_foreign

_MISSING = ("NotFound", "NotFoundException", "ResourceNotFound", "ResourceNotFoundException")


def ensure(account: Account) -> str:
    """The topic's ARN, with the inbox subscribed; created when it is missing. Raises NotTheLabs."""
    sns, name = account.client("sns"), account.settings.name("topic")
    if describe(account) is None:
        tagged = [{"Key": key, "Value": value} for key, value in account.tags.items()]
        sns.create_topic(Name=name, Tags=tagged)
    else:
        refuse_foreign(account, "topic", name, tags(account))
    sns.subscribe(
        TopicArn=account.topic_arn(), Protocol="sqs", Endpoint=account.queue_arn("alerts_queue")
    )
    return account.topic_arn()


def describe(account: Account) -> dict[str, Any] | None:
    """The topic's attributes, or None when there is no topic."""
    call = account.client("sns").get_topic_attributes
    answer = unless_missing(_MISSING, call, TopicArn=account.topic_arn())
    return None if answer is None else dict(answer["Attributes"])


def tags(account: Account) -> dict[str, str] | None:
    """The topic's tags, or None when there is no topic."""
    call = account.client("sns").list_tags_for_resource
    answer = unless_missing(_MISSING, call, ResourceArn=account.topic_arn())
    return None if answer is None else tags_of(answer.get("Tags", []))


def delete(account: Account) -> None:
    """Delete the topic; its subscriptions go with it, and deleting it twice is no error:
    https://docs.aws.amazon.com/sns/latest/api/API_DeleteTopic.html
    """
    account.client("sns").delete_topic(TopicArn=account.topic_arn())
