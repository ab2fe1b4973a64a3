"""A mapping delivers `Records`, and what a producer stored is in `kinesis` under `data`, in base64.
`ADD` is one atomic step in DynamoDB, and begins at 0 for a product without an item, so nothing has to be
read before. A record that cannot be read raises an error, and Lambda reports that the batch failed:
nothing is hidden. What this simple handler cannot do comes next in the lesson.
"""


# %% solution
def handle(event, context):
    """Add the change of every record to the count of its product."""
    for record in event["Records"]:
        fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        table.update_item(
            Key={"product_id": fact["product_id"]},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={":change": fact.get("quantity", fact.get("delta"))},
        )


# %% right: it goes by event_type, and returns a value
def handle(event, context):
    import base64, json

    for record in event["Records"]:
        raw = base64.b64decode(record["kinesis"]["data"]).decode("utf-8")
        sale = json.loads(raw)
        if sale["event_type"] == "product_added":
            change = sale["quantity"]
        else:
            change = sale["delta"]
        table.update_item(
            Key={"product_id": sale["product_id"]},
            UpdateExpression="ADD #q :c",
            ExpressionAttributeNames={"#q": "quantity"},
            ExpressionAttributeValues={":c": change},
        )
        print(sale["product_id"], change)
    return {"statusCode": 200}


# %% right: SET with if_not_exists, and Decimal
def handle(event, context):
    from decimal import Decimal

    for r in event["Records"]:
        fact = json.loads(base64.b64decode(r["kinesis"]["data"]), parse_int=Decimal)
        change = fact["delta"] if "delta" in fact else fact["quantity"]
        table.update_item(
            Key=dict(product_id=fact["product_id"]),
            UpdateExpression="SET quantity = if_not_exists(quantity, :zero) + :change",
            ExpressionAttributeValues={":change": change, ":zero": 0},
            ReturnValues="UPDATED_NEW",
        )


# %% right: a helper inside, and annotations of Python itself
def handle(event: dict, context: object) -> None:
    def decoded(record: dict) -> dict:
        return json.loads(base64.b64decode(record["kinesis"]["data"]))

    records = event.get("Records", [])
    number = 0
    while number < len(records):
        fact = decoded(records[number])
        table.update_item(
            Key={"product_id": fact["product_id"]},
            UpdateExpression="ADD quantity :n",
            ExpressionAttributeValues={":n": fact.get("quantity", 0) + fact.get("delta", 0)},
        )
        number += 1
    return None


# %% right: an error of its own for the broken record
def handle(event, context):
    for record in event["Records"]:
        try:
            fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        except json.JSONDecodeError as e:
            raise RuntimeError("broken record") from e
        table.update_item(
            Key={"product_id": fact["product_id"]},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={":change": fact.get("quantity", fact.get("delta"))},
        )


# %% right: match
def handle(event, context):
    for record in event["Records"]:
        match json.loads(base64.b64decode(record["kinesis"]["data"])):
            case {"product_id": product, "quantity": change} | {
                "product_id": product,
                "delta": change,
            }:
                table.update_item(
                    Key={"product_id": product},
                    UpdateExpression="ADD quantity :change",
                    ExpressionAttributeValues={":change": int(change)},
                )


# %% wrong: the table has no item of Fan
def handle(event, context):
    for record in event["Records"]:
        fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        print(fact["product_id"], fact.get("quantity", fact.get("delta")))


# %% wrong: expected 4 of Fan, the table says -3
def handle(event, context):
    for record in event["Records"]:
        fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        table.update_item(
            Key={"product_id": fact["product_id"]},
            UpdateExpression="SET quantity = :change",
            ExpressionAttributeValues={":change": fact.get("quantity", fact.get("delta"))},
        )


# %% wrong: An event has `quantity` or `delta`, not both
def handle(event, context):
    for record in event["Records"]:
        fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        table.update_item(
            Key={"product_id": fact["product_id"]},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={":change": fact["quantity"]},
        )


# %% wrong: KeyError in line 3 (fact = json.loads(base64.b64decode(record["data"]))): 'data'
def handle(event, context):
    for record in event["Records"]:
        fact = json.loads(base64.b64decode(record["data"]))
        change = fact.get("quantity", fact.get("delta"))
        table.update_item(
            Key={"product_id": fact["product_id"]},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={":change": change},
        )


# %% wrong: At a record that is not JSON it goes on, and the record is lost without a trace
def handle(event, context):
    for record in event["Records"]:
        try:
            fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        except ValueError:
            print("skipped")
            continue
        table.update_item(
            Key={"product_id": fact["product_id"]},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={":change": fact.get("quantity", fact.get("delta"))},
        )


# %% wrong: It reads the count and writes a new one.
def handle(event, context):
    for record in event["Records"]:
        fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        key = {"product_id": fact["product_id"]}
        item = table.get_item(Key=key).get("Item", {"quantity": 0})
        change = fact.get("quantity", fact.get("delta"))
        table.put_item(Item={**key, "quantity": item["quantity"] + change})


# %% wrong: Lambda knows only what is in the file
def handle(event, context):
    for record in event["Records"]:
        fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        change = Decimal(fact.get("quantity", fact.get("delta")))
        table.update_item(
            Key={"product_id": fact["product_id"]},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={":change": change},
        )


# %% wrong: Three records of two products: expected 4 of Fan, the table says 7
def handle(event, context):
    record = event["Records"][0] if event["Records"] else None
    if record:
        fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        table.update_item(
            Key={"product_id": fact["product_id"]},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={":change": fact.get("quantity", fact.get("delta"))},
        )


# %% wrong: AWS answered ValidationException
def handle(event, context):
    for record in event["Records"]:
        fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        table.update_item(
            Key={"product_id": fact["product_id"]},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={":change": fact.get("quantity") or fact.get("delta")},
        )


# %% wrong: Two deliveries as new products, of 7 and of 5: expected 12 of Fan, the table says 5
def handle(event, context):
    for record in event["Records"]:
        sale = json.loads(base64.b64decode(record["kinesis"]["data"]))
        begins = "quantity" in sale
        table.update_item(
            Key={"product_id": sale["product_id"]},
            UpdateExpression="SET quantity = :change" if begins else "ADD quantity :change",
            ExpressionAttributeValues={":change": sale["quantity" if begins else "delta"]},
        )


# %% wrong: A good record came before a broken one, and was not counted
def handle(event, context):
    changes = {}
    for record in event["Records"]:
        sale = json.loads(base64.b64decode(record["kinesis"]["data"]))
        change = sale["delta"] if sale["event_type"] == "quantity_changed" else sale["quantity"]
        changes[sale["product_id"]] = changes.get(sale["product_id"], 0) + change
    for product, change in changes.items():
        table.update_item(
            Key={"product_id": product},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={":change": change},
        )


# %% wrong: Annotations, defaults and decorators must not use a name of the notebook
from typing import Any


def handle(event: dict[str, Any], context: Any) -> None:
    for record in event["Records"]:
        fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        table.update_item(
            Key={"product_id": fact["product_id"]},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={":change": fact.get("quantity", fact.get("delta"))},
        )


# %% wrong: which is called count there
def count(event, context):
    for record in event["Records"]:
        fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        table.update_item(
            Key={"product_id": fact["product_id"]},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={":change": fact.get("quantity", fact.get("delta"))},
        )


handle = count


# %% wrong: It counts under the partition key of the record
def handle(event, context):
    for record in event["Records"]:
        fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        table.update_item(
            Key={"product_id": record["kinesis"]["partitionKey"]},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={":change": fact.get("quantity", fact.get("delta"))},
        )


# %% wrong: Those belong to the client of notebook 04
def handle(event, context):
    for record in event["Records"]:
        fact = json.loads(base64.b64decode(record["kinesis"]["data"]))
        table.update_item(
            Key={"product_id": {"S": fact["product_id"]}},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={
                ":change": {"N": str(fact.get("quantity", fact.get("delta")))}
            },
        )


# %% wrong: What is under `data` is base64
def handle(event, context):
    for record in event["Records"]:
        fact = json.loads(record["kinesis"]["data"])
        table.update_item(
            Key={"product_id": fact["product_id"]},
            UpdateExpression="ADD quantity :change",
            ExpressionAttributeValues={":change": fact.get("quantity", fact.get("delta"))},
        )
