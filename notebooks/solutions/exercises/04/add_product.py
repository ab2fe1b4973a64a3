"""`put_item` replaces an item that exists, unless a condition says otherwise. DynamoDB checks the condition and writes in
one step, so of two programs that add the same product one succeeds and the other gets
`ConditionalCheckFailedException`. A `get_item` before cannot do that: between the look and the write there is time for somebody
else.
"""


# %% solution
def add_product(dynamodb, table, product, quantity):
    """True when the product was added; False when it exists already."""
    item = {"product_id": {"S": product}, "quantity": {"N": str(quantity)}}
    try:
        dynamodb.put_item(
            TableName=table, Item=item, ConditionExpression="attribute_not_exists(product_id)"
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


# %% wrong: For a product that exists it does not return False.
def add_product(dynamodb, table, product, quantity):
    dynamodb.put_item(
        TableName=table, Item={"product_id": {"S": product}, "quantity": {"N": str(quantity)}}
    )
    return True


# %% wrong: a get_item before is not enough
def add_product(dynamodb, table, product, quantity):
    if "Item" in dynamodb.get_item(TableName=table, Key={"product_id": {"S": product}}):
        return False
    dynamodb.put_item(
        TableName=table, Item={"product_id": {"S": product}, "quantity": {"N": str(quantity)}}
    )
    return True


# %% wrong: When AWS answers ThrottlingException, your function hides it.
def add_product(dynamodb, table, product, quantity):
    try:
        dynamodb.put_item(
            TableName=table,
            Item={"product_id": {"S": product}, "quantity": {"N": str(quantity)}},
            ConditionExpression="attribute_not_exists(product_id)",
        )
    except Exception:
        return False
    return True


# %% wrong: The item has no attribute quantity of type N
def add_product(dynamodb, table, product, quantity):
    dynamodb.put_item(
        TableName=table, Item={"product_id": {"S": product}, "quantity": {"S": str(quantity)}}
    )
    return True


# %% wrong: the condition is about product_id
def add_product(dynamodb, table, product, quantity):
    item = {"product_id": {"S": product}, "quantity": {"N": str(quantity)}}
    try:
        dynamodb.put_item(
            TableName=table, Item=item, ConditionExpression="attribute_not_exists(quantity)"
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


# %% wrong: and puts its item back
def add_product(dynamodb, table, product, quantity):
    item = {"product_id": {"S": product}, "quantity": {"N": str(quantity)}}
    answer = dynamodb.put_item(TableName=table, Item=item, ReturnValues="ALL_OLD")
    if "Attributes" in answer:
        dynamodb.put_item(TableName=table, Item=answer["Attributes"])
        return False
    return True


# %% wrong: 0 is a quantity like others
def add_product(dynamodb, table, product, quantity):
    if not quantity:
        return False
    item = {"product_id": {"S": product}, "quantity": {"N": str(quantity)}}
    try:
        dynamodb.put_item(
            TableName=table, Item=item, ConditionExpression="attribute_not_exists(product_id)"
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True
