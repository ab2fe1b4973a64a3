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


# %% right: a name for the key in the condition
from botocore.exceptions import ClientError


def add_product(dynamodb, table, product, quantity):
    try:
        dynamodb.put_item(
            Item=dict(product_id=dict(S=product), quantity=dict(N=f"{quantity}")),
            TableName=table,
            ConditionExpression="attribute_not_exists(#key)",
            ExpressionAttributeNames={"#key": "product_id"},
        )
        return True
    except ClientError as e:
        if e.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return False
        raise


# %% right: update_item with the same condition
def add_product(dynamodb, table, product, quantity):
    try:
        dynamodb.update_item(
            TableName=table,
            Key={"product_id": {"S": product}},
            UpdateExpression="SET quantity = :q",
            ConditionExpression="attribute_not_exists(product_id)",
            ExpressionAttributeValues={":q": {"N": str(quantity)}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    else:
        return True


# %% right: a transaction
def add_product(dynamodb, table, product, quantity):
    put = {
        "TableName": table,
        "Item": {"product_id": {"S": product}, "quantity": {"N": str(quantity)}},
        "ConditionExpression": "attribute_not_exists(product_id)",
    }
    try:
        dynamodb.transact_write_items(TransactItems=[{"Put": put}])
    except dynamodb.exceptions.TransactionCanceledException as e:
        if "ConditionalCheckFailed" not in str(e):
            raise
        return False
    return True


# %% right: a condition on the value of the key
def add_product(dynamodb, table, product, quantity):
    try:
        dynamodb.put_item(
            TableName=table,
            Item={"product_id": {"S": product}, "quantity": {"N": str(quantity)}},
            ConditionExpression="product_id <> :p",
            ExpressionAttributeValues={":p": {"S": product}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


# %% right: boto3's serializer, and one more attribute
from boto3.dynamodb.types import TypeSerializer
from decimal import Decimal


def add_product(dynamodb, table: str, product: str, quantity: int) -> bool:
    pack = TypeSerializer().serialize
    item = {
        "product_id": pack(product),
        "quantity": pack(Decimal(quantity)),
        "status": pack("active"),
    }
    try:
        dynamodb.put_item(
            TableName=table,
            Item=item,
            ConditionExpression="attribute_not_exists(product_id)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as known:
        print(known)
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


# %% wrong: The table has no item of the product Fan
def add_product(dynamodb, table, product, quantity):
    try:
        dynamodb.put_item(
            TableName=table,
            Item={"product_id": {"S": "product"}, "quantity": {"N": str(quantity)}},
            ConditionExpression="attribute_not_exists(product_id)",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


# %% wrong: A product with 0 pieces is added again
def add_product(dynamodb, table, product, quantity):
    try:
        dynamodb.put_item(
            TableName=table,
            Item={"product_id": {"S": product}, "quantity": {"N": str(quantity)}},
            ConditionExpression="attribute_not_exists(product_id) OR quantity = :zero",
            ExpressionAttributeValues={":zero": {"N": "0"}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True
