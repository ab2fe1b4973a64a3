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
