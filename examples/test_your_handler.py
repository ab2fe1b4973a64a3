"""Test somebody's Lambda handler against what a real pipe does when things go wrong.

python examples/test_your_handler.py
"""

from inventory_lab import RawRecord, Settings, connect

HANDLER = """
import base64, json, os
import boto3

def handle(events, context):
    table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
    for event in events:
        sale = json.loads(base64.b64decode(event["data"]))
        table.update_item(
            Key={"product_id": sale["product"]},
            UpdateExpression="ADD quantity :n",
            ExpressionAttributeValues={":n": sale["sold"]},
        )
"""


def main() -> None:
    """Print what the handler made of ten sales, a lost answer and a poison record."""
    with connect(settings=Settings(retries=1)) as lab:
        lab.build()
        lab.use_handler(HANDLER)
        sales = [RawRecord("Phone", b'{"product": "Phone", "sold": 1}') for _ in range(10)]
        sales.insert(5, RawRecord("Phone", b"poison"))
        with lab.faults(crash_after_commit=1, at_most=1):
            lab.settle(lab.publish(sales))
        print(lab.pipe_log().drop(columns=["pipe", "shard", "error"]).to_string(index=False))
        print(f"10 were sold; the table says {lab.inventory().loc['Phone', 'quantity']}")


if __name__ == "__main__":
    main()
