"""Read, process, write, and never trust that nobody came between. The condition makes DynamoDB compare the
version in the moment of the write. After a refusal nothing of the old calculation is worth keeping: the records are
processed again on the item as it is now, and a record that the other writer has processed is recognised by its
watermark. So of two executions of one batch the slower finds its work done and writes nothing. An execution that
was given up long ago and still wants to write is refused as well.
"""


# %% solution
def commit(table, product, records, process):
    """Write the product's item once, with all records processed, also when others write it."""
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    while True:
        answer = table.get_item(Key={"product_id": product}, ConsistentRead=True)
        before = after = answer.get("Item", new)
        for record in records:
            after = process(after, record)
        if after == before:
            return
        try:
            table.put_item(
                Item=after | {"version": before["version"] + 1},
                ConditionExpression="attribute_not_exists(version) OR version = :read",
                ExpressionAttributeValues={":read": before["version"]},
            )
            return
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue


# %% unchanged: continue → pass -- nothing follows in the loop

# %% unchanged: return → pass (2) -- after the write the next round finds nothing to do, and ends


# %% wrong: what they counted is overwritten
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
    after = item
    for record in records:
        after = process(after, record)
    if after != item:
        table.put_item(Item=after | {"version": item["version"] + 1})


# %% wrong: the refused write ends the function
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
    after = item
    for record in records:
        after = process(after, record)
    if after != item:
        table.put_item(
            Item=after | {"version": item["version"] + 1},
            ConditionExpression="attribute_not_exists(version) OR version = :v",
            ExpressionAttributeValues={":v": item["version"]},
        )


# %% wrong: The write was refused, and the records are not counted.
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
    after = item
    for record in records:
        after = process(after, record)
    if after == item:
        return False
    try:
        table.put_item(
            Item=after | {"version": item["version"] + 1},
            ConditionExpression="attribute_not_exists(version) OR version = :v",
            ExpressionAttributeValues={":v": item["version"]},
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return False
    return True


# %% wrong: It does not come to an end
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
    after = item
    for record in records:
        after = process(after, record)
    if after == item:
        return
    while True:
        try:
            table.put_item(
                Item=after | {"version": item["version"] + 1},
                ConditionExpression="attribute_not_exists(version) OR version = :v",
                ExpressionAttributeValues={":v": item["version"]},
            )
            return
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            pass


# %% wrong: It writes the item for each record.
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    key = {"product_id": product}
    for record in records:
        while True:
            item = table.get_item(Key=key, ConsistentRead=True).get("Item", new)
            after = process(item, record)
            if after == item:
                break
            try:
                table.put_item(
                    Item=after | {"version": item["version"] + (record is records[-1])},
                    ConditionExpression="attribute_not_exists(version) OR version = :v",
                    ExpressionAttributeValues={":v": item["version"]},
                )
                break
            except table.meta.client.exceptions.ConditionalCheckFailedException:
                continue


# %% wrong: Each write makes it one more.
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
    for record in records:
        item = process(item, record)
    table.put_item(
        Item=item,
        ConditionExpression="attribute_not_exists(version) OR version = :v",
        ExpressionAttributeValues={":v": item["version"]},
    )


# %% wrong: which is the one for the next record
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
    for record in records:
        after = process(item, record)
    table.put_item(Item=after | {"version": item["version"] + 1})


# %% wrong: Catch ConditionalCheckFailedException alone.
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    for attempt in range(5):
        item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
        after = item
        for record in records:
            after = process(after, record)
        if after == item:
            return
        try:
            table.put_item(
                Item=after | {"version": item["version"] + 1},
                ConditionExpression="attribute_not_exists(version) OR version = :v",
                ExpressionAttributeValues={":v": item["version"]},
            )
            return
        except Exception:
            continue


# %% wrong: ask for ConsistentRead=True
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    while True:
        item = table.get_item(Key={"product_id": product}).get("Item", new)
        after = item
        for record in records:
            after = process(after, record)
        if after == item:
            return
        try:
            table.put_item(
                Item=after | {"version": item["version"] + 1},
                ConditionExpression="attribute_not_exists(version) OR version = :v",
                ExpressionAttributeValues={":v": item["version"]},
            )
            return
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue
