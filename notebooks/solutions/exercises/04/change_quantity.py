"""The calculation and the rule are both in the request, so nobody can come between. `quantity >= :least` refuses a sale of too many; a
product without an item has no quantity, so the same condition refuses it as well. `ADD` would create the unknown
product with a negative stock. The failed condition is an answer, not an accident: it becomes `None`. (AWS charges a write
for it all the same.)
"""


# %% solution
def change_quantity(dynamodb, table, product, delta):
    """The new quantity; None when the product is unknown or the stock would fall below 0."""
    try:
        answer = dynamodb.update_item(
            TableName=table,
            Key={"product_id": {"S": product}},
            UpdateExpression="ADD quantity :delta",
            ConditionExpression="quantity >= :least",
            ExpressionAttributeValues={":delta": {"N": str(delta)}, ":least": {"N": str(-delta)}},
            ReturnValues="UPDATED_NEW",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return None
    return int(answer["Attributes"]["quantity"]["N"])


# %% right: SET instead of ADD
def change_quantity(dynamodb, table, product, delta):
    try:
        item = dynamodb.update_item(
            TableName=table,
            Key={"product_id": {"S": product}},
            UpdateExpression="SET quantity = quantity + :d",
            ConditionExpression="attribute_exists(product_id) AND quantity >= :need",
            ExpressionAttributeValues={":d": {"N": f"{delta}"}, ":need": {"N": f"{-delta}"}},
            ReturnValues="ALL_NEW",
        )["Attributes"]
        return int(item["quantity"]["N"])
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return None


# %% right: the old quantity and the delta
def change_quantity(dynamodb, table, product, delta):
    try:
        answer = dynamodb.update_item(
            TableName=table,
            Key={"product_id": {"S": product}},
            UpdateExpression="ADD quantity :d",
            ConditionExpression="quantity >= :n",
            ExpressionAttributeValues={":d": {"N": str(delta)}, ":n": {"N": str(-delta)}},
            ReturnValues="UPDATED_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return None
    return int(answer["Attributes"]["quantity"]["N"]) + delta


# %% right: another condition for a sale than for a delivery
from botocore.exceptions import ClientError


def change_quantity(dynamodb, table, product, delta):
    values = {":delta": {"N": str(delta)}}
    if delta < 0:
        condition = "quantity >= :sold"
        values[":sold"] = {"N": str(abs(delta))}
    else:
        condition = "attribute_exists(product_id)"
    try:
        answer = dynamodb.update_item(
            TableName=table,
            Key={"product_id": {"S": product}},
            UpdateExpression="ADD quantity :delta",
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            ReturnValues="UPDATED_NEW",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return None
        raise
    print(answer["Attributes"])
    return int(float(answer["Attributes"]["quantity"]["N"]))


# %% right: it subtracts what is sold
def change_quantity(dynamodb, table: str, product: str, delta: int) -> int | None:
    try:
        answer = dynamodb.update_item(
            TableName=table,
            Key={"product_id": {"S": product}},
            UpdateExpression="SET quantity = quantity - :sold",
            ConditionExpression=":sold <= quantity",
            ExpressionAttributeValues={":sold": {"N": str(-delta)}},
            ReturnValues="UPDATED_NEW",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return
    [(name, value)] = answer["Attributes"].items()
    return int(value["N"])


# %% wrong: A sale of 6 of 5 pieces changes the table
def change_quantity(dynamodb, table, product, delta):
    answer = dynamodb.update_item(
        TableName=table,
        Key={"product_id": {"S": product}},
        UpdateExpression="ADD quantity :n",
        ExpressionAttributeValues={":n": {"N": str(delta)}},
        ReturnValues="UPDATED_NEW",
    )
    return int(answer["Attributes"]["quantity"]["N"])


# %% wrong: A change of a product that nobody added changes the table
def change_quantity(dynamodb, table, product, delta):
    try:
        answer = dynamodb.update_item(
            TableName=table,
            Key={"product_id": {"S": product}},
            UpdateExpression="ADD quantity :n",
            ConditionExpression="attribute_not_exists(quantity) OR quantity >= :least",
            ExpressionAttributeValues={":n": {"N": str(delta)}, ":least": {"N": str(-delta)}},
            ReturnValues="UPDATED_NEW",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return None
    return int(answer["Attributes"]["quantity"]["N"])


# %% wrong: let DynamoDB calculate in one update_item
def change_quantity(dynamodb, table, product, delta):
    key = {"product_id": {"S": product}}
    item = dynamodb.get_item(TableName=table, Key=key).get("Item")
    if item is None or int(item["quantity"]["N"]) + delta < 0:
        return None
    quantity = int(item["quantity"]["N"]) + delta
    dynamodb.put_item(TableName=table, Item={**key, "quantity": {"N": str(quantity)}})
    return quantity


# %% wrong: expected 4: the new quantity as an int
def change_quantity(dynamodb, table, product, delta):
    try:
        dynamodb.update_item(
            TableName=table,
            Key={"product_id": {"S": product}},
            UpdateExpression="ADD quantity :n",
            ConditionExpression="quantity >= :least",
            ExpressionAttributeValues={":n": {"N": str(delta)}, ":least": {"N": str(-delta)}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return None


# %% wrong: A change of -10 leaves 10 pieces, expected 0.
def change_quantity(dynamodb, table, product, delta):
    try:
        answer = dynamodb.update_item(
            TableName=table,
            Key={"product_id": {"S": product}},
            UpdateExpression="ADD quantity :n",
            ConditionExpression="quantity > :least",
            ExpressionAttributeValues={":n": {"N": str(delta)}, ":least": {"N": str(-delta)}},
            ReturnValues="UPDATED_NEW",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return None
    return int(answer["Attributes"]["quantity"]["N"])


# %% wrong: a colleague sells 2 before you write
def change_quantity(dynamodb, table, product, delta):
    key = {"product_id": {"S": product}}
    item = dynamodb.get_item(TableName=table, Key=key).get("Item")
    if item is None or int(item["quantity"]["N"]) + delta < 0:
        return None
    answer = dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="ADD quantity :n",
        ExpressionAttributeValues={":n": {"N": str(delta)}},
        ReturnValues="UPDATED_NEW",
    )
    return int(answer["Attributes"]["quantity"]["N"])


# %% wrong: You read the quantity in a call of its own
def change_quantity(dynamodb, table, product, delta):
    key = {"product_id": {"S": product}}
    try:
        dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="ADD quantity :n",
            ConditionExpression="quantity >= :least",
            ExpressionAttributeValues={":n": {"N": str(delta)}, ":least": {"N": str(-delta)}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return None
    return int(dynamodb.get_item(TableName=table, Key=key)["Item"]["quantity"]["N"])


# %% wrong: is written and then taken back
def change_quantity(dynamodb, table, product, delta):
    key = {"product_id": {"S": product}}
    try:
        answer = dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="ADD quantity :n",
            ConditionExpression="attribute_exists(quantity)",
            ExpressionAttributeValues={":n": {"N": str(delta)}},
            ReturnValues="UPDATED_NEW",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return None
    quantity = int(answer["Attributes"]["quantity"]["N"])
    if quantity < 0:
        dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="ADD quantity :n",
            ExpressionAttributeValues={":n": {"N": str(-delta)}},
        )
        return None
    return quantity


# %% wrong: One update_item is enough
def change_quantity(dynamodb, table, product, delta):
    try:
        dynamodb.update_item(
            TableName=table,
            Key={"product_id": {"S": product}},
            UpdateExpression="ADD quantity :d",
            ConditionExpression="quantity >= :n",
            ExpressionAttributeValues={":d": {"N": str(delta)}, ":n": {"N": str(-delta)}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return None
    items = dynamodb.query(
        TableName=table,
        KeyConditionExpression="product_id = :p",
        ExpressionAttributeValues={":p": {"S": product}},
    )["Items"]
    return int(items[0]["quantity"]["N"])


# %% wrong: cannot be converted to a numeric value: --3
def change_quantity(dynamodb, table, product, delta):
    try:
        answer = dynamodb.update_item(
            TableName=table,
            Key={"product_id": {"S": product}},
            UpdateExpression="ADD quantity :d",
            ConditionExpression="quantity >= :n",
            ExpressionAttributeValues={":d": {"N": str(delta)}, ":n": {"N": f"-{delta}"}},
            ReturnValues="UPDATED_NEW",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return None
    return int(answer["Attributes"]["quantity"]["N"])
