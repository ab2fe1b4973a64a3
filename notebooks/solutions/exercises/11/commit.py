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
            break
        try:
            table.put_item(
                Item=after | {"version": before["version"] + 1},
                ConditionExpression="attribute_not_exists(version) OR version = :read",
                ExpressionAttributeValues={":read": before["version"]},
            )
            return
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue


# %% right: two conditions, one for a new product, and the code of a ClientError
from botocore.exceptions import ClientError


def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    while True:
        found = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item")
        before = after = found or new
        for record in records:
            after = process(after, record)
        if after == before:
            return None
        condition = {"ConditionExpression": "attribute_not_exists(product_id)"}
        if found:
            condition = {
                "ConditionExpression": "#v = :v",
                "ExpressionAttributeNames": {"#v": "version"},
                "ExpressionAttributeValues": {":v": found["version"]},
            }
        try:
            table.put_item(Item={**after, "version": before["version"] + 1}, **condition)
            return None
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise


# %% right: the condition is an object, and a refused write calls the function again after a pause
import time

from boto3.dynamodb.conditions import Attr


def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    before = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
    after = before
    for record in records:
        after = process(after, record)
    if after != before:
        unchanged = Attr("version").eq(before["version"]) | Attr("product_id").not_exists()
        item = dict(after, version=int(before["version"]) + 1)
        try:
            table.put_item(Item=item, ConditionExpression=unchanged)
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            time.sleep(0.1)
            commit(table, product, records, process)


# %% right: ten attempts, then an error; reduce; another expression for "is this version"
from functools import reduce


def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    for _ in range(10):
        before = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
        after = reduce(process, records, before)
        if after == before:
            return
        try:
            table.put_item(
                Item=after | {"version": before["version"] + 1},
                ConditionExpression="version IN (:read) OR attribute_not_exists(version)",
                ExpressionAttributeValues={":read": before["version"]},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue
        return
    raise RuntimeError("ten races were lost")


# %% unchanged: continue → pass -- nothing follows in the loop

# %% unchanged: return → pass -- after the write the next round finds nothing to do, and ends


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


# %% wrong: now every further write is refused
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
    while True:
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


# %% wrong: refused 3 times, and the records are not counted
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    for _ in range(3):
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
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue


# %% wrong: moves only the watermark, and that change is not written
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    while True:
        item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
        after = item
        for record in records:
            after = process(after, record)
        if after["quantity"] == item["quantity"]:
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


# %% wrong: Of two records the first came before
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    while True:
        item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
        after = item
        for record in records:
            if process(after, record) == after:
                return
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


# %% wrong: The write of a product that is not in the table yet
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    while True:
        item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
        after = item
        for record in records:
            after = process(after, record)
        if after == item:
            return
        try:
            table.put_item(
                Item=after | {"version": item["version"] + 1},
                ConditionExpression="version = :v",
                ExpressionAttributeValues={":v": item["version"]},
            )
            return
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue


# %% wrong: The write of a product that is in the table
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    while True:
        item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
        after = item
        for record in records:
            after = process(after, record)
        if after == item:
            return
        try:
            table.put_item(
                Item=after | {"version": item["version"] + 1},
                ConditionExpression="attribute_not_exists(version)",
            )
            return
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue


# %% wrong: write the whole item with table.put_item
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    while True:
        item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
        after = item
        for record in records:
            after = process(after, record)
        if after == item:
            return
        try:
            table.update_item(
                Key={"product_id": product},
                UpdateExpression="SET quantity = :q, watermarks = :w, memory = :m, version = :n",
                ConditionExpression="attribute_not_exists(version) OR version = :v",
                ExpressionAttributeValues={
                    ":q": after["quantity"],
                    ":w": after["watermarks"],
                    ":m": after["memory"],
                    ":n": item["version"] + 1,
                    ":v": item["version"],
                },
            )
            return
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue


# %% wrong: what it had calculated from an old item
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
    after, version = item, item["version"]
    for record in records:
        after = process(after, record)
    while after != item:
        try:
            table.put_item(
                Item=after | {"version": version + 1},
                ConditionExpression="attribute_not_exists(version) OR version = :v",
                ExpressionAttributeValues={":v": version},
            )
            return
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            version += 1


# %% wrong: and refused write number 2 ends the function
def commit(table, product, records, process):
    def attempt():
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

    try:
        attempt()
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        attempt()


# %% wrong: the item is written once more
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    refused = False
    while True:
        item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
        after = item
        for record in records:
            after = process(after, record)
        if after == item and not refused:
            return
        try:
            table.put_item(
                Item=after | {"version": item["version"] + 1},
                ConditionExpression="attribute_not_exists(version) OR version = :v",
                ExpressionAttributeValues={":v": item["version"]},
            )
            return
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            refused = True


# %% wrong: with a lower version (it was deleted and added again)
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    while True:
        item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
        after = item
        for record in records:
            after = process(after, record)
        if after == item:
            return
        try:
            table.put_item(
                Item=after | {"version": item["version"] + 1},
                ConditionExpression="attribute_not_exists(version) OR version <= :read",
                ExpressionAttributeValues={":read": item["version"]},
            )
            return
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue


# %% wrong: is not exactly the one that was read, also when all else is the same
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    while True:
        item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
        after = item
        for record in records:
            after = process(after, record)
        if after == item:
            return
        try:
            table.put_item(
                Item=after | {"version": item["version"] + 1},
                ConditionExpression="attribute_not_exists(version) OR quantity = :read",
                ExpressionAttributeValues={":read": item["quantity"]},
            )
            return
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue


# %% wrong: wrote the item twice after it was read, and what they wrote is overwritten
def commit(table, product, records, process):
    new = {"product_id": product, "quantity": 0, "watermarks": {}, "memory": [], "version": 0}
    while True:
        item = table.get_item(Key={"product_id": product}, ConsistentRead=True).get("Item", new)
        after = item
        for record in records:
            after = process(after, record)
        if after == item:
            return
        try:
            table.put_item(
                Item=after | {"version": item["version"] + 1},
                ConditionExpression="attribute_not_exists(version) OR version <> :next",
                ExpressionAttributeValues={":next": item["version"] + 1},
            )
            return
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue


# %% wrong: The answer has no Item for a product that nobody has written
def commit(table, product, records, process):
    while True:
        item = table.get_item(Key={"product_id": product}, ConsistentRead=True)["Item"]
        after = item
        for record in records:
            after = process(after, record)
        if after == item:
            return
        try:
            table.put_item(
                Item=after | {"version": item["version"] + 1},
                ConditionExpression="version = :v",
                ExpressionAttributeValues={":v": item["version"]},
            )
            return
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue
