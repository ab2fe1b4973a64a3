"""A design that many start with: one ADD per record, and the failed one is reported."""

import base64
import json
import os

import boto3

table = boto3.client("dynamodb")


def handle(event, context):
    for record in event if isinstance(event, list) else event["Records"]:
        try:
            apply(json.loads(base64.b64decode(record.get("data") or record["kinesis"]["data"])))
        except table.exceptions.ClientError:
            identifier = (
                record["eventID"] if "data" in record else record["kinesis"]["sequenceNumber"]
            )
            return {"batchItemFailures": [{"itemIdentifier": identifier}]}
    return {"batchItemFailures": []}


def apply(event):
    change = event.get("quantity", event.get("delta", 0))
    key = {"product_id": {"S": event["product_id"]}}
    if event["event_type"] == "product_removed":
        table.delete_item(TableName=os.environ["TABLE_NAME"], Key=key)
        return
    table.update_item(
        TableName=os.environ["TABLE_NAME"],
        Key=key,
        UpdateExpression="ADD quantity :change",
        ExpressionAttributeValues={":change": {"N": str(change)}},
    )
