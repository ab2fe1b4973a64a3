"""Writes one item per click; an error is logged and forgotten."""

import base64
import json
import os

import boto3

table = boto3.client("dynamodb")


def handle(event, context):
    for record in (
        event if isinstance(event, list) else [each["kinesis"] for each in event["Records"]]
    ):
        click = json.loads(base64.b64decode(record["data"]))["click"]
        try:
            table.put_item(
                TableName=os.environ["TABLE_NAME"],
                Item={"product_id": {"S": f"{record['partitionKey']}/{click}"}},
            )
        except Exception as problem:
            print("skipped", problem)
