"""Only the key has to be declared; every other attribute may differ from item to item. `PAY_PER_REQUEST` bills each
read and write, and nothing while nobody calls. As with the stream of notebook 02, one exception is good news, and
every other error goes on to the caller.
"""


# %% solution
def create_table(dynamodb, name):
    """The ARN of the table with the key product_id, created unless it exists."""
    try:
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
        )
    except dynamodb.exceptions.ResourceInUseException:
        pass
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return dynamodb.describe_table(TableName=name)["Table"]["TableArn"]


# %% right: tuples and tags
def create_table(dynamodb, name):
    try:
        dynamodb.create_table(
            AttributeDefinitions=({"AttributeType": "S", "AttributeName": "product_id"},),
            TableName=name,
            KeySchema=({"KeyType": "HASH", "AttributeName": "product_id"},),
            BillingMode="PAY_PER_REQUEST",
            Tags=[{"Key": "project", "Value": "inventory-lab"}],
        )
    except dynamodb.exceptions.ResourceInUseException:
        print("is there")
    waiter = dynamodb.get_waiter("table_exists")
    waiter.wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 50})
    return dynamodb.describe_table(TableName=name)["Table"]["TableArn"]


# %% right: the ARN from create_table's answer
from botocore.exceptions import ClientError


def create_table(dynamodb, name):
    try:
        table = dynamodb.create_table(
            TableName=name,
            KeySchema=[dict(AttributeName="product_id", KeyType="HASH")],
            AttributeDefinitions=[dict(AttributeName="product_id", AttributeType="S")],
            BillingMode="PAY_PER_REQUEST",
        )["TableDescription"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceInUseException":
            table = dynamodb.describe_table(TableName=name)["Table"]
        else:
            raise
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return table["TableArn"]


# %% right: a loop of its own instead of the waiter
import time


def create_table(dynamodb, name):
    key = "product_id"
    try:
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            TableClass="STANDARD",
            SSESpecification={"Enabled": False},
            StreamSpecification={"StreamEnabled": False},
        )
    except dynamodb.exceptions.ResourceInUseException:
        pass
    while (table := dynamodb.describe_table(TableName=name)["Table"])["TableStatus"] != "ACTIVE":
        time.sleep(1)
    return table["TableArn"]


# %% wrong: Your function returns while the table is still CREATING
def create_table(dynamodb, name):
    try:
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
        )
    except dynamodb.exceptions.ResourceInUseException:
        pass
    return dynamodb.describe_table(TableName=name)["Table"]["TableArn"]


# %% wrong: set BillingMode to PAY_PER_REQUEST
def create_table(dynamodb, name):
    dynamodb.create_table(
        TableName=name,
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return dynamodb.describe_table(TableName=name)["Table"]["TableArn"]


# %% wrong: fails with ResourceInUseException
def create_table(dynamodb, name):
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return dynamodb.describe_table(TableName=name)["Table"]["TableArn"]


# %% wrong: The key is not product_id alone
def create_table(dynamodb, name):
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )


# %% wrong: A table that exists may be CREATING too
def create_table(dynamodb, name):
    try:
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
        )
    except dynamodb.exceptions.ResourceInUseException:
        return dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return dynamodb.describe_table(TableName=name)["Table"]["TableArn"]


# %% wrong: your function hides it
def create_table(dynamodb, name):
    try:
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
        )
    except Exception:
        pass
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return dynamodb.describe_table(TableName=name)["Table"]["TableArn"]


# %% wrong: The key is not a string
def create_table(dynamodb, name):
    try:
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "N"}],
        )
    except dynamodb.exceptions.ResourceInUseException:
        pass
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return dynamodb.describe_table(TableName=name)["Table"]["TableArn"]


# %% wrong: The table has another name
def create_table(dynamodb, name):
    try:
        dynamodb.create_table(
            TableName="inventory",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
        )
    except dynamodb.exceptions.ResourceInUseException:
        pass
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return dynamodb.describe_table(TableName=name)["Table"]["TableArn"]


# %% wrong: It returns a dict
def create_table(dynamodb, name):
    try:
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
        )
    except dynamodb.exceptions.ResourceInUseException:
        pass
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return dynamodb.describe_table(TableName=name)["Table"]


# %% wrong: In another account and region it returns the same ARN as here
def create_table(dynamodb, name):
    try:
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    except dynamodb.exceptions.ResourceInUseException:
        pass
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}"


# %% wrong: AttributeDefinitions is missing
def create_table(dynamodb, name):
    try:
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    except dynamodb.exceptions.ResourceInUseException:
        pass
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
