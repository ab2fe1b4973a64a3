"""`status` is a reserved word of DynamoDB, so the expression needs a stand-in name, `#status`. The paginator
follows `LastEvaluatedKey` through all pages, the empty ones too. A tombstone has a quantity of 0, and would be
ordered again if the filter asked for the quantity alone. The filter works after the read: it saves the network,
not the read units. In a large table an index that holds the products of low stock alone would answer this
with a query.
"""


# %% solution
def low_stock(dynamodb, table, below):
    """The active products with fewer than `below` pieces, with their quantities."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="#status = :active AND quantity < :below",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":active": {"S": "active"}, ":below": {"N": str(below)}},
    )
    items = [item for page in pages for item in page["Items"]]
    return {item["product_id"]["S"]: int(item["quantity"]["N"]) for item in items}


# %% right: a loop over LastEvaluatedKey
def low_stock(dynamodb, table, below):
    result, more = {}, {}
    while True:
        page = dynamodb.scan(
            TableName=table,
            FilterExpression="quantity < :n and #s = :a",
            ExpressionAttributeNames={"#s": "status"},
            ExpressionAttributeValues={":n": {"N": f"{below}"}, ":a": {"S": "active"}},
            **more,
        )
        for item in page["Items"]:
            result[item["product_id"]["S"]] = int(item["quantity"]["N"])
        if "LastEvaluatedKey" not in page:
            return result
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


# %% right: the paginator's full result
def low_stock(dynamodb, table, below):
    answer = (
        dynamodb.get_paginator("scan")
        .paginate(
            TableName=table,
            FilterExpression="#status = :active AND quantity < :below",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":active": {"S": "active"}, ":below": {"N": str(below)}},
        )
        .build_full_result()
    )
    return {i["product_id"]["S"]: int(i["quantity"]["N"]) for i in answer["Items"]}


# %% right: it reads two attributes alone
def low_stock(dynamodb, table: str, below: int) -> dict[str, int]:
    low = dict()
    for page in dynamodb.get_paginator("scan").paginate(
        TableName=table,
        ConsistentRead=True,
        ProjectionExpression="#p, #q",
        FilterExpression="(#s = :s) AND (#q < :q)",
        ExpressionAttributeNames={"#s": "status", "#q": "quantity", "#p": "product_id"},
        ExpressionAttributeValues={":s": dict(S="active"), ":q": dict(N=str(below))},
    ):
        low.update({i["product_id"]["S"]: int(i["quantity"]["N"]) for i in page["Items"]})
    return low


# %% right: the largest quantity that is too few
def low_stock(dynamodb, table, below):
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="#status = :active AND quantity <= :most",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":active": {"S": "active"}, ":most": {"N": str(below - 1)}},
    )
    return {
        item["product_id"]["S"]: int(item["quantity"]["N"])
        for page in pages
        for item in page["Items"]
    }


# %% wrong: It reads the first page alone.
def low_stock(dynamodb, table, below):
    page = dynamodb.scan(
        TableName=table,
        FilterExpression="#status = :active AND quantity < :below",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":active": {"S": "active"}, ":below": {"N": str(below)}},
    )
    return {item["product_id"]["S"]: int(item["quantity"]["N"]) for item in page["Items"]}


# %% wrong: keep the active items alone
def low_stock(dynamodb, table, below):
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="quantity < :below",
        ExpressionAttributeValues={":below": {"N": str(below)}},
    )
    items = [item for page in pages for item in page["Items"]]
    return {item["product_id"]["S"]: int(item["quantity"]["N"]) for item in items}


# %% wrong: reserved keyword: status
def low_stock(dynamodb, table, below):
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="status = :active AND quantity < :below",
        ExpressionAttributeValues={":active": {"S": "active"}, ":below": {"N": str(below)}},
    )
    items = [item for page in pages for item in page["Items"]]
    return {item["product_id"]["S"]: int(item["quantity"]["N"]) for item in items}


# %% wrong: Let it filter: FilterExpression takes both conditions.
def low_stock(dynamodb, table, below):
    low = {}
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            quantity = int(item["quantity"]["N"])
            if item["status"]["S"] == "active" and quantity < below:
                low[item["product_id"]["S"]] = quantity
    return low


# %% wrong: Compare with <.
def low_stock(dynamodb, table, below):
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="#status = :active AND quantity <= :below",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":active": {"S": "active"}, ":below": {"N": str(below)}},
    )
    items = [item for page in pages for item in page["Items"]]
    return {item["product_id"]["S"]: int(item["quantity"]["N"]) for item in items}


# %% wrong: A quantity is not an int
def low_stock(dynamodb, table, below):
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="#status = :active AND quantity < :below",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":active": {"S": "active"}, ":below": {"N": str(below)}},
    )
    return {i["product_id"]["S"]: i["quantity"]["N"] for page in pages for i in page["Items"]}


# %% wrong: return a dictionary
def low_stock(dynamodb, table, below):
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="#status = :active AND quantity < :below",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":active": {"S": "active"}, ":below": {"N": str(below)}},
    )
    return [item["product_id"]["S"] for page in pages for item in page["Items"]]


# %% wrong: Compare the quantity with the argument, as a number
def low_stock(dynamodb, table, below):
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="#status = :active AND quantity < :below",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":active": {"S": "active"}, ":below": {"S": str(below)}},
    )
    items = [item for page in pages for item in page["Items"]]
    return {item["product_id"]["S"]: int(item["quantity"]["N"]) for item in items}


# %% wrong: The filter drops it: the attribute is `status`, its value is `active`
def low_stock(dynamodb, table, below):
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="#status = :active AND quantity < :below",
        ExpressionAttributeNames={"#status": "Status"},
        ExpressionAttributeValues={":active": {"S": "active"}, ":below": {"N": str(below)}},
    )
    items = [item for page in pages for item in page["Items"]]
    return {item["product_id"]["S"]: int(item["quantity"]["N"]) for item in items}


# %% wrong: It makes no Scan
def low_stock(dynamodb, table, below):
    query = f'SELECT * FROM "{table}" WHERE "status" = \'active\' AND quantity < {below}'
    items = dynamodb.execute_statement(Statement=query)["Items"]
    return {item["product_id"]["S"]: int(item["quantity"]["N"]) for item in items}
