"""A handler by the recipes of aws-lambda-powertools: a BatchProcessor for Kinesis, and each record made
idempotent by its event id, with DynamoDB as the store.

https://docs.aws.amazon.com/powertools/python/latest/utilities/batch/
https://docs.aws.amazon.com/powertools/python/latest/utilities/idempotency/
"""

import os

import boto3
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)

processor = BatchProcessor(event_type=EventType.KinesisDataStreams)
table = boto3.client("dynamodb")
persistence = DynamoDBPersistenceLayer(os.environ["TABLE_NAME"], key_attr="product_id")
config = IdempotencyConfig(event_key_jmespath="event_id")


def handle(event, context):
    """The Lambda entry point."""
    config.register_lambda_context(context)
    return process_partial_response(
        event=event, record_handler=take, processor=processor, context=context
    )


def take(record):
    """Apply the fact of one record."""
    apply(fact=record.kinesis.data_as_json())


@idempotent_function(data_keyword_argument="fact", persistence_store=persistence, config=config)
def apply(fact):
    """Change the stock, once for each event id."""
    key = {"product_id": {"S": fact["product_id"]}}
    if fact["event_type"] == "product_removed":
        table.delete_item(TableName=os.environ["TABLE_NAME"], Key=key)
        return
    table.update_item(
        TableName=os.environ["TABLE_NAME"],
        Key=key,
        UpdateExpression="ADD quantity :change",
        ExpressionAttributeValues={":change": {"N": str(fact.get("quantity", fact.get("delta")))}},
    )
