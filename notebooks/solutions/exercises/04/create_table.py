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
